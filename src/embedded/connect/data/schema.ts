import { byForm } from '../../../support/by-form.js';

/** The types of Kafka Connect's data model. Logical types are a base type with a name (`io.debezium.time.Date`). */
export type ConnectType =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'boolean'
  | 'string'
  | 'bytes'
  | 'struct'
  | 'array'
  | 'map';

/**
 * A value in the base type of its schema, also for logical types: a Decimal is the bytes of its unscaled number, a
 * Date the number of days. int64 is a number while it is a safe integer, else a bigint. Without a schema, JSON
 * objects are Maps.
 */
export type Value = null | boolean | number | bigint | string | Buffer | Struct | readonly Value[] | ValueMap;
export type ValueMap = ReadonlyMap<Value, Value>;

/** What values are that are not null, by the type of their schema. */
export interface ValueForms extends Record<'int8' | 'int16' | 'int32' | 'float32' | 'float64', number> {
  int64: number | bigint;
  boolean: boolean;
  string: string;
  bytes: Buffer;
  struct: Struct;
  array: readonly Value[];
  map: ValueMap;
}

/** A function of the values of one type: `ofType(schema.type, (value) => …)` where `schema.type` is known. */
export const ofType = byForm<Value, ValueForms>();

export interface Field {
  readonly name: string;
  readonly index: number;
  readonly schema: Schema;
}

export interface SchemaOptions {
  readonly optional?: boolean | undefined;
  readonly name?: string | undefined;
  readonly version?: number | undefined;
  readonly doc?: string | undefined;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** Undefined: none. */
  readonly defaultValue?: Value | undefined;
  /** Of a struct, in order. */
  readonly fields?: ReadonlyArray<readonly [name: string, schema: Schema]> | undefined;
  /** Of a map. */
  readonly keys?: Schema | undefined;
  /** Of a map, or the elements of an array. */
  readonly values?: Schema | undefined;
}

/** Immutable; converters and transforms cache what they derive from one by its identity. */
export class Schema {
  readonly optional: boolean;
  readonly name: string | undefined;
  readonly version: number | undefined;
  readonly doc: string | undefined;
  readonly parameters: Readonly<Record<string, string>> | undefined;
  readonly defaultValue: Value | undefined;
  readonly fields: readonly Field[];
  readonly keys: Schema | undefined;
  readonly values: Schema | undefined;
  private readonly byName: ReadonlyMap<string, Field>;

  constructor(
    readonly type: ConnectType,
    options: SchemaOptions = {},
  ) {
    this.optional = options.optional ?? false;
    this.name = options.name;
    this.version = options.version;
    this.doc = options.doc;
    this.parameters = options.parameters;
    this.defaultValue = options.defaultValue;
    this.fields = (options.fields ?? []).map(([name, schema], index) => ({ name, index, schema }));
    this.byName = new Map(this.fields.map((field) => [field.name, field]));
    this.keys = options.keys;
    this.values = options.values;
  }

  field(name: string): Field | undefined {
    return this.byName.get(name);
  }

  /** The same schema with some options exchanged; an option given as undefined is removed. */
  with(changes: SchemaOptions): Schema {
    return new Schema(this.type, {
      optional: this.optional,
      name: this.name,
      version: this.version,
      doc: this.doc,
      parameters: this.parameters,
      defaultValue: this.defaultValue,
      fields: this.fields.map((field) => [field.name, field.schema] as const),
      keys: this.keys,
      values: this.values,
      ...changes,
    });
  }
}

export class Struct {
  constructor(
    readonly schema: Schema,
    /** One value a field, in the schema's order. */
    readonly values: readonly Value[],
  ) {}

  /** The field's value; null where there is no such field. */
  get(name: string): Value {
    const field = this.schema.field(name);
    return field === undefined ? null : (this.values[field.index] ?? null);
  }
}

export const STRING = new Schema('string');
export const OPTIONAL_STRING = new Schema('string', { optional: true });
export const INT64 = new Schema('int64');
export const OPTIONAL_INT64 = new Schema('int64', { optional: true });
export const OPTIONAL_BYTES = new Schema('bytes', { optional: true });

/** A 64-bit integer in the smaller of its two forms. */
export function int64(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}
