import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../../../src/support/retry.js';
import { keepArchive, leavingClasses, withArchive } from './quick-start.js';

export interface JvmOptions {
  /** Names the log file: `<dataDir>/<name>.log`. */
  readonly name: string;
  readonly dataDir: string;
  readonly classpath: string;
  /** Main class and its arguments. */
  readonly main: readonly [string, ...string[]];
  readonly heapMb: number;
  /** The file that keeps its classes for quick starts. Absent: it starts and runs as in production. */
  readonly archive?: string | undefined;
  /** System properties. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Jvm {
  readonly pid: number;
  readonly logFile: string;
  /** Undefined while it runs; else how it ended and the end of its log. */
  ending(): Promise<string | undefined>;
  /** SIGTERM, then SIGKILL after 15 s; or any other signal at once. Resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const STOP_TIMEOUT_MS = 15_000;
const LOG_TAIL_CHARACTERS = 4_000;

/**
 * The shell leaves a guard behind and becomes java: the guard reads a pipe that only this process holds open, so
 * java is killed however this process ends.
 */
const GUARDED = '(trap "" HUP INT TERM; read -r _ <&3; kill -KILL $$) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

export async function startJvm(options: JvmOptions): Promise<Jvm> {
  await mkdir(options.dataDir, { recursive: true });
  const logFile = join(options.dataDir, `${options.name}.log`);
  const log = await open(logFile, 'a');
  const properties = Object.entries({ ...LOGGING, ...options.properties }).map(([name, value]) => `-D${name}=${value}`);
  const left = join(options.dataDir, `${options.name}.jsa`);
  const { archive } = options;
  const leavesClasses = archive !== undefined && !existsSync(archive);
  const flags = leavesClasses ? leavingClasses(left) : archive === undefined ? [] : withArchive(archive);
  const java = ['java', `-Xmx${options.heapMb}m`, ...flags, ...properties, '-cp', options.classpath, ...options.main];
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', ...java], {
    cwd: options.dataDir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
    detached: true, // a Ctrl-C in the terminal ends this process, and the guard ends java
  });
  const ended = once(child, 'exit').finally(() => child.stdio[3]?.destroy());
  await once(child, 'spawn');
  await log.close();
  if (child.pid === undefined) throw new Error(`no process for ${options.name}`);

  const ending = async (): Promise<string | undefined> => {
    if (child.exitCode === null && child.signalCode === null) return undefined;
    const text = await readFile(logFile, 'utf8');
    const how = child.signalCode ?? `exit code ${child.exitCode}`;
    return `${options.name} ended with ${how}; ${logFile} ends with:\n${text.slice(-LOG_TAIL_CHARACTERS)}`;
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(kill);
    // An exit code: it has ended by itself, and written all that it leaves.
    if (leavesClasses && child.exitCode !== null && existsSync(left)) await keepArchive(left, archive);
  };
  return { pid: child.pid, logFile, ending, stop };
}

const LOGGING = {
  'org.slf4j.simpleLogger.showDateTime': 'true',
  'org.slf4j.simpleLogger.dateTimeFormat': 'HH:mm:ss.SSS',
  'org.slf4j.simpleLogger.showThreadName': 'false',
};

/** Waits until `answers` resolves; throws at once, with the log's end, where the process is gone; stops it on failure. */
export async function untilItAnswers(jvm: Jvm, what: string, answers: () => Promise<void>): Promise<void> {
  let ending: string | undefined;
  const attempt = async (): Promise<true> => {
    ending = await jvm.ending();
    if (ending === undefined) await answers();
    return true;
  };
  try {
    await waitUntil(`${what} to answer (${jvm.logFile})`, attempt, { timeoutMs: 120_000, maxPauseMs: 200 });
    if (ending !== undefined) throw new Error(ending);
  } catch (failure) {
    await jvm.stop('SIGKILL');
    throw failure;
  }
}
