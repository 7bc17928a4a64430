import type {
  KafkaClient,
  PartitionPosition,
  RecordBatch,
  RecordProducer,
  RecordReader,
} from '../../../clients/kafka/contract.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import type { Source } from '../metadata/source.js';
import type { QueryPlan, Step } from '../query/plan.js';
import type { Registry } from '../upstream/registry.js';
import { RecordDecoder, RecordEncoder } from './record-codec.js';
import type { Row } from './row.js';

/** How soon after progress the group's offsets say so: fences wait for them. */
const COMMIT_AFTER_MS = 100;
/** A query that failed (Kafka or registry away) begins again at its committed offsets after this. */
const RESTART_PAUSE_MS = 1_000;

export type QueryState = 'RUNNING' | 'PAUSED' | 'ERROR';

export interface PersistentQueryOptions {
  readonly id: string;
  readonly sql: string;
  readonly plan: QueryPlan;
  readonly sink: Source;
  readonly group: string;
  readonly offsetReset: 'earliest' | 'latest';
  readonly kafka: KafkaClient;
  readonly registry: Registry | undefined;
  readonly log: Log;
}

/**
 * States: created -> RUNNING -> (PAUSED <-> RUNNING) -> stopped; a failure makes it ERROR until it has begun again.
 * Offsets are committed after the outputs are acknowledged: at least once.
 */
export class PersistentQuery {
  state: QueryState = 'RUNNING';
  /** Failures of running it, newest last. */
  readonly errors: Array<{ timestampMs: number; message: string }> = [];
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private resume: (() => void) | undefined;
  private paused: Promise<void> | undefined;

  constructor(readonly options: PersistentQueryOptions) {}

  get id(): string {
    return this.options.id;
  }

  get topics(): string[] {
    return [...new Set(this.options.plan.inputs.map(({ source }) => source.topic))];
  }

  /** Fixes where it begins, once and for all, by committing it. To be done before the statement is answered. */
  async fixStart(): Promise<void> {
    const { kafka, group, offsetReset } = this.options;
    const committed = await kafka.committedOffsets(group, this.topics);
    const known = new Set(committed.map(({ topic, partition }) => `${topic} ${partition}`));
    const starts = (await Promise.all(this.topics.map((topic) => kafka.offsets(topic, offsetReset)))).flat();
    const missing = starts.filter(({ topic, partition }) => !known.has(`${topic} ${partition}`));
    if (missing.length > 0) await kafka.commitOffsets(group, missing);
  }

  start(): void {
    this.running = this.runUntilStopped();
  }

  pause(): void {
    if (this.paused !== undefined) return;
    this.state = 'PAUSED';
    this.paused = new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  continue(): void {
    if (this.paused === undefined) return;
    this.state = 'RUNNING';
    this.paused = undefined;
    this.resume?.();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.resume?.();
    await this.running;
  }

  /** After it has stopped for good: its group goes, so that nothing of it is left. */
  async cleanUp(): Promise<void> {
    const { kafka, group, log } = this.options;
    await kafka.deleteGroup(group).catch((failure: unknown) => log.warn(`group ${group} stays: ${messageOf(failure)}`));
  }

  private async runUntilStopped(): Promise<void> {
    const { log, id } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.runOnce();
      } catch (failure) {
        if (signal.aborted) return;
        this.state = 'ERROR';
        this.errors.push({ timestampMs: Date.now(), message: messageOf(failure) });
        if (this.errors.length > 10) this.errors.shift();
        log.error(`query ${id} failed and begins again: ${messageOf(failure)}`);
        await pause(RESTART_PAUSE_MS, signal).catch(() => {});
      }
    }
  }

  private async runOnce(): Promise<void> {
    const run = await QueryRun.open(this.options, this.stopping.signal);
    try {
      if (this.paused === undefined) this.state = 'RUNNING';
      for await (const batch of run.reader) {
        if (this.paused !== undefined) await this.paused;
        if (this.stopping.signal.aborted) break;
        await run.process(batch);
      }
      await run.commit();
    } finally {
      await run.close();
    }
  }
}

/** One run from the committed offsets on. */
class QueryRun {
  private readonly progress = new Map<string, PartitionPosition>();
  private timer: NodeJS.Timeout | undefined;
  private committing: Promise<void> | undefined;
  private failure: unknown;

  private constructor(
    private readonly options: PersistentQueryOptions,
    readonly reader: RecordReader,
    private readonly producer: RecordProducer,
    private readonly decoders: ReadonlyMap<string, RecordDecoder>,
    private readonly encoder: RecordEncoder,
    private readonly step: Step,
  ) {}

  static async open(options: PersistentQueryOptions, signal: AbortSignal): Promise<QueryRun> {
    const { kafka, plan, registry, group, sink, log, id, offsetReset } = options;
    const decoders = new Map<string, RecordDecoder>();
    for (const { source } of plan.inputs) decoders.set(source.topic, await RecordDecoder.create(source, registry));
    const encoder = await RecordEncoder.create(sink, registry);
    const topics = [...decoders.keys()];
    const committed = new Map(
      (await kafka.committedOffsets(group, topics)).map((each) => [`${each.topic} ${each.partition}`, each]),
    );
    const starts = (await Promise.all(topics.map((topic) => kafka.offsets(topic, offsetReset)))).flat();
    const from = starts.map((each) => committed.get(`${each.topic} ${each.partition}`) ?? each);
    const step = plan.build((failure) => log.warn(`query ${id}: ${messageOf(failure)}`));
    const reader = kafka.reader({ from, signal });
    return new QueryRun(options, reader, kafka.producer(), decoders, encoder, step);
  }

  async process(batch: RecordBatch): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const decoder = this.decoders.get(batch.topic);
    if (decoder === undefined) return;
    const { log, id } = this.options;
    for (const record of batch.records) {
      let row: Row | undefined;
      try {
        const wait = decoder.unready(record);
        if (wait !== undefined) await wait;
        row = decoder.decode(record);
      } catch (failure) {
        log.warn(`query ${id} skips a record that it can't read: ${messageOf(failure)}`, {
          topic: record.topic,
          partition: record.partition,
          offset: record.offset,
        });
        continue;
      }
      if (row === undefined) continue;
      this.step(row, this.emit);
      const room = this.producer.room();
      if (room !== undefined) await room;
    }
    const { topic, partition, nextOffset: offset } = batch;
    this.progress.set(`${topic} ${partition}`, { topic, partition, offset });
    this.timer ??= setTimeout(() => void this.commitSoon(), COMMIT_AFTER_MS);
  }

  private readonly emit = (row: Row): void => {
    const { sink, log, id } = this.options;
    let key: Buffer | null;
    let value: Buffer | null;
    try {
      key = this.encoder.encodeKey(row.key, row.window);
      value = this.encoder.encodeValue(row.value);
    } catch (failure) {
      log.warn(`query ${id} can't write a row: ${messageOf(failure)}`);
      return;
    }
    let timestampMs = row.timestampMs;
    if (this.encoder.timestampOf !== undefined && row.value !== null) {
      try {
        timestampMs = this.encoder.timestampOf(row);
      } catch (failure) {
        log.warn(`query ${id}: ${messageOf(failure)}`);
      }
    }
    this.producer.append({ topic: sink.topic, key, value, timestampMs, headers: row.headers });
  };

  private async commitSoon(): Promise<void> {
    this.timer = undefined;
    try {
      await this.commit();
    } catch (failure) {
      this.failure ??= failure;
      await this.reader.close().catch(() => {});
    }
  }

  /** What was read before the call is committed after all that it made is acknowledged. */
  async commit(): Promise<void> {
    await this.committing;
    this.committing = this.commitNow();
    await this.committing;
  }

  private async commitNow(): Promise<void> {
    const positions = [...this.progress.values()];
    this.progress.clear();
    if (positions.length === 0) return;
    await this.producer.flush();
    await this.options.kafka.commitOffsets(this.options.group, positions);
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.reader.close().catch(() => {});
    await this.committing?.catch(() => {});
    await this.producer.close().catch(() => {});
    if (this.failure !== undefined) throw this.failure;
  }
}
