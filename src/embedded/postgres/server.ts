import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import getPort from 'get-port';
import type { RunningServer } from '../../support/child.js';
import { EvpipeError } from '../../support/errors.js';
import { type Log, silentLog } from '../../support/log.js';
import { removeDataDir } from '../../support/outside-folder.js';
import { preparePostgres } from './prepare.js';

export interface RunningPostgres extends RunningServer {
  readonly pid: number;
  readonly password: string;
  /** postgres://postgres:…@127.0.0.1:port/postgres */
  readonly url: string;
  /** The same, of another database, which need not exist yet. */
  urlOf(database: string): string;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
}

export interface StartPostgresOptions {
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: random; has to be the first one's when the folder holds a cluster already. */
  readonly password?: string;
  readonly log?: Log;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

/** A PostgreSQL as a child of this very process, on 127.0.0.1: for tests, and for `serve`. */
export async function startPostgres(options: StartPostgresOptions): Promise<RunningPostgres> {
  const log = options.log ?? silentLog;
  const host = '127.0.0.1';
  const port = options.port || (await getPort({ host }));
  const password = options.password ?? randomBytes(24).toString('base64url');
  const prepared = await preparePostgres({ dataDir: options.dataDir, host, port, password }, log);
  const [program, ...args] = prepared.command;
  const child = spawn(program, args, {
    cwd: prepared.cwd,
    env: { PATH: process.env.PATH, ...prepared.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...prepared.account,
  });
  const killed = () => child.kill('SIGKILL'); // a test run that ends early leaves no server behind
  process.once('exit', killed);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', killed);
      resolve();
    });
  });
  await untilReady(child, prepared.readyText, log);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(prepared.stopSignal);
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(deadline);
  };
  const urlOf = (database: string) =>
    `postgres://postgres:${encodeURIComponent(password)}@${host}:${port}/${encodeURIComponent(database)}`;
  return {
    port,
    pid: child.pid ?? -1,
    password,
    url: urlOf('postgres'),
    urlOf,
    stop,
    remove: async () => {
      await stop();
      removeDataDir(options.dataDir);
    },
  };
}

/** Resolves at `readyText` in its output; an earlier end rejects with what it said last. */
function untilReady(child: ChildProcess, readyText: string, log: Log): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(
        new EvpipeError('EVPIPE_POSTGRES_START', `PostgreSQL ${why}: ${said.trim().split('\n').slice(-5).join('\n')}`),
      );
    };
    const deadline = setTimeout(() => fail(`was not ready after ${READY_TIMEOUT_MS / 1000} s`), READY_TIMEOUT_MS);
    child.once('error', (failure) => fail(`did not start (${failure.message})`));
    child.once('exit', (code, signal) => {
      clearTimeout(deadline);
      fail(`ended with ${code ?? signal} before it was ready`);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      log.debug(chunk.toString('utf8').trimEnd());
      said = (said + chunk.toString('utf8')).slice(-8192);
      if (!said.includes(readyText)) return;
      clearTimeout(deadline);
      resolve();
    });
  });
}
