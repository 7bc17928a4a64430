import type { OptionDefinition, Options } from '../config/option.js';
import { dataFailure } from '../data/failure.js';
import type { ConnectRecord } from '../data/record.js';
import { type Schema, Struct, type Value } from '../data/schema.js';

/** Changes a record, or drops it (undefined). Never changes the record it was given. */
export type Transform = (record: ConnectRecord) => ConnectRecord | undefined;

/** What a transform may report to while it is used. */
export interface TransformContext {
  warn(message: string): void;
}

export interface TransformPlugin {
  readonly className: string;
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
  options: readonly OptionDefinition[],
  create: (options: Options, side: Side) => Transform,
): TransformPlugin[] {
  return [KEY, VALUE].map((side) => ({
    className: `${APACHE}.${name}$${side.name}`,
    options,
    create: (given) => create(given, side),
  }));
}

export const APACHE = 'org.apache.kafka.connect.transforms';
export const DEBEZIUM = 'io.debezium.transforms';

export function requireStruct(value: Value, purpose: string): Struct {
  if (value instanceof Struct) return value;
  const found = value === null ? 'null' : value.constructor.name;
  throw dataFailure(`Only Struct objects supported for [${purpose}], found: ${found}`);
}

/** Derived schemas are made once per schema that they derive from. */
export function bySchema<Derived>(derive: (schema: Schema) => Derived): (schema: Schema) => Derived {
  const derived = new WeakMap<Schema, { readonly value: Derived }>();
  return (schema) => {
    let entry = derived.get(schema);
    if (entry === undefined) {
      entry = { value: derive(schema) };
      derived.set(schema, entry);
    }
    return entry.value;
  };
}

/** Debezium's change events are known by their schema's name. */
export function isEnvelope(record: ConnectRecord): boolean {
  return record.value instanceof Struct && record.valueSchema?.name?.endsWith('.Envelope') === true;
}
