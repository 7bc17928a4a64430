import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { quoteLiteral } from '../../protocol/sql.js';
import type { Account } from '../../support/account.js';
import { EvpipeError } from '../../support/errors.js';
import { type Binaries, packagedPostgres } from './binaries.js';
import { SCRAM_ITERATIONS } from './config.js';
import { copyFolder, isReadable, makeFolder, writeOwned, writeThrough } from './owned-files.js';

export interface ClusterPlace {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  /** Holds the cluster, and beside it what is not finished. */
  readonly place: string;
}

const TIMEOUT_MS = 60_000;
/** Whoever takes longer over a template was killed. */
const TEMPLATE_OVERDUE_MS = 60_000;

/** The encoding and collation are C.UTF-8 of PostgreSQL itself, the same on every system. */
const SETUP: readonly string[] = [
  ...['--username', 'postgres', '--auth', 'scram-sha-256', '--set', `scram_iterations=${SCRAM_ITERATIONS}`],
  ...['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
  ...['--no-sync', '--no-instructions'],
];

/**
 * Makes `cluster` in a folder beside, renamed when it is whole: what is killed leaves nothing that looks like a cluster.
 * initdb takes a second, so it runs once for an installation; each further cluster is a copy of what it made.
 */
export async function makeCluster(
  cluster: string,
  password: string,
  at: ClusterPlace,
  template = templateFolder(),
): Promise<void> {
  const unfinished = join(at.place, 'cluster.new');
  rmSync(unfinished, { recursive: true, force: true });
  if (isReadable(template)) copyFolder(template, unfinished, at.account);
  else {
    makeFolder(unfinished, at.account);
    await initdb(unfinished, at);
    keepTemplate(unfinished, template);
  }
  await setPassword(unfinished, password, at);
  renameSync(unfinished, cluster);
}

/** In the npm package of PostgreSQL, so that it goes with it and is never of another version. */
function templateFolder(): string {
  const setup = createHash('sha256').update(SETUP.join(' ')).digest('hex').slice(0, 8);
  return join(dirname(packagedPostgres().folder), `cluster-${setup}`);
}

/** Asking for passwords from the first moment takes one: nobody knows it, and it is replaced. */
async function initdb(folder: string, at: ClusterPlace): Promise<void> {
  const passwordFile = join(at.place, 'password.new');
  writeOwned(passwordFile, `${randomUUID()}\n`, at.account);
  try {
    await run(at.binaries.initdb, ['--pgdata', folder, '--pwfile', passwordFile, ...SETUP], at);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Before any server listens. */
function setPassword(folder: string, password: string, at: ClusterPlace): Promise<void> {
  const alone = ['--single', '-F', '-D', folder, '-c', 'exit_on_error=true', 'postgres'];
  return run(at.binaries.postgres, alone, at, `ALTER ROLE postgres PASSWORD ${quoteLiteral(password)}\n`);
}

/** A copy for the clusters to come. Where it can't be kept (another evpipe is at it, a read-only installation) initdb runs again for them. */
function keepTemplate(cluster: string, template: string): void {
  const unfinished = `${template}.new`;
  try {
    if (existsSync(unfinished) && Date.now() - statSync(unfinished).mtimeMs > TEMPLATE_OVERDUE_MS)
      rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o700 });
  } catch {
    return;
  }
  try {
    const copy = join(unfinished, 'cluster');
    copyFolder(cluster, copy, undefined);
    writeThrough(copy); // all later clusters would suffer from one that a power cut has spoilt
    renameSync(copy, template);
  } catch {
    // What is unfinished goes.
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Throws EVPIPE_POSTGRES_CLUSTER with the program's own words. */
async function run(program: string, args: readonly string[], { account }: ClusterPlace, input = ''): Promise<void> {
  const running = promisify(execFile)(program, args, {
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    timeout: TIMEOUT_MS,
    ...(account !== undefined && { uid: account.uid, gid: account.gid }),
  });
  running.child.stdin?.on('error', () => {}); // it ended before it had read it, and says why
  running.child.stdin?.end(input);
  try {
    await running;
  } catch (cause) {
    const words = (cause as { stderr?: string }).stderr?.trim() || (cause as Error).message;
    throw new EvpipeError('EVPIPE_POSTGRES_CLUSTER', `PostgreSQL's data folder can't be made: ${words}`, { cause });
  }
}
