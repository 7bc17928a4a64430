import { INT64, OPTIONAL_INT64, Schema, STRING, Struct } from '../data/schema.js';

/** `provide.transaction.metadata`: the block within events, and the records that begin and end a transaction. */

const BLOCK = new Schema('struct', {
  name: 'event.block',
  version: 1,
  fields: [
    ['id', STRING],
    ['total_order', INT64],
    ['data_collection_order', INT64],
  ],
});

export const TRANSACTION_BLOCK = BLOCK.with({ optional: true });

export const TRANSACTION_KEY = new Schema('struct', {
  name: 'io.debezium.connector.common.TransactionMetadataKey',
  version: 1,
  fields: [['id', STRING]],
});

const COLLECTION = new Schema('struct', {
  name: 'event.collection',
  version: 1,
  fields: [
    ['data_collection', STRING],
    ['event_count', INT64],
  ],
});

export const TRANSACTION_VALUE = new Schema('struct', {
  name: 'io.debezium.connector.common.TransactionMetadataValue',
  version: 1,
  fields: [
    ['status', STRING],
    ['id', STRING],
    ['event_count', OPTIONAL_INT64],
    ['data_collections', new Schema('array', { optional: true, values: COLLECTION.with({ optional: true }) })],
    ['ts_ms', INT64],
  ],
});

/** Counts a transaction's events. */
export class TransactionCount {
  private total = 0;
  private readonly perTable = new Map<string, number>();

  constructor(readonly xid: number) {}

  /** The block of one more event of a table. */
  next(table: string, lsn: bigint): Struct {
    const count = (this.perTable.get(table) ?? 0) + 1;
    this.perTable.set(table, count);
    return new Struct(TRANSACTION_BLOCK, [`${this.xid}:${lsn}`, ++this.total, count]);
  }

  begin(lsn: bigint, tsMs: number): Struct {
    return new Struct(TRANSACTION_VALUE, ['BEGIN', `${this.xid}:${lsn}`, null, null, tsMs]);
  }

  end(lsn: bigint, tsMs: number): Struct {
    const tables = [...this.perTable].map(([table, count]) => new Struct(COLLECTION, [table, count]));
    return new Struct(TRANSACTION_VALUE, ['END', `${this.xid}:${lsn}`, this.total, tables, tsMs]);
  }
}
