import { type JsonObject, parseJson } from '../../../protocol/json/parse.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import type { Schema } from '../data/schema.js';
import { JSON_ENUM, JSON_NAMESPACE, JSON_UNION } from './json-form.js';
import { JsonWriters } from './json-write.js';

const NULL = { type: 'null' };
const TYPES = {
  int8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  float32: 'number',
  float64: 'number',
  boolean: 'boolean',
  string: 'string',
  bytes: 'string',
  array: 'array',
  map: 'object',
  struct: 'object',
} as const;
/** JSON Schema has no words for these: `connect.type` tells them. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  'int8',
  'int16',
  'int32',
  'int64',
  'float32',
  'float64',
  'bytes',
  'map',
]);

const defaults = new JsonWriters({ numericDecimals: true, replaceNull: true, unions: true });

export interface JsonSchemaTextOptions {
  /** Whether objects may have other members than the fields. */
  readonly additionalProperties: boolean;
}

/** Connect's schema as a JSON Schema, with the properties by which Confluent's converter finds it again. */
export const jsonSchemaText = (schema: Schema, options: JsonSchemaTextOptions): string =>
  stringifyJson(build(schema, options));

/** `index`: the place among its siblings. An optional schema is one of null and itself. */
function build(schema: Schema, options: JsonSchemaTextOptions, index?: number): JsonObject {
  const place: JsonObject = index === undefined ? {} : { 'connect.index': index };
  if (schema.name === JSON_UNION && schema.type === 'struct') {
    const branches = schema.fields.map((field) => base(field.schema, options, { 'connect.index': field.index }));
    return { ...place, oneOf: [...(schema.optional ? [NULL] : []), ...branches] };
  }
  return schema.optional ? { ...place, oneOf: [NULL, base(schema, options, {})] } : base(schema, options, place);
}

function base(schema: Schema, options: JsonSchemaTextOptions, place: JsonObject): JsonObject {
  const { type, name, version, doc, defaultValue } = schema;
  const symbols = symbolsOf(schema);
  const own = Object.entries(schema.parameters ?? {}).filter(([key]) => !key.startsWith(JSON_NAMESPACE));
  return {
    ...(symbols === undefined ? { type: name === DECIMAL ? 'number' : TYPES[type] } : { enum: symbols }),
    ...(name === undefined ? {} : { title: name }),
    ...(doc === undefined ? {} : { description: doc }),
    ...(defaultValue === undefined || defaultValue === null
      ? {}
      : { default: parseJson(defaults.of(schema)(defaultValue), 'text') }),
    ...place,
    ...(version === undefined ? {} : { 'connect.version': version }),
    ...(OWN_TYPES.has(type) ? { 'connect.type': type } : {}),
    ...(own.length === 0 ? {} : { 'connect.parameters': Object.fromEntries(own) }),
    ...content(schema, options),
  };
}

function symbolsOf({ type, parameters }: Schema): string[] | undefined {
  if (type !== 'string' || parameters?.[JSON_ENUM] === undefined) return undefined;
  return Object.entries(parameters)
    .filter(([key]) => key.startsWith(`${JSON_ENUM}.`))
    .map(([, symbol]) => symbol);
}

function content(schema: Schema, options: JsonSchemaTextOptions): JsonObject {
  const { type, keys, values } = schema;
  if (type === 'struct') {
    const properties = schema.fields.map((field) => [field.name, build(field.schema, options, field.index)] as const);
    return {
      properties: Object.fromEntries(properties),
      ...(options.additionalProperties ? {} : { additionalProperties: false }),
    };
  }
  if (type !== 'array' && type !== 'map') return {};
  if (values === undefined) throw dataFailure(`a schema of type ${type} has no element schema`);
  if (type === 'array') return { items: build(values, options) };
  if (keys === undefined) throw dataFailure('a map schema has no key schema');
  if (keys.type === 'string' && !keys.optional) return { additionalProperties: build(values, options) };
  const entry = { key: build(keys, options, 0), value: build(values, options, 1) };
  return { type: 'array', items: { type: 'object', properties: entry } };
}
