import type { Value } from '../values/value.js';

/** A time window; SESSION keys carry both ends on the wire, others only the start. */
export interface RowWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** One record on its way through a query: values in order of its schema's key and value columns. */
export interface Row {
  readonly key: readonly Value[];
  /** Null: a record without a value; a deletion where the source is a table. */
  readonly value: readonly Value[] | null;
  readonly timestampMs: number;
  readonly partition: number;
  readonly offset: bigint;
  readonly headers: ReadonlyArray<readonly [name: string, value: Buffer | null]>;
  readonly window: RowWindow | undefined;
  /** The record came without a key: not the same as a key of several columns that are all null. */
  readonly keyless?: boolean;
  /** The time of those that a joined row is made of, where a later deletion made it what it is: it is looked up with this one. */
  readonly madeOfMs?: number;
  /** For clients only: the table's row is gone, and the value holds nothing but its key. */
  readonly deleted?: true;
}

/** The row with another value. Written out: a spread of a row costs several times as much, and each record is one. */
export const withValue = (row: Row, value: readonly Value[]): Row => ({
  key: row.key,
  value,
  timestampMs: row.timestampMs,
  partition: row.partition,
  offset: row.offset,
  headers: row.headers,
  window: row.window,
  keyless: row.keyless === true,
});

/** What rows and results that are made again at a restart come from, and what values of an INSERT are computed from: nobody sees it. */
export const NO_CAUSE: Row = {
  key: [],
  value: null,
  timestampMs: 0,
  partition: 0,
  offset: 0n,
  headers: [],
  window: undefined,
};
