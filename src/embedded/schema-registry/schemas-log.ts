import { connectKafka } from '../../clients/kafka/client.js';
import type { KafkaAccess, KafkaClient, RecordProducer, RecordReader } from '../../clients/kafka/contract.js';
import { ensureTopic } from '../../clients/kafka/ensure-topic.js';
import { messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';
import { warnOfSkipped } from '../../support/skipped-record.js';
import { applyRecord } from './apply-record.js';
import { RegistryError } from './registry-error.js';
import type { SchemaState } from './schema-state.js';
import type { TopicRecord } from './schemas-topic.js';

const DEFAULT_TOPIC = '_schemas';
/** How long a write may take, a restart of the broker included. */
const WRITE_TIMEOUT_MS = 30_000;
const FETCH_WAIT_MS = 2_000;

/** How to reach Kafka, and the topic to keep everything in; `_schemas` where none is named. */
export interface SchemasTopic extends KafkaAccess {
  readonly topic?: string;
}

interface Waiter {
  readonly offset: bigint;
  readonly resolve: () => void;
}

/**
 * The topic `_schemas` behind the state: written through the one producer, read by a reader that never stops. A write
 * is done when the reader has come past it, so the state is never ahead of the topic, nor behind what was answered.
 */
export class SchemasLog {
  private readonly topic: string;
  private readonly kafka: KafkaClient;
  private reader: RecordReader | undefined;
  private producer: RecordProducer | undefined;
  private position = 0n;
  private waiters: Waiter[] = [];
  private stopped = false;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly state: SchemaState,
    { bootstrapServers, ssl, sasl, topic = DEFAULT_TOPIC }: SchemasTopic,
    private readonly log: Log,
  ) {
    this.topic = topic;
    this.kafka = connectKafka({
      ...{ bootstrapServers, ssl, sasl },
      clientId: 'schema-registry',
      requestTimeoutMs: WRITE_TIMEOUT_MS,
    });
  }

  /** Makes the topic where it is missing and reads it to its end. */
  async start(): Promise<void> {
    await ensureTopic(this.kafka, { name: this.topic, partitions: 1, config: { 'cleanup.policy': 'compact' } });
    const [start] = await this.kafka.offsets(this.topic, 'earliest');
    this.position = start?.offset ?? 0n;
    this.reader = this.kafka.reader({
      from: [{ topic: this.topic, partition: 0, offset: this.position }],
      maxWaitMs: FETCH_WAIT_MS,
    });
    this.reading = this.read(this.reader);
    await this.catchUp();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.reader?.close();
    await this.reading;
    await this.kafka.close();
  }

  async clusterId(): Promise<string> {
    return (await this.kafka.describeCluster()).clusterId;
  }

  /**
   * Resolves when all that is in the topic now has been applied: so a change is decided on everything, be it written
   * by another registry or by a try of our own whose answer was lost.
   */
  async catchUp(): Promise<void> {
    try {
      const [end] = await this.kafka.offsets(this.topic, 'latest');
      if (end !== undefined) await this.orTimeout(this.passed(end.offset));
    } catch (failure) {
      throw this.storeError(failure);
    }
  }

  /** Writes the records together and resolves when they have been applied. */
  async write(records: readonly TopicRecord[]): Promise<void> {
    this.producer ??= this.kafka.producer();
    const { producer } = this;
    try {
      const positions = await producer.send(
        records.map(({ key, value }) => ({ topic: this.topic, partition: 0, key, value })),
      );
      const last = positions.at(-1)?.offset ?? -1n;
      if (last >= 0n) await this.orTimeout(this.passed(last + 1n));
      else await this.catchUp();
    } catch (failure) {
      this.producer = undefined;
      producer.close().catch(() => {}); // it has failed already; there is nothing left to lose
      throw this.storeError(failure);
    }
  }

  private storeError(failure: unknown): RegistryError {
    if (failure instanceof RegistryError) return failure;
    this.log.error('Kafka does not keep _schemas', { why: messageOf(failure) });
    return new RegistryError(
      50001,
      `Error while storing or reading schemas in the Kafka topic ${this.topic}: ${messageOf(failure)}`,
    );
  }

  private passed(offset: bigint): Promise<void> {
    if (this.position >= offset) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ offset, resolve }));
  }

  private async orTimeout(work: Promise<void>): Promise<void> {
    const timeout = new AbortController();
    const late = pause(WRITE_TIMEOUT_MS, timeout.signal).then(() => {
      throw new RegistryError(50002, 'Operation timed out: Kafka did not give back what was written in time');
    });
    late.catch(() => {});
    try {
      await Promise.race([work, late]);
    } finally {
      timeout.abort();
    }
  }

  private async read(reader: RecordReader): Promise<void> {
    while (!this.stopped) {
      try {
        for await (const batch of reader) {
          if (batch.skippedTo !== undefined) {
            this.log.warn('_schemas was recreated: dropping what was read from it', { offset: batch.skippedTo });
            this.state.clear();
          }
          for (const { key, value, offset } of batch.records) this.apply(key, value, offset);
          this.advance(batch.nextOffset);
        }
      } catch (failure) {
        this.log.warn('reading _schemas failed; trying again', { why: messageOf(failure) });
      }
    }
  }

  private apply(key: Buffer | null, value: Buffer | null, offset: bigint): void {
    const problem = applyRecord(this.state, key, value);
    if (problem !== undefined) warnOfSkipped(this.log, { topic: this.topic, partition: 0, offset }, problem);
  }

  private advance(position: bigint): void {
    this.position = position;
    const [done, waiting] = [[] as Waiter[], [] as Waiter[]];
    for (const waiter of this.waiters) (waiter.offset <= position ? done : waiting).push(waiter);
    this.waiters = waiting;
    for (const { resolve } of done) resolve();
  }
}
