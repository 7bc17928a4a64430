import type pg from 'pg';
import { asLsn, formatLsn } from '../../../support/brands.js';
import { messageOf } from '../../../support/errors.js';
import { Lifetime } from '../../../support/lifetime.js';
import { pause } from '../../../support/retry.js';
import { ItemQueue } from '../worker/item-queue.js';
import type { SourceItem, SourceOffset, SourceTask, SourceTaskContext } from '../worker/source-task.js';
import { Catalogue } from './captured.js';
import { connect, debeziumFailure, isRetriable } from './connection.js';
import { EventFactory } from './events.js';
import { Notifications } from './notifications.js';
import { offsetOf, type Position, positionOf } from './position.js';
import { ReplicationConnection } from './replication.js';
import type { Settings } from './settings.js';
import { ensurePublication, readSlot, type SlotState, setReplicaIdentities, waitUntilFree } from './slot.js';
import { streamSlot } from './streaming.js';
import { takeSnapshot } from './take-snapshot.js';

/** Rows that wait live long enough to be copied by the garbage collector: few are faster than many. */
const QUEUE_ROWS_MAX = 512;

/**
 * One connector's reading of its database. States: connecting (with backoff while the database is not reachable) →
 * snapshot, where the mode and the stored offset ask for one → streaming, until the connection is lost, which
 * leads back to connecting at the position told last.
 */
export class PostgresTask implements SourceTask {
  private readonly queue: ItemQueue;
  private readonly partition: { readonly server: string };
  private readonly stopping = new AbortController();
  private readonly events: EventFactory;
  private readonly notifications: Notifications;
  private position: Position | undefined;
  private running: Promise<void> | undefined;
  private replication: ReplicationConnection | undefined;
  private confirmedLsn = 0n;
  private retries = 0;

  constructor(
    private readonly settings: Settings,
    private readonly context: SourceTaskContext,
  ) {
    this.queue = new ItemQueue(Math.min(settings.queueRows, QUEUE_ROWS_MAX));
    this.partition = { server: settings.prefix };
    this.events = new EventFactory(settings, context, context.clock);
    this.notifications = new Notifications(settings, context.clock, context.log, (record) =>
      this.tell({ record, partition: this.partition, place: this.position ?? NOWHERE }),
    );
  }

  async start(): Promise<void> {
    this.position = await this.storedPosition();
    this.running = this.run();
  }

  /** Only what is stored is confirmed: the server forgets what is before, and a restart begins there. */
  private async storedPosition(): Promise<Position | undefined> {
    const position = positionOf(await this.context.offset(this.partition));
    if (position !== undefined && position.commitLsn > this.confirmedLsn) this.confirmedLsn = position.commitLsn;
    return position;
  }

  offsetOf(item: SourceItem): SourceOffset {
    return offsetOf(item.place as Position, this.context.exactlyOnce);
  }

  poll(): Promise<readonly SourceItem[]> {
    return this.queue.take(this.settings.batchRows);
  }

  committed(offset: SourceOffset): void {
    const position = positionOf(offset);
    if (!this.settings.confirmsLsn || position === undefined || position.commitLsn <= this.confirmedLsn) return;
    this.confirmedLsn = position.commitLsn;
    this.replication?.confirm(this.confirmedLsn);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error('the task is being stopped'));
    this.queue.end();
    await this.running;
    if (this.settings.dropSlotOnStop) await this.dropSlot();
  }

  /** Never rejects: what goes wrong ends the queue. */
  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const life = new Lifetime();
      try {
        await this.attempt(life, signal);
        return;
      } catch (failure) {
        if (signal.aborted) return;
        const limit = this.settings.errorsMaxRetries;
        if (!isRetriable(failure) || (limit >= 0 && this.retries >= limit)) {
          this.queue.fail(inContext(failure));
          return;
        }
        await this.backOff(failure, signal);
      } finally {
        this.replication = undefined;
        await life
          .end()
          .catch((failure: unknown) =>
            this.context.log.warn('closing a connection failed', { why: messageOf(failure) }),
          );
      }
    }
  }

  private async backOff(failure: unknown, signal: AbortSignal): Promise<void> {
    const { retryInitialMs, retryMaxMs } = this.settings;
    const waitMs = Math.min(retryMaxMs, retryInitialMs * 2 ** Math.min(this.retries, 16));
    this.retries++;
    this.context.log.warn('the database is not reachable, trying again', {
      connector: this.context.connector,
      why: messageOf(failure),
      inMs: waitMs,
    });
    await pause(waitMs * (0.75 + this.context.random() / 4), signal).catch(() => {}); // woken by stop: the loop sees it
  }

  /** One connection's life. Resolves when the work is over for good (initial_only, or stopped). */
  private async attempt(life: Lifetime, signal: AbortSignal): Promise<void> {
    const client = await connect(this.settings);
    life.onEnd(() => client.end());
    if (signal.aborted) return;
    // Whatever waits on a query when the task is stopped is let go by closing the connection.
    const abort = (): void => void client.end().catch(() => {});
    signal.addEventListener('abort', abort, { once: true });
    life.onEnd(() => signal.removeEventListener('abort', abort));

    const catalogue = await Catalogue.read(client, this.settings, this.context.log);
    await ensurePublication(client, this.settings, catalogue.tables, this.context.log);
    await setReplicaIdentities(client, this.settings, catalogue.tables, this.context.log);
    const start = await this.startPosition(client, catalogue, life, signal);
    if (start === undefined || signal.aborted) return;
    await this.stream(client, catalogue, start, life, signal);
  }

  /** Where to stream from, after a snapshot if one is due; undefined: no streaming. */
  private async startPosition(
    client: pg.Client,
    catalogue: Catalogue,
    life: Lifetime,
    signal: AbortSignal,
  ): Promise<Position | undefined> {
    const { settings, context } = this;
    const slot = await readSlot(client, settings.slot);
    if (slot !== undefined && slot.plugin !== 'pgoutput')
      throw debeziumFailure(`Replication slot ${settings.slot} was made for plug-in ${slot.plugin}, not for pgoutput`);
    if (slot !== undefined && slot.database !== settings.database)
      throw debeziumFailure(
        `Replication slot ${settings.slot} belongs to database ${slot.database}, not to ${settings.database}`,
      );
    const { snapshot: plan } = settings;
    let position = plan.always && this.retries === 0 && !this.toldAnything ? undefined : this.position;
    if (position !== undefined && isPast(slot, position) && !this.toldAnything) {
      // Another worker, slow to notice that the task is no longer its own, stored one more offset after we had asked.
      this.position = await this.storedPosition();
      position = this.position;
    }
    if (position !== undefined && (slot === undefined || slot.lost || isPast(slot, position))) {
      if (!plan.onLostOffset) throw offsetGone(position, slot === undefined, settings);
      position = undefined;
    }
    if (position !== undefined) {
      this.notifications.tell('Initial Snapshot', 'SKIPPED');
      return plan.streams ? position : undefined;
    }

    if (settings.snapshotDelayMs > 0) await pause(settings.snapshotDelayMs, signal);
    const snapshot = await takeSnapshot({
      client,
      catalogue,
      settings,
      context,
      life,
      signal,
      slotExists: slot !== undefined && !slot.lost,
      withData: plan.data,
      events: this.events,
      notify: (type, data) => this.notifications.tell('Initial Snapshot', type, data),
      emit: (record, at) => {
        this.tell({ record, partition: this.partition, place: at });
        return this.queue.room();
      },
    });
    this.position = snapshot;
    if (settings.streamingDelayMs > 0) await pause(settings.streamingDelayMs, signal);
    this.tell({ record: undefined, partition: this.partition, place: snapshot, urgent: true });
    return plan.streams ? { ...snapshot, snapshot: undefined } : undefined;
  }

  private toldAnything = false;

  private tell(item: SourceItem): void {
    this.toldAnything = true;
    this.queue.push(item);
  }

  private async stream(
    client: pg.Client,
    catalogue: Catalogue,
    start: Position,
    life: Lifetime,
    signal: AbortSignal,
  ): Promise<void> {
    const { settings, context, queue } = this;
    await waitUntilFree(client, settings, context.log, signal);
    const replication = await ReplicationConnection.open(settings, context.clock);
    life.onEnd(() => replication.close());
    if (signal.aborted) return; // stopped while it connected: nobody would hear of it below
    this.replication = replication;
    const end = streamSlot(
      {
        client,
        replication,
        catalogue,
        settings,
        context,
        life,
        events: this.events,
        notifications: this.notifications,
      },
      start,
      {
        emit: (record, position, partial = false) => {
          this.position = position;
          this.tell({ record, partition: this.partition, place: position, partial });
        },
        moved: (position, urgent) => {
          this.position = position;
          this.tell({ record: undefined, partition: this.partition, place: position, urgent });
        },
        room: () => queue.room(),
        confirmedLsn: () => this.confirmedLsn,
        begun: () => {
          this.retries = 0;
          life.onEnd(this.startHeartbeat(client, end.failed));
        },
      },
    );
    signal.addEventListener('abort', end.stopped, { once: true });
    life.onEnd(() => signal.removeEventListener('abort', end.stopped));
    await end.ended;
  }

  private startHeartbeat(client: pg.Client, failed: (failure: unknown) => void): () => void {
    const { heartbeatMs, heartbeatQuery } = this.settings;
    if (heartbeatMs <= 0) return () => {};
    const timer = setInterval(() => {
      const position = this.position;
      if (position === undefined || this.queue.room() !== undefined) return;
      this.tell({ record: this.events.heartbeat(), partition: this.partition, place: position });
      if (heartbeatQuery !== undefined) client.query(heartbeatQuery).catch(failed);
    }, heartbeatMs);
    return () => clearInterval(timer);
  }

  private async dropSlot(): Promise<void> {
    const client = await connect(this.settings);
    try {
      await waitUntilFree(client, this.settings, this.context.log, AbortSignal.timeout(10_000));
      await client.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1', [
        this.settings.slot,
      ]);
    } finally {
      await client.end();
    }
  }
}

/** Before a snapshot: a connector that resumes from here begins anew. */
const NOWHERE: Position = {
  lsn: 0n,
  doneLsn: 0n,
  commitLsn: 0n,
  txId: null,
  timeUs: 0,
  messageType: null,
  snapshot: { completed: false },
};

/** Whether the slot gives out no more what follows a position. */
const isPast = (slot: SlotState | undefined, position: Position): boolean =>
  (slot?.confirmedLsn ?? 0n) > position.commitLsn;

function offsetGone(position: Position, missing: boolean, settings: Settings): Error {
  const why = missing
    ? `replication slot ${settings.slot} does not exist any more`
    : `replication slot ${settings.slot} has moved on`;
  return debeziumFailure(
    `The connector is trying to read change stream starting at PostgresOffsetContext [lsn=LSN{${formatLsn(asLsn(position.lsn))}}, txId=${position.txId}], but this is no longer available on the server: ${why}. ` +
      'Reconfigure the connector to use a snapshot mode when needed, or stop it and delete its offsets.',
  );
}

/** What the database said, below what the connector was doing. */
function inContext(failure: unknown): unknown {
  if (failure instanceof Error && 'severity' in failure)
    return debeziumFailure(
      'An exception occurred in the change event producer. This connector will be stopped.',
      failure,
    );
  return failure;
}
