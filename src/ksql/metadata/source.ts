import type { SourceKind } from '../../protocol/ksql/ast.js';
import type { NullableRepresentation } from '../formats/format.js';
import type { RowSchema } from './schema.js';

/** How a record's key or value is written. */
export interface RecordFormat {
  readonly format: string;
  readonly wrapped: boolean;
  readonly delimiter: string;
  readonly schemaFullName: string | undefined;
  readonly schemaId: number | undefined;
  readonly nullable: NullableRepresentation | undefined;
}

export interface SourceWindow {
  readonly kind: 'TUMBLING' | 'HOPPING' | 'SESSION';
  /** Undefined for sessions, whose keys carry their end. */
  readonly sizeMs: number | undefined;
}

/** A stream or table as it was created. */
export interface Source {
  readonly name: string;
  readonly type: SourceKind;
  readonly schema: RowSchema;
  readonly topic: string;
  readonly key: RecordFormat;
  readonly value: RecordFormat;
  readonly timestamp: { readonly column: string; readonly pattern: string | undefined } | undefined;
  readonly window: SourceWindow | undefined;
  /** CREATE SOURCE STREAM/TABLE: never written to. */
  readonly readOnly: boolean;
  /** The statement that made it, with its columns. */
  readonly statement: string;
  /** The query that fills it, or did so before it was terminated, where CREATE … AS made it. */
  readonly query: string | undefined;
  /** The streams and tables that it is made from; they cannot be dropped before it. */
  readonly madeFrom: readonly string[];
}
