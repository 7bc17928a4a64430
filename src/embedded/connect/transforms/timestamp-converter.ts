import { optional, required } from '../../../protocol/connect/option.js';
import { ConnectFailure, dataFailure } from '../data/failure.js';
import { Schema, Struct, type Value } from '../data/schema.js';
import { formatDate, illegalLetter, parseDate } from './date-format.js';
import { bySchema, configFailure, nullReplacer, onKeyAndValue, REPLACE_NULL } from './transform.js';

const TARGETS = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const;
type Target = (typeof TARGETS)[number];
const UNITS: Readonly<Record<string, number>> = {
  seconds: 1000,
  milliseconds: 1,
  microseconds: 1 / 1000,
  nanoseconds: 1 / 1_000_000,
};
const DAY_MS = 86_400_000;
const LOGICAL = 'org.apache.kafka.connect.data';

export const timestampConverter = onKeyAndValue(
  'TimestampConverter',
  'Between text, unix time and Connect’s Date, Time and Timestamp.',
  [
    optional('STRING', 'field', '', 'The field containing the timestamp, or empty if the entire value is a timestamp.'),
    {
      ...required(
        'STRING',
        'target.type',
        'The desired timestamp representation: string, unix, Date, Time, or Timestamp.',
      ),
      check: (type) =>
        TARGETS.some((target) => target === type) ? undefined : `String must be one of: ${TARGETS.join(', ')}`,
    },
    optional('STRING', 'format', '', 'A SimpleDateFormat-compatible format for the timestamp.'),
    optional('STRING', 'unix.precision', 'milliseconds', 'Precision of unix times.', { oneOf: Object.keys(UNITS) }),
    REPLACE_NULL,
  ],
  (options, side) => {
    const target = options.string('target.type') as Target;
    const format = options.string('format');
    const unitMs = UNITS[options.choice('unix.precision')] ?? 1;
    const name = options.string('field');
    const replaced = nullReplacer(options);
    if (target === 'string' && format === '')
      throw configFailure('TimestampConverter requires format option to be specified when using string timestamps');
    const illegal = illegalLetter(format);
    if (illegal !== undefined)
      throw configFailure(
        `TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: ${format}: Illegal pattern character '${illegal}'`,
      );
    const convert = (schema: Schema | undefined, value: Value): Value =>
      value === null ? null : fromMs(toMs(schema, value, format, unitMs), target, format, unitMs);
    const changed = bySchema((schema) =>
      schema.with({
        fields: schema.fields.map((field) => [
          field.name,
          field.name === name ? targetSchema(target, field.schema.optional) : field.schema,
        ]),
      }),
    );
    return (record) => {
      const value = side.value(record);
      const schema = side.schema(record);
      if (name === '')
        return side.with(record, schema && targetSchema(target, schema.optional), convert(schema, value));
      if (value instanceof Map)
        return side.with(record, schema, new Map([...value, [name, convert(undefined, value.get(name) ?? null)]]));
      if (value === null && schema?.type === 'struct') return side.with(record, changed(schema), null);
      if (!(value instanceof Struct)) return record;
      const values = value.schema.fields.map((field) => {
        const one = replaced(field.schema, value.values[field.index]);
        return field.name === name ? convert(field.schema, one) : one;
      });
      return side.with(record, changed(value.schema), new Struct(changed(value.schema), values));
    };
  },
);

function targetSchema(target: Target, isOptional: boolean): Schema {
  switch (target) {
    case 'string':
      return new Schema('string', { optional: isOptional });
    case 'unix':
      return new Schema('int64', { optional: isOptional });
    case 'Date':
    case 'Time':
      return new Schema('int32', { name: `${LOGICAL}.${target}`, version: 1, optional: isOptional });
    default:
      return new Schema('int64', { name: `${LOGICAL}.Timestamp`, version: 1, optional: isOptional });
  }
}

function toMs(schema: Schema | undefined, value: Value, format: string, unitMs: number): number {
  if (typeof value === 'string') {
    const ms = parseDate(format, value);
    if (ms === undefined)
      throw dataFailure(`Could not parse timestamp: value (${value}) does not match pattern (${format})`);
    return ms;
  }
  switch (schema?.name) {
    case `${LOGICAL}.Date`:
      return Number(value) * DAY_MS;
    case `${LOGICAL}.Time`:
    case `${LOGICAL}.Timestamp`:
      return Number(value);
    default:
      if (schema !== undefined && schema.type !== 'int64')
        throw new ConnectFailure(
          `Schema Schema{${schema.type.toUpperCase()}} does not correspond to a known timestamp type format`,
        );
      return Math.trunc(Number(value) * unitMs);
  }
}

function fromMs(ms: number, target: Target, format: string, unitMs: number): Value {
  switch (target) {
    case 'string':
      return formatDate(format, ms);
    case 'unix':
      return unitMs === 1 / 1_000_000 ? BigInt(ms) * 1_000_000n : Math.trunc(ms / unitMs);
    case 'Date':
      return Math.floor(ms / DAY_MS);
    case 'Time':
      return ((ms % DAY_MS) + DAY_MS) % DAY_MS;
    default:
      return ms;
  }
}
