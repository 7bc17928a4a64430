import { Decimal } from '../../../protocol/decimal.js';
import { isJsonObject, type Json, JsonNumber, parseJson } from '../../../protocol/json/parse.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import { messageOf } from '../../../support/errors.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { int64, type Schema, Struct, type Value } from '../data/schema.js';
import type { SchemaAndValue } from './converter.js';
import { JSON_UNION } from './json-form.js';
import { schemaOfJson } from './json-schema.js';

/** Parses what JsonConverter wrote, and throws a data failure for anything else. */
export class JsonReader {
  private readonly heads = new KnownHeads();

  constructor(
    private readonly withSchemas: boolean,
    private readonly replaceNull: boolean,
  ) {}

  read(topic: string, bytes: Buffer | null): SchemaAndValue {
    if (bytes === null) return { schema: undefined, value: null };
    const known = this.withSchemas ? this.heads.read(bytes) : undefined;
    if (known !== undefined) return this.valueOf(known.schema, known.payload);
    const text = bytes.toString('utf8');
    let json: Json;
    try {
      json = parseJson(text);
    } catch (cause) {
      throw dataFailure(
        `Converting byte[] to Kafka Connect data failed due to serialization error of topic ${topic}: ${messageOf(cause)}`,
      );
    }
    if (!this.withSchemas) return { schema: undefined, value: plainValue(json) };
    if (!isJsonObject(json) || json.schema === undefined || json.payload === undefined)
      throw dataFailure(
        'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.',
      );
    if (json.schema === null) return { schema: undefined, value: plainValue(json.payload) };
    const schema = schemaOf(json.schema);
    this.heads.add(text, schema);
    return this.valueOf(schema, json.payload);
  }

  private valueOf(schema: Schema, payload: Json): SchemaAndValue {
    return { schema, value: connectValue(schema, payload, { replaceNull: this.replaceNull, unions: false }) };
  }
}

/** How many heads are compared before a record is parsed whole. */
const HEADS_MAX = 8;
const PAYLOAD = ',"payload":';
/** JsonConverter's schemas have no member of that name: a record that has many is not looked through again for each. */
const ENDS_MAX = 4;
const CLOSE_BRACE = 125;

/**
 * Beginnings of records, `{"schema":…,"payload":` as JsonConverter writes it, whose schema is known: most of a record's text
 * need not be parsed again. Newest first.
 */
class KnownHeads {
  private heads: ReadonlyArray<{ readonly bytes: Buffer; readonly schema: Schema }> = [];

  /** Undefined: the record has to be parsed whole. */
  read(record: Buffer): { readonly schema: Schema; readonly payload: Json } | undefined {
    if (record.at(-1) !== CLOSE_BRACE) return undefined;
    for (const { bytes, schema } of this.heads) {
      if (record.length <= bytes.length || bytes.compare(record, 0, bytes.length) !== 0) continue;
      try {
        return { schema, payload: parseJson(record.toString('utf8', bytes.length, record.length - 1)) };
      } catch {
        return undefined; // what follows is no single value, but perhaps a payload and more
      }
    }
    return undefined;
  }

  /** The text was parsed: the first place where the schema may end and does is its end. Few are tried. */
  add(text: string, schema: Schema): void {
    if (!text.startsWith('{"schema":{')) return;
    let at = text.indexOf(PAYLOAD);
    for (let tried = 0; at >= 0 && tried < ENDS_MAX; tried++, at = text.indexOf(PAYLOAD, at + 1)) {
      if (!isJson(`${text.slice(0, at)}}`)) continue;
      const bytes = Buffer.from(text.slice(0, at + PAYLOAD.length), 'utf8');
      const others = this.heads.filter((head) => !head.bytes.equals(bytes));
      this.heads = [{ bytes, schema }, ...others].slice(0, HEADS_MAX);
      return;
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Envelopes repeat few schemas: they are recognised by their text. */
const SCHEMAS_MAX = 1000;
const schemas = new Map<string, Schema>();

function schemaOf(json: Json): Schema {
  const text = stringifyJson(json);
  let schema = schemas.get(text);
  if (schema === undefined) {
    try {
      schema = schemaOfJson(json, (one, value) => connectValue(one, value, { replaceNull: true, unions: false }));
    } catch (cause) {
      throw dataFailure(messageOf(cause));
    }
    if (schemas.size >= SCHEMAS_MAX) schemas.clear();
    schemas.set(text, schema);
  }
  return schema;
}

/** Without a schema whole numbers are int64 and others float64, as Jackson's. */
function plainValue(json: Json): Value {
  if (typeof json !== 'object' || json === null) return json;
  if (json instanceof JsonNumber) return json.isInteger ? int64(BigInt(json.text)) : Number(json.text);
  if (Array.isArray(json)) return json.map(plainValue);
  return new Map<Value, Value>(Object.entries(json).map(([key, one]) => [key, plainValue(one)]));
}

export interface ReadForm {
  /** Null becomes the default of a field that has one. */
  readonly replaceNull: boolean;
  /** As JsonSchemaConverter's: a value may be that of one branch of a union. */
  readonly unions: boolean;
}

export function connectValue(schema: Schema, json: Json | undefined, form: ReadForm): Value {
  if (json === null || json === undefined) {
    if (schema.defaultValue !== undefined && (form.replaceNull || !schema.optional)) return schema.defaultValue;
    if (schema.optional) return null;
    throw dataFailure('Invalid null value for required field');
  }
  switch (schema.type) {
    case 'bytes':
      return bytesOf(schema, json);
    case 'float32':
    case 'float64':
      return Number(json);
    case 'int64':
      return json instanceof JsonNumber && json.isInteger
        ? int64(BigInt.asIntN(64, BigInt(json.text)))
        : plainValue(json);
    case 'array': {
      if (!Array.isArray(json)) throw mismatch(schema, json);
      return json.map((one) => readPart(schema.values, one, form));
    }
    case 'map':
      return new Map(
        entriesOf(schema, json, form).map(([key, one]) => [key, readPart(schema.values, one, form)] as const),
      );
    case 'struct': {
      if (form.unions && schema.name === JSON_UNION) return unionOf(schema, json, form);
      if (!isJsonObject(json)) throw mismatch(schema, json);
      const values: Value[] = [];
      for (const field of schema.fields) values.push(connectValue(field.schema, json[field.name], form));
      return new Struct(schema, values);
    }
    default:
      return plainValue(json);
  }
}

const readPart = (schema: Schema | undefined, json: Json, form: ReadForm): Value =>
  schema === undefined ? plainValue(json) : connectValue(schema, json, form);

/** Base64, or a Decimal written with `decimal.format` NUMERIC. */
function bytesOf(schema: Schema, json: Json): Buffer {
  if (typeof json === 'string') return Buffer.from(json, 'base64');
  if (schema.name !== DECIMAL || (typeof json !== 'number' && !(json instanceof JsonNumber)))
    throw mismatch(schema, json);
  return Decimal.from(String(json))
    .toScale(Number(schema.parameters?.scale ?? 0))
    .toBytes();
}

/** The first branch that the value may be of. */
function unionOf(schema: Schema, json: Json, form: ReadForm): Struct {
  const at = schema.fields.findIndex((field) => mayBe(field.schema, json));
  if (at === -1) throw dataFailure(`Did not find matching oneof field for data: ${stringifyJson(json).slice(0, 100)}`);
  return new Struct(
    schema,
    schema.fields.map((field, index) => (index === at ? connectValue(field.schema, json, form) : null)),
  );
}

function mayBe(schema: Schema, json: Json): boolean {
  const number = typeof json === 'number' || json instanceof JsonNumber;
  switch (schema.type) {
    case 'boolean':
      return typeof json === 'boolean';
    case 'string':
      return typeof json === 'string';
    case 'bytes':
      return typeof json === 'string' || (schema.name === DECIMAL && number);
    case 'float32':
    case 'float64':
      return number;
    case 'array':
      return Array.isArray(json);
    case 'map':
      return Array.isArray(json) || isJsonObject(json);
    case 'struct':
      return isJsonObject(json) && Object.keys(json).every((name) => schema.field(name) !== undefined);
    default:
      return json instanceof JsonNumber ? json.isInteger : Number.isInteger(json);
  }
}

/** Maps whose keys are not text are arrays of pairs, or of objects with key and value. */
function entriesOf(schema: Schema, json: Json, form: ReadForm): ReadonlyArray<readonly [Value, Json]> {
  if (isJsonObject(json)) return Object.entries(json);
  if (!Array.isArray(json)) throw mismatch(schema, json);
  return json.map((pair) => {
    if (form.unions && isJsonObject(pair)) return [readPart(schema.keys, pair.key ?? null, form), pair.value ?? null];
    if (!Array.isArray(pair)) throw mismatch(schema, json);
    const [key = null, value = null] = pair;
    return [readPart(schema.keys, key, form), value] as const;
  });
}

const mismatch = (schema: Schema, json: Json) =>
  dataFailure(`Invalid JSON for a value of type ${schema.type.toUpperCase()}: ${stringifyJson(json).slice(0, 100)}`);
