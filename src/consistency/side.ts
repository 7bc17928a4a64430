export type SideName = 'source' | 'replica';

/** A key's column values in order, in their common text form; null for SQL NULL. */
export type Key = readonly (string | null)[];

/** One row without its values. */
export interface Entry {
  readonly key: Key;
  /** `keyText` of it. */
  readonly text: string;
  /** Of key and values: equal exactly where both are, on either side. */
  readonly digest: string;
  /** Which version of the row this is: xmin and place, where the side is `versioned`; else a text of its values. */
  readonly version: string;
  /** Of a scan of what changed since: it did, but is none of the rows that count (any more). */
  readonly outside?: boolean;
}

export interface Row extends Entry {
  /** Values of the compared columns in order, in their common text form. */
  readonly values: readonly (string | null)[];
}

/** Rows by the hash of their key: how many each bucket holds, and the sum of their digests modulo 2^64. */
export class Buckets {
  readonly counts: Float64Array;
  readonly sums: BigInt64Array;

  constructor(readonly of: number) {
    this.counts = new Float64Array(of);
    this.sums = new BigInt64Array(of);
  }

  add(bucket: number, count: number, sum: bigint): void {
    this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    // The array keeps 64 bits: sums of parts add up to the sum of the whole.
    this.sums[bucket] = (this.sums[bucket] ?? 0n) + sum;
  }

  get rows(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  rowsOf(buckets: readonly number[]): number {
    return buckets.reduce((sum, bucket) => sum + (this.counts[bucket] ?? 0), 0);
  }

  differing(other: Buckets): readonly number[] {
    return [...this.counts.keys()].filter(
      (bucket) => this.counts[bucket] !== other.counts[bucket] || this.sums[bucket] !== other.sums[bucket],
    );
  }
}

/** How to read a whole side. */
export interface Scan {
  readonly signal: AbortSignal;
  /** Digests of the keys alone, which cost little; only of sides that are `incremental`. */
  readonly keysOnly?: boolean;
  /** Only rows that `keysFrom` finds with this value, those outside among them; only of sides that have `keysFrom`. */
  readonly since?: string;
  /** Called with the number of rows read since the last call; waits where reading has to be slowed down. */
  read(rows: number): Promise<void>;
  /** Called after each part of a side that is `resumable`. */
  reached?(standing: PartlyRead): void;
}

/** Where the reading of a side in parts stands: all rows before the page of the relation are in the buckets. */
export interface PartlyRead {
  readonly relation: number;
  readonly page: number;
  readonly buckets: Buckets;
}

/** Bits of a key's hash below these choose its bucket, and those above them its part of a sample. */
export const SAMPLE_SHIFT = 16;

/** Which rows of a side count: all, or those whose key's hash falls into the first `below` of `of` parts. */
export interface Sample {
  readonly of: number;
  readonly below: number;
  /** For people: `a sample of 10 %`. */
  readonly part: string;
}

/** A column as statements that repair this side write it. */
export interface WritableColumn {
  /** Quoted. */
  readonly name: string;
  /** SQL type. */
  readonly type: string;
  /** SQL over the table, named t: the column in the common text form. */
  readonly form: string;
  /** A value in the common form, cast to the type, is the value itself. */
  readonly exact: boolean;
  /** Rows with a value are found by the column itself, which an index may serve. */
  readonly findable: boolean;
}

export interface WritableTable {
  readonly database: string;
  /** Quoted. */
  readonly table: string;
  readonly key: readonly WritableColumn[];
  /** In the order of a row's values. */
  readonly columns: readonly WritableColumn[];
}

/** What a comparison compares: a table, documents. Reads only; a read-only role is enough. */
export interface Side {
  /** As reports say it: `person.person_person`. */
  readonly label: string;
  readonly columns: readonly SideColumn[];
  /** Whether the database itself sees to it that no two rows have the same key. */
  readonly uniqueKey: boolean;
  /**
   * Whether equal versions of two reads mean that nothing touched the row in between. Where not, a row that changed and
   * changed back has its old version again.
   */
  readonly versioned: boolean;
  /**
   * `changedSince` of any `now`, together with all keys, tells what a comparison long after another one has to look at:
   * rows that are gone leave no trace but that of their keys.
   */
  readonly incremental?: boolean;
  /** A look-up of some keys takes as long as one of all: as many as fit into memory are looked up at once. */
  readonly scans?: boolean;
  /** Where rows of this side could be written by SQL, or why they can't. */
  readonly writable: WritableTable | string;
  /** About how many rows; -1 where that is unknown. It decides the number of buckets. */
  estimateRows(signal: AbortSignal): Promise<number>;
  /** What `from` of `buckets` depends on, as one text; undefined where a side can only be read as a whole. */
  readonly resumable?: string | undefined;
  /** All rows in `of` buckets (a power of two), those before `from` as they were read then. */
  buckets(of: number, scan: Scan, from?: PartlyRead): Promise<Buckets>;
  /** The rows of these buckets, in blocks. */
  entries(of: number, buckets: readonly number[], scan: Scan): AsyncIterable<readonly Entry[]>;
  /** The rows that exist among these keys, as they are now. */
  entriesOf(keys: readonly Key[], signal: AbortSignal): Promise<readonly Entry[]>;
  /** The same with their values, for as few keys as fit into memory. */
  rowsOf(keys: readonly Key[], signal: AbortSignal): Promise<readonly Row[]>;
  /** A point in time of this side, for `changedSince`. */
  now(signal: AbortSignal): Promise<string>;
  /**
   * Keys of the rows that were written since. A scan in parts misses a row that moves from a part that is still to be
   * read into one that has been.
   */
  changedSince(then: string, signal: AbortSignal): Promise<readonly Key[]>;
  /**
   * Keys of the rows whose declared column of changes has this value or a greater one; undefined where there are more
   * than `max`; absent where none is declared.
   */
  readonly keysFrom?:
    | ((value: string, max: number, signal: AbortSignal) => Promise<readonly Key[] | undefined>)
    | undefined;
}

export interface SideColumn {
  readonly name: string;
  readonly type: string;
}

/** One text per key for maps; injective, NULL apart from every text. */
export function keyText(key: Key): string {
  const [first] = key;
  // What most keys are, a number or a uuid, is written for less.
  if (key.length === 1 && typeof first === 'string' && PLAIN.test(first)) return `["${first}"]`;
  return JSON.stringify(key);
}

/** No letter of it is escaped in JSON. */
const PLAIN = /^[\w-]*$/;

export const keyOfText = (text: string): Key => JSON.parse(text) as Key;
