import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import type { Serde } from '../../../ksql/formats/format.js';
import { serdeOptions } from '../../../ksql/formats/register-schema.js';
import type { Registry } from '../../../ksql/formats/registry.js';
import { formatNamed } from '../../../ksql/formats/table.js';
import { parseJava } from '../../../ksql/functions/java-pattern.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { RowCondition } from '../../../ksql/query/build-plan.js';
import type { Row, RowWindow } from '../../../ksql/rows/row.js';
import type { Value } from '../../../ksql/values/value.js';
import { writeInt64 } from '../../../protocol/kafka/record-batch.js';
import { messageOf } from '../../../support/errors.js';

export type SourceShape = Pick<Source, 'schema' | 'topic' | 'key' | 'value' | 'timestamp' | 'window' | 'type'>;

/** Which rows of a source are asked for, and which of their columns; absent: all. */
export interface RowsAsked {
  readonly read?: ReadonlySet<string> | undefined;
  readonly where?: RowCondition | undefined;
}

const WINDOW_BYTES = 8;

/** How many bytes of a key its window takes. */
export const windowBytes = ({ kind }: NonNullable<SourceShape['window']>): number =>
  kind === 'SESSION' ? 2 * WINDOW_BYTES : WINDOW_BYTES;

/** Records of one source to rows. What can't be read throws; the caller logs and skips it. */
export class RecordDecoder {
  private constructor(
    private readonly shape: SourceShape,
    private readonly key: Serde,
    private readonly value: Serde,
    private readonly timestampOf: ((row: Row) => number) | undefined,
    private readonly where: RowCondition | undefined,
  ) {}

  static async create(
    shape: SourceShape,
    registry: Registry | undefined,
    { read, where }: RowsAsked = {},
  ): Promise<RecordDecoder> {
    const { schema, topic, timestamp } = shape;
    const withTime = (names: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined =>
      names === undefined || timestamp === undefined ? names : new Set([...names, timestamp.column]);
    const key = await formatNamed(shape.key.format).serde(serdeOptions(shape.key, 'key', schema, topic, registry));
    const value = await formatNamed(shape.value.format).serde({
      ...serdeOptions(shape.value, 'value', schema, topic, registry),
      read: withTime(read),
      first: withTime(where?.columns),
    });
    return new RecordDecoder(shape, key, value, timestampReader(shape), where);
  }

  /** Whether records may have to wait for something before they can be read. */
  get waits(): boolean {
    return this.value.unready !== undefined || this.key.unready !== undefined;
  }

  /** Undefined: it can be decoded at once. */
  unready(record: KafkaRecord): Promise<unknown> | undefined {
    const value = record.value === null ? undefined : this.value.unready?.(record.value);
    const key = record.key === null ? undefined : this.key.unready?.(record.key);
    return value === undefined ? key : key === undefined ? value : Promise.all([key, value]);
  }

  /** Undefined: the record is none of the rows asked for (a table's record without a key, a negative time, WHERE). */
  decode(record: KafkaRecord): Row | undefined {
    const { schema } = this.shape;
    let window: RowWindow | undefined;
    let keyBytes = record.key;
    if (keyBytes !== null && this.shape.window !== undefined) {
      window = readWindow(keyBytes, this.shape.window);
      keyBytes = keyBytes.subarray(0, keyBytes.length - windowBytes(this.shape.window));
    }
    const key =
      keyBytes === null ? schema.key.map(() => null) : (this.key.decode(keyBytes) ?? schema.key.map(() => null));
    if (this.shape.type === 'TABLE' && (keyBytes === null || key.every((part) => part === null))) return undefined;
    const value = record.value === null ? null : this.value.decode(record.value);
    if (value !== null) for (const { header } of schema.headers) value.push(headerValue(record, header));
    const row: Row = {
      key,
      value,
      timestampMs: record.timestampMs,
      partition: record.partition,
      offset: record.offset,
      headers: record.headers,
      window,
      keyless: keyBytes === null,
    };
    const timed =
      this.timestampOf === undefined || value === null ? row : { ...row, timestampMs: this.timestampOf(row) };
    if (timed.timestampMs < 0) return undefined;
    if (this.where === undefined) return timed;
    if (value === null || !this.where.holds(timed)) return undefined;
    this.value.complete?.(value);
    return timed;
  }
}

function headerValue(record: KafkaRecord, header: string | undefined): Value {
  if (header === undefined) return record.headers.map(([name, value]) => [name, value]);
  return record.headers.findLast(([name]) => name === header)?.[1] ?? null;
}

export function readWindow(key: Buffer, window: NonNullable<SourceShape['window']>): RowWindow {
  const startMs = Number(key.readBigInt64BE(key.length - WINDOW_BYTES));
  if (window.kind !== 'SESSION') return { startMs, endMs: startMs + (window.sizeMs ?? 0) };
  return { startMs, endMs: Number(key.readBigInt64BE(key.length - 2 * WINDOW_BYTES)) };
}

/** The column that says a row's time holds none. */
export class InvalidTimestamp extends Error {}

/** WITH (TIMESTAMP = column): a BIGINT, a TIMESTAMP, or text in the pattern of TIMESTAMP_FORMAT. Throws InvalidTimestamp. */
export function timestampReader({
  schema,
  timestamp,
}: Pick<SourceShape, 'schema' | 'timestamp'>): ((row: Row) => number) | undefined {
  if (timestamp === undefined) return undefined;
  const keyAt = schema.key.findIndex(({ name }) => name === timestamp.column);
  const valueAt = schema.value.findIndex(({ name }) => name === timestamp.column);
  const type = schema.key[keyAt]?.type ?? schema.value[valueAt]?.type;
  const { pattern } = timestamp;
  return (row) => {
    const value = keyAt >= 0 ? row.key[keyAt] : row.value?.[valueAt];
    if (value === null || value === undefined) {
      throw new InvalidTimestamp(`the timestamp column ${timestamp.column} is null`);
    }
    if (type?.kind !== 'STRING' || pattern === undefined) return Number(value);
    try {
      return parseJava(pattern, value as string);
    } catch (failure) {
      throw new InvalidTimestamp(messageOf(failure), { cause: failure });
    }
  };
}

/** Rows to the bytes of a sink's records. */
export class RecordEncoder {
  private constructor(
    private readonly shape: SourceShape,
    private readonly key: Serde,
    private readonly value: Serde,
    readonly timestampOf: ((row: Row) => number) | undefined,
  ) {}

  static async create(shape: SourceShape, registry: Registry | undefined): Promise<RecordEncoder> {
    const { schema, topic } = shape;
    const key = await formatNamed(shape.key.format).serde(serdeOptions(shape.key, 'key', schema, topic, registry));
    const value = await formatNamed(shape.value.format).serde(
      serdeOptions(shape.value, 'value', schema, topic, registry),
    );
    await key.open?.();
    await value.open?.();
    return new RecordEncoder(shape, key, value, timestampReader(shape));
  }

  encodeKey(key: readonly Value[], window: RowWindow | undefined, keyless = false): Buffer | null {
    const none = keyless || key.length === 0 || (key.length === 1 && key[0] === null);
    const bytes = none ? null : this.key.encode(key);
    if (bytes === null || window === undefined || this.shape.window === undefined) return bytes;
    const session = this.shape.window.kind === 'SESSION';
    const all = Buffer.allocUnsafe(bytes.length + (session ? 16 : 8));
    bytes.copy(all);
    if (session) writeInt64(all, window.endMs, bytes.length);
    writeInt64(all, window.startMs, all.length - 8);
    return all;
  }

  encodeValue(value: readonly Value[] | null): Buffer | null {
    return value === null ? null : this.value.encode(value);
  }
}
