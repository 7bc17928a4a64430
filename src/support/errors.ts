/** A place in a file that the user wrote: 1-based line and column. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What kind of ending an error is; cli maps it to the exit code (its table is the only one). */
export type ErrorKind = 'failed' | 'usage' | 'unreachable' | 'deadline' | 'interrupted' | 'defect';

export interface EvpipeErrorOptions {
  /** Default: failed. */
  readonly kind?: ErrorKind;
  /** What the user can do about it; one or several sentences or a command. */
  readonly todo?: string;
  readonly cause?: unknown;
  readonly location?: SourceLocation;
}

/**
 * The one error of evpipe. `code` is stable and greppable (EVPIPE_TOPIC_PARTITIONS_SHRINK), `message` says
 * what was wanted and what was found, in the upstream component's own words where there are any.
 */
export class EvpipeError extends Error {
  readonly code: `EVPIPE_${string}`;
  readonly kind: ErrorKind;
  readonly todo: string | undefined;
  readonly location: SourceLocation | undefined;

  constructor(code: `EVPIPE_${string}`, message: string, options: EvpipeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EvpipeError';
    this.code = code;
    this.kind = options.kind ?? 'failed';
    this.todo = options.todo;
    this.location = options.location;
  }
}

/** The message of anything that was thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') return thrown.errors.map(messageOf).join('; ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** `ENOENT`, `ECONNREFUSED` and the like of what the system or Node refused; undefined for other failures. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** For the default branch of an exhausted union. */
export function unreachable(value: never): never {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}
