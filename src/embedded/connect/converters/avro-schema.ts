import { Schema, type SchemaOptions, type Value } from '../data/schema.js';

/** The mapping between Connect's and Avro's schemas, with the properties that Confluent's AvroData adds. */
export type AvroSchema = string | AvroUnion | AvroObject;
export type AvroUnion = readonly AvroSchema[];
export interface AvroObject {
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
export function avroSchema(schema: Schema, options: AvroOptions): AvroSchema {
  return build(schema, options, { names: new Set(), space: '' });
}

/** What has been defined before, and the namespace that names without one are in. */
interface Scope {
  readonly names: Set<string>;
  readonly space: string;
}

function build(schema: Schema, options: AvroOptions, defined: Scope): AvroSchema {
  const base = baseSchema(schema, options, defined);
  if (!schema.optional) return base;
  const hasDefault = schema.defaultValue !== undefined && schema.defaultValue !== null && schema.type !== 'struct';
  return hasDefault ? [base, 'null'] : ['null', base];
}

function baseSchema(schema: Schema, options: AvroOptions, defined: Scope): AvroSchema {
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
  const logical = LOGICAL[schema.name ?? ''];
  if (logical !== undefined) object.logicalType = logical;
  return Object.keys(object).length === 1 && typeof object.type === 'string' && !['array', 'map'].includes(object.type)
    ? object.type
    : (object as AvroObject);
}

const DECIMAL_NAME = 'org.apache.kafka.connect.data.Decimal';
const LOGICAL: Readonly<Record<string, string>> = {
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

function recordSchema(schema: Schema, options: AvroOptions, defined: Scope): AvroSchema {
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
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(avroJson);
  return value;
}

/** Avro's schema in Connect's terms, for records written by anybody. */
export function connectSchema(
  avro: AvroSchema,
  optional = false,
  named = new Map<string, AvroObject>(),
  space = '',
): Schema {
  if (Array.isArray(avro)) {
    const branches = (avro as AvroUnion).filter((branch) => branch !== 'null');
    const [only] = branches;
    if (branches.length !== 1 || only === undefined) throw new Error('unions of several types are not supported');
    return connectSchema(only, avro.length > branches.length, named, space);
  }
  if (typeof avro === 'string') {
    const known = named.get(avro) ?? named.get(`${space}.${avro}`);
    return known === undefined ? primitive(avro, { optional }) : connectSchema(known, optional, named, space);
  }
  const object = avro as AvroObject;
  const options: SchemaOptions = {
    optional,
    name: (object['connect.name'] as string | undefined) ?? LOGICAL_NAMES[String(object.logicalType ?? '')],
    version: object['connect.version'] as number | undefined,
    doc: object['connect.doc'] as string | undefined,
    parameters: parametersOf(object),
  };
  switch (object.type) {
    case 'record':
      return recordOf(object, options, named, space);
    case 'array':
      return new Schema('array', {
        ...options,
        values: connectSchema(object.items as AvroSchema, false, named, space),
      });
    case 'map':
      return new Schema('map', {
        ...options,
        keys: new Schema('string'),
        values: connectSchema(object.values as AvroSchema, false, named, space),
      });
    case 'enum':
      return new Schema('string', options);
    case 'fixed':
      return new Schema('bytes', options);
    default:
      return primitive(object.type, options, object['connect.type'] as Schema['type'] | undefined);
  }
}

const LOGICAL_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LOGICAL).map(([name, logical]) => [logical, name]),
);

function parametersOf(object: AvroObject): Record<string, string> | undefined {
  const given = object['connect.parameters'] as Record<string, string> | undefined;
  if (object.logicalType !== 'decimal') return given;
  return { scale: String(object.scale ?? 0), 'connect.decimal.precision': String(object.precision), ...given };
}

function recordOf(object: AvroObject, options: SchemaOptions, named: Map<string, AvroObject>, space: string): Schema {
  const own = (object.namespace as string | undefined) ?? space;
  const fullName =
    String(object.name).includes('.') || own === '' ? String(object.name) : `${own}.${String(object.name)}`;
  named.set(fullName, object);
  const fields = (object.fields as ReadonlyArray<{ name: string; type: AvroSchema }>).map(
    (field) => [field.name, connectSchema(field.type, false, named, own)] as const,
  );
  return new Schema('struct', { ...options, name: options.name ?? fullName, fields });
}

function primitive(type: string, options: SchemaOptions, connectType?: Schema['type']): Schema {
  const types: Readonly<Record<string, Schema['type']>> = {
    int: 'int32',
    long: 'int64',
    float: 'float32',
    double: 'float64',
    boolean: 'boolean',
    string: 'string',
    bytes: 'bytes',
  };
  const found = connectType ?? types[type];
  if (found === undefined) throw new Error(`Avro type ${type} is not supported`);
  return new Schema(found, options);
}
