import { type AvroProperties, type AvroRecord, type AvroSchema, SchemaNesting } from '../../../protocol/avro/schema.js';
import { isJsonObject, type Json } from '../../../protocol/json/parse.js';
import { dataFailure } from '../data/failure.js';
import { type ConnectType, Schema, type SchemaOptions } from '../data/schema.js';
import { LOGICAL_TYPES } from './avro-schema.js';

/**
 * Avro's schema in Connect's terms, for records written by anybody: Confluent's AvroData read backwards. One Avro
 * schema gives one Connect schema, wherever it is used.
 * Not implemented: unions of several types, recursive records, arrays of entries as maps.
 */
export class ConnectSchemas {
  private readonly known = new Map<AvroSchema, Schema>();
  private readonly open = new Set<AvroRecord>();
  private readonly nesting = new SchemaNesting();

  /** Throws ConnectFailure where Connect has no such schema. */
  of(avro: AvroSchema): Schema {
    let schema = this.known.get(avro);
    if (schema === undefined) {
      schema = this.nesting.within(() => this.build(avro));
      this.known.set(avro, schema);
    }
    return schema;
  }

  private build(avro: AvroSchema): Schema {
    if (avro.type === 'union') return this.optional(avro.branches);
    const options = optionsOf(avro.properties);
    switch (avro.type) {
      case 'record':
        return this.struct(avro, options);
      case 'array':
        return new Schema('array', { ...options, values: this.of(avro.items) });
      case 'map':
        return new Schema('map', { ...options, keys: new Schema('string'), values: this.of(avro.values) });
      default:
        return new Schema(connectTypeOf(avro.type, avro.properties), options);
    }
  }

  private optional(branches: readonly AvroSchema[]): Schema {
    const [only, ...others] = branches.filter((branch) => branch.type !== 'null');
    if (only === undefined || others.length > 0) throw dataFailure('unions of several types are not supported');
    const schema = this.of(only);
    return branches.length === 1 ? schema : schema.with({ optional: true });
  }

  private struct(record: AvroRecord, options: SchemaOptions): Schema {
    if (this.open.has(record)) throw dataFailure(`record ${record.name} contains itself, which is not supported`);
    this.open.add(record);
    const fields = record.fields.map((field) => [field.name, this.of(field.schema)] as const);
    this.open.delete(record);
    return new Schema('struct', { ...options, name: options.name ?? record.name, fields });
  }
}

const TYPES = {
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'boolean',
  string: 'string',
  enum: 'string',
  bytes: 'bytes',
  fixed: 'bytes',
} as const;

function connectTypeOf(type: keyof typeof TYPES | 'null', properties: AvroProperties): ConnectType {
  const own = properties['connect.type'];
  if (own === 'int8' || own === 'int16') return own;
  if (type === 'null') throw dataFailure('Avro type null is not supported');
  return TYPES[type];
}

const LOGICAL_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(LOGICAL_TYPES).map(([name, logical]) => [logical, name]),
);

function optionsOf(properties: AvroProperties): SchemaOptions {
  const version = properties['connect.version'];
  return {
    name: text(properties['connect.name']) ?? LOGICAL_NAMES[String(properties.logicalType ?? '')],
    version: typeof version === 'number' ? version : undefined,
    doc: text(properties['connect.doc']),
    parameters: parametersOf(properties),
  };
}

const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function parametersOf(properties: AvroProperties): Record<string, string> | undefined {
  const given = properties['connect.parameters'];
  const parameters = isJsonObject(given)
    ? Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]))
    : undefined;
  if (properties.logicalType !== 'decimal') return parameters;
  const precision = String(properties.precision);
  return { scale: String(properties.scale ?? 0), 'connect.decimal.precision': precision, ...parameters };
}
