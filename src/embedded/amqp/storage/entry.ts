/** A message as it was published; never changed, shared by all queues that hold it. */
export interface Message {
  readonly exchange: string;
  readonly routingKey: string;
  /** Property flags and properties, as they crossed the wire. */
  readonly properties: Buffer;
  readonly body: Buffer;
}

/** Where a message's record is. */
export interface Place {
  readonly segment: number;
  readonly position: number;
  readonly length: number;
}

export interface EntryOptions {
  readonly seq: number;
  readonly bodyBytes: number;
  /** It comes back after a restart of the server. */
  readonly persistent: boolean;
  readonly priority: number;
  /** Milliseconds since the epoch, for the log on disk; Infinity: never. */
  readonly expiresAtMs: number;
  /** The same by the clock that nobody sets. */
  readonly deadlineMs?: number;
}

/**
 * One message in one queue. Its content is in memory, on disk, or both: `message` is undefined where it was given up for
 * memory's sake, `place` where nothing was written yet.
 */
export class Entry {
  readonly seq: number;
  readonly bodyBytes: number;
  readonly persistent: boolean;
  readonly priority: number;
  readonly expiresAtMs: number;
  /** What was read from disk gets it from its queue. */
  deadlineMs: number;
  message: Message | undefined;
  place: Place | undefined;
  redelivered = false;
  /** How often it was given back; counted by quorum queues. */
  deliveryCount = 0;
  /** A client has it. */
  out = false;
  removed = false;
  /** Waits to be written (again). */
  pending = false;

  constructor(options: EntryOptions, message?: Message) {
    this.seq = options.seq;
    this.bodyBytes = options.bodyBytes;
    this.persistent = options.persistent;
    this.priority = options.priority;
    this.expiresAtMs = options.expiresAtMs;
    this.deadlineMs = options.deadlineMs ?? Infinity;
    this.message = message;
  }
}
