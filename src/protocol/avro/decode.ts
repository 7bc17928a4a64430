import type { AvroRecord, AvroSchema } from './schema.js';

/**
 * Avro's binary form as JavaScript values without loss, fit to be shown and compared: int, float and double are
 * numbers (`'NaN'`, `'Infinity'` as text), long is a bigint, bytes and fixed are base64 text, a union gives its
 * branch's value alone. Logical types, Avro's and those of Kafka Connect and Debezium, are text as PostgreSQL writes
 * it: decimals with their digits, `2026-01-31`, `13:45:00.123`, `2026-01-31T13:45:00.123Z`.
 */
export type AvroDecoder = (bytes: Buffer) => unknown;

type Read = (cursor: Cursor) => unknown;

/** A corrupt count must not become a loop over nothing: arrays of nulls take no bytes. */
const ITEMS_MAX = 10_000_000;

/** Throws where the bytes are no value of the schema, or more than one. */
export function compileAvroDecoder(schema: AvroSchema): AvroDecoder {
  const read = new Compiler().compile(schema);
  return (bytes) => {
    const cursor = new Cursor(bytes);
    const value = read(cursor);
    if (cursor.at !== bytes.length) throw new Error(`${bytes.length - cursor.at} bytes follow the value`);
    return value;
  };
}

class Compiler {
  private readonly records = new Map<AvroRecord, Read>();

  compile(schema: AvroSchema): Read {
    switch (schema.type) {
      case 'record':
        return this.record(schema);
      case 'union': {
        const branches = schema.branches.map((branch) => this.compile(branch));
        return (cursor) => {
          const index = cursor.int();
          const branch = branches[index];
          if (branch === undefined) throw new Error(`the union has no branch ${index}`);
          return branch(cursor);
        };
      }
      case 'array':
        return readArray(this.compile(schema.items));
      case 'map':
        return readMap(this.compile(schema.values));
      case 'enum':
        return (cursor) => {
          const index = cursor.int();
          const symbol = schema.symbols[index];
          if (symbol === undefined) throw new Error(`the enum ${schema.name} has no symbol ${index}`);
          return symbol;
        };
      case 'fixed': {
        const show = bytesShower(schema.properties);
        return (cursor) => show(cursor.slice(schema.size));
      }
      case 'bytes': {
        const show = bytesShower(schema.properties);
        return (cursor) => show(cursor.slice(cursor.int()));
      }
      case 'int': {
        const show = timeShower(schema.properties);
        return show === undefined ? (cursor) => cursor.int() : (cursor) => show(BigInt(cursor.int()));
      }
      case 'long': {
        const show = timeShower(schema.properties);
        return show === undefined ? (cursor) => cursor.long() : (cursor) => show(cursor.long());
      }
      case 'string':
        return (cursor) => cursor.slice(cursor.int()).toString('utf8');
      case 'boolean':
        return (cursor) => cursor.slice(1)[0] !== 0;
      case 'float':
        return (cursor) => finite(Math.fround(cursor.slice(4).readFloatLE()));
      case 'double':
        return (cursor) => finite(cursor.slice(8).readDoubleLE());
      case 'null':
        return () => null;
    }
  }

  private record(schema: AvroRecord): Read {
    const before = this.records.get(schema);
    if (before !== undefined) return before;
    const fields: Array<readonly [name: string, read: Read]> = [];
    const read: Read = (cursor) => Object.fromEntries(fields.map(([name, readField]) => [name, readField(cursor)]));
    this.records.set(schema, read);
    for (const { name, schema: type } of schema.fields) fields.push([name, this.compile(type)]);
    return read;
  }
}

function readArray(readItem: Read): Read {
  return (cursor) => {
    const items: unknown[] = [];
    for (let count = cursor.blockCount(); count > 0; count = cursor.blockCount()) {
      if (items.length + count > ITEMS_MAX) throw new Error(`an array of more than ${ITEMS_MAX} items`);
      for (; count > 0; count--) items.push(readItem(cursor));
    }
    return items;
  };
}

function readMap(readValue: Read): Read {
  return (cursor) => {
    const entries: Array<readonly [string, unknown]> = [];
    for (let count = cursor.blockCount(); count > 0; count = cursor.blockCount()) {
      for (; count > 0; count--) entries.push([cursor.slice(cursor.int()).toString('utf8'), readValue(cursor)]);
    }
    return Object.fromEntries(entries);
  };
}

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

function bytesShower(properties: Readonly<Record<string, unknown>>): (bytes: Buffer) => string {
  const parameters = properties['connect.parameters'] as { scale?: string } | undefined;
  const isDecimal =
    properties.logicalType === 'decimal' || properties['connect.name'] === 'org.apache.kafka.connect.data.Decimal';
  if (!isDecimal) return (bytes) => bytes.toString('base64');
  const scale = Number(properties.scale ?? parameters?.scale ?? 0);
  return (bytes) => decimalText(bytes, scale);
}

function decimalText(bytes: Buffer, scale: number): string {
  const unsigned = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
  const unscaled = BigInt.asIntN(8 * bytes.length, unsigned);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString();
  const sign = unscaled < 0n ? '-' : '';
  if (scale <= 0) return `${sign}${digits}${'0'.repeat(unscaled === 0n ? 0 : -scale)}`;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

type Unit = 'days' | 'timestamp' | 'time';

/** Kind of time and how many of its units make a second, by logical type or by the name that Connect gives a schema. */
const TIMES: Readonly<Record<string, readonly [unit: Unit, perSecond: bigint, zone: string]>> = {
  date: ['days', 1n, ''],
  'time-millis': ['time', 1_000n, ''],
  'time-micros': ['time', 1_000_000n, ''],
  'timestamp-millis': ['timestamp', 1_000n, 'Z'],
  'timestamp-micros': ['timestamp', 1_000_000n, 'Z'],
  'timestamp-nanos': ['timestamp', 1_000_000_000n, 'Z'],
  'local-timestamp-millis': ['timestamp', 1_000n, ''],
  'local-timestamp-micros': ['timestamp', 1_000_000n, ''],
  'local-timestamp-nanos': ['timestamp', 1_000_000_000n, ''],
  'org.apache.kafka.connect.data.Date': ['days', 1n, ''],
  'org.apache.kafka.connect.data.Time': ['time', 1_000n, ''],
  'org.apache.kafka.connect.data.Timestamp': ['timestamp', 1_000n, 'Z'],
  'io.debezium.time.Date': ['days', 1n, ''],
  'io.debezium.time.Time': ['time', 1_000n, ''],
  'io.debezium.time.MicroTime': ['time', 1_000_000n, ''],
  'io.debezium.time.NanoTime': ['time', 1_000_000_000n, ''],
  'io.debezium.time.Timestamp': ['timestamp', 1_000n, ''],
  'io.debezium.time.MicroTimestamp': ['timestamp', 1_000_000n, ''],
  'io.debezium.time.NanoTimestamp': ['timestamp', 1_000_000_000n, ''],
};

function timeShower(properties: Readonly<Record<string, unknown>>): ((value: bigint) => unknown) | undefined {
  const time = TIMES[String(properties['connect.name'])] ?? TIMES[String(properties.logicalType)];
  if (time === undefined) return undefined;
  const [unit, perSecond, zone] = time;
  return (value) => {
    if (unit === 'days') return dateText(value) ?? value;
    const seconds = floorDiv(value, perSecond);
    const fraction = (value - seconds * perSecond).toString().padStart(perSecond.toString().length - 1, '0');
    if (unit === 'time') return `${clockText(seconds)}${shortFraction(fraction)}`;
    const days = floorDiv(seconds, 86_400n);
    const date = dateText(days);
    if (date === undefined) return value; // infinity and its like: beyond the calendar
    return `${date}T${clockText(seconds - days * 86_400n)}${shortFraction(fraction)}${zone}`;
  };
}

const floorDiv = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by;

const shortFraction = (fraction: string): string => {
  const cut = fraction.replace(/0+$/, '');
  return cut === '' ? '' : `.${cut}`;
};

const two = (value: bigint): string => value.toString().padStart(2, '0');

const clockText = (seconds: bigint): string =>
  `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;

function dateText(days: bigint): string | undefined {
  const date = new Date(Number(days) * 86_400_000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(/T.*/, '');
}

class Cursor {
  at = 0;
  constructor(private readonly bytes: Buffer) {}

  slice(length: number): Buffer {
    const end = this.at + length;
    if (length < 0 || end > this.bytes.length) throw new Error('the value ends too early');
    const slice = this.bytes.subarray(this.at, end);
    this.at = end;
    return slice;
  }

  int(): number {
    const value = this.long();
    if (value > 0x7fffffffn || value < -0x80000000n) throw new Error(`${value} is no 32-bit number`);
    return Number(value);
  }

  long(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt((low >>> 1) ^ -(low & 1));
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new Error('a number is longer than 10 bytes');
  }

  /** How many items follow; 0 at the end. A negative count comes with the block's size in bytes. */
  blockCount(): number {
    const count = this.int();
    if (count >= 0) return count;
    this.long();
    return -count;
  }

  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('the value ends too early');
    return byte;
  }
}
