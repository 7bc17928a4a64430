import { type OptionDefinition, optional } from '../../../protocol/connect/option.js';
import type { Options } from '../config/options.js';
import { CONFIG_EXCEPTION, ConnectFailure, dataFailure } from '../data/failure.js';
import type { ConnectRecord } from '../data/record.js';
import { type Field, type Schema, Struct, type Value } from '../data/schema.js';

/** Changes a record, or drops it (undefined). Never changes the record it was given. */
export type Transform = (record: ConnectRecord) => ConnectRecord | undefined;

/** What a transform may report to while it is used. */
export interface TransformContext {
  warn(message: string): void;
}

export interface TransformPlugin {
  readonly className: string;
  readonly meaning: string;
  readonly options: readonly OptionDefinition[];
  create(options: Options, context: TransformContext): Transform;
}

/** The two forms that most of Kafka's own transforms have: on the key and on the value. */
export interface Side {
  readonly name: 'Key' | 'Value';
  schema(record: ConnectRecord): Schema | undefined;
  value(record: ConnectRecord): Value;
  with(record: ConnectRecord, schema: Schema | undefined, value: Value): ConnectRecord;
}

const KEY: Side = {
  name: 'Key',
  schema: (record) => record.keySchema,
  value: (record) => record.key,
  with: (record, keySchema, key) => ({ ...record, keySchema, key }),
};

const VALUE: Side = {
  name: 'Value',
  schema: (record) => record.valueSchema,
  value: (record) => record.value,
  with: (record, valueSchema, value) => ({ ...record, valueSchema, value }),
};

export function onKeyAndValue(
  name: string,
  meaning: string,
  options: readonly OptionDefinition[],
  create: (options: Options, side: Side) => Transform,
): TransformPlugin[] {
  return [KEY, VALUE].map((side) => ({
    className: `${APACHE}.${name}$${side.name}`,
    meaning,
    options,
    create: (given) => create(given, side),
  }));
}

export const APACHE = 'org.apache.kafka.connect.transforms';
export const DEBEZIUM = 'io.debezium.transforms';

export function requireStruct(value: Value, purpose: string): Struct {
  if (value instanceof Struct) return value;
  throw dataFailure(`Only Struct objects supported for [${purpose}], found: ${javaClass(value)}`);
}

/** Without a schema an object is a Map. */
export function requireMap(value: Value, purpose: string): ReadonlyMap<Value, Value> {
  if (value instanceof Map) return value;
  throw dataFailure(`Only Map objects supported in absence of schema for [${purpose}], found: ${javaClass(value)}`);
}

function javaClass(value: Value): string {
  if (value === null) return 'null';
  if (Buffer.isBuffer(value)) return '[B';
  if (Array.isArray(value)) return 'java.util.ArrayList';
  if (value instanceof Map) return 'java.util.HashMap';
  if (value instanceof Struct) return 'org.apache.kafka.connect.data.Struct';
  const names: Readonly<Record<string, string>> = { string: 'String', boolean: 'Boolean', number: 'Double' };
  return `java.lang.${names[typeof value] ?? 'Long'}`;
}

export const configFailure = (message: string): ConnectFailure =>
  new ConnectFailure(message, { className: CONFIG_EXCEPTION });

export const REPLACE_NULL = optional(
  'BOOLEAN',
  'replace.null.with.default',
  'true',
  'Whether null becomes the default of a field that has one.',
);

/** A field's value as `replace.null.with.default` wants it. */
export function nullReplacer(options: Options): (schema: Schema, value: Value | undefined) => Value {
  const replaces = options.boolean('replace.null.with.default');
  return (schema, value) => value ?? (replaces ? (schema.defaultValue ?? null) : null);
}

/** A structure's name, version, doc and parameters with other fields: not its default, nor that it is optional. */
export const withFields = (schema: Schema, fields: ReadonlyArray<readonly [string, Schema]>): Schema => {
  const names = new Set<string>();
  for (const [name] of fields) {
    if (names.has(name))
      throw new ConnectFailure(`Cannot create field because of field name duplication ${name}`, {
        className: 'org.apache.kafka.connect.errors.SchemaBuilderException',
      });
    names.add(name);
  }
  return schema.with({ fields, optional: false, defaultValue: undefined });
};

/** The field's value, or its default for null. Throws where there is no such field, as Connect's Struct does. */
export function fieldValue(struct: Struct, name: string): Value {
  const field = fieldOf(struct.schema, name);
  return struct.values[field.index] ?? field.schema.defaultValue ?? null;
}

export function fieldOf(schema: Schema, name: string): Field {
  const field = schema.field(name);
  if (field === undefined) throw dataFailure(`${name} is not a valid field name`);
  return field;
}

/** Derived schemas are made once per schema that they derive from. */
export function bySchema<Derived>(derive: (schema: Schema) => Derived): (schema: Schema) => Derived {
  const derived = new WeakMap<Schema, { readonly schema: Schema; readonly value: Derived }>();
  let last: { readonly schema: Schema; readonly value: Derived } | undefined; // mostly that of the record before
  return (schema) => {
    if (last?.schema === schema) return last.value;
    let entry = derived.get(schema);
    if (entry === undefined) {
      entry = { schema, value: derive(schema) };
      derived.set(schema, entry);
    }
    last = entry;
    return entry.value;
  };
}

/** Debezium's change events are known by their schema's name. */
export function isEnvelope({ value, valueSchema }: ConnectRecord): boolean {
  return value instanceof Struct && valueSchema !== undefined && isEnvelopeSchema(valueSchema);
}

const isEnvelopeSchema = bySchema((schema) => schema.name?.endsWith('.Envelope') === true);
