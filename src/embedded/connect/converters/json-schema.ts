import { Schema, type SchemaOptions, type Value } from '../data/schema.js';

/** The JSON form of schemas within JsonConverter's envelope. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const NAMES: Readonly<Record<string, Schema['type']>> = {
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
  struct: 'struct',
  array: 'array',
  map: 'map',
};

const wireName = (type: Schema['type']): string =>
  type === 'float32' ? 'float' : type === 'float64' ? 'double' : type;

/** In the order in which the real one writes the members. `defaultJson` gives the JSON of a default. */
export function jsonSchema(schema: Schema, defaultJson: (value: Value) => Json): { [name: string]: Json } {
  const json: { [name: string]: Json } = { type: wireName(schema.type) };
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
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(defaults);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), defaults(one)]));
  return value as Json;
}

/** The schema that an envelope's "schema" describes. Throws where it describes none. */
export function schemaOfJson(json: unknown): Schema {
  const object = json as Record<string, unknown>;
  const type = NAMES[String(object.type)];
  if (type === undefined) throw new Error(`Unknown schema type: ${String(object.type)}`);
  const options: SchemaOptions = {
    optional: object.optional === true,
    name: object.name as string | undefined,
    version: object.version as number | undefined,
    doc: object.doc as string | undefined,
    parameters: object.parameters as Record<string, string> | undefined,
    ...(object.items === undefined ? {} : { values: schemaOfJson(object.items) }),
    ...(object.keys === undefined ? {} : { keys: schemaOfJson(object.keys) }),
    ...(type === 'map' ? { values: schemaOfJson(object.values) } : {}),
  };
  const fields = (object.fields as Array<Record<string, unknown>> | undefined)?.map(
    (field) => [String(field.field), schemaOfJson(field)] as const,
  );
  const schema = new Schema(type, { ...options, fields });
  if (object.default === undefined || object.default === null) return schema;
  return schema.with({
    defaultValue: type === 'bytes' ? Buffer.from(String(object.default), 'base64') : (object.default as Value),
  });
}
