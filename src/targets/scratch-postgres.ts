import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { passedOn } from '../supervisor/ensure.js';
import type { ReadyMessage } from '../support/child.js';
import { EvpipeError } from '../support/errors.js';
import { packageFile } from '../support/package.js';
import { HOST } from './component.js';

/** A PostgreSQL of this command's own, to try something out in. */
export interface ScratchPostgres {
  /** With the superuser's login: a database, which need not exist yet. */
  urlOf(database: string): string;
  readonly password: string;
  /** Resolves once it is gone with all its data; repeatable. It goes by itself where this process ends without that. */
  close(): Promise<void>;
}

const LAST_WORDS_MAX = 4_096;

/** Throws EVPIPE_SCRATCH_POSTGRES with its last words where it does not start. */
export async function startScratchPostgres(): Promise<ScratchPostgres> {
  const password = randomBytes(24).toString('base64url');
  const child = spawn(process.execPath, [packageFile('dist/embedded/postgres/scratch/process.js')], {
    cwd: '/',
    env: passedOn(process.env),
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    detached: true, // Ctrl-C and a killed group must not end it before it has removed its data
  });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-LAST_WORDS_MAX);
    });
  child.stdin?.on('error', () => {}); // it ended before it had read them: its exit says why
  child.stdin?.end(JSON.stringify({ password }));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const port = await Promise.race([
    new Promise<number>((resolve) => child.on('message', (message) => resolve((message as ReadyMessage).port))),
    exited.then(() => undefined),
  ]);
  if (port === undefined)
    throw new EvpipeError(
      'EVPIPE_SCRATCH_POSTGRES',
      `a PostgreSQL to try migrations in does not start: ${said.trim()}`,
    );
  return {
    urlOf: (database) => `postgres://postgres:${password}@${HOST}:${port}/${encodeURIComponent(database)}`,
    password,
    close: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
