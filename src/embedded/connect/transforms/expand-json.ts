import { isJsonObject, type Json, JsonNumber, parseJson } from '../../../protocol/json/parse.js';
import { dataFailure } from '../data/failure.js';
import { int64, OPTIONAL_BYTES, OPTIONAL_STRING, Schema, Struct, type Value } from '../data/schema.js';

export interface Expanded {
  /** Undefined: an empty array or null, which tells no type. */
  readonly schema: Schema | undefined;
  readonly value: Value;
}

/** A JSON document that no schema can be inferred from. Debezium passes its text on. */
export class NotExpandable extends Error {}

/**
 * A JSON document as a structure with an inferred schema. Structures are named by their path below `name`. Throws
 * NotExpandable for what is neither an object nor an array, and for arrays of mixed types.
 */
export function expandJson(text: string, nullsAsBytes: boolean, name: string): Expanded {
  const json = readDocument(text);
  const schema = inferSchema(json, nullsAsBytes, name);
  if (schema === undefined) return { schema, value: text };
  if (schema.type !== 'struct') throw dataFailure(`Not a struct schema: Schema{${schema.type.toUpperCase()}}`);
  return { schema, value: jsonValue(json, schema) };
}

function readDocument(text: string): Json {
  if (!/^[{[]/.test(text)) throw new NotExpandable(`Unable to parse payload starting with '${text.charAt(0)}'`);
  try {
    return parseJson(text, 'text');
  } catch (cause) {
    throw new NotExpandable('it is not valid JSON', { cause });
  }
}

const of = (type: Schema['type']): Schema => new Schema(type, { optional: true });
const BOOLEAN = of('boolean');
const INT32 = of('int32');
const INT64 = of('int64');
const FLOAT64 = of('float64');

function inferSchema(json: Json, nullsAsBytes: boolean, name: string): Schema | undefined {
  if (json === null) return nullsAsBytes ? OPTIONAL_BYTES : undefined;
  if (typeof json === 'string') return OPTIONAL_STRING;
  if (typeof json === 'boolean') return BOOLEAN;
  if (typeof json === 'number' || json instanceof JsonNumber) return numberSchema(String(json));
  if (Array.isArray(json)) {
    if (json.length === 0) return undefined;
    return new Schema('array', { optional: true, values: elementSchema(json, nullsAsBytes, name) });
  }
  const fields = Object.entries(json).flatMap(([field, one]): Array<[string, Schema]> => {
    const schema = inferSchema(one, nullsAsBytes, name === '' ? field : `${name}.${field}`);
    return schema === undefined ? [] : [[field, schema]];
  });
  return new Schema('struct', { name: name === '' ? undefined : name, optional: true, fields });
}

/** As Jackson reads numbers: int, long, or double for all that is written with a fraction or an exponent. */
function numberSchema(text: string): Schema {
  if (!/^-?\d+$/.test(text)) return FLOAT64;
  const whole = BigInt(text);
  if (BigInt.asIntN(32, whole) === whole) return INT32;
  return BigInt.asIntN(64, whole) === whole ? INT64 : FLOAT64;
}

/** Of all elements: objects give the union of their fields, all others have to be of one type. */
function elementSchema(array: readonly Json[], nullsAsBytes: boolean, name: string): Schema {
  const present = array.filter((one) => one !== null);
  const kinds = new Set(present.map(kindOf));
  if (kinds.size > 1) throw new NotExpandable(`Field is not a homogenous array (${[...kinds].join(' x ')}).`);
  const schemas = kinds.has('object')
    ? present.map((one) => inferSchema(one, nullsAsBytes, name))
    : [inferSchema(present[0] ?? null, nullsAsBytes, '')];
  const distinct = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  const merged = distinct.reduce((one, other) => (one && other ? merge(one, other) : (one ?? other)));
  if (merged === undefined) throw new NotExpandable('Array has unrecognized member schema.');
  return merged;
}

function kindOf(json: Json): string {
  if (typeof json === 'number' || json instanceof JsonNumber) return numberSchema(String(json)).type;
  return Array.isArray(json) ? 'array' : isJsonObject(json) ? 'object' : typeof json;
}

/** The first schema of a field stays, unless it came from null. Fields within fields are not merged. */
function merge(one: Schema, other: Schema): Schema {
  if (one.type !== 'struct') return one;
  const fields = new Map(one.fields.map((field) => [field.name, field.schema]));
  for (const field of other.fields) {
    const known = fields.get(field.name);
    if (known === undefined || (known.type === 'bytes' && field.schema.type !== 'bytes'))
      fields.set(field.name, field.schema);
  }
  return one.with({ fields: [...fields], optional: false });
}

function jsonValue(json: Json, schema: Schema): Value {
  if (json === null) return null;
  if (json instanceof JsonNumber || typeof json === 'number') {
    const text = String(json);
    if (!/^-?\d+$/.test(text)) return Number(text);
    const whole = BigInt(text);
    if (BigInt.asIntN(64, whole) !== whole) throw mismatch(schema);
    return int64(whole);
  }
  if (Array.isArray(json)) {
    const { values } = schema;
    if (values === undefined) throw mismatch(schema);
    return json.map((one) => checked(one, values));
  }
  if (!isJsonObject(json)) return json;
  return new Struct(
    schema,
    schema.fields.map((field) => checked(json[field.name] ?? null, field.schema)),
  );
}

/** Another element may have decided on another type for the field. */
function checked(json: Json, schema: Schema): Value {
  const found = kindOf(json);
  const wanted = schema.type === 'struct' ? 'object' : schema.type;
  if (json !== null && found !== wanted && !(wanted === 'float64' && found.startsWith('int'))) throw mismatch(schema);
  return jsonValue(json, schema);
}

const mismatch = (schema: Schema) => dataFailure(`Invalid type for ${schema.type.toUpperCase()}`);
