import { inspect } from 'node:util';
import type { Header, OutgoingRecord } from '../../../clients/kafka/contract.js';
import { ensureTopic } from '../../../clients/kafka/ensure-topic.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { messageOf } from '../../../support/errors.js';
import type { Converter } from '../converters/converter.js';
import { CONFIG_EXCEPTION, CONNECT_EXCEPTION, ConnectFailure } from '../data/failure.js';
import type { ConnectRecord } from '../data/record.js';
import type { Transform } from '../transforms/transform.js';
import { converterOf, transformChain } from './chain.js';
import { type Delivery, deliveryOf } from './delivery.js';
import { type HeaderConverter, headerConverter } from './headers.js';
import type { SourceConnectorPlugin } from './plugin.js';
import { retriesOf, untilReachable } from './reachable.js';
import type { SourceItem, SourceOffset, SourcePartition, SourceTask } from './source-task.js';
import type { Stores } from './stores.js';
import type { RunnerContext, TaskRunner } from './task-runner.js';
import { topicSpec } from './topic-creation.js';

type Converted = readonly [key: Buffer | null, value: Buffer | null];

/** What waits for the broker; more would only take memory. */
const BUFFER_BYTES = 8 * 1024 * 1024;

const BOUNDARY = 'transaction.boundary';
const BOUNDARY_INTERVAL = 'transaction.boundary.interval.ms';

/** Between two flushes that a caller waits for. */
const URGENT_PAUSE_MS = 20;

/**
 * Runs one source task: poll → transforms → converters → Kafka, and stores offsets of what Kafka has acknowledged; with
 * exactly-once support both in one transaction, which ends between two polls, as `transaction.boundary` says.
 * Ends by `stop`, or by a failure that it reports once.
 */
export class SourceRunner implements TaskRunner {
  private readonly task: SourceTask;
  private readonly delivery: Delivery;
  private readonly transform: Transform;
  private readonly keys: Converter;
  private readonly values: Converter;
  private readonly headers: HeaderConverter;
  private readonly knownTopics = new Set<string>();
  private readonly toleratesErrors: boolean;
  private readonly logsRecords: boolean;
  /** The last after which one can resume. */
  private last: SourceItem | undefined;
  /** Records of the last change are still to be written. */
  private withinChange = false;
  private stored: SourceItem | undefined;
  private flushing: Promise<void> | undefined;
  /** Between two polls, while a transaction must not end. */
  private writing = false;
  private due = false;
  private urgent: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopped = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    plugin: SourceConnectorPlugin,
    private readonly config: RawConfig,
    private readonly context: RunnerContext,
    private readonly failed: (failure: unknown) => void,
  ) {
    const { log } = context;
    this.transform = transformChain(config, { warn: (message) => log.warn(message, { connector: name }) });
    this.keys = converterOf('key', config, context.workerConfig);
    this.values = converterOf('value', config, context.workerConfig);
    this.headers = headerConverter(config, context.workerConfig);
    this.toleratesErrors = config['errors.tolerance']?.trim().toLowerCase() === 'all';
    this.logsRecords = config['errors.log.include.messages']?.trim().toLowerCase() === 'true';
    const compression = compressionOf(config);
    this.delivery = deliveryOf(name, context, { bufferBytes: BUFFER_BYTES, compression });
    this.task = plugin.createTask(config, {
      connector: name,
      taskId: 0,
      exactlyOnce: this.delivery.exactlyOnce,
      log,
      clock: context.clock,
      random: context.random,
      offset: async (partition) => {
        await context.stores.readOffsets();
        return storedOffset(context.stores, name, partition);
      },
    });
  }

  private get stopping(): boolean {
    return this.stopped.signal.aborted;
  }

  async start(): Promise<void> {
    await this.delivery.begin();
    await this.task.start();
    this.timer = setInterval(() => this.flushSoon(), this.intervalMs);
    this.loop = this.run();
  }

  private get intervalMs(): number {
    const own = this.delivery.exactlyOnce ? Number(this.config[BOUNDARY_INTERVAL] ?? 0) : 0;
    return own > 0 ? own : this.context.offsetFlushIntervalMs;
  }

  private get endsWithPoll(): boolean {
    return this.delivery.exactlyOnce && (this.config[BOUNDARY]?.trim().toLowerCase() ?? 'poll') === 'poll';
  }

  /** Everything told so far is written and its offset stored, unless Kafka is gone. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopped.abort(new Error('the task is being stopped'));
    clearInterval(this.timer);
    clearTimeout(this.urgent);
    await this.task.stop();
    await this.loop;
    await this.flushAll().catch((failure: unknown) =>
      this.context.log.warn('offsets were not stored when the connector stopped', {
        connector: this.name,
        why: messageOf(failure),
      }),
    );
    await this.delivery.producer.close().catch(() => {}); // flush has reported what it could not write
  }

  private async run(): Promise<void> {
    try {
      for (;;) {
        const items = await this.task.poll();
        if (items.length === 0) return;
        this.context.checkMembership();
        if (this.delivery.exactlyOnce) await this.writeWhole(items);
        else await this.writeAll(items);
      }
    } catch (failure) {
      this.end(failure);
    }
  }

  private async writeAll(items: readonly SourceItem[]): Promise<void> {
    for (const item of items) {
      if (item.record !== undefined) {
        const waiting = this.write(item.record);
        if (waiting !== undefined) await waiting;
      }
      this.withinChange = item.partial === true;
      if (!this.withinChange) this.last = item;
      if (item.urgent === true) this.flushUrgently();
    }
  }

  /** Between the ends of transactions, never during one. */
  private async writeWhole(items: readonly SourceItem[]): Promise<void> {
    await this.flushing;
    this.writing = true;
    try {
      await this.writeAll(items);
    } finally {
      this.writing = false;
    }
    if (this.due || (this.endsWithPoll && items.some(({ record }) => record !== undefined))) await this.flush();
  }

  private end(failure: unknown): void {
    if (this.stopping) return;
    this.failed(failure);
  }

  /** Undefined: written at once, and there is room for more. */
  private write(record: ConnectRecord): Promise<void> | undefined {
    try {
      const changed = this.transform(record);
      if (changed === undefined) return undefined;
      const headers = this.headersOf(changed);
      const key = this.keys.fromConnect(changed.topic, changed.keySchema, changed.key, headers);
      const value = this.values.fromConnect(changed.topic, changed.valueSchema, changed.value, headers);
      if (key instanceof Promise || value instanceof Promise || !this.knownTopics.has(changed.topic))
        return this.writeSlowly(changed, Promise.all([key, value]));
      return this.append(changed, key, value);
    } catch (failure) {
      this.tolerate(record, failure);
      return undefined;
    }
  }

  /** Where a converter has to ask a schema registry, or the topic is new. An outage of the registry is waited out. */
  private async writeSlowly(record: ConnectRecord, first: Promise<Converted>): Promise<void> {
    let converted: Converted;
    try {
      let attempt: Promise<Converted> | undefined = first;
      converted = await untilReachable(
        () => {
          const current = attempt ?? this.convert(record);
          attempt = undefined;
          return current;
        },
        { connector: this.name, log: this.context.log, signal: this.stopped.signal, retries: retriesOf(this.config) },
      );
    } catch (failure) {
      if (this.stopping) throw failure;
      this.tolerate(record, failure);
      return;
    }
    if (!this.knownTopics.has(record.topic)) await this.meet(record.topic);
    await this.append(record, ...converted);
  }

  private convert(record: ConnectRecord): Promise<Converted> {
    const headers = this.headersOf(record);
    return Promise.all([
      this.keys.fromConnect(record.topic, record.keySchema, record.key, headers),
      this.values.fromConnect(record.topic, record.valueSchema, record.value, headers),
    ]);
  }

  private append(record: ConnectRecord, key: Buffer | null, value: Buffer | null): Promise<void> | undefined {
    const outgoing: OutgoingRecord = {
      topic: record.topic,
      partition: record.partition,
      timestampMs: record.timestampMs,
      key,
      value,
      headers: this.headersOf(record),
    };
    this.delivery.producer.append(outgoing);
    return this.delivery.producer.room();
  }

  private headersOf({ topic, headers }: ConnectRecord): readonly Header[] | undefined {
    return headers.length === 0 ? undefined : this.headers.write(topic, headers);
  }

  private tolerate(record: ConnectRecord, failure: unknown): void {
    const framed = new ConnectFailure('Tolerance exceeded in error handler', {
      className: CONNECT_EXCEPTION,
      cause: failure,
    });
    if (!this.toleratesErrors) throw framed;
    this.context.log.warn('a record was skipped', {
      connector: this.name,
      why: messageOf(failure),
      ...(this.logsRecords ? { record: shown(record) } : {}),
    });
  }

  /** A topic's first record: it is made where it is missing, by topic.creation.* or as the broker has it. */
  private async meet(topic: string): Promise<void> {
    await ensureTopic(this.context.kafka, topicSpec(topic, this.config));
    this.knownTopics.add(topic);
    if (!this.context.stores.activeTopics(this.name).includes(topic))
      await this.context.stores.putActiveTopic(this.name, topic, this.context.clock());
  }

  private flushUrgently(): void {
    this.urgent ??= setTimeout(() => {
      this.urgent = undefined;
      this.flushSoon();
    }, URGENT_PAUSE_MS);
  }

  private flushSoon(): void {
    try {
      this.context.checkMembership(); // also where there is nothing to write: the next owner waits for the slot
    } catch (failure) {
      this.end(failure);
      return;
    }
    if (this.delivery.exactlyOnce && this.writing) {
      this.due = true;
      return;
    }
    this.flush().catch((failure: unknown) => this.end(failure));
  }

  /** One at a time; what moves meanwhile waits for the next. */
  private flush(): Promise<void> {
    this.flushing ??= this.flushOnce().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  /** A flush under way began before the last record: only one that begins afterwards stores the newest offset. */
  private async flushAll(): Promise<void> {
    await this.flushing;
    await this.flush();
  }

  private async flushOnce(): Promise<void> {
    const item = this.last;
    if (item === undefined || item === this.stored) return;
    if (this.delivery.exactlyOnce && this.withinChange) return; // the rest of it is in the next poll
    this.context.checkMembership();
    this.due = false;
    const offset = this.task.offsetOf(item);
    await this.delivery.store(item.partition, offset);
    this.stored = item;
    this.task.committed(offset);
  }
}

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

function compressionOf(config: RawConfig): (typeof COMPRESSIONS)[number] {
  const option = 'producer.override.compression.type';
  const wanted = config[option]?.trim().toLowerCase() ?? 'none';
  const known = COMPRESSIONS.find((one) => one === wanted);
  if (known !== undefined) return known;
  throw new ConnectFailure(
    `Invalid value ${config[option]} for configuration ${option}: String must be one of: ${COMPRESSIONS.join(', ')}`,
    { className: CONFIG_EXCEPTION },
  );
}

function storedOffset(stores: Stores, connector: string, partition: SourcePartition): SourceOffset | undefined {
  const wanted = JSON.stringify(partition);
  return stores.offsetsOf(connector).find((stored) => JSON.stringify(stored.partition) === wanted)?.offset;
}

/** For the log: bounded, and in one line. */
const shown = ({ topic, key, value, headers, timestampMs }: ConnectRecord): string =>
  inspect(
    { topic, key, value, headers, timestampMs },
    { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20, maxStringLength: 1_000 },
  );
