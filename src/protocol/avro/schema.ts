import type { Json } from '../json/parse.js';

/** Avro schemas as Java's library reads them, with its checks. */
export type AvroSchema = AvroPrimitive | AvroRecord | AvroEnum | AvroFixed | AvroArray | AvroMap | AvroUnion;

export type PrimitiveName = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

/** Attributes that the specification does not name, `logicalType` among them, in order of appearance. */
export type AvroProperties = Readonly<Record<string, Json>>;

export interface AvroPrimitive {
  readonly type: PrimitiveName;
  readonly properties: AvroProperties;
}
interface Named {
  /** With its namespace, if it has one. */
  readonly name: string;
  readonly doc: string | undefined;
  readonly aliases: readonly string[];
  readonly properties: AvroProperties;
}
export interface AvroRecord extends Named {
  readonly type: 'record';
  /** `error` in protocols; printed as it came. */
  readonly kind: 'record' | 'error';
  /** Filled after the object is made: a record may hold itself. */
  readonly fields: AvroField[];
}
export interface AvroField {
  readonly name: string;
  readonly schema: AvroSchema;
  readonly doc: string | undefined;
  /** Absent key: no default; null is a default. */
  readonly default?: Json;
  readonly order: 'ascending' | 'descending' | 'ignore';
  readonly aliases: readonly string[];
  readonly properties: AvroProperties;
}
export interface AvroEnum extends Named {
  readonly type: 'enum';
  readonly symbols: readonly string[];
  readonly default: string | undefined;
}
export interface AvroFixed extends Named {
  readonly type: 'fixed';
  readonly size: number;
}
export interface AvroArray {
  readonly type: 'array';
  readonly items: AvroSchema;
  readonly properties: AvroProperties;
}
export interface AvroMap {
  readonly type: 'map';
  readonly values: AvroSchema;
  readonly properties: AvroProperties;
}
export interface AvroUnion {
  readonly type: 'union';
  readonly branches: readonly AvroSchema[];
}

/** The attributes that the specification names, of schemas and of fields. */
export const SCHEMA_WORDS = new Set([
  'type',
  'name',
  'namespace',
  'doc',
  'aliases',
  'fields',
  'symbols',
  'items',
  'values',
  'size',
]);
export const FIELD_WORDS = new Set(['name', 'type', 'doc', 'default', 'order', 'aliases']);

/** What is wrong with a schema, and where in it ("/fields/2/type"). */
export class AvroSchemaError extends Error {
  constructor(
    message: string,
    readonly path: string,
  ) {
    super(message);
    this.name = 'AvroSchemaError';
  }
}

/** Real schemas stay below 50; the stack holds a few thousand. */
const SCHEMA_DEPTH_MAX = 500;

/** Bounds the recursion of code that walks a schema, which may nest by reference deeper than its text does. */
export class SchemaNesting {
  private depth = 0;

  /** Throws AvroSchemaError where the schema nests too deeply. */
  within<Result>(visit: () => Result, path = ''): Result {
    if (this.depth >= SCHEMA_DEPTH_MAX) {
      throw new AvroSchemaError(`the schema nests deeper than ${SCHEMA_DEPTH_MAX} levels`, path);
    }
    this.depth++;
    try {
      return visit();
    } finally {
      this.depth--;
    }
  }
}

/** The branches of a union must differ in this: the full name, or the type. */
export const typeNameOf = (schema: AvroSchema): string =>
  schema.type === 'record' || schema.type === 'enum' || schema.type === 'fixed' ? schema.name : schema.type;
