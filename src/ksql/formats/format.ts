import type { Column } from '../metadata/schema.js';
import type { Value } from '../values/value.js';
import type { Registry } from './registry.js';

export type SerdeRole = 'key' | 'value';

export interface SerdeOptions {
  readonly role: SerdeRole;
  readonly columns: readonly Column[];
  /** Of the columns, those whose values are read; others may be null. Absent: all. */
  readonly read?: ReadonlySet<string> | undefined;
  /** Of those, the ones that `decode` has to make; others may wait for `complete`. Absent: all. */
  readonly first?: ReadonlySet<string> | undefined;
  /** Whether the columns lie in an object; a single one may stand alone. */
  readonly wrapped: boolean;
  readonly topic: string;
  /** DELIMITED only. */
  readonly delimiter: string;
  readonly registry: Registry | undefined;
  /** *_SCHEMA_FULL_NAME of the WITH clause. */
  readonly schemaFullName: string | undefined;
  /** *_SCHEMA_ID: write with this schema. */
  readonly schemaId: number | undefined;
  /** *_PROTOBUF_NULLABLE_REPRESENTATION: how a null differs from a default value. */
  readonly nullable: NullableRepresentation | undefined;
}

export type NullableRepresentation = 'OPTIONAL' | 'WRAPPER';

/** Where the schema comes from that columns are inferred from. */
export interface InferenceOptions {
  readonly topic: string;
  readonly role: SerdeRole;
  /** Whether the schema is one of an object that holds the columns, where the format leaves the choice. */
  readonly wrapped: boolean;
  readonly schemaId: number | undefined;
  readonly schemaFullName: string | undefined;
}

/** Bytes of a key or value to the values of its columns and back. Failing throws; the record is then skipped or refused. */
export interface Serde {
  /** Something has to be fetched before these bytes can be decoded (a schema): await it first. */
  unready?(bytes: Buffer): Promise<void> | undefined;
  /** Has to be done once before the first `encode`. */
  open?(): Promise<void>;
  /** Null: the bytes hold no row (JSON null). */
  decode(bytes: Buffer): Value[] | null;
  /** Puts the values in their places that the last `decode` has left out. Whether its bytes are right was found out by then. */
  complete?(values: Value[]): void;
  encode(values: readonly Value[]): Buffer | null;
}

export interface InferredColumns {
  readonly columns: readonly Column[];
  readonly schemaId: number;
}

export interface Format {
  readonly name: string;
  readonly meaning: string;
  /** Whether columns can come from the registry. */
  readonly inference: boolean;
  /** Whether WRAP_SINGLE_VALUE means something, and what is so without it. */
  readonly wrapping: 'always' | 'never' | 'choice';
  /** Throws StatementError for columns that it can't hold. */
  check(columns: readonly Column[], role: SerdeRole): void;
  /** What the schema of a key is called where the statement does not say. */
  keySchemaName?(source: string): string;
  /** Makes what the serde needs exist (registers the schema). */
  prepare?(options: SerdeOptions): Promise<unknown>;
  serde(options: SerdeOptions): Promise<Serde>;
  infer?(registry: Registry, options: InferenceOptions): Promise<InferredColumns | undefined>;
}
