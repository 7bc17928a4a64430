import type pg from 'pg';
import type { TupleValue } from '../../../protocol/pgoutput/decode.js';
import { quoteLiteral } from '../../../protocol/sql.js';
import { codeOf } from '../../../support/errors.js';
import type { Lifetime } from '../../../support/lifetime.js';
import type { ConnectRecord } from '../data/record.js';
import type { SourceTaskContext } from '../worker/source-task.js';
import type { Catalogue } from './captured.js';
import { tableName } from './catalogue.js';
import { connect, debeziumFailure } from './connection.js';
import type { EventFactory } from './events.js';
import type { SnapshotEvent } from './notifications.js';
import type { Position } from './position.js';
import { ReplicationConnection } from './replication.js';
import type { Settings } from './settings.js';
import { readRows } from './snapshot.js';
import { type SnapshotMarker, SourceInfo } from './source-info.js';
import type { TableCodec } from './table-codec.js';

export interface SnapshotRun {
  readonly client: pg.Client;
  readonly catalogue: Catalogue;
  readonly settings: Settings;
  readonly context: SourceTaskContext;
  readonly life: Lifetime;
  readonly signal: AbortSignal;
  readonly slotExists: boolean;
  /** False: only a consistent place to stream from is wanted. */
  readonly withData: boolean;
  readonly events: EventFactory;
  readonly notify: TableReads['notify'];
  /** A promise where the consumer needs time. */
  emit(record: ConnectRecord, at: Position): Promise<void> | undefined;
}

/**
 * Reads all captured tables as of one moment, and answers with that moment's place in the WAL: what was committed
 * before is in the snapshot, what comes after is in the stream, nothing in both. The moment is that of the slot where
 * it has to be made, else (a slot that was there before, with an older position) that of a temporary slot.
 */
export async function takeSnapshot(run: SnapshotRun): Promise<Position> {
  const { settings, context, life } = run;
  const maker = await ReplicationConnection.open(settings, context.clock);
  life.onEnd(() => maker.close());
  const temporary = `${settings.slot.slice(0, 40)}_snapshot_${Math.floor(context.random() * 1e9).toString(36)}`;
  const made = run.slotExists ? await maker.createSlot(temporary, true) : await maker.createSlot(settings.slot, false);
  const point = made.consistentPoint;
  const base: Position = {
    lsn: point,
    doneLsn: point,
    commitLsn: point,
    txId: null,
    timeUs: context.clock() * 1000,
    messageType: null,
  };
  if (!run.withData) {
    await maker.close();
    run.notify('SKIPPED');
    return base;
  }
  run.notify('STARTED');
  context.log.info('snapshot begins', { connector: context.connector, tables: run.catalogue.tables.length });
  const reader = await connect(settings);
  life.onEnd(() => reader.end());
  const abort = (): void => void reader.end().catch(() => {});
  run.signal.addEventListener('abort', abort, { once: true });
  life.onEnd(() => run.signal.removeEventListener('abort', abort));
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await adoptSnapshot(reader, made.snapshot);
  await maker.close(); // the reader's transaction holds the snapshot from here on
  const { rows } = await reader.query(
    'SELECT (CASE pg_is_in_recovery() WHEN true THEN 0 ELSE txid_current() END)::text AS txid',
  );
  const snapshot: Position = { ...base, txId: Number(rows[0].txid), snapshot: { completed: false } };
  const told = await readTables(reader, {
    tables: run.catalogue.tables
      .filter((table) => settings.snapshots(tableName(table)))
      .map((table) => [run.catalogue.codec(table), settings.snapshotSelects.get(tableName(table))]),
    captured: run.catalogue.tables.map(tableName),
    source: new SourceInfo(settings.prefix, settings.database, snapshot.timeUs, snapshot.txId, null),
    lsn: point,
    events: run.events,
    notify: run.notify,
    emit: (record) => run.emit(record, snapshot),
  });
  await reader.query('COMMIT');
  await reader.end();
  run.notify('COMPLETED');
  context.log.info('snapshot completed', { connector: context.connector, rows: told });
  return { ...snapshot, snapshot: { completed: true } };
}

/** undefined_object, and invalid_parameter_value as older servers say it. */
const SNAPSHOT_GONE: ReadonlySet<string | undefined> = new Set(['42704', '22023']);

/**
 * An exported snapshot lives as long as the connection that exported it. Where that was lost a moment ago, only this
 * statement tells ("snapshot … does not exist"): another attempt makes a new one, as after any lost connection.
 */
async function adoptSnapshot(reader: pg.Client, snapshot: string): Promise<void> {
  try {
    await reader.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`);
  } catch (failure) {
    if (!SNAPSHOT_GONE.has(codeOf(failure))) throw failure;
    throw debeziumFailure('The connection that holds the snapshot was lost', failure, true);
  }
}

/** What a snapshot reads, and where it leads. */
export interface TableReads {
  /** Each with the statement that reads it where that is not the plain one. */
  readonly tables: ReadonlyArray<readonly [codec: TableCodec, select: string | undefined]>;
  /** All tables of the connector, `schema.table`. */
  readonly captured: readonly string[];
  readonly source: SourceInfo;
  readonly lsn: bigint;
  readonly events: EventFactory;
  notify(type: SnapshotEvent, data?: Readonly<Record<string, string>>): void;
  /** A promise where the consumer needs time. */
  emit(record: ConnectRecord): Promise<void> | undefined;
}

/** One row is always held back: only its successor tells whether it was the last of its table, or of all. */
export async function readTables(reader: pg.Client, reads: TableReads): Promise<number> {
  let held: { readonly codec: TableCodec; readonly tuple: readonly TupleValue[]; readonly first: boolean } | undefined;
  let told = 0;
  const tell = (isLast: 'table' | 'all' | undefined): Promise<void> | undefined => {
    if (held === undefined) return undefined;
    const { codec, tuple, first } = held;
    const snapshot = markerOf(told === 0, first, isLast);
    told++;
    const [record] = reads.events.change(codec, 'r', { after: tuple, source: reads.source, lsn: reads.lsn, snapshot });
    return record === undefined ? undefined : reads.emit(record);
  };
  const inProgress = reads.tables.map(([{ table }]) => tableName(table)).join(',');
  for (const [codec, select] of reads.tables) {
    const table = tableName(codec.table);
    reads.notify('IN_PROGRESS', { data_collections: inProgress, current_collection_in_progress: table });
    let count = 0;
    await readRows(reader, codec.table, select, (tuple) => {
      const waiting = held === undefined ? undefined : tell(held.codec === codec ? undefined : 'table');
      held = { codec, tuple, first: count === 0 };
      count++;
      return waiting;
    });
    reads.notify('TABLE_SCAN_COMPLETED', {
      data_collections: reads.captured.join(','),
      scanned_collection: table,
      total_rows_scanned: String(count),
      status: 'SUCCEEDED',
    });
  }
  await tell('all');
  return told;
}

function markerOf(firstOfAll: boolean, firstOfTable: boolean, isLast: 'table' | 'all' | undefined): SnapshotMarker {
  if (isLast === 'all') return 'last';
  if (firstOfAll) return 'first';
  if (isLast === 'table') return 'last_in_data_collection';
  return firstOfTable ? 'first_in_data_collection' : 'true';
}
