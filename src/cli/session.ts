import type { Emit } from '../kinds/events.js';
import type { Session } from '../kinds/session.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { EvpipeError } from '../support/errors.js';
import { lineLog, silentLog } from '../support/log.js';
import type { CommonOptions } from './command.js';
import { type EventPrinter, jsonPrinter, plainPrinter, quietPrinter } from './event-printers.js';
import type { Shell } from './shell.js';

/** `--timeout` in milliseconds; undefined where it is not given. Throws EVPIPE_DURATION (kind usage). */
export function timeoutMs(options: CommonOptions): number | undefined {
  if (options.timeout === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(options.timeout);
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's'];
  if (match === null || unit === undefined) {
    throw new EvpipeError('EVPIPE_DURATION', `--timeout ${options.timeout} is no duration`, {
      kind: 'usage',
      todo: 'Say 500ms, 30s or 2m.',
    });
  }
  return Number(match[1]) * unit;
}

/** Opens a session, runs the work, and closes it whatever happens. */
export async function withSession<T>(
  pipeline: Pipeline,
  call: { readonly shell: Shell; readonly options: CommonOptions; readonly emit: Emit },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const [{ openSession }, { KINDS }] = await Promise.all([import('../kinds/session.js'), import('../kinds/table.js')]);
  const { shell, options, emit } = call;
  const session = openSession(pipeline, {
    kinds: KINDS,
    env: shell.env,
    log: options.verbose === true ? lineLog(shell.err, 'debug') : silentLog,
    emit,
    signal: shell.signal,
    timeoutMs: timeoutMs(options),
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The reader of events that fits the caller: a live screen for a person, lines for pipes and CI, JSON Lines for programs. */
export async function printerFor(shell: Shell, options: CommonOptions): Promise<EventPrinter> {
  if (options.output === 'json') return jsonPrinter(shell);
  if (options.quiet === true) return quietPrinter(shell);
  if (!shell.interactive) return plainPrinter(shell);
  const { loadScreens } = await import('../ui/screens.js');
  return (await loadScreens()).renderUp({ color: shell.color });
}
