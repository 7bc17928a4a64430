import { Decimal } from '../../../protocol/decimal.js';
import { DECIMAL } from './java-text.js';
import { int64, Schema, STRING, type Value } from './schema.js';

export interface Literal {
  readonly schema: Schema | undefined;
  readonly value: Value;
}

const logical = (name: string, type: 'int32' | 'int64'): Schema =>
  new Schema(type, { name: `org.apache.kafka.connect.data.${name}`, version: 1 });
const BOOLEAN = new Schema('boolean');
const DAY_MS = 86_400_000;

/** A text as the type that it looks like: Connect's Values.parseString. Numbers get the smallest type that holds them. */
export function parseLiteral(text: string): Literal {
  const trimmed = text.trim();
  if (trimmed === 'null') return { schema: undefined, value: null };
  if (trimmed === 'true' || trimmed === 'false') return { schema: BOOLEAN, value: trimmed === 'true' };
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(trimmed)) return numberLiteral(trimmed);
  return temporalLiteral(trimmed) ?? nestedLiteral(trimmed) ?? { schema: STRING, value: text };
}

function numberLiteral(text: string): Literal {
  const decimal = Decimal.from(text);
  const whole = decimal.toScale(0);
  if (whole.compare(decimal) === 0) {
    const value = BigInt(whole.toString());
    const bits = [8, 16, 32, 64].find((width) => BigInt.asIntN(width, value) === value);
    if (bits !== undefined) return { schema: new Schema(`int${bits as 8 | 16 | 32 | 64}`), value: int64(value) };
  } else {
    const single = Math.fround(Number(text));
    if (Number.isFinite(single)) return { schema: new Schema('float32'), value: single };
    if (Number.isFinite(Number(text))) return { schema: new Schema('float64'), value: Number(text) };
  }
  const schema = new Schema('bytes', { name: DECIMAL, version: 1, parameters: { scale: String(decimal.scale) } });
  return { schema, value: decimal.toBytes() };
}

function temporalLiteral(text: string): Literal | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return { schema: logical('Date', 'int32'), value: Date.parse(text) / DAY_MS };
  if (/^\d\d:\d\d:\d\d\.\d{3}Z$/.test(text))
    return { schema: logical('Time', 'int32'), value: Date.parse(`1970-01-01T${text}`) };
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text))
    return { schema: logical('Timestamp', 'int64'), value: Date.parse(text) };
  return undefined;
}

/** Arrays and maps of one type, written as JSON. */
function nestedLiteral(text: string): Literal | undefined {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    const items = Array.isArray(json) ? json : Object.values(json as object);
    const literals = items.map((item) =>
      typeof item === 'string' ? { schema: STRING, value: item } : parseLiteral(JSON.stringify(item)),
    );
    const [values] = literals.map((one) => one.schema);
    if (values === undefined || literals.some((one) => one.schema?.type !== values.type)) return undefined;
    if (Array.isArray(json))
      return { schema: new Schema('array', { values }), value: literals.map((one) => one.value) };
    const entries = Object.keys(json as object).map((key, index) => [key, literals[index]?.value ?? null] as const);
    return { schema: new Schema('map', { keys: STRING, values }), value: new Map<Value, Value>(entries) };
  } catch {
    return undefined; // it only looks like JSON
  }
}
