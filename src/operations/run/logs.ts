import type { Session } from '../../kinds/session.js';
import { LOG_LEVELS, type LogLevel } from '../../support/log.js';
import { type LogFacts, logLineReader } from '../../support/log-line.js';
import { type ComponentId, componentKey } from '../../targets/component.js';
import type { LogLine } from '../../targets/target.js';
import { findComponent } from './component.js';

export interface LogsOptions {
  /** Names of components; empty: all. */
  readonly of: readonly string[];
  /** Lines of the past, per component. */
  readonly tail: number;
  readonly follow: boolean;
  /** Milliseconds since 1970; lines whose time is not known are left out then. */
  readonly sinceMs: number | undefined;
  readonly pattern: RegExp | undefined;
  /** This level and worse ones. */
  readonly level: LogLevel | undefined;
  /** Ends it before the session does. */
  readonly signal?: AbortSignal;
}

export interface LogEntry extends LogLine, LogFacts {}

/** The lines that components have written; with `follow` until the signal, which is the session's own where none is given. Throws EVPIPE_COMPONENT_UNKNOWN (kind usage). */
export async function* logs(session: Session, options: LogsOptions): AsyncGenerator<LogEntry> {
  const { of, tail, follow } = options;
  const own = session.kinds.flatMap(({ logNames }) => logNames?.(session.pipeline) ?? []);
  const components = of.filter((name) => !own.includes(name)).map((name) => findComponent(session, name));
  // Components may share a process, and with it a log.
  const statuses = components.length === 0 ? [] : await session.target.status();
  const processes = components.map((component) => {
    const isOfIt = (one: ComponentId): boolean => componentKey(one) === componentKey(component);
    return statuses.find((status) => status.components.some(isOfIt))?.process ?? component.name;
  });
  processes.push(...of.filter((name) => own.includes(name)));
  const { signal = session.signal } = options;
  const lines = session.target.logs({
    ...(processes.length > 0 && { of: [...new Set(processes)] }),
    tail,
    follow,
    signal,
  });
  const readers = new Map<string, (text: string) => LogFacts>();
  for await (const { process, text: written } of lines) {
    const line = { process, text: session.hide(written) };
    const read = readers.get(line.process) ?? logLineReader();
    readers.set(line.process, read);
    const entry: LogEntry = { ...line, ...read(line.text) };
    if (isWanted(entry, options)) yield entry;
  }
}

function isWanted({ text, atMs, level }: LogEntry, options: LogsOptions): boolean {
  if (options.sinceMs !== undefined && (atMs === undefined || atMs < options.sinceMs)) return false;
  if (options.level !== undefined && LOG_LEVELS.indexOf(level ?? 'info') < LOG_LEVELS.indexOf(options.level))
    return false;
  return options.pattern?.test(text) ?? true;
}
