import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment } from '../support/environment.js';
import { EvpipeError, messageOf } from '../support/errors.js';
import { packageFile, packageManifest } from '../support/package.js';
import { pause } from '../support/retry.js';
import { sweepProcesses } from './children/process-list.js';
import { LogFile } from './log/log-file.js';
import { SupervisorClient } from './socket/client.js';
import { hintFolder, type RunningHint, readHints } from './state/hint.js';
import { readSupervisorFile, stateFile } from './state/state.js';
import type { SupervisorOptions } from './supervisor.js';

export interface EnsureOptions {
  readonly stateFolder: string;
  readonly pipeline: string;
  readonly file: string;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

const PROCESS = packageFile('dist/supervisor/process.js');
const SPAWN_TIMEOUT_MS = 15_000;

/** What children get of the caller's environment: enough to find programs, a home and a language; no secrets. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|EVPIPE_POSTGRES_FOLDER)$/;

/** The supervisor of this pipeline; undefined where none runs. Starts nothing. */
export async function connectSupervisor(stateFolder: string): Promise<SupervisorClient | undefined> {
  const known = readSupervisorFile(stateFolder);
  return known === undefined ? undefined : SupervisorClient.connect(known.socket);
}

/** The supervisor of this pipeline, started where none runs. However many ask at once, there is one. */
export async function ensureSupervisor(options: EnsureOptions): Promise<SupervisorClient> {
  makeStateFolder(options.stateFolder);
  const deadlineMs = performance.now() + SPAWN_TIMEOUT_MS;
  for (;;) {
    options.signal?.throwIfAborted();
    const client = await connectSupervisor(options.stateFolder);
    if (client?.hello.version === packageManifest().version) return client;
    await client?.shutdown(); // of another version of evpipe: its processes are too
    const problem = await spawnSupervisor(options);
    if (performance.now() > deadlineMs) {
      throw new EvpipeError(
        'EVPIPE_SUPERVISOR_START',
        `the supervisor did not start: ${problem ?? 'it does not answer'}`,
        {
          todo: `See ${stateFile.log(options.stateFolder, 'supervisor')}.`,
        },
      );
    }
    if (problem !== undefined) await pause(20, options.signal);
  }
}

/** Ends whatever a killed supervisor of this pipeline has left running. Answers how many. */
export async function sweep(stateFolder: string): Promise<number> {
  return existsSync(stateFolder) ? sweepProcesses(stateFolder) : 0;
}

/** All pipelines of this user that run now: those hints whose socket answers, or listens and is silent, as one that was stopped. */
export async function runningPipelines(env: Environment): Promise<readonly RunningHint[]> {
  const hints = readHints(hintFolder(env));
  const listening = await Promise.all(hints.map(({ socket }) => isListening(socket)));
  return hints.filter((_, index) => listening[index]);
}

async function isListening(socket: string): Promise<boolean> {
  try {
    const client = await SupervisorClient.connect(socket);
    client?.close();
    return client !== undefined;
  } catch (failure) {
    if (failure instanceof EvpipeError && failure.code === 'EVPIPE_SUPERVISOR_SILENT') return true;
    throw failure;
  }
}

/** Undefined: it is ready. Else why not, in words: another one may have been quicker. */
function spawnSupervisor(options: EnsureOptions): Promise<string | undefined> {
  const { stateFolder, pipeline, file, env } = options;
  const processOptions: SupervisorOptions = {
    stateFolder,
    pipeline,
    file,
    version: packageManifest().version,
    hintFolder: hintFolder(env),
  };
  const log = new LogFile(stateFile.log(stateFolder, 'supervisor'));
  log.rotateWhenLarge();
  const output = openSync(log.path, 'a', 0o600);
  const before = log.size();
  const child = spawn(process.execPath, [PROCESS], {
    cwd: '/',
    env: { ...passedOn(env), EVPIPE_SUPERVISOR_OPTIONS: JSON.stringify(processOptions) },
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
  closeSync(output);
  return new Promise((resolve) => {
    const settle = (problem: string | undefined) => {
      if (child.connected) child.disconnect();
      child.unref();
      resolve(problem);
    };
    child.once('message', () => settle(undefined));
    child.once('error', (failure) => settle(failure.message));
    child.once('exit', (code) => settle(log.lastLines(3, before).join('; ') || `it ended with ${code}`));
  });
}

export function passedOn(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined && PASSED_ON.test(pair[0])),
  );
}

/** Throws EVPIPE_STATE_FOLDER where it can't be written (no permission, full disk). */
function makeStateFolder(stateFolder: string): void {
  const parent = dirname(stateFolder);
  try {
    mkdirSync(parent, { recursive: true });
    if (!existsSync(join(parent, '.gitignore'))) writeFileSync(join(parent, '.gitignore'), '*\n');
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    mkdirSync(stateFile.logs(stateFolder), { recursive: true, mode: 0o700 });
    accessSync(stateFolder, constants.W_OK);
  } catch (cause) {
    throw new EvpipeError('EVPIPE_STATE_FOLDER', `can't write the state folder ${stateFolder}: ${messageOf(cause)}`, {
      cause,
      todo: 'It is next to the pipeline file: free space there, or give yourself write permission.',
    });
  }
}
