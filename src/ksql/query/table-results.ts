import type { RowSchema } from '../metadata/schema.js';
import type { KeyRange } from '../rows/key-range.js';
import type { Row } from '../rows/row.js';
import { Store, type StoreEntry, type StoreSpec } from '../rows/store.js';
import type { Value } from '../values/value.js';

export const RESULTS = 'Results';

/** The rows of a table that a query maintains, as they were last emitted: what pull queries read. */
export const resultStore = (output: RowSchema): StoreSpec => ({
  name: RESULTS,
  key: output.key.map(({ type }) => type),
  state: { kind: 'STRUCT', fields: output.value },
});

/**
 * Remembers and emits. A deletion goes out only where the row was there, for a condition may have kept it away; where
 * there is none (`all`), every deletion is passed on, as Kafka Streams does.
 */
export function keepResult(results: Store, row: Row, emit: (row: Row) => void, all = false): void {
  const identity = Store.identity(row.key, row.window);
  if (row.value === null) {
    if (!all && results.get(identity) === undefined) return;
    results.delete(identity);
  } else {
    results.put(identity, { key: row.key, window: row.window, state: row.value, timestampMs: row.timestampMs });
  }
  emit(row);
}

/** What a query holds of the table that it maintains. */
export interface TableRows {
  all(): Iterable<Row>;
  /** Those that can only be in these ranges. */
  between(ranges: readonly KeyRange[]): Iterable<Row>;
}

/** Entries of a store as rows; one that makes no value is not in the table. */
export function tableRows(store: Store, toRow: (entry: StoreEntry) => Row = rowOf): TableRows {
  function* shown(entries: Iterable<StoreEntry>): Iterable<Row> {
    for (const entry of entries) {
      const row = toRow(entry);
      if (row.value !== null) yield row;
    }
  }
  return { all: () => shown(store.values()), between: (ranges) => shown(store.between(ranges)) };
}

const rowOf = ({ key, window, state, timestampMs }: StoreEntry): Row => ({
  key,
  value: state as readonly Value[],
  timestampMs,
  partition: 0,
  offset: 0n,
  headers: [],
  window,
});
