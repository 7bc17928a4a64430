import type { Emit } from '../kinds/events.js';
import type { Session } from '../kinds/session.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { counted } from '../support/counted.js';
import { EvpipeError } from '../support/errors.js';
import { lineLog, silentLog } from '../support/log.js';
import { pause } from '../support/retry.js';
import type { CommonOptions } from './command.js';
import { type EventPrinter, jsonPrinter, plainPrinter, quietPrinter } from './event-printers.js';
import type { Shell } from './shell.js';

/** `--timeout` in milliseconds; undefined where it is not given. Throws EVPIPE_DURATION (kind usage). */
export function timeoutMs(options: CommonOptions): number | undefined {
  if (options.timeout === undefined) return undefined;
  const wantedMs = durationOf(options.timeout);
  if (wantedMs === undefined) {
    throw new EvpipeError('EVPIPE_DURATION', `--timeout ${options.timeout} is not a valid duration`, {
      kind: 'usage',
      todo: 'Use 500ms, 30s or 2m.',
    });
  }
  return wantedMs;
}

/** In milliseconds; without a unit it is of seconds. Undefined where the text is no duration. */
export function durationOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Opens a session, runs the work, and closes it whatever happens. */
export async function withSession<T>(
  pipeline: Pipeline,
  call: {
    readonly shell: Shell;
    readonly options: CommonOptions;
    readonly emit: Emit;
    readonly waitsForSilent?: boolean;
  },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const [{ openSession }, { KINDS }] = await Promise.all([import('../kinds/session.js'), import('../kinds/table.js')]);
  const { shell, options, emit, waitsForSilent = false } = call;
  const session = openSession(pipeline, {
    kinds: KINDS,
    env: shell.env,
    log: options.verbose === true ? lineLog(shell.err, 'debug') : silentLog,
    emit,
    signal: shell.signal,
    timeoutMs: timeoutMs(options),
    adopts: options.adopt === true,
    waitsForSilent,
  });
  const interruption = { said: Promise.resolve() };
  const onInterrupt = (): void => {
    interruption.said = sayWhatRuns(session, shell);
  };
  if (shell.signal.aborted) onInterrupt();
  else shell.signal.addEventListener('abort', onInterrupt, { once: true });
  try {
    return await work(session);
  } finally {
    shell.signal.removeEventListener('abort', onInterrupt);
    await interruption.said;
    await session.close();
  }
}

/** What continues after Ctrl-C, in one line; nothing where nothing does, or where that is not known soon. */
async function sayWhatRuns({ target, pipeline }: Session, shell: Shell): Promise<void> {
  const statuses = await Promise.race([target.status().catch(() => []), pause(STATUS_MS).then(() => [])]);
  const running = statuses.filter(({ provider, state }) => provider !== 'address' && KEPT.has(state));
  if (running.length === 0) return;
  shell.err(
    `${counted(running.length, 'process', 'processes')} of ${pipeline.name} still running; \`${shell.self} down\` stops ${running.length === 1 ? 'it' : 'them'}.\n`,
  );
}

const STATUS_MS = 1_000;
const KEPT: ReadonlySet<string> = new Set(['running', 'starting', 'restarting']);

/** The reader of events that fits the caller: a live screen for a person, lines for pipes and CI, JSON Lines for programs. */
export async function printerFor(shell: Shell, options: CommonOptions): Promise<EventPrinter> {
  if (options.output === 'json') return jsonPrinter(shell);
  if (options.quiet === true) return quietPrinter(shell);
  if (!shell.interactive) return plainPrinter(shell);
  const { loadScreens } = await import('../ui/screens.js');
  return (await loadScreens()).renderUp({ color: shell.color });
}
