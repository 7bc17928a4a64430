import { formatDecimal, integerOfBytes } from './decimal.js';
import { type Schema, Struct, type Value } from './schema.js';

export const DECIMAL = 'org.apache.kafka.connect.data.Decimal';

/** A value as Java's toString gives it: what StringConverter, Cast and headers show. */
export function javaText(schema: Schema | undefined, value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberText(schema, value);
  if (Buffer.isBuffer(value)) {
    if (schema?.name === DECIMAL)
      return formatDecimal({ unscaled: integerOfBytes(value), scale: Number(schema.parameters?.scale ?? 0) });
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

/** Java writes a double with a point, and an exponent below 10^-3 and from 10^7 on. */
function numberText(schema: Schema | undefined, value: number): string {
  if (schema?.type !== 'float64' && schema?.type !== 'float32') return String(value);
  const shown = schema.type === 'float32' ? Number(Math.fround(value).toPrecision(8)) : value;
  if (Number.isNaN(shown)) return 'NaN';
  if (!Number.isFinite(shown)) return shown > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(shown);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [mantissa = '', exponent = ''] = shown.toExponential().split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(shown) ? `${Object.is(shown, -0) ? '-0' : shown}.0` : String(shown);
}
