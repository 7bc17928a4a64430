import { Decimal } from '../decimal.js';
import { isJsonObject } from '../json/parse.js';
import { compilePlainDecoder } from './plain.js';
import { type AvroLeaf, type Read, readBytes } from './read.js';
import type { AvroProperties, AvroSchema } from './schema.js';

/**
 * Avro's binary form as JavaScript values without loss, fit to be shown and compared: int, float and double are
 * numbers (`'NaN'`, `'Infinity'` as text), long is a bigint, bytes and fixed are base64 text, a union gives its
 * branch's value alone. Logical types, Avro's and those of Kafka Connect and Debezium, are text as PostgreSQL writes
 * it: decimals with their digits, `2026-01-31`, `13:45:00.123`, `2026-01-31T13:45:00.123Z`.
 */
export type AvroDecoder = (bytes: Buffer) => unknown;

/** Throws where the bytes are not a value of the schema, or more than one. */
export const compileAvroDecoder = (schema: AvroSchema): AvroDecoder => compilePlainDecoder(schema, readShown);

function readShown(schema: AvroLeaf): Read<unknown> | undefined {
  switch (schema.type) {
    case 'bytes':
    case 'fixed': {
      const read = readBytes(schema);
      const show = bytesShower(schema.properties);
      return (input) => show(read(input));
    }
    case 'int':
    case 'long': {
      const show = timeShower(schema.properties);
      if (show !== undefined) return (input) => show(input.bigint());
      return schema.type === 'long' ? (input) => input.bigint() : undefined;
    }
    case 'float':
      return (input) => finite(input.float());
    case 'double':
      return (input) => finite(input.double());
    default:
      return undefined;
  }
}

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

function bytesShower(properties: AvroProperties): (bytes: Buffer) => string {
  const scale = decimalScale(properties);
  if (scale === undefined) return (bytes) => bytes.toString('base64');
  return (bytes) => Decimal.fromBytes(bytes, scale).toString();
}

const SCALE_MAX = 1000;

/** Undefined where it is not a decimal, or one whose text would be all zeros. */
function decimalScale(properties: AvroProperties): number | undefined {
  const isDecimal =
    properties.logicalType === 'decimal' || properties['connect.name'] === 'org.apache.kafka.connect.data.Decimal';
  if (!isDecimal) return undefined;
  const parameters = properties['connect.parameters'];
  const scale = Number(properties.scale ?? (isJsonObject(parameters) ? parameters.scale : undefined) ?? 0);
  return Number.isInteger(scale) && Math.abs(scale) <= SCALE_MAX ? scale : undefined;
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

function timeShower(properties: AvroProperties): ((value: bigint) => unknown) | undefined {
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
