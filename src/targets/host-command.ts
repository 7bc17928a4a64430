import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync } from 'node:fs';
import { signalGroup } from '../supervisor/children/process-identity.js';
import { passedOn } from '../supervisor/ensure.js';
import { LogFile } from '../supervisor/log/log-file.js';
import { stateFile } from '../supervisor/state/state.js';
import { messageOf } from '../support/errors.js';

export interface HostCommand {
  /** Names its log. */
  readonly process: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

export interface HostCommandEnd {
  /** `ended with code 3`, `was ended by SIGKILL`, `can't be started: …`; undefined: it ended with 0. */
  readonly failure: string | undefined;
  /** Of what it wrote, where it failed; oldest first. */
  readonly lastLines: readonly string[];
}

const LAST_LINES = 10;

/**
 * Runs a command of this host to its end, in a process group of its own, with the environment that services get. Throws the
 * signal's reason once the whole group is gone.
 */
export async function runHostCommand(
  { process: name, command, cwd, env, timeoutMs, signal }: HostCommand,
  context: { readonly stateFolder: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<HostCommandEnd> {
  signal.throwIfAborted();
  mkdirSync(stateFile.logs(context.stateFolder), { recursive: true, mode: 0o700 });
  const log = new LogFile(stateFile.log(context.stateFolder, name));
  log.rotateWhenLarge();
  const since = log.size();
  const output = log.open();
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: { ...passedOn(context.env), ...env },
    stdio: ['ignore', output, output],
    detached: true, // its group can be ended as one
  });
  closeSync(output);
  const end = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  const deadline = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  const ended = await endOf(child);
  const late = deadline !== undefined && !ended.ok && performance.now() - ended.startedMs >= (timeoutMs ?? 0);
  clearTimeout(deadline);
  signal.removeEventListener('abort', end);
  end(); // what it started in the background
  signal.throwIfAborted();
  if (ended.ok) return { failure: undefined, lastLines: [] };
  const failure = late ? `did not end within ${(timeoutMs ?? 0) / 1000} s` : ended.how;
  log.note(`it ${failure}`);
  return { failure, lastLines: log.lastLines(LAST_LINES, since) };
}

function endOf(
  child: ChildProcess,
): Promise<{ readonly ok: boolean; readonly how: string; readonly startedMs: number }> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'ENOENT' ? 'there is no such program (or folder)' : messageOf(cause);
      resolve({ ok: false, how: `can't be started: ${child.spawnfile}: ${why}`, startedMs });
    });
    child.once('exit', (code, by) =>
      resolve({ ok: code === 0, how: by === null ? `ended with code ${code}` : `was killed by ${by}`, startedMs }),
    );
  });
}
