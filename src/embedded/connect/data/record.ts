import type { Schema, Value } from './schema.js';

export interface RecordHeader {
  readonly name: string;
  readonly schema: Schema | undefined;
  readonly value: Value;
}

/** A record between a connector and the converters, as transforms see it. */
export interface ConnectRecord {
  readonly topic: string;
  readonly partition: number | undefined;
  readonly keySchema: Schema | undefined;
  readonly key: Value;
  readonly valueSchema: Schema | undefined;
  readonly value: Value;
  readonly timestampMs: number | undefined;
  readonly headers: readonly RecordHeader[];
}
