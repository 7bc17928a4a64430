import { randomUUID } from 'node:crypto';
import type { Log } from '../../../support/log.js';
import type { ConnectRecord } from '../data/record.js';
import { INT64, Schema, STRING, Struct } from '../data/schema.js';
import type { Settings } from './settings.js';

export type Aggregate = 'Initial Snapshot' | 'Incremental Snapshot';

export type SnapshotEvent =
  | 'STARTED'
  | 'IN_PROGRESS'
  | 'TABLE_SCAN_COMPLETED'
  | 'PAUSED'
  | 'RESUMED'
  | 'ABORTED'
  | 'SKIPPED'
  | 'COMPLETED';

const KEY = new Schema('struct', {
  name: 'io.debezium.connector.common.NotificationKey',
  version: 1,
  fields: [['id', STRING]],
});

const VALUE = new Schema('struct', {
  name: 'io.debezium.connector.common.Notification',
  version: 1,
  fields: [
    ['id', STRING],
    ['aggregate_type', STRING],
    ['type', STRING],
    ['additional_data', new Schema('map', { optional: true, keys: STRING, values: STRING })],
    ['timestamp', INT64],
  ],
});

/** Says how snapshots get on, by `notification.enabled.channels`: in the log, and in a topic. */
export class Notifications {
  constructor(
    private readonly settings: Settings,
    private readonly clock: () => number,
    private readonly log: Log,
    private readonly emit: (record: ConnectRecord) => void,
  ) {}

  /** All notifications of one snapshot share the id of the signal that asked for it. */
  tell(aggregate: Aggregate, type: SnapshotEvent, data: Readonly<Record<string, string>> = {}, id?: string): void {
    const { notifications: channels, notificationTopic: topic, prefix } = this.settings;
    if (channels.has('log')) this.log.info('snapshot notification', { aggregate, type, ...data });
    if (!channels.has('sink') || topic === undefined) return;
    const identity = id ?? randomUUID();
    const details = new Map(Object.entries({ ...data, connector_name: prefix }));
    this.emit({
      topic,
      partition: undefined,
      keySchema: KEY,
      key: new Struct(KEY, [identity]),
      valueSchema: VALUE,
      value: new Struct(VALUE, [identity, aggregate, type, details, this.clock()]),
      timestampMs: undefined,
      headers: [],
    });
  }
}
