import { randomUUID } from 'node:crypto';
import type { Tuple } from '../../../protocol/pgoutput/decode.js';
import type { ConnectRecord, RecordHeader } from '../data/record.js';
import {
  INT64,
  int64,
  OPTIONAL_BYTES,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  Schema,
  STRING,
  Struct,
  type Value,
} from '../data/schema.js';
import { tableName } from './catalogue.js';
import type { Operation, Settings } from './settings.js';
import { SOURCE, type SourceInfo } from './source-info.js';
import type { TableCodec } from './table-codec.js';
import { TRANSACTION_BLOCK, TRANSACTION_KEY, type TransactionCount } from './transaction.js';

const NO_HEADERS: readonly RecordHeader[] = [];

/** Makes the records of a connector from rows, messages and the clock. */
export class EventFactory {
  private readonly headers: readonly RecordHeader[];
  private nowMs = 0;
  private nowUs: Value = 0;
  private nowNs: Value = 0;

  constructor(
    private readonly settings: Settings,
    connector: { readonly taskId: number },
    private readonly clock: () => number,
  ) {
    const header = (name: string, value: string): RecordHeader => ({
      name: `__debezium.context.${name}`,
      schema: STRING,
      value,
    });
    this.headers = settings.extendedHeaders
      ? [
          header('connectorLogicalName', settings.prefix),
          header('taskId', String(connector.taskId)),
          header('connectorName', 'postgresql'),
          header('runId', randomUUID()),
        ]
      : NO_HEADERS;
  }

  /** All records of one change; a deletion brings its tombstone, a changed key a deletion and a creation. */
  change(codec: TableCodec, operation: Operation, change: Change): ConnectRecord[] {
    const { before, after } = change;
    const key = codec.key(after ?? before ?? []);
    if (operation === 'u' && before !== undefined && after !== undefined && codec.keySchema !== undefined) {
      const oldKey = change.oldKeyKnown ? codec.key(before) : key;
      if (oldKey !== null && key !== null && !sameValues(oldKey, key))
        return this.keyChange(codec, change, oldKey, key);
    }
    if (this.settings.skipsUnchanged && operation === 'u' && change.previous !== undefined && after !== undefined) {
      // Only a whole old row (replica identity full) shows that nothing of what records hold has changed.
      if (codec.sameRow(change.previous, after)) return [];
    }
    const records = [this.record(codec, operation, key, change, this.headers)];
    if (operation === 'd' && this.settings.tombstones) records.push(this.tombstone(codec, key, this.headers));
    return records;
  }

  private keyChange(codec: TableCodec, change: Change, oldKey: Struct, newKey: Struct): ConnectRecord[] {
    const { keySchema } = codec;
    const withKey = (name: string, value: Struct): readonly RecordHeader[] => [
      { name: `__debezium.${name}`, schema: keySchema, value },
      ...this.headers,
    ];
    const moved = withKey('newkey', newKey);
    return [
      this.record(codec, 'd', oldKey, { ...change, after: undefined }, moved),
      ...(this.settings.tombstones ? [this.tombstone(codec, oldKey, moved)] : []),
      this.record(codec, 'c', newKey, { ...change, before: undefined }, withKey('oldkey', oldKey)),
    ];
  }

  private record(
    codec: TableCodec,
    operation: Operation,
    key: Struct | null,
    change: Change,
    headers: readonly RecordHeader[],
  ): ConnectRecord {
    this.tick();
    const before = change.before === undefined ? null : codec.row(change.before);
    const after = change.after === undefined ? null : codec.row(change.after, change.previous);
    const block = change.count?.next(tableName(codec.table), change.lsn ?? 0n) ?? null;
    const source = change.source.of(codec.table.schema, codec.table.name, change.lsn, change.snapshot ?? 'false');
    return {
      topic: codec.topic,
      partition: undefined,
      keySchema: codec.keySchema,
      key,
      valueSchema: codec.envelopeSchema,
      value: new Struct(codec.envelopeSchema, [
        before,
        after,
        source,
        block,
        operation,
        this.nowMs,
        this.nowUs,
        this.nowNs,
      ]),
      timestampMs: undefined,
      headers,
    };
  }

  private tombstone(codec: TableCodec, key: Struct | null, headers: readonly RecordHeader[]): ConnectRecord {
    return {
      topic: codec.topic,
      partition: undefined,
      keySchema: codec.keySchema,
      key,
      valueSchema: undefined,
      value: null,
      timestampMs: undefined,
      headers,
    };
  }

  truncate(codec: TableCodec, change: Change): ConnectRecord {
    return { ...this.record(codec, 't', null, change, this.headers), keySchema: undefined };
  }

  /** A logical decoding message (pg_logical_emit_message), to `<prefix>.message`. */
  message(prefix: string, content: Buffer, change: Change): ConnectRecord {
    this.tick();
    const block = change.count?.next('', change.lsn ?? 0n) ?? null;
    const source = change.source.of('', '', change.lsn, 'false');
    return {
      topic: `${this.settings.prefix}${this.settings.topicDelimiter}message`,
      partition: undefined,
      keySchema: MESSAGE_KEY,
      key: new Struct(MESSAGE_KEY, [prefix]),
      valueSchema: MESSAGE_VALUE,
      value: new Struct(MESSAGE_VALUE, ['m', this.nowMs, source, block, new Struct(MESSAGE, [prefix, content])]),
      timestampMs: undefined,
      headers: NO_HEADERS,
    };
  }

  heartbeat(): ConnectRecord {
    return {
      topic: this.settings.heartbeatTopic,
      partition: 0,
      keySchema: HEARTBEAT_KEY,
      key: new Struct(HEARTBEAT_KEY, [this.settings.prefix]),
      valueSchema: HEARTBEAT_VALUE,
      value: new Struct(HEARTBEAT_VALUE, [this.clock()]),
      timestampMs: undefined,
      headers: NO_HEADERS,
    };
  }

  transaction(value: Struct): ConnectRecord {
    return {
      topic: this.settings.transactionTopic,
      partition: undefined,
      keySchema: TRANSACTION_KEY,
      key: new Struct(TRANSACTION_KEY, [value.get('id')]),
      valueSchema: value.schema,
      value,
      timestampMs: undefined,
      headers: NO_HEADERS,
    };
  }

  /** Many events share a millisecond: its forms are made once. */
  private tick(): void {
    const now = this.clock();
    if (now === this.nowMs) return;
    this.nowMs = now;
    this.nowUs = now * 1000;
    this.nowNs = int64(BigInt(now) * 1_000_000n);
  }
}

export interface Change {
  readonly before?: Tuple | undefined;
  readonly after?: Tuple | undefined;
  /** Where values of `after` that were not sent can be found. */
  readonly previous?: Tuple | undefined;
  /** Whether `before` was sent and not made up. */
  readonly oldKeyKnown?: boolean;
  readonly source: SourceInfo;
  /** Null: of an incremental snapshot, whose rows have no place in the WAL. */
  readonly lsn: bigint | null;
  readonly snapshot?: Parameters<SourceInfo['of']>[3];
  readonly count?: TransactionCount | undefined;
}

const MESSAGE_KEY = new Schema('struct', {
  name: 'io.debezium.connector.postgresql.MessageKey',
  version: 1,
  fields: [['prefix', OPTIONAL_STRING]],
});

const MESSAGE = new Schema('struct', {
  name: 'io.debezium.connector.postgresql.Message',
  version: 1,
  fields: [
    ['prefix', OPTIONAL_STRING],
    ['content', OPTIONAL_BYTES],
  ],
});

const MESSAGE_VALUE = new Schema('struct', {
  name: 'io.debezium.connector.postgresql.MessageValue',
  version: 1,
  fields: [
    ['op', STRING],
    ['ts_ms', OPTIONAL_INT64],
    ['source', SOURCE],
    ['transaction', TRANSACTION_BLOCK],
    ['message', MESSAGE],
  ],
});

const HEARTBEAT_KEY = new Schema('struct', {
  name: 'io.debezium.connector.common.ServerNameKey',
  version: 1,
  fields: [['serverName', STRING]],
});

const HEARTBEAT_VALUE = new Schema('struct', {
  name: 'io.debezium.connector.common.Heartbeat',
  version: 1,
  fields: [['ts_ms', INT64]],
});

/** Key values are plain; bytes are compared by content. */
function sameValues(a: Struct, b: Struct): boolean {
  return a.values.every((value, index) => {
    const other = b.values[index] ?? null;
    return value === other || (Buffer.isBuffer(value) && Buffer.isBuffer(other) && value.equals(other));
  });
}
