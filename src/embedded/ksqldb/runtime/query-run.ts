import { setImmediate } from 'node:timers/promises';
import type {
  KafkaRecord,
  OutgoingRecord,
  PartitionPosition,
  RecordBatch,
  RecordProducer,
  RecordReader,
  TransactionalProducer,
} from '../../../clients/kafka/contract.js';
import type { Row } from '../../../ksql/rows/row.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { messageOf } from '../../../support/errors.js';
import type { PersistentQueryOptions } from './persistent-query.js';
import { PlanRun, topicsOf } from './plan-run.js';
import { RecordEncoder } from './record-codec.js';
import { changelogTopic, markerRecord, restoreState } from './state-changelog.js';
import { TimeMerge } from './time-merge.js';

/** How soon after progress the group's offsets say so: fences wait for them. */
const COMMIT_AFTER_MS = 100;

/** How often it is asked whether a topic has grown. */
const PARTITIONS_EVERY_MS = 10_000;

/**
 * After so many records the event loop turns, so that pull queries and other queries wait some milliseconds at most. With each
 * turn a request of what was made leaves for the broker: after 500 records they were so small that they cost more than they won.
 */
const TURN_RECORDS = 2_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The sink's record of a row. Throws where the row does not fit the sink's format. */
export function sinkRecord(encoder: RecordEncoder, topic: string, row: Row): OutgoingRecord {
  try {
    const timestampMs =
      encoder.timestampOf === undefined || row.value === null ? row.timestampMs : encoder.timestampOf(row);
    const key = encoder.encodeKey(row.key, row.window, row.keyless);
    const value = encoder.encodeValue(row.value);
    return { topic, key, value, timestampMs, headers: row.headers };
  } catch (failure) {
    throw new StatementError(`Error serializing message to topic: ${topic}. ${messageOf(failure)}`);
  }
}

/** One run of a persistent query, from its position until it is closed or fails. */
export class QueryRun {
  private readonly positions = new Map<string, Mutable<PartitionPosition>>();
  private moved = false;
  private timer: NodeJS.Timeout | undefined;
  private partitionTimer: NodeJS.Timeout | undefined;
  private committing: Promise<void> | undefined;
  private turn: Promise<void> = Promise.resolve();
  private sinceTurn = 0;
  private failure: unknown;

  private constructor(
    private readonly options: PersistentQueryOptions,
    readonly reader: RecordReader,
    private readonly producer: RecordProducer,
    /** With exactly once: the same producer. */
    private readonly transactions: TransactionalProducer | undefined,
    private readonly encoder: RecordEncoder,
    readonly run: PlanRun,
    private readonly merge: TimeMerge | undefined,
  ) {}

  static async open(options: PersistentQueryOptions, signal: AbortSignal): Promise<QueryRun> {
    const { exactlyOnce, kafka, group } = options;
    const transactions = exactlyOnce ? kafka.transactionalProducer({ transactionalId: `${group}-0` }) : undefined;
    try {
      // What an engine that was killed left open is aborted before the state and the offsets are read.
      await transactions?.init();
      return await QueryRun.prepare(options, transactions, signal);
    } catch (failure) {
      await transactions?.close().catch(() => {});
      throw failure;
    }
  }

  private static async prepare(
    options: PersistentQueryOptions,
    transactions: TransactionalProducer | undefined,
    signal: AbortSignal,
  ): Promise<QueryRun> {
    const { kafka, plan, registry, group, sink, log, id, offsetReset } = options;
    const topics = topicsOf(plan);
    const state = plan.stores.length === 0 ? undefined : await restoreState(kafka, group, plan.stores);
    const committed = state?.positions ?? (await kafka.committedOffsets(group, topics));
    const known = new Map(committed.map((each) => [`${each.topic} ${each.partition}`, each]));
    // A partition that is not among those committed when the query was made came later: it is read from its beginning.
    const reset = committed.length === 0 ? offsetReset : 'earliest';
    const starts = (await Promise.all(topics.map((topic) => kafka.offsets(topic, reset)))).flat();
    const from = starts.map((each) => known.get(`${each.topic} ${each.partition}`) ?? each);
    const encoder = await RecordEncoder.create(sink, registry);
    const run = await PlanRun.create({
      id,
      plan,
      registry,
      log,
      stores: state?.stores ?? new Map(),
      partitions: Math.max(1, starts.filter(({ topic }) => topic === topics[0]).length),
      keyBytes: (key) => encoder.encodeKey(key, undefined),
    });
    const producer = transactions ?? kafka.producer();
    const changelog = changelogTopic(group);
    for (const store of state?.stores.values() ?? []) {
      store.logTo((key, value) => producer.append({ topic: changelog, partition: 0, key, value }));
    }
    const ends =
      topics.length === 1 ? [] : (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest')))).flat();
    const merge = topics.length === 1 ? undefined : new TimeMerge(from, ends);
    const opened = new QueryRun(options, kafka.reader({ from, signal }), producer, transactions, encoder, run, merge);
    for (const each of from) opened.positions.set(`${each.topic} ${each.partition}`, { ...each });
    // A kill between the changelog's marker and the commit leaves the group behind: nothing else would ever catch it up.
    if (state?.positions !== undefined) opened.commitLater();
    opened.partitionTimer = setInterval(() => void opened.addPartitions(topics), PARTITIONS_EVERY_MS);
    return opened;
  }

  process(batch: RecordBatch): Promise<void> {
    return this.inTurn(() => this.processBatch(batch));
  }

  /**
   * With exactly once, batches and commits take turns: a transaction holds all that its offsets stand for, and no more.
   * After a failure nothing has its turn.
   */
  private inTurn(work: () => Promise<void>): Promise<void> {
    if (this.transactions === undefined) return work();
    this.turn = this.turn.then(work);
    return this.turn;
  }

  private async processBatch(batch: RecordBatch): Promise<void> {
    if (this.merge === undefined) {
      const position = this.positionOf(batch);
      for (const record of batch.records) {
        const wait = this.take(record);
        if (wait !== undefined) {
          position.offset = record.offset; // a commit may come meanwhile
          await wait;
        }
        const room = this.producer.room();
        if (room === undefined) continue;
        position.offset = record.offset + 1n;
        await room;
      }
      position.offset = batch.nextOffset;
    } else {
      this.merge.push(batch);
      for (let next = this.merge.next(); next !== undefined; next = this.merge.next()) {
        const wait = this.take(next.record);
        if (wait !== undefined) await wait;
        this.positionOf(next.record).offset = next.done;
        const room = this.producer.room();
        if (room !== undefined) await room;
      }
    }
    this.commitLater();
    await this.letOthers(batch.records.length);
  }

  /** Reading ahead, writing, other queries and clients' requests go on between two batches. */
  private async letOthers(records: number): Promise<void> {
    this.sinceTurn += records;
    if (this.sinceTurn < TURN_RECORDS) return;
    this.sinceTurn = 0;
    await setImmediate();
  }

  private commitLater(): void {
    this.moved = true;
    this.timer ??= setTimeout(() => void this.commitSoon(), COMMIT_AFTER_MS);
  }

  /** Awaits only what is not there at once: this is the hot path. */
  private take(record: KafkaRecord): Promise<void> | undefined {
    if (this.failure !== undefined) throw this.failure;
    const wait = this.run.unready(record);
    if (wait !== undefined) return this.takeLater(record, wait);
    this.run.feed(record, this.emit);
    return undefined;
  }

  private async takeLater(record: KafkaRecord, wait: Promise<unknown>): Promise<void> {
    try {
      await wait;
    } catch (failure) {
      this.run.skipped(record, failure);
      return;
    }
    this.run.feed(record, this.emit);
  }

  private positionOf({ topic, partition }: { topic: string; partition: number }): Mutable<PartitionPosition> {
    const key = `${topic} ${partition}`;
    const known = this.positions.get(key);
    if (known !== undefined) return known;
    const added = { topic, partition, offset: 0n };
    this.positions.set(key, added);
    return added;
  }

  /** A row that cannot be written fails the query, as ksqlDB's serializers do: its input is never committed. */
  private readonly emit = (row: Row): void => {
    if (this.options.keepsOnly === true) return;
    this.producer.append(sinkRecord(this.encoder, this.options.sink.topic, row));
  };

  private async addPartitions(topics: readonly string[]): Promise<void> {
    try {
      const starts = (await Promise.all(topics.map((topic) => this.options.kafka.offsets(topic, 'earliest')))).flat();
      const added = starts.filter(({ topic, partition }) => !this.positions.has(`${topic} ${partition}`));
      if (added.length === 0) return;
      for (const each of added) this.positions.set(`${each.topic} ${each.partition}`, { ...each });
      this.reader.assign(added);
    } catch (failure) {
      this.options.log.warn(`query ${this.options.id} can't look for new partitions: ${messageOf(failure)}`);
    }
  }

  private async commitSoon(): Promise<void> {
    this.timer = undefined;
    try {
      await this.commit();
    } catch (failure) {
      this.failure ??= failure;
      await this.reader.close().catch(() => {});
    }
  }

  /** What was processed before the call is committed after all that it made is acknowledged, or together with it. */
  async commit(): Promise<void> {
    await this.committing;
    this.committing = this.inTurn(() => this.commitNow());
    await this.committing;
  }

  private async commitNow(): Promise<void> {
    if (!this.moved) return;
    this.moved = false;
    const { group, kafka, plan } = this.options;
    const positions = [...this.positions.values()].map((each) => ({ ...each }));
    if (plan.stores.length > 0) this.producer.append(markerRecord(group, positions));
    if (this.transactions === undefined) {
      await this.producer.flush();
      await kafka.commitOffsets(group, positions);
    } else {
      await this.transactions.sendOffsets(group, positions);
      await this.transactions.commit();
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    clearInterval(this.partitionTimer);
    await this.reader.close().catch(() => {});
    await this.committing?.catch(() => {});
    await this.producer.close().catch(() => {});
    if (this.failure !== undefined) throw this.failure;
  }
}
