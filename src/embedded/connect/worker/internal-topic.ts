import type { KafkaClient, KafkaRecord, OutgoingRecord, RecordProducer } from '../../../clients/kafka/contract.js';
import { readToEnd } from '../../../clients/kafka/read-topic.js';
import { EvpipeError } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { waitUntil } from '../../../support/retry.js';
import { warnOfSkipped } from '../../../support/skipped-record.js';
import type { ProblemOf } from './stored-records.js';

const CREATED_TIMEOUT_MS = 15_000;

interface TopicOptions {
  readonly name: string;
  /** Of a topic that has to be made. */
  readonly partitions: number;
  readonly problemOf: ProblemOf;
}

/**
 * A compacted topic as a map: read once when the worker starts, written through afterwards. One worker a data set
 * writes it, so what was written is known without reading it again. What others wrote there and can't be read is left out.
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

  static async open(kafka: KafkaClient, options: TopicOptions, log: Log): Promise<InternalTopic> {
    const { name, partitions, problemOf } = options;
    if ((await kafka.describeTopic(name)) === undefined) await create(kafka, name, partitions);
    const topic = new InternalTopic(kafka, name);
    for await (const { records, partition } of readToEnd(kafka, name)) {
      for (const record of records) {
        const problem = topic.take(record, problemOf);
        if (problem !== undefined) warnOfSkipped(log, { topic: name, partition, offset: record.offset }, problem);
      }
    }
    return topic;
  }

  private take({ key, value }: KafkaRecord, problemOf: ProblemOf): string | undefined {
    if (key === null) return 'it has no key';
    const name = key.toString('utf8');
    const text = value?.toString('utf8');
    if (text === undefined) {
      this.entries.delete(name);
      return undefined;
    }
    const problem = problemOf(name, text);
    if (problem === undefined) this.entries.set(name, text);
    return problem;
  }

  /** What may have been written by others, up to the end: what is in an open transaction is waited for. */
  async reread(isMine: (key: string) => boolean, problemOf: ProblemOf): Promise<void> {
    for await (const { records } of readToEnd(this.kafka, this.name, { endsOpen: true }))
      for (const record of records) if (isMine(record.key?.toString('utf8') ?? '')) this.take(record, problemOf);
  }

  /** For a producer that writes it among its own records; `took` once that has succeeded. */
  entry(key: string, value: string): { readonly record: OutgoingRecord; took(): void } {
    return { record: recordOf(this.name, key, value), took: () => void this.entries.set(key, value) };
  }

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  all(): ReadonlyMap<string, string> {
    return this.entries;
  }

  /** Written and acknowledged when it resolves; null removes. */
  async put(changes: ReadonlyArray<readonly [key: string, value: string | null]>): Promise<void> {
    const records = changes.map(([key, value]) => recordOf(this.name, key, value));
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

const recordOf = (topic: string, key: string, value: string | null): OutgoingRecord => ({
  topic,
  key: Buffer.from(key, 'utf8'),
  value: value === null ? null : Buffer.from(value, 'utf8'),
});

async function create(kafka: KafkaClient, name: string, partitions: number): Promise<void> {
  try {
    await kafka.createTopic({ name, partitions, config: { 'cleanup.policy': 'compact' } });
  } catch (failure) {
    const exists = failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_TOPIC_ALREADY_EXISTS';
    if (!exists) throw failure;
  }
  // A broker answers for a topic a moment after it has made it.
  const described = async () => await kafka.describeTopic(name);
  await waitUntil(`topic ${name} to be there`, described, { timeoutMs: CREATED_TIMEOUT_MS });
}
