import type pg from 'pg';
import { asLsn, formatLsn } from '../../../support/brands.js';
import type { Lifetime } from '../../../support/lifetime.js';
import type { ConnectRecord } from '../data/record.js';
import type { SourceTaskContext } from '../worker/source-task.js';
import { takeBlockingSnapshot } from './blocking-snapshot.js';
import type { Catalogue } from './captured.js';
import { tableName } from './catalogue.js';
import type { EventFactory } from './events.js';
import { IncrementalSnapshot } from './incremental.js';
import type { Notifications } from './notifications.js';
import type { Position } from './position.js';
import type { ReplicationConnection } from './replication.js';
import { Reselection } from './reselect.js';
import type { Settings } from './settings.js';
import { readSignals } from './signal-channels.js';
import { handleSignal, type Signal } from './signals.js';
import { type StreamOutput, StreamReader } from './stream.js';

export interface SlotParts {
  /** For queries beside the stream. */
  readonly client: pg.Client;
  readonly replication: ReplicationConnection;
  readonly catalogue: Catalogue;
  readonly settings: Settings;
  readonly context: SourceTaskContext;
  readonly life: Lifetime;
  readonly events: EventFactory;
  readonly notifications: Notifications;
}

export interface SlotOutput extends StreamOutput {
  /** A promise where the consumer needs time. */
  room(): Promise<void> | undefined;
  /** Everything before it may be forgotten by the server. */
  confirmedLsn(): bigint;
  /** The server has begun to send. */
  begun(): void;
}

export interface SlotStream {
  /** Rejects with what ended the stream; resolves once it was stopped. */
  readonly ended: Promise<void>;
  failed(failure: unknown): void;
  stopped(): void;
}

/** Streams a slot, with what goes along: signals, incremental and blocking snapshots, the slot's xmin. */
export function streamSlot(parts: SlotParts, start: Position, output: SlotOutput): SlotStream {
  let stopped = (): void => {};
  let failed = (_failure: unknown): void => {};
  const ended = new Promise<void>((resolve, reject) => {
    stopped = resolve;
    failed = reject;
  });
  const { client, replication, catalogue, settings, context, life } = parts;
  const flow = flowControl(replication, output, failed);
  const tables = catalogue.tables.map(tableName).filter((name) => name !== settings.signalTable);
  const incremental: IncrementalSnapshot = new IncrementalSnapshot(
    start.incremental,
    client,
    settings,
    {
      tableOf: (name) => catalogue.tableNow(name),
      emit: (table, row) => reader.readRow(catalogue.codec(table), row, context.clock() * 1000),
      askPlace: () => replication.confirm(output.confirmedLsn(), true),
      failed,
    },
    parts.notifications,
    context.log,
    context.clock,
  );
  life.onEnd(() => incremental.end());
  const signalled = (signal: Signal): void =>
    handleSignal(
      signal,
      {
        incremental,
        tables,
        readBlocking: (selects) => {
          const { place } = reader;
          const emit = (record: ConnectRecord): Promise<void> | undefined => {
            output.emit(record, place);
            return output.room();
          };
          reader.hold(takeBlockingSnapshot(parts, selects, place, emit));
        },
      },
      context.log,
    );
  const xmin = followXmin(parts, failed);
  const reader: StreamReader = new StreamReader(start, settings, {
    tables: catalogue,
    events: parts.events,
    output,
    flow,
    incremental,
    reselection: settings.reselects.length === 0 ? undefined : new Reselection(client, settings, context.log),
    signalled,
    xmin,
    log: context.log,
  });
  const status = setInterval(() => replication.confirm(output.confirmedLsn()), settings.statusIntervalMs);
  life.onEnd(() => clearInterval(status));
  const listener = {
    data: (lsn: bigint, message: Buffer): void => {
      reader.data(lsn, message);
      flow.holdWhileFull();
    },
    keepalive: (lsn: bigint, replyRequested: boolean): void => {
      reader.keepalive(lsn, replyRequested);
      if (replyRequested) replication.confirm(output.confirmedLsn());
    },
    ended: failed,
  };
  replication.stream(start.commitLsn, settings, listener).then(() => {
    output.begun();
    incremental.next();
    listenForSignals(parts, signalled);
    context.log.info('streaming', {
      connector: context.connector,
      slot: settings.slot,
      from: formatLsn(asLsn(start.commitLsn)),
    });
  }, failed);
  return { ended, failed, stopped };
}

function listenForSignals({ settings, context, life }: SlotParts, arrived: (signal: Signal) => void): void {
  const abort = new AbortController();
  const reading = readSignals(settings, arrived, context.log, abort.signal);
  life.onEnd(() => {
    abort.abort(new Error('the task no longer reads signals'));
    return reading;
  });
}

/** Reads no further while the consumer has no room, or the reader waits for something. */
function flowControl(
  replication: ReplicationConnection,
  output: SlotOutput,
  failed: (failure: unknown) => void,
): { pause(): void; resume(): void; failed(failure: unknown): void; holdWhileFull(): void } {
  let held = false;
  const holdWhileFull = (): void => {
    const room = output.room();
    if (room === undefined) return;
    replication.pause();
    void room.then(() => {
      if (!held) replication.resume();
    });
  };
  return {
    holdWhileFull,
    failed,
    pause: () => {
      held = true;
      replication.pause();
    },
    resume: () => {
      held = false;
      if (output.room() === undefined) replication.resume();
      else holdWhileFull();
    },
  };
}

/** The slot's catalog_xmin, read every `xmin.fetch.interval.ms`. */
function followXmin({ client, settings, life }: SlotParts, failed: (failure: unknown) => void): () => bigint | null {
  let xmin: bigint | null = null;
  if (settings.xminIntervalMs <= 0) return () => null;
  const fetch = (): void => {
    client
      .query('SELECT catalog_xmin::text AS xmin FROM pg_catalog.pg_replication_slots WHERE slot_name = $1', [
        settings.slot,
      ])
      .then(({ rows }) => {
        const found: string | null | undefined = rows[0]?.xmin;
        xmin = typeof found === 'string' ? BigInt(found) : null;
      }, failed);
  };
  fetch();
  const timer = setInterval(fetch, settings.xminIntervalMs);
  life.onEnd(() => clearInterval(timer));
  return () => xmin;
}
