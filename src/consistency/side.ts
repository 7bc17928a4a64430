/** A key's column values in order, as text; null for SQL NULL. */
export type Key = readonly (string | null)[];

export interface Row {
  readonly key: Key;
  /** Values of the compared columns in order, rendered as text without loss. */
  readonly values: readonly (string | null)[];
  /**
   * Which version of the row this is (xmin and place): equal versions of two reads mean that nobody touched it in between.
   * Sides that keep no versions give a text of the values.
   */
  readonly version: string;
}

/** What a comparison compares: a table, later a topic, documents or a file. Reads only; a read-only role is enough. */
export interface Side {
  /** As reports say it: `person.person_person`. */
  readonly label: string;
  readonly columns: readonly SideColumn[];
  /** About how many rows; -1 where nobody knows. It decides the number of portions. */
  estimateRows(signal: AbortSignal): Promise<number>;
  /** All rows of one of `of` portions (0-based); equal keys fall into equal portions on both sides. */
  portion(portion: number, of: number, signal: AbortSignal): AsyncIterable<readonly Row[]>;
  /** The rows that exist among these keys, as they are now. */
  rows(keys: readonly Key[], signal: AbortSignal): Promise<readonly Row[]>;
}

export interface SideColumn {
  readonly name: string;
  readonly type: string;
}

/** One text per key for maps; injective, NULL apart from every text. */
export function keyText(key: Key): string {
  return JSON.stringify(key);
}
