import { dataFailure } from '../data/failure.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import type { SchemaAndValue } from './converter.js';
import { schemaOfJson } from './json-schema.js';

/** Parses what JsonConverter wrote. */
export function readJson(topic: string, bytes: Buffer | null, withSchemas: boolean): SchemaAndValue {
  if (bytes === null) return { schema: undefined, value: null };
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw dataFailure(
      `Converting byte[] to Kafka Connect data failed due to serialization error of topic ${topic}: ${(cause as Error).message}`,
    );
  }
  if (!withSchemas) return { schema: undefined, value: plainValue(json) };
  const envelope = json as Record<string, unknown> | null;
  if (typeof envelope !== 'object' || envelope === null || !('schema' in envelope) || !('payload' in envelope))
    throw dataFailure(
      'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.',
    );
  if (envelope.schema === null) return { schema: undefined, value: plainValue(envelope.payload) };
  const schema = schemaOf(envelope.schema);
  return { schema, value: connectValue(schema, envelope.payload) };
}

/** Envelopes repeat few schemas: they are recognised by their text. */
const SCHEMAS_MAX = 1000;
const schemas = new Map<string, Schema>();

function schemaOf(json: unknown): Schema {
  const text = JSON.stringify(json);
  let schema = schemas.get(text);
  if (schema === undefined) {
    try {
      schema = schemaOfJson(json);
    } catch (cause) {
      throw dataFailure((cause as Error).message);
    }
    if (schemas.size >= SCHEMAS_MAX) schemas.clear();
    schemas.set(text, schema);
  }
  return schema;
}

function plainValue(json: unknown): Value {
  if (Array.isArray(json)) return json.map(plainValue);
  if (typeof json === 'object' && json !== null)
    return new Map<Value, Value>(Object.entries(json).map(([key, one]) => [key, plainValue(one)]));
  return json as Value;
}

function connectValue(schema: Schema, json: unknown): Value {
  if (json === null || json === undefined) {
    if (schema.defaultValue !== undefined) return schema.defaultValue;
    if (schema.optional) return null;
    throw dataFailure('Invalid null value for required field');
  }
  const items = schema.values;
  switch (schema.type) {
    case 'bytes':
      return Buffer.from(String(json), 'base64');
    case 'float32':
    case 'float64':
      return Number(json);
    case 'array':
      return (json as unknown[]).map((one) => (items === undefined ? plainValue(one) : connectValue(items, one)));
    case 'map': {
      const entries = Array.isArray(json) ? (json as Array<[unknown, unknown]>) : Object.entries(json as object);
      return new Map(
        entries.map(
          ([key, one]) => [key as Value, items === undefined ? plainValue(one) : connectValue(items, one)] as const,
        ),
      );
    }
    case 'struct': {
      const object = json as Record<string, unknown>;
      return new Struct(
        schema,
        schema.fields.map((field) => connectValue(field.schema, object[field.name])),
      );
    }
    default:
      return json as Value;
  }
}
