import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileLock, lockFile } from '../support/file-lock.js';
import { type Log, outputLog } from '../support/log.js';
import { identify } from './children/process-identity.js';
import { ProcessList, sweepProcesses } from './children/process-list.js';
import { Watchdog } from './children/watchdog.js';
import { serveSocket } from './socket/socket-server.js';
import { removeHint, writeHint } from './state/hint.js';
import { readSupervisorFile, stateFile, writeSupervisorFile } from './state/state.js';
import { Supervisor, type SupervisorOptions } from './supervisor.js';

/** Another supervisor holds the lock; the caller talks to that one. */
export const EXIT_LOCKED = 75;
/** sun_path has 108 bytes on Linux and 104 on macOS, the closing zero among them. */
const SOCKET_PATH_BYTES_MAX = 103;
/** How soon it notices that its state folder was removed under it: then it cannot be reached any more. */
const ORPHAN_CHECK_MS = 2_000;

async function main(): Promise<void> {
  const log = outputLog;
  const { EVPIPE_SUPERVISOR_OPTIONS, ...childEnv } = process.env as Record<string, string>;
  const options: SupervisorOptions = JSON.parse(EVPIPE_SUPERVISOR_OPTIONS ?? '{}');
  const { stateFolder } = options;
  const fail = (failure: unknown): never => {
    log.error(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
    process.exit(1); // the watchdog ends the children
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  process.on('SIGHUP', () => {});

  const lock = lockFile(stateFile.lock(stateFolder));
  if (lock === undefined) process.exit(EXIT_LOCKED);
  const swept = await sweepProcesses(stateFolder);
  if (swept > 0) log.warn('ended processes that a killed supervisor left', { processes: swept });

  const watchdog = new Watchdog(childEnv);
  const supervisor = new Supervisor(options, new ProcessList(stateFolder, watchdog, log), childEnv);
  const end = once(async () => {
    await supervisor.shutdown();
    await watchdog.end();
  });
  const leave = async (answered: Promise<unknown>): Promise<void> => {
    await answered;
    clean(options, lock);
    log.info('everything has stopped');
    process.exit(0);
  };
  const socket = socketPath(stateFolder);
  await serveSocket(socket.path, {
    hello: async () => ({ pid: process.pid, version: options.version }),
    start: ({ spec, avoid }) => supervisor.start(spec, avoid),
    spec: async ({ process }) => supervisor.specOf(process) ?? null,
    stop: ({ process: name }) => supervisor.stop(name).then(() => null),
    restart: ({ process: name }) => supervisor.restart(name).then(() => null),
    report: async ({ memory }) => supervisor.report(memory),
    shutdown: async () => {
      await end();
      setTimeout(() => void leave(Promise.resolve()), LAST_ANSWER_MS);
      return null;
    },
  });
  writeSupervisorFile(stateFolder, {
    version: 1,
    supervisor: identify(process.pid) ?? { pid: process.pid, began: '' },
    socket: socket.path,
    ...(socket.folder !== undefined && { socketFolder: socket.folder }),
  });
  announceToUser(options, socket.path, log);
  process.on('SIGTERM', () => void leave(end()));
  process.on('SIGINT', () => void leave(end()));
  setInterval(() => {
    if (!lock.isHeld()) void leave(end());
  }, ORPHAN_CHECK_MS);
  if (process.send !== undefined) process.send({ type: 'ready' }, () => process.disconnect());
}

/** Time for the answer to `shutdown` to leave before the process does. */
const LAST_ANSWER_MS = 5;

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

/** In the state folder, or where its path is too long for a socket, in a short folder of its own. */
function socketPath(stateFolder: string): { path: string; folder?: string } {
  const before = readSupervisorFile(stateFolder)?.socketFolder;
  if (before !== undefined) rmSync(before, { recursive: true, force: true });
  const path = join(stateFolder, 'supervisor.sock');
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return { path };
  const folder = mkdtempSync(join(tmpdir().length > 60 ? '/tmp' : tmpdir(), 'evpipe-')); // made with 0700
  return { path: join(folder, 'supervisor.sock'), folder };
}

function announceToUser(options: SupervisorOptions, socket: string, log: Log): void {
  const { pipeline, file, stateFolder } = options;
  try {
    writeHint(options.hintFolder, { version: 1, pipeline, file, stateFolder, socket });
  } catch (failure) {
    log.warn('no hint for other folders: run commands in the folder of the pipeline file', { why: String(failure) });
  }
}

function clean(options: SupervisorOptions, lock: FileLock): void {
  const file = readSupervisorFile(options.stateFolder);
  removeHint(options.hintFolder, options.stateFolder);
  if (file !== undefined) {
    rmSync(file.socketFolder ?? file.socket, { recursive: true, force: true });
    rmSync(stateFile.supervisor(options.stateFolder), { force: true });
  }
  rmSync(stateFile.processes(options.stateFolder), { force: true });
  lock.release();
}

void main();
