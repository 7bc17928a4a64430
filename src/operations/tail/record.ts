/** What `tail` reads: records as they come, decoded only when they are looked at. */

/** Anything that JSON can say; what it can't (bigints, bytes) as text. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

export interface DecodedRecord {
  readonly key: JsonValue;
  /** Null is a tombstone; `valueError` tells why it could not be decoded (then `value` is what could be shown). */
  readonly value: JsonValue;
  readonly headers: ReadonlyArray<readonly [name: string, value: string | null]>;
  /** Avro, JSON, JSON Schema, Protobuf, text or bytes; absent for a tombstone. */
  readonly format?: string | undefined;
  readonly schema?:
    | { readonly id: number; readonly subject?: string | undefined; readonly version?: number | undefined }
    | undefined;
  readonly valueError?: string | undefined;
}

export interface TailRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since the epoch; -1 where the record has none. */
  readonly timestampMs: number;
  /** As it crossed the wire; records of one key have equal bytes. */
  readonly rawKey: Uint8Array | null;
  /** Of the value as it crossed the wire; 0 for a tombstone. */
  readonly valueBytes: number;
  /** Called only for what is shown or searched; it may be called again after a while. Never throws: see `valueError`. */
  decode(): DecodedRecord | Promise<DecodedRecord>;
}

/**
 * Batches as they are fetched. The tail stops asking for the next one while it is paused and its memory is full, so
 * the reader holds the broker back. It ends where the topic's end was asked for (`--exit`); it throws what ended it.
 */
export type TailSource = AsyncIterable<readonly TailRecord[]>;
