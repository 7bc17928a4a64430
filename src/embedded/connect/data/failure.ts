/**
 * What makes a task fail: in the component's own words, with the class that the real one would throw, so that a
 * status' trace reads as its users know it.
 */
export class ConnectFailure extends Error {
  readonly className: string;
  /** A lost connection, a slot still held: worth another attempt. */
  readonly retriable: boolean;

  constructor(
    message: string,
    options: { readonly className?: string; readonly cause?: unknown; readonly retriable?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConnectFailure';
    this.className = options.className ?? CONNECT_EXCEPTION;
    this.retriable = options.retriable ?? false;
  }
}

/** Whether another attempt can succeed: what failed, or what caused it, was out of reach for a while. */
export function isTransient(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return (thrown instanceof ConnectFailure && thrown.retriable) || isTransient(thrown.cause);
}

export const CONNECT_EXCEPTION = 'org.apache.kafka.connect.errors.ConnectException';
export const DATA_EXCEPTION = 'org.apache.kafka.connect.errors.DataException';
export const DEBEZIUM_EXCEPTION = 'io.debezium.DebeziumException';
export const CONFIG_EXCEPTION = 'org.apache.kafka.common.config.ConfigException';

export const dataFailure = (message: string): ConnectFailure =>
  new ConnectFailure(message, { className: DATA_EXCEPTION });

/** The trace of a failed connector or task: one block a cause, each with where it happened. */
export function traceOf(thrown: unknown): string {
  const lines: string[] = [];
  let current: unknown = thrown;
  for (let depth = 0; depth < 8 && current !== undefined && current !== null; depth++) {
    const prefix = depth === 0 ? '' : 'Caused by: ';
    lines.push(`${prefix}${classOf(current)}: ${current instanceof Error ? current.message : String(current)}`);
    const frames =
      current instanceof Error ? (current.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
    lines.push(...frames.slice(0, 6).map((line) => `\t${line.trim().replace(/file:\/\/\S*\/(?=[^/]+:\d+:\d+)/, '')}`));
    current = current instanceof Error ? current.cause : undefined;
  }
  return `${lines.join('\n')}\n`;
}

export function classOf(thrown: unknown): string {
  if (thrown instanceof ConnectFailure) return thrown.className;
  // An error of the server itself, as node-postgres gives it: SQLSTATE and severity are set.
  if (thrown instanceof Error && 'severity' in thrown) return 'org.postgresql.util.PSQLException';
  return CONNECT_EXCEPTION;
}
