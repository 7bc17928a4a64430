import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, unprivilegedAccount } from '../../support/account.js';
import { EvpipeError } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import type { PreparedCommand } from '../../support/prepared.js';
import { type Binaries, providePostgres } from './binaries.js';
import { postgresqlConf, SCRAM_ITERATIONS } from './config.js';
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

const INITDB_TIMEOUT_MS = 60_000;

/** Makes the cluster where there is none and writes its settings; answers with the command that runs it. */
export async function preparePostgres(options: PostgresOptions, log: Log): Promise<PreparedCommand> {
  const account = unprivilegedAccount();
  const place = placeFor(options.dataDir, account);
  const binaries = providePostgres(account, place);
  const cluster = join(place, 'cluster');
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    await makeCluster(binaries, account, place, cluster, options.password);
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

/**
 * initdb into a folder beside, renamed when it is whole: a killed initdb leaves nothing that looks like a cluster.
 * The encoding and collation are C.UTF-8 of PostgreSQL itself, the same on every system.
 */
async function makeCluster(
  binaries: Binaries,
  account: Account | undefined,
  place: string,
  cluster: string,
  password: string,
): Promise<void> {
  const unfinished = join(place, 'cluster.new');
  const passwordFile = join(place, 'password.new');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (account !== undefined) chownSync(unfinished, account.uid, account.gid);
  writeOwned(passwordFile, `${password}\n`, account);
  const setup = [
    ...['--pgdata', unfinished, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
    ...['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
    ...['--set', `scram_iterations=${SCRAM_ITERATIONS}`, '--no-sync', '--no-instructions'],
  ];
  try {
    await promisify(execFile)(binaries.initdb, setup, {
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      timeout: INITDB_TIMEOUT_MS,
      ...(account !== undefined && { uid: account.uid, gid: account.gid }),
    });
  } catch (cause) {
    const words = (cause as { stderr?: string }).stderr?.trim();
    throw new EvpipeError('EVPIPE_POSTGRES_INITDB', `initdb failed: ${words || (cause as Error).message}`, { cause });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, cluster);
}

function writeOwned(file: string, text: string, account: Account | undefined): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  if (account !== undefined) chownSync(`${file}.tmp`, account.uid, account.gid);
  renameSync(`${file}.tmp`, file);
}
