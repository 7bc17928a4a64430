import type { Header } from '../../../clients/kafka/contract.js';
import { javaText } from '../data/java-text.js';
import type { RecordHeader } from '../data/record.js';
import { int64, Schema, STRING, Struct, type Value } from '../data/schema.js';

/** Most records of a connector share one list of headers: it is converted once. */
const converted = new WeakMap<readonly RecordHeader[], readonly Header[]>();

/** SimpleHeaderConverter: strings as they are, anything else as readable text. */
export function headersOf(headers: readonly RecordHeader[]): readonly Header[] {
  let bytes = converted.get(headers);
  if (bytes === undefined) {
    bytes = headers.map(({ name, schema, value }) => [name, bytesOf(schema, value)]);
    converted.set(headers, bytes);
  }
  return bytes;
}

function bytesOf(schema: Schema | undefined, value: Value): Buffer | null {
  if (value === null) return null;
  return Buffer.from(typeof value === 'string' ? value : embedded(schema, value, false), 'utf8');
}

const INTEGER_TYPES = [
  ['int8', 2n ** 7n],
  ['int16', 2n ** 15n],
  ['int32', 2n ** 31n],
  ['int64', 2n ** 63n],
] as const;

/** SimpleHeaderConverter read back: a text that spells a number or a boolean becomes one, of the smallest type. */
export function headersFrom(headers: readonly Header[]): readonly RecordHeader[] {
  return headers.map(([name, bytes]) => ({ name, ...parsed(bytes) }));
}

function parsed(bytes: Buffer | null): { readonly schema: Schema | undefined; readonly value: Value } {
  if (bytes === null) return { schema: undefined, value: null };
  const text = bytes.toString('utf8');
  if (text === 'null') return { schema: undefined, value: null };
  if (text === 'true' || text === 'false') return { schema: new Schema('boolean'), value: text === 'true' };
  if (/^[+-]?\d{1,19}$/.test(text)) {
    const number = BigInt(text);
    const type = INTEGER_TYPES.find(([, bound]) => number < bound && number >= -bound)?.[0];
    if (type !== undefined) return { schema: new Schema(type), value: int64(number) };
  }
  if (/^[+-]?\d+\.\d+$/.test(text)) return { schema: new Schema('float64'), value: Number(text) };
  return { schema: STRING, value: text };
}

/** Within structures texts are quoted, as Connect's Values writes them. */
function embedded(schema: Schema | undefined, value: Value, quoted: boolean): string {
  if (typeof value === 'string') return quoted ? JSON.stringify(value) : value;
  if (value instanceof Struct) {
    const fields = value.schema.fields.map(
      (field) => `${JSON.stringify(field.name)}:${embedded(field.schema, value.values[field.index] ?? null, true)}`,
    );
    return `{${fields.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map((one) => embedded(schema?.values, one, true)).join(',')}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${embedded(schema?.keys, key, true)}:${embedded(schema?.values, one, true)}`).join(',')}}`;
  return javaText(schema, value);
}
