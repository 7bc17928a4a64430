/** One thing that happened to a key, or a row as it is now. */
export interface TraceEntry {
  readonly key: string;
  /** Milliseconds since the epoch; undefined for a row that tells no time. */
  readonly timestampMs: number | undefined;
  /** Of a row: whether its time is that of its commit, or what one of its columns says. */
  readonly timeIs?: 'commit' | 'column';
  /** A topic, or database.table. */
  readonly place: string;
  /** Undefined for a row. */
  readonly partition: number | undefined;
  readonly offset: bigint | undefined;
  readonly status: string | number | undefined;
  /** Of a record: the groups that read its topic, and whether each has committed beyond it. */
  readonly readBy: readonly { readonly name: string; readonly done: boolean }[];
  /** Plain values; null is a tombstone. */
  readonly value: unknown;
}
