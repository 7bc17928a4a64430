import { INT64, int64, OPTIONAL_INT64, OPTIONAL_STRING, Schema, STRING, Struct, type Value } from '../data/schema.js';

/** The connector version that records name. */
export const CONNECTOR_VERSION = '3.4.0.Final';

export type SnapshotMarker =
  | 'true'
  | 'first'
  | 'first_in_data_collection'
  | 'last_in_data_collection'
  | 'last'
  | 'false'
  | 'incremental';

export const SNAPSHOT = new Schema('string', {
  name: 'io.debezium.data.Enum',
  version: 1,
  optional: true,
  defaultValue: 'false',
  parameters: { allowed: 'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental' },
});

/** The `source` block. */
export const SOURCE = new Schema('struct', {
  name: 'io.debezium.connector.postgresql.Source',
  version: 1,
  fields: [
    ['version', STRING],
    ['connector', STRING],
    ['name', STRING],
    ['ts_ms', INT64],
    ['snapshot', SNAPSHOT],
    ['db', STRING],
    ['sequence', OPTIONAL_STRING],
    ['ts_us', OPTIONAL_INT64],
    ['ts_ns', OPTIONAL_INT64],
    ['schema', STRING],
    ['table', STRING],
    ['txId', OPTIONAL_INT64],
    ['lsn', OPTIONAL_INT64],
    ['xmin', OPTIONAL_INT64],
  ],
});

/** What is common to the events of one transaction (or of a snapshot); the parts that differ come per event. */
export class SourceInfo {
  private readonly tsMs: number;
  private readonly tsNs: Value;
  private readonly lastCommit: string;

  constructor(
    private readonly prefix: string,
    private readonly database: string,
    /** Commit time, or the snapshot's. */
    private readonly tsUs: number,
    private readonly txId: number | null,
    /** End of the last transaction before this one; null: none was seen yet. */
    lastCommitLsn: bigint | null,
    /** `xmin.fetch.interval.ms`: the oldest transaction whose catalogue rows the slot keeps. */
    private readonly xmin: bigint | null = null,
  ) {
    this.tsMs = Math.floor(tsUs / 1000);
    this.tsNs = int64(BigInt(tsUs) * 1000n);
    this.lastCommit = lastCommitLsn === null ? 'null' : `"${lastCommitLsn}"`;
  }

  of(schema: string, table: string, lsn: bigint | null, snapshot: SnapshotMarker): Struct {
    return new Struct(SOURCE, [
      CONNECTOR_VERSION,
      'postgresql',
      this.prefix,
      this.tsMs,
      snapshot === 'false' ? null : snapshot, // the default: what isn't a snapshot leaves it out
      this.database,
      lsn === null ? `[${this.lastCommit},null]` : `[${this.lastCommit},"${lsn}"]`,
      this.tsUs,
      this.tsNs,
      schema,
      table,
      this.txId,
      lsn === null ? null : int64(lsn),
      this.xmin === null ? null : int64(this.xmin),
    ]);
  }
}
