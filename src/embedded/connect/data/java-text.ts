import { Decimal } from '../../../protocol/decimal.js';
import { javaDouble, javaFloat } from '../../../protocol/java-number.js';
import { type Schema, Struct, type Value } from './schema.js';

export const DECIMAL = 'org.apache.kafka.connect.data.Decimal';

/** A value as Java's toString gives it: what StringConverter, Cast and headers show. */
export function javaText(schema: Schema | undefined, value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(schema, value);
  if (Buffer.isBuffer(value)) {
    if (schema?.name === DECIMAL) return Decimal.fromBytes(value, Number(schema.parameters?.scale ?? 0)).toString();
    return value.toString('base64');
  }
  if (value instanceof Struct) {
    const fields = value.schema.fields
      .map((field) => [field, value.values[field.index] ?? null] as const)
      .filter(([, one]) => one !== null)
      .map(([field, one]) => `${field.name}=${javaText(field.schema, one)}`);
    return `Struct{${fields.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map((one) => javaText(schema?.values, one)).join(', ')}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${javaText(schema?.keys, key)}=${javaText(schema?.values, one)}`).join(', ')}}`;
  return String(value);
}

function numberText(schema: Schema | undefined, value: number): string {
  if (schema?.type === 'float64') return javaDouble(value);
  return schema?.type === 'float32' ? javaFloat(value) : String(value);
}
