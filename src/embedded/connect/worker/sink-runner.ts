import { setImmediate as immediate } from 'node:timers/promises';
import type {
  GroupMember,
  KafkaRecord,
  PartitionPosition,
  RecordBatch,
  RecordReader,
  TopicPartition,
} from '../../../clients/kafka/contract.js';
import { javaRegex, type RawConfig, splitList } from '../../../protocol/connect/option.js';
import { EvpipeError, messageOf } from '../../../support/errors.js';
import type { Converter, SchemaAndValue } from '../converters/converter.js';
import { CONNECT_EXCEPTION, ConnectFailure } from '../data/failure.js';
import type { RecordHeader } from '../data/record.js';
import type { Transform } from '../transforms/transform.js';
import { converterOf, transformChain } from './chain.js';
import { DeadLetters, type Stage } from './dead-letters.js';
import { type HeaderConverter, headerConverter } from './headers.js';
import type { SinkConnectorPlugin } from './plugin.js';
import { PutQueue } from './put-queue.js';
import { retriesOf, untilReachable } from './reachable.js';
import { sinkGroup } from './sink-offsets.js';
import type { SinkRecord, SinkTask } from './sink-task.js';
import type { RunnerContext, TaskRunner } from './task-runner.js';

/** How soon a topic that is made later, or its new partitions, are read. */
const METADATA_MS = 1_000;
/** Offsets follow what is stored this soon: checks wait for them. */
const COMMIT_PAUSE_MS = 50;

/**
 * Runs one sink task as a member of the consumer group `connect-<name>`: fetch → converters → transforms → task, and
 * commits what the task has stored. States: joining the group → reading its partitions → joining again, whenever the
 * group rebalances or topics come and go; until `stop`, or a failure that it reports once.
 */
export class SinkRunner implements TaskRunner {
  private readonly task: SinkTask;
  private readonly group: string;
  private readonly member: GroupMember;
  private readonly transform: Transform;
  private readonly keys: Converter;
  private readonly values: Converter;
  private readonly headers: HeaderConverter;
  private readonly deadLetters: DeadLetters | undefined;
  private readonly stopped = new AbortController();
  private readonly metTopics = new Set<string>();
  /** Stored by the task, not committed yet. */
  private readonly done = new Map<string, PartitionPosition>();
  private committing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private reader: RecordReader | undefined;
  private rejoin = false;
  private joining = false;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly taskId: number,
    private readonly plugin: SinkConnectorPlugin,
    private readonly config: RawConfig,
    private readonly context: RunnerContext,
    private readonly failed: (failure: unknown) => void,
  ) {
    const { log, kafka } = context;
    this.transform = transformChain(config, { warn: (message) => log.warn(message, { connector: name }) });
    this.keys = converterOf('key', config, context.workerConfig);
    this.values = converterOf('value', config, context.workerConfig);
    this.headers = headerConverter(config, context.workerConfig);
    const tolerant = config['errors.tolerance']?.trim().toLowerCase() === 'all';
    this.deadLetters = tolerant ? new DeadLetters(config, context) : undefined;
    this.task = plugin.createTask(config, {
      connector: name,
      taskId,
      log,
      signal: this.stopped.signal,
      report: tolerant ? (record, failure) => this.skip(record.original, 'TASK_PUT', failure) : undefined,
    });
    this.group = sinkGroup(name, config);
    this.member = kafka.groupMember({
      group: this.group,
      instanceId: `connector-consumer-${name}-${taskId}`,
      onRebalance: () => this.joinAgain(),
    });
  }

  async start(): Promise<void> {
    await this.task.start();
    this.loop = this.run();
  }

  async stop(): Promise<void> {
    if (this.stopped.signal.aborted) return;
    this.stopped.abort(new Error('the task is being stopped'));
    await this.reader?.close();
    if (this.joining) await this.leave(); // the others may take a minute to join
    await this.loop;
    clearTimeout(this.timer);
    await this.commit().catch((failure: unknown) =>
      this.context.log.warn('offsets were not committed when the task stopped', {
        connector: this.name,
        why: messageOf(failure),
      }),
    );
    await this.leave();
    await this.task.stop();
    await this.deadLetters?.close().catch(() => {}); // what it kept was acknowledged
  }

  /** Where the broker can't be told, the group notices by the session timeout. */
  private async leave(): Promise<void> {
    await this.member.leave().catch(() => {});
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    try {
      while (!signal.aborted) {
        this.rejoin = false;
        const topics = await this.topics();
        this.joining = true;
        const partitions = await this.member.join([...topics.keys()], signal);
        this.joining = false;
        await this.read(partitions, topics);
      }
    } catch (failure) {
      this.end(failure);
    }
  }

  private end(failure: unknown): void {
    if (!this.stopped.signal.aborted) this.failed(failure);
  }

  private joinAgain(): void {
    this.rejoin = true;
    this.reader?.close().catch(() => {}); // only ends its loop
  }

  /** The subscribed topics that exist, with the number of their partitions. */
  private async topics(): Promise<ReadonlyMap<string, number>> {
    const named = new Set(splitList(this.config.topics ?? ''));
    const pattern = this.config['topics.regex'];
    const regex = pattern === undefined ? undefined : javaRegex(`^(?:${pattern})$`);
    const wanted = (name: string): boolean => (regex === undefined ? named.has(name) : regex.test(name));
    const found = (await this.context.kafka.listTopics()).filter(({ name, internal }) => !internal && wanted(name));
    return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
  }

  /** Reads what this member was assigned until the group changes. Records are stored while the next are converted. */
  private async read(partitions: readonly TopicPartition[], topics: ReadonlyMap<string, number>): Promise<void> {
    const reader = this.context.kafka.reader({ from: await this.positions(partitions) });
    this.reader = reader;
    const watch = setInterval(() => void this.watch(topics), METADATA_MS);
    const queue = new PutQueue(
      (records, stored) => this.store(records, stored),
      () => reader.close(),
    );
    try {
      for await (const batch of this.rejoin || this.stopped.signal.aborted ? [] : reader) {
        await queue.add(batch, await this.convert(batch));
        await immediate(); // the task sends what it stores before converting takes the time
      }
      await queue.drained();
    } finally {
      clearInterval(watch);
      await reader.close();
      await queue.drained().catch(() => {}); // thrown above, or after another failure
    }
    await this.commit();
  }

  private async watch(known: ReadonlyMap<string, number>): Promise<void> {
    try {
      const now = await this.topics();
      const same = now.size === known.size && [...now].every(([name, count]) => known.get(name) === count);
      if (!same) this.joinAgain();
    } catch {
      // Kafka is away: the fetches, which wait for it, say so where it lasts.
    }
  }

  private async positions(partitions: readonly TopicPartition[]): Promise<readonly PartitionPosition[]> {
    const { kafka } = this.context;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const committed = topics.length === 0 ? [] : await kafka.committedOffsets(this.group, topics);
    const reset = this.config['consumer.override.auto.offset.reset'] === 'latest' ? 'latest' : 'earliest';
    const starts = (await Promise.all(topics.map((topic) => kafka.offsets(topic, reset)))).flat();
    const at = (list: readonly PartitionPosition[], wanted: TopicPartition): bigint | undefined =>
      list.find(({ topic, partition }) => topic === wanted.topic && partition === wanted.partition)?.offset;
    return partitions.map((one) => ({ ...one, offset: at(committed, one) ?? at(starts, one) ?? 0n }));
  }

  private async convert(batch: RecordBatch): Promise<SinkRecord[]> {
    if (!this.metTopics.has(batch.topic)) await this.meet(batch.topic);
    const converted: SinkRecord[] = [];
    for (const record of batch.records) {
      const one = this.convertOne(record);
      const result = one instanceof Promise ? await one : one;
      if (result !== undefined) converted.push(result);
    }
    return converted;
  }

  /** Undefined: dropped, by a transform or as an error that is tolerated. */
  private convertOne(record: KafkaRecord): SinkRecord | undefined | Promise<SinkRecord | undefined> {
    let stage: Stage = 'KEY_CONVERTER';
    try {
      const key = this.keys.toConnect(record.topic, record.key);
      stage = 'VALUE_CONVERTER';
      const value = this.values.toConnect(record.topic, record.value);
      if (key instanceof Promise || value instanceof Promise) {
        Promise.all([key, value]).catch(() => {}); // asked again below
        return this.convertSlowly(record);
      }
      stage = 'HEADER_CONVERTER';
      const headers = this.headers.read(record.topic, record.headers);
      stage = 'TRANSFORMATION';
      return this.transformed(record, key, value, headers);
    } catch (failure) {
      return this.skip(record, stage, failure);
    }
  }

  /** Where a converter has to ask a schema registry. An outage of the registry is waited out. */
  private async convertSlowly(record: KafkaRecord): Promise<SinkRecord | undefined> {
    const { log } = this.context;
    const task = { connector: this.name, log, signal: this.stopped.signal, retries: retriesOf(this.config) };
    let stage: Stage = 'KEY_CONVERTER';
    try {
      const key = await untilReachable(async () => this.keys.toConnect(record.topic, record.key), task);
      stage = 'VALUE_CONVERTER';
      const value = await untilReachable(async () => this.values.toConnect(record.topic, record.value), task);
      stage = 'HEADER_CONVERTER';
      const headers = this.headers.read(record.topic, record.headers);
      stage = 'TRANSFORMATION';
      return this.transformed(record, key, value, headers);
    } catch (failure) {
      this.stopped.signal.throwIfAborted();
      return this.skip(record, stage, failure);
    }
  }

  private transformed(
    record: KafkaRecord,
    key: SchemaAndValue,
    value: SchemaAndValue,
    headers: readonly RecordHeader[],
  ): SinkRecord | undefined {
    const changed = this.transform({
      topic: record.topic,
      partition: record.partition,
      keySchema: key.schema,
      key: key.value,
      valueSchema: value.schema,
      value: value.value,
      timestampMs: record.timestampMs < 0 ? undefined : record.timestampMs,
      headers,
    });
    if (changed === undefined) return undefined;
    // Written out: for each record, spreading the object takes several times as long.
    return {
      topic: changed.topic,
      partition: changed.partition,
      keySchema: changed.keySchema,
      key: changed.key,
      valueSchema: changed.valueSchema,
      value: changed.value,
      timestampMs: changed.timestampMs,
      headers: changed.headers,
      original: record,
    };
  }

  private async skip(record: KafkaRecord, stage: Stage, failure: unknown): Promise<undefined> {
    if (this.deadLetters === undefined)
      throw new ConnectFailure('Tolerance exceeded in error handler', { className: CONNECT_EXCEPTION, cause: failure });
    const origin = { connector: this.name, taskId: this.taskId, stage, className: this.classAt(stage) };
    await this.deadLetters.keep(record, origin, failure);
    return undefined;
  }

  private classAt(stage: Stage): string {
    switch (stage) {
      case 'KEY_CONVERTER':
        return this.config['key.converter'] ?? this.context.workerConfig['key.converter'] ?? '';
      case 'VALUE_CONVERTER':
        return this.config['value.converter'] ?? this.context.workerConfig['value.converter'] ?? '';
      case 'HEADER_CONVERTER':
        return this.config['header.converter'] ?? this.context.workerConfig['header.converter'] ?? '';
      case 'TRANSFORMATION': {
        const [first] = splitList(this.config.transforms ?? '');
        return this.config[`transforms.${first}.type`] ?? '';
      }
      default:
        return this.plugin.taskClass;
    }
  }

  private async meet(topic: string): Promise<void> {
    const { stores, clock } = this.context;
    if (!stores.activeTopics(this.name).includes(topic))
      await stores.putActiveTopic(this.name, topic, clock(), this.taskId);
    this.metTopics.add(topic);
  }

  private async store(records: readonly SinkRecord[], positions: readonly PartitionPosition[]): Promise<void> {
    this.context.checkMembership();
    if (records.length > 0) {
      try {
        await this.task.put(records);
      } catch (cause) {
        this.stopped.signal.throwIfAborted();
        throw new ConnectFailure('Exiting WorkerSinkTask due to unrecoverable exception.', { cause });
      }
    }
    for (const position of positions) this.done.set(`${position.topic}-${position.partition}`, position);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.commit().catch((failure: unknown) => this.end(failure));
    }, COMMIT_PAUSE_MS);
  }

  /** One at a time; what is stored meanwhile is committed by the next. */
  private async commit(): Promise<void> {
    await this.committing;
    if (this.done.size === 0) return;
    this.context.checkMembership();
    const positions = [...this.done.values()];
    this.done.clear();
    this.committing = this.member.commit(positions).finally(() => {
      this.committing = undefined;
    });
    try {
      await this.committing;
    } catch (failure) {
      // The group has moved on: the task that reads these partitions now stores these records once more.
      if (!isExpelled(failure)) throw failure;
      this.joinAgain();
    }
  }
}

const EXPELLED = /_(ILLEGAL_GENERATION|UNKNOWN_MEMBER_ID|REBALANCE_IN_PROGRESS|FENCED_INSTANCE_ID)$/;

const isExpelled = (failure: unknown): boolean => failure instanceof EvpipeError && EXPELLED.test(failure.code);
