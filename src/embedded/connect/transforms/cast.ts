import { required, splitList } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL, javaText } from '../data/java-text.js';
import { type ConnectType, int64, Schema, Struct, type Value } from '../data/schema.js';
import { bySchema, configFailure, nullReplacer, onKeyAndValue, REPLACE_NULL } from './transform.js';

const TYPES = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'];

export const cast = onKeyAndValue(
  'Cast',
  'Other primitive types, `field:type,…`, or `type` for the whole.',
  [
    {
      ...required('LIST', 'spec', 'List of fields and the type to cast them to of the form field1:type,field2:type.'),
      check: (spec) =>
        splitList(spec)
          .map((item) => item.split(':').at(-1) ?? '')
          .filter((type) => !TYPES.includes(type))
          .map((type) => `Invalid type found in casting spec: ${type}`)[0],
    },
    REPLACE_NULL,
  ],
  (options, side) => {
    const casts = new Map<string, ConnectType>();
    let whole: ConnectType | undefined;
    for (const item of options.list('spec')) {
      const [first = '', type] = item.split(':');
      if (type === undefined && options.list('spec').length > 1)
        throw configFailure(
          'Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec',
        );
      if (type === undefined) whole = first as ConnectType;
      else casts.set(first, type as ConnectType);
    }
    const changed = bySchema((schema) =>
      schema.with({
        fields: schema.fields.map((field) => {
          const type = casts.get(field.name);
          return [field.name, type === undefined ? field.schema : castSchema(field.schema, type)] as const;
        }),
      }),
    );
    const replaced = nullReplacer(options);
    return (record) => {
      const value = side.value(record);
      const schema = side.schema(record);
      if (value === null) return record;
      if (whole !== undefined)
        return side.with(
          record,
          schema === undefined ? undefined : castSchema(schema, whole),
          castValue(schema, value, whole),
        );
      if (value instanceof Map)
        return side.with(
          record,
          schema,
          new Map([...value].map(([name, one]) => [name, castValue(undefined, one, casts.get(String(name)))] as const)),
        );
      if (!(value instanceof Struct)) return record;
      const values = value.schema.fields.map((field) =>
        castValue(field.schema, replaced(field.schema, value.values[field.index]), casts.get(field.name)),
      );
      return side.with(record, changed(value.schema), new Struct(changed(value.schema), values));
    };
  },
);

const castSchema = (schema: Schema, type: ConnectType): Schema =>
  new Schema(type, {
    optional: schema.optional,
    defaultValue: schema.defaultValue === undefined ? undefined : castValue(schema, schema.defaultValue, type),
  });

const BITS = { int8: 8, int16: 16, int32: 32, int64: 64 } as const;
type IntegerType = keyof typeof BITS;
const isInteger = (type: ConnectType): type is IntegerType => type in BITS;
const LOGICAL = 'org.apache.kafka.connect.data';

function castValue(schema: Schema | undefined, value: Value, type: ConnectType | undefined): Value {
  if (value === null || type === undefined) return value;
  if (value instanceof Struct || value instanceof Map || Array.isArray(value)) throw uncastable(schema, value);
  if (type === 'string') return textOf(schema, value);
  if (type === 'boolean') return typeof value === 'string' ? value.toLowerCase() === 'true' : Number(value) !== 0;
  if (!isInteger(type)) {
    const number = Number(numberOf(schema, value));
    return type === 'float32' ? Math.fround(number) : number;
  }
  return int64(typeof value === 'string' ? parsedInteger(value, type) : narrowed(numberOf(schema, value), type));
}

const uncastable = (schema: Schema | undefined, value: Value) => {
  const found = schema?.type ?? (Array.isArray(value) ? 'array' : 'map');
  return dataFailure(
    `Cast transformation does not support casting from ${found.toUpperCase()}; supported types are [INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, BYTES]`,
  );
};

/** Connect's own dates are written as ISO 8601, unlike in toString. */
function textOf(schema: Schema | undefined, value: Value): string {
  if (typeof value === 'boolean') return String(value);
  switch (schema?.name) {
    case `${LOGICAL}.Timestamp`:
      return new Date(Number(value)).toISOString();
    case `${LOGICAL}.Date`:
      return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
    case `${LOGICAL}.Time`:
      return new Date(Number(value)).toISOString().slice(11);
    default:
      return javaText(schema, value);
  }
}

function parsedInteger(text: string, type: IntegerType): bigint {
  const number = /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
  if (number === undefined || BigInt.asIntN(BITS[type], number) !== number)
    throw dataFailure(`Value (${text}) was out of range for requested data type`);
  return number;
}

/** Java's narrowing: an integer loses its upper bits, a fraction is cut and held within int or long first. */
function narrowed(number: number | bigint, type: IntegerType): bigint {
  if (typeof number === 'bigint') return BigInt.asIntN(BITS[type], number);
  if (Number.isNaN(number)) return 0n;
  const bound = type === 'int64' ? 63n : 31n;
  const [lowest, highest] = [-(2n ** bound), 2n ** bound - 1n];
  if (number <= Number(lowest)) return BigInt.asIntN(BITS[type], lowest);
  if (number >= Number(highest)) return BigInt.asIntN(BITS[type], highest);
  return BigInt.asIntN(BITS[type], BigInt(Math.trunc(number)));
}

const isFraction = (schema: Schema | undefined, value: number): boolean =>
  schema?.type === 'float32' || schema?.type === 'float64' || !Number.isSafeInteger(value);

function numberOf(schema: Schema | undefined, value: Value): number | bigint {
  if (typeof value === 'number') return isFraction(schema, value) ? value : BigInt(value);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const text = Buffer.isBuffer(value) && schema?.name === DECIMAL ? javaText(schema, value) : value;
  if (typeof text === 'string' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  throw dataFailure(`Value (${javaText(schema, value)}) was out of range or no number for requested data type`);
}
