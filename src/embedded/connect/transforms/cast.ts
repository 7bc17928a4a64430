import { required, splitList } from '../config/option.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL, javaText } from '../data/java-text.js';
import { type ConnectType, Schema, Struct, type Value } from '../data/schema.js';
import { bySchema, onKeyAndValue } from './transform.js';

const TYPES = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'];

/** Cast: other primitive types, `field:type,…`, or `type` for the whole. */
export const cast = onKeyAndValue(
  'Cast',
  [
    {
      ...required('LIST', 'spec', 'List of fields and the type to cast them to of the form field1:type,field2:type.'),
      check: (spec) =>
        splitList(spec)
          .map((item) => item.split(':').at(-1) ?? '')
          .filter((type) => !TYPES.includes(type))
          .map((type) => `Invalid type found in casting spec: ${type}`)[0],
    },
  ],
  (options, side) => {
    const casts = new Map<string, ConnectType>();
    let whole: ConnectType | undefined;
    for (const item of options.list('spec')) {
      const [first = '', type] = item.split(':');
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
    return (record) => {
      const value = side.value(record);
      const schema = side.schema(record);
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
        castValue(field.schema, value.values[field.index] ?? null, casts.get(field.name)),
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

function castValue(schema: Schema | undefined, value: Value, type: ConnectType | undefined): Value {
  if (value === null || type === undefined) return value;
  if (type === 'string') return typeof value === 'boolean' ? String(value) : javaText(schema, value);
  if (type === 'boolean') return typeof value === 'string' ? value.toLowerCase() === 'true' : Number(value) !== 0;
  const number = numberOf(schema, value);
  switch (type) {
    case 'int8':
      return Number(BigInt.asIntN(8, truncated(number)));
    case 'int16':
      return Number(BigInt.asIntN(16, truncated(number)));
    case 'int32':
      return Number(BigInt.asIntN(32, truncated(number)));
    case 'int64': {
      const whole = BigInt.asIntN(64, truncated(number));
      return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
    }
    case 'float32':
      return Math.fround(Number(number));
    default:
      return Number(number);
  }
}

const truncated = (number: number | bigint): bigint =>
  typeof number === 'bigint' ? number : BigInt(Math.trunc(number));

function numberOf(schema: Schema | undefined, value: Value): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = Buffer.isBuffer(value) && schema?.name === DECIMAL ? javaText(schema, value) : value;
  if (typeof text === 'string' && text.trim() !== '' && Number.isFinite(Number(text)))
    return /^[+-]?\d+$/.test(text) ? BigInt(text) : Number(text);
  throw dataFailure(`Value (${javaText(schema, value)}) was out of range or no number for requested data type`);
}
