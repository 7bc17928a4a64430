import type { Lifetime } from '../../../support/lifetime.js';
import type { SourceTaskContext } from '../worker/source-task.js';
import type { Catalogue } from './captured.js';
import { tableName } from './catalogue.js';
import { connect } from './connection.js';
import type { EventFactory } from './events.js';
import type { Notifications, SnapshotEvent } from './notifications.js';
import type { Position } from './position.js';
import type { Settings } from './settings.js';
import { SourceInfo } from './source-info.js';
import { readTables, type TableReads } from './take-snapshot.js';

export interface BlockingRun {
  readonly catalogue: Catalogue;
  readonly settings: Settings;
  readonly context: SourceTaskContext;
  readonly life: Lifetime;
  readonly events: EventFactory;
  readonly notifications: Notifications;
}

/**
 * Reads tables as they are now, while the stream waits where it is. Changes that the stream has yet to tell are in what
 * is read here already: they are told twice, as Debezium says of its blocking snapshots.
 */
export async function takeBlockingSnapshot(
  { catalogue, settings, context, life, events, notifications }: BlockingRun,
  selects: ReadonlyMap<string, string | undefined>,
  place: Position,
  emit: TableReads['emit'],
): Promise<void> {
  const notify = (type: SnapshotEvent, data: Readonly<Record<string, string>> = {}): void =>
    notifications.tell('Initial Snapshot', type, data);
  context.log.info('blocking snapshot begins', { connector: context.connector, tables: [...selects.keys()].join(',') });
  notify('STARTED');
  const reader = await connect(settings);
  life.onEnd(() => reader.end());
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const tables = await Promise.all([...selects.keys()].map((name) => catalogue.tableNow(name)));
  const told = await readTables(reader, {
    tables: tables.flatMap((table) =>
      table === undefined ? [] : [[catalogue.codec(table), selects.get(tableName(table))] as const],
    ),
    captured: catalogue.tables.map(tableName),
    source: new SourceInfo(settings.prefix, settings.database, context.clock() * 1000, place.txId, null),
    lsn: place.lsn,
    events,
    notify,
    emit,
  });
  await reader.query('COMMIT');
  await reader.end();
  notify('COMPLETED');
  context.log.info('blocking snapshot completed', { connector: context.connector, rows: told });
}
