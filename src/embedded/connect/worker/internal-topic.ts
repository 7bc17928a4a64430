import type { KafkaClient, RecordProducer } from '../../../clients/kafka/contract.js';
import { EvpipeError } from '../../../support/errors.js';
import { waitUntil } from '../../../support/retry.js';

const CREATED_TIMEOUT_MS = 15_000;

/**
 * A compacted topic as a map: read once when the worker starts, written through afterwards. One worker a data set
 * writes it, so what was written is known without reading it again.
 */
export class InternalTopic {
  private readonly entries = new Map<string, string>();
  private producer: RecordProducer;

  private constructor(
    private readonly kafka: KafkaClient,
    readonly name: string,
  ) {
    this.producer = kafka.producer();
  }

  static async open(kafka: KafkaClient, name: string, partitions: number): Promise<InternalTopic> {
    if ((await kafka.describeTopic(name)) === undefined) await create(kafka, name, partitions);
    const topic = new InternalTopic(kafka, name);
    await topic.load();
    return topic;
  }

  private async load(): Promise<void> {
    const ends = new Map((await this.kafka.offsets(this.name, 'latest')).map((end) => [end.partition, end.offset]));
    const starts = await this.kafka.offsets(this.name, 'earliest');
    const open = new Set(
      starts.filter((start) => start.offset < (ends.get(start.partition) ?? 0n)).map((start) => start.partition),
    );
    if (open.size === 0) return;
    const reader = this.kafka.reader({ from: starts.filter((start) => open.has(start.partition)), maxWaitMs: 100 });
    try {
      for await (const batch of reader) {
        for (const record of batch.records) {
          const key = record.key?.toString('utf8') ?? '';
          if (record.value === null) this.entries.delete(key);
          else this.entries.set(key, record.value.toString('utf8'));
        }
        if (batch.nextOffset >= (ends.get(batch.partition) ?? 0n)) open.delete(batch.partition);
        if (open.size === 0) return;
      }
    } finally {
      await reader.close();
    }
  }

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  all(): ReadonlyMap<string, string> {
    return this.entries;
  }

  /** Written and acknowledged when it resolves; null removes. */
  async put(changes: ReadonlyArray<readonly [key: string, value: string | null]>): Promise<void> {
    const records = changes.map(([key, value]) => ({
      topic: this.name,
      key: Buffer.from(key, 'utf8'),
      value: value === null ? null : Buffer.from(value, 'utf8'),
    }));
    const { producer } = this;
    try {
      await producer.send(records);
    } catch (failure) {
      // A producer that lost a record is over: the next change begins with a new one.
      if (this.producer === producer) this.producer = this.kafka.producer();
      await producer.close().catch(() => {});
      throw failure;
    }
    for (const [key, value] of changes) {
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
  }

  close(): Promise<void> {
    return this.producer.close();
  }
}

async function create(kafka: KafkaClient, name: string, partitions: number): Promise<void> {
  try {
    await kafka.createTopic({ name, partitions, replicationFactor: 1, config: { 'cleanup.policy': 'compact' } });
  } catch (failure) {
    const exists = failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS';
    if (!exists) throw failure;
  }
  // A broker answers for a topic a moment after it has made it.
  const described = async () => await kafka.describeTopic(name);
  await waitUntil(`topic ${name} to be there`, described, { timeoutMs: CREATED_TIMEOUT_MS });
}
