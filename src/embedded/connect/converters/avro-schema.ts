import { stringifyJson } from '../../../protocol/json/stringify.js';
import type { Schema, Value } from '../data/schema.js';

/** Connect's schemas as Avro's, in JSON, with the properties that Confluent's AvroData adds. */
type AvroJson = string | readonly AvroJson[] | AvroObject;
interface AvroObject {
  readonly type: string;
  readonly [property: string]: unknown;
}

export interface AvroOptions {
  /** connect.name, connect.version, …: `connect.meta.data` */
  readonly metaData: boolean;
}

const NAMESPACE = 'io.confluent.connect.avro';
const DECIMAL_PRECISION_DEFAULT = 64;
const PRIMITIVES = {
  int8: 'int',
  int16: 'int',
  int32: 'int',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  boolean: 'boolean',
  string: 'string',
  bytes: 'bytes',
} as const;

/** One schema at a time: names that were defined before are referred to. */
export function avroSchemaText(schema: Schema, options: AvroOptions): string {
  return stringifyJson(build(schema, options, { names: new Set(), space: '' }));
}

/** What has been defined before, and the namespace that names without one are in. */
interface Scope {
  readonly names: Set<string>;
  readonly space: string;
}

function build(schema: Schema, options: AvroOptions, defined: Scope): AvroJson {
  const base = baseSchema(schema, options, defined);
  if (!schema.optional) return base;
  const hasDefault = schema.defaultValue !== undefined && schema.defaultValue !== null && schema.type !== 'struct';
  return hasDefault ? [base, 'null'] : ['null', base];
}

function baseSchema(schema: Schema, options: AvroOptions, defined: Scope): AvroJson {
  if (schema.type === 'struct') return recordSchema(schema, options, defined);
  const object: Record<string, unknown> = {};
  if (schema.type === 'array' && schema.values !== undefined) {
    object.type = 'array';
    object.items = build(schema.values, options, defined);
  } else if (schema.type === 'map' && schema.keys !== undefined && schema.values !== undefined) {
    mapSchema(object, schema, options, defined);
  } else {
    object.type = PRIMITIVES[schema.type as keyof typeof PRIMITIVES];
  }
  if (schema.name === DECIMAL_NAME) {
    object.scale = Number(schema.parameters?.scale ?? 0);
    object.precision = Number(schema.parameters?.['connect.decimal.precision'] ?? DECIMAL_PRECISION_DEFAULT);
  }
  Object.assign(object, metaData(schema, options));
  if (options.metaData && (schema.type === 'int8' || schema.type === 'int16')) object['connect.type'] = schema.type;
  const logical = LOGICAL_TYPES[schema.name ?? ''];
  if (logical !== undefined) object.logicalType = logical;
  return Object.keys(object).length === 1 && typeof object.type === 'string' && !['array', 'map'].includes(object.type)
    ? object.type
    : (object as AvroObject);
}

const DECIMAL_NAME = 'org.apache.kafka.connect.data.Decimal';
export const LOGICAL_TYPES: Readonly<Record<string, string>> = {
  [DECIMAL_NAME]: 'decimal',
  'org.apache.kafka.connect.data.Date': 'date',
  'org.apache.kafka.connect.data.Time': 'time-millis',
  'org.apache.kafka.connect.data.Timestamp': 'timestamp-millis',
};

function mapSchema(object: Record<string, unknown>, schema: Schema, options: AvroOptions, defined: Scope): void {
  const { keys, values } = schema;
  if (keys === undefined || values === undefined) return;
  if (keys.type === 'string' && !keys.optional) {
    object.type = 'map';
    object.values = build(values, options, defined);
    return;
  }
  object.type = 'array';
  object.items = {
    type: 'record',
    name: 'MapEntry',
    namespace: NAMESPACE,
    fields: [
      { name: 'key', type: build(keys, options, defined) },
      { name: 'value', type: build(values, options, defined) },
    ],
  };
}

function recordSchema(schema: Schema, options: AvroOptions, defined: Scope): AvroJson {
  const fullName = schema.name ?? `${NAMESPACE}.ConnectDefault`;
  const dot = fullName.lastIndexOf('.');
  const [space, name] = [fullName.slice(0, Math.max(0, dot)), fullName.slice(dot + 1)];
  const inSpace = space === defined.space; // Avro's canonical text leaves out what the surrounding says
  if (defined.names.has(fullName)) return inSpace ? name : fullName;
  defined.names.add(fullName);
  const inner: Scope = { names: defined.names, space };
  return {
    type: 'record',
    name,
    ...(inSpace ? {} : { namespace: space }),
    fields: schema.fields.map((field) => ({
      name: field.name,
      type: build(field.schema, options, inner),
      ...fieldDefault(field.schema),
    })),
    ...metaData(schema, options),
  };
}

/** An optional field defaults to null unless it has a default of its own. */
function fieldDefault(schema: Schema): { default?: unknown } {
  const value = schema.defaultValue;
  if (value !== undefined && value !== null) return { default: avroJson(value) };
  return schema.optional ? { default: null } : {};
}

function metaData(schema: Schema, options: AvroOptions): Record<string, unknown> {
  if (!options.metaData) return {};
  return {
    ...(schema.doc === undefined ? {} : { 'connect.doc': schema.doc }),
    ...(schema.version === undefined ? {} : { 'connect.version': schema.version }),
    ...(schema.parameters === undefined ? {} : { 'connect.parameters': { ...schema.parameters } }),
    ...(schema.defaultValue === undefined || schema.defaultValue === null
      ? {}
      : { 'connect.default': avroJson(schema.defaultValue) }),
    ...(schema.name === undefined ? {} : { 'connect.name': schema.name }),
  };
}

/** Bytes are text of code points 0 to 255 in Avro's JSON. */
function avroJson(value: Value): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(avroJson);
  return value;
}
