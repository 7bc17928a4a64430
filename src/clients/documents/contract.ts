/** A field of a document, told apart as far as a comparison has to: a field that is not there is not null. */
export type FieldValue =
  | { readonly kind: 'missing' }
  | { readonly kind: 'null' }
  | { readonly kind: 'text'; readonly text: string }
  /** Written without a type, as CSV is: it is what the column beside it makes of it. */
  | { readonly kind: 'untyped'; readonly text: string }
  /** Decimal digits without exponent, without zeros at the end: whatever number type held it. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'boolean'; readonly text: 'true' | 'false' }
  /** A point in time as a value of its own (MongoDB's Date): ISO 8601 in UTC, milliseconds. */
  | { readonly kind: 'instant'; readonly text: string }
  /** A list or nested fields, written as PostgreSQL writes jsonb: keys by length and bytes, `, ` and `: ` between. */
  | { readonly kind: 'json'; readonly text: string };

export interface FoundDocument {
  /** In the order of the query's paths. */
  readonly values: readonly FieldValue[];
  /** Another one where it was written again in between; a client that is not `versioned` gives a text of the values. */
  readonly version: string;
}

/** Which documents of a collection, and which of their fields. */
export interface DocumentQuery {
  readonly collection: string;
  /** Field paths, nested ones with dots: `after.name`. */
  readonly paths: readonly string[];
  /** Only documents whose fields have these values; null is null, not missing. */
  readonly where: Readonly<Record<string, Scalar>>;
}

export type Scalar = string | number | boolean | null;

/** A field whose value is one of these texts, in whatever type and letter case the document has it. */
export interface Lookup {
  readonly path: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'uuid';
  readonly texts: readonly string[];
}

/** Reads a document store, whatever it is kept in. A collection that nothing was ever written to is empty. */
export interface DocumentsClient {
  /** Whether a document that was changed and changed back has another version than before. */
  readonly versioned: boolean;
  /** A look-up reads the whole collection, however few documents are looked up. */
  readonly scans: boolean;
  /** What answers: `PostgreSQL 18.4`, `MongoDB 8.0.4`. */
  version(): Promise<string>;
  /** About how many; -1 if unknown. */
  estimate(collection: string): Promise<number>;
  /** All of them in blocks, as they are when their block is read. */
  stream(query: DocumentQuery, signal: AbortSignal): AsyncIterable<readonly FoundDocument[]>;
  /** At least those that all lookups are about, maybe a few more. */
  find(query: DocumentQuery, lookups: readonly Lookup[]): Promise<readonly FoundDocument[]>;
  close(): Promise<void>;
}
