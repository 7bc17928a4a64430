import { Decimal } from '../../protocol/decimal.js';
import { javaBigDecimal } from '../../protocol/java-number.js';
import { isJsonObject, JsonNumber } from '../../protocol/json/parse.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { exactDecimal, parseWhole } from '../expressions/cast.js';
import type { TypeOf, Value, ValueForms } from '../values/value.js';

export type Reader = (json: unknown) => Value;

/** What was met while reading: numbers in a STRING column, whose text may be another than that of their value. */
export interface ReadNotes {
  numbersInText: boolean;
}

const mismatch = (json: unknown, wanted: string): TypeError =>
  new TypeError(`Can't convert type. sourceType: ${kindOf(json)}, requiredType: ${wanted}`);

function kindOf(json: unknown): string {
  if (Array.isArray(json)) return 'ArrayNode';
  if (json === null) return 'NullNode';
  if (json instanceof JsonNumber || typeof json === 'number') return 'NumericNode';
  return typeof json === 'object' ? 'ObjectNode' : typeof json === 'string' ? 'TextNode' : 'BooleanNode';
}

/** A reader of parsed JSON for a type: numbers exact, names of struct fields without regard to case. */
export function jsonReader(type: SqlType, notes?: ReadNotes): Reader {
  const make: ((type: never, notes?: ReadNotes) => Reader) | undefined = READERS[type.kind];
  const read = make?.(type as never, notes);
  if (read === undefined) throw new Error(`no JSON for ${type.kind}`);
  return (json) => (json === null || json === undefined ? null : read(json));
}

type Readers = {
  readonly [Kind in SqlType['kind']]?: (type: TypeOf<Kind>, notes?: ReadNotes) => (json: unknown) => ValueForms[Kind];
};

const READERS: Readers = {
  BOOLEAN: () => (json) => {
    if (typeof json !== 'boolean') throw mismatch(json, 'BOOLEAN');
    return json;
  },
  INTEGER: () => (json) => {
    if (typeof json === 'number') return Math.trunc(json) | 0;
    if (typeof json === 'string') return Number(parseWhole(json, 32));
    if (json instanceof JsonNumber) return Number(BigInt.asIntN(32, wholeOf(json.text)));
    throw mismatch(json, 'INTEGER');
  },
  BIGINT: () => (json) => {
    if (typeof json === 'number') return BigInt(Math.trunc(json));
    if (typeof json === 'string') return parseWhole(json, 64);
    if (json instanceof JsonNumber) return BigInt.asIntN(64, wholeOf(json.text));
    throw mismatch(json, 'BIGINT');
  },
  DOUBLE: () => (json) => {
    if (typeof json === 'number') return json;
    if (json instanceof JsonNumber) return Number(json.text);
    if (typeof json === 'string' && json.trim() !== '' && (json === 'NaN' || !Number.isNaN(Number(json))))
      return Number(json);
    throw mismatch(json, 'DOUBLE');
  },
  DECIMAL: (type) => (json) => {
    const text =
      json instanceof JsonNumber ? json.text : typeof json === 'number' || typeof json === 'string' ? String(json) : '';
    const parsed = Decimal.parse(text);
    if (parsed === undefined) throw mismatch(json, 'DECIMAL');
    return exactDecimal(parsed, type.precision, type.scale);
  },
  STRING: (_type, notes) => (json) => {
    if (typeof json === 'string') return json;
    if (notes !== undefined && typeof json !== 'boolean') notes.numbersInText = true;
    return printJson(json);
  },
  BYTES: () => (json) => {
    if (typeof json !== 'string') throw mismatch(json, 'BYTES');
    return Buffer.from(json, 'base64');
  },
  DATE: () => whole('DATE'),
  TIME: () => whole('TIME'),
  TIMESTAMP: () => whole('TIMESTAMP'),
  ARRAY: (type, notes) => {
    const element = jsonReader(type.element, notes);
    return (json) => {
      if (!Array.isArray(json)) throw mismatch(json, 'ARRAY');
      return json.map(element);
    };
  },
  MAP: (type, notes) => {
    const [key, value] = [mapKeyReader(type.key), jsonReader(type.value, notes)];
    return (json) => {
      if (!isJsonObject(json)) throw mismatch(json, 'MAP');
      return new Map(Object.entries(json).map(([name, each]) => [key(name), value(each)]));
    };
  },
  STRUCT: (type, notes) => {
    const read = objectReader(type.fields, notes);
    return (json) => {
      if (!isJsonObject(json)) throw mismatch(json, 'STRUCT');
      return read(json);
    };
  },
};

/** Names in JSON are text: what keys of other types are written as. */
function mapKeyReader(type: SqlType): (name: string) => Value {
  if (type.kind === 'STRING') return (name) => name;
  return type.kind === 'BOOLEAN' ? (name) => name === 'true' : jsonReader(type);
}

const whole =
  (name: string) =>
  (json: unknown): number => {
    if (typeof json === 'number') return Math.trunc(json);
    if (json instanceof JsonNumber) return Number(wholeOf(json.text));
    if (typeof json === 'string') return Number(parseWhole(json, 64));
    throw mismatch(json, name);
  };

const wholeOf = (text: string): bigint => Decimal.parse(text)?.toBigInt() ?? 0n;

/** How many spellings of field names are remembered; data decides them, so they are bounded. */
const SPELLINGS_MAX = 10_000;

/** Reads an object's fields into their places; unknown ones are skipped, an exact name wins over another case. */
export function objectReader(
  fields: ReadonlyArray<{ name: string; type: SqlType }>,
  notes?: ReadNotes,
): (json: Record<string, unknown>) => Value[] {
  const readers = fields.map(({ type }) => jsonReader(type, notes));
  const exact = new Map(fields.map(({ name }, at) => [name, at]));
  const folded = new Map(fields.map(({ name }, at) => [name.toUpperCase(), at]));
  const places = new Map<string, number>();
  const placeOf = (name: string): number => {
    const place = exact.get(name) ?? folded.get(name.toUpperCase()) ?? -1;
    if (places.size < SPELLINGS_MAX) places.set(name, place);
    return place;
  };
  return (json) => {
    const values = new Array<Value>(readers.length).fill(null);
    let seenExactly = 0;
    for (const name in json) {
      const place = places.get(name) ?? placeOf(name);
      if (place < 0) continue;
      // Two spellings of one field in one object: the exact one is the field's.
      if (exact.get(name) === undefined && seenExactly > 0 && exactlyIn(json, fields[place]?.name)) continue;
      if (exact.has(name)) seenExactly += 1;
      values[place] = readers[place]?.(json[name]) ?? null;
    }
    return values;
  };
}

const exactlyIn = (json: Record<string, unknown>, name: string | undefined): boolean =>
  name !== undefined && Object.hasOwn(json, name);

/** JSON in a STRING column is its text, with numbers as Java writes them. */
export function printJson(json: unknown): string {
  if (json instanceof JsonNumber || typeof json === 'number') return javaBigDecimal(String(json));
  if (Array.isArray(json)) return `[${json.map(printNested).join(',')}]`;
  if (isJsonObject(json)) {
    return `{${Object.entries(json)
      .map(([key, value]) => `${JSON.stringify(key)}:${printNested(value)}`)
      .join(',')}}`;
  }
  return String(json);
}

const printNested = (json: unknown): string => (typeof json === 'string' ? JSON.stringify(json) : printJson(json));
