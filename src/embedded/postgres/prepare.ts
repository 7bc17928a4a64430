import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unprivilegedAccount } from '../../support/account.js';
import type { Log } from '../../support/log.js';
import type { PreparedCommand } from '../../support/prepared.js';
import { providePostgres } from './binaries.js';
import { makeCluster } from './cluster.js';
import { postgresqlConf } from './config.js';
import { writeOwned } from './owned-files.js';
import { placeFor } from './place.js';
import { endPredecessor } from './predecessor.js';

export interface PostgresOptions {
  /** Holds the cluster, or (root) says where it is. */
  readonly dataDir: string;
  /** 127.0.0.1 unless there is a reason. */
  readonly host: string;
  readonly port: number;
  /** Of the superuser `postgres`; taken when the cluster is made, and not looked at afterwards. */
  readonly password: string;
}

/** Makes the cluster where there is none and writes its settings; answers with the command that runs it. */
export async function preparePostgres(options: PostgresOptions, log: Log): Promise<PreparedCommand> {
  const account = unprivilegedAccount();
  const place = placeFor(options.dataDir, account);
  const binaries = providePostgres(account, place);
  const cluster = join(place, 'cluster');
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    await makeCluster(cluster, options.password, { binaries, account, place });
    log.info('created a database cluster', { folder: cluster, account: account?.name });
  }
  await endPredecessor(cluster, log);
  writeOwned(join(cluster, 'postgresql.conf'), postgresqlConf(options.host), account);
  return {
    command: [binaries.postgres, '-D', cluster, '-p', String(options.port)],
    env: { LC_ALL: 'C', PGDATA: cluster },
    cwd: '/',
    ...(account !== undefined && { account: { uid: account.uid, gid: account.gid } }),
    port: options.port,
    readyText: 'database system is ready to accept connections',
    stopSignal: 'SIGINT', // "fast": SIGTERM would wait until the last client has left
  };
}
