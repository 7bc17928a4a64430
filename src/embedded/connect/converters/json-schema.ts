import { isJsonObject, type Json, JsonNumber, type JsonObject } from '../../../protocol/json/parse.js';
import { Schema, type Value } from '../data/schema.js';

/** The JSON form of schemas within JsonConverter's envelope. */
const TYPES: ReadonlyMap<string, Schema['type']> = new Map([
  ['float', 'float32'],
  ['double', 'float64'],
  ...(['int8', 'int16', 'int32', 'int64', 'boolean', 'string', 'bytes', 'struct', 'array', 'map'] as const).map(
    (type) => [type, type] as const,
  ),
]);

const wireName = (type: Schema['type']): string =>
  type === 'float32' ? 'float' : type === 'float64' ? 'double' : type;

/** In the order in which the real one writes the members. `defaultJson` gives the JSON of a default. */
export function jsonSchema(schema: Schema, defaultJson: (value: Value) => Json): JsonObject {
  const json: JsonObject = { type: wireName(schema.type) };
  if (schema.type === 'array' && schema.values !== undefined) json.items = jsonSchema(schema.values, defaults);
  if (schema.type === 'map' && schema.keys !== undefined && schema.values !== undefined) {
    json.keys = jsonSchema(schema.keys, defaults);
    json.values = jsonSchema(schema.values, defaults);
  }
  if (schema.type === 'struct')
    json.fields = schema.fields.map((field) => ({ ...jsonSchema(field.schema, defaults), field: field.name }));
  json.optional = schema.optional;
  if (schema.name !== undefined) json.name = schema.name;
  if (schema.version !== undefined) json.version = schema.version;
  if (schema.doc !== undefined) json.doc = schema.doc;
  if (schema.parameters !== undefined) json.parameters = { ...schema.parameters };
  if (schema.defaultValue !== undefined && schema.defaultValue !== null)
    json.default = defaultJson(schema.defaultValue);
  return json;
}

/** Defaults below the top are those of plain columns. */
function defaults(value: Value): Json {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'bigint') return new JsonNumber(String(value));
  if (Array.isArray(value)) return value.map(defaults);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), defaults(one)]));
  return value as Json;
}

/** The schema that an envelope's "schema" describes; `readDefault` gives defaults. Throws where it describes none. */
export function schemaOfJson(json: Json, readDefault: (schema: Schema, json: Json) => Value): Schema {
  const object = isJsonObject(json) ? json : {};
  const type = TYPES.get(String(object.type));
  if (type === undefined) throw new Error(`Unknown schema type: ${String(object.type)}`);
  const nested = (one: Json | undefined): Schema | undefined =>
    one === undefined ? undefined : schemaOfJson(one, readDefault);
  const schema = new Schema(type, {
    optional: object.optional === true,
    name: typeof object.name === 'string' ? object.name : undefined,
    version: typeof object.version === 'number' ? object.version : undefined,
    doc: typeof object.doc === 'string' ? object.doc : undefined,
    parameters: isJsonObject(object.parameters) ? textsOf(object.parameters) : undefined,
    keys: nested(object.keys),
    values: nested(type === 'array' ? object.items : object.values),
    fields: fieldsOf(object.fields, readDefault),
  });
  if (object.default === undefined || object.default === null) return schema;
  return schema.with({ defaultValue: readDefault(schema, object.default) });
}

const textsOf = (object: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, String(value)]));

function fieldsOf(
  json: Json | undefined,
  readDefault: (schema: Schema, json: Json) => Value,
): ReadonlyArray<readonly [string, Schema]> | undefined {
  if (!Array.isArray(json)) return undefined;
  return json.map(
    (field) => [isJsonObject(field) ? String(field.field) : '', schemaOfJson(field, readDefault)] as const,
  );
}
