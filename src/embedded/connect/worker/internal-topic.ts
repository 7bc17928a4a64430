import type {
  KafkaClient,
  KafkaRecord,
  OutgoingRecord,
  PartitionPosition,
  RecordBatch,
  RecordProducer,
} from '../../../clients/kafka/contract.js';
import { ensureTopic } from '../../../clients/kafka/ensure-topic.js';
import { readToEnd } from '../../../clients/kafka/read-topic.js';
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
 * A compacted topic as a map, read when the worker starts and written through afterwards. Other workers of the group
 * write it too: what they have written comes by `read`, or by `take` from whoever follows the topic. Of two values of a key
 * the one of the higher offset counts, in whichever order they come. What can't be read is left out.
 */
export class InternalTopic {
  private readonly entries = new Map<string, string>();
  /** Of keys that this worker has written or read: a record before it is old. */
  private readonly offsets = new Map<string, bigint>();
  /** By partition: what is before it has been read. */
  private readonly positions = new Map<number, bigint>();
  private producer: RecordProducer;
  private reading: Promise<unknown> = Promise.resolve();
  private changed: (keys: readonly string[]) => void = () => {};

  private constructor(
    private readonly kafka: KafkaClient,
    private readonly options: TopicOptions,
    private readonly log: Log,
  ) {
    this.producer = kafka.producer();
  }

  static async open(kafka: KafkaClient, options: TopicOptions, log: Log): Promise<InternalTopic> {
    const { name, partitions } = options;
    if ((await kafka.describeTopic(name)) === undefined) await create(kafka, name, partitions);
    const topic = new InternalTopic(kafka, options, log);
    await topic.read();
    return topic;
  }

  get name(): string {
    return this.options.name;
  }

  /** What others have written meanwhile, up to the end; with `endsOpen` what is in an open transaction is waited for. */
  read(options: { readonly endsOpen?: boolean } = {}): Promise<void> {
    const result = this.reading.then(async () => {
      const from = await this.nextPositions();
      for await (const batch of readToEnd(this.kafka, this.name, { ...options, from })) this.take(batch);
    });
    this.reading = result.catch(() => {}); // the caller gets the failure
    return result;
  }

  /** Where each partition has to be read on. */
  async nextPositions(): Promise<readonly PartitionPosition[]> {
    const starts = await this.kafka.offsets(this.name, 'earliest');
    for (const { partition, offset } of starts) this.reach(partition, offset);
    return starts.map((start) => ({ ...start, offset: this.positions.get(start.partition) ?? start.offset }));
  }

  private reach(partition: number, offset: bigint): void {
    if (offset > (this.positions.get(partition) ?? -1n)) this.positions.set(partition, offset);
  }

  /** From now on it is told which keys others have changed. */
  onChange(listener: (keys: readonly string[]) => void): void {
    this.changed = listener;
  }

  take({ records, partition, nextOffset }: RecordBatch): void {
    const position = this.positions.get(partition) ?? 0n;
    const keys = records.flatMap((record) => (record.offset < position ? [] : (this.takeOne(record) ?? [])));
    this.reach(partition, nextOffset);
    if (keys.length > 0) this.changed(keys);
  }

  private takeOne({ key, value, offset, partition }: KafkaRecord): string | undefined {
    const name = key?.toString('utf8');
    const text = value?.toString('utf8');
    const problem =
      name === undefined ? 'it has no key' : text === undefined ? undefined : this.options.problemOf(name, text);
    if (name === undefined || problem !== undefined) {
      warnOfSkipped(this.log, { topic: this.name, partition, offset }, problem ?? '');
      return undefined;
    }
    if (offset <= (this.offsets.get(name) ?? -1n)) return undefined;
    this.set(name, text ?? null, offset);
    return name;
  }

  private set(key: string, value: string | null, offset: bigint): void {
    this.offsets.set(key, offset);
    if (value === null) this.entries.delete(key);
    else this.entries.set(key, value);
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
    let written: readonly PartitionPosition[];
    try {
      written = await producer.send(records);
    } catch (failure) {
      // A producer that lost a record is over: the next change begins with a new one.
      if (this.producer === producer) this.producer = this.kafka.producer();
      await producer.close().catch(() => {});
      throw failure;
    }
    changes.forEach(([key, value], at) => {
      const { offset = -1n, partition = -1 } = written[at] ?? {};
      if (offset >= (this.offsets.get(key) ?? -1n)) this.set(key, value, offset);
      // Right behind what has been read: nobody else has written in between.
      if (this.positions.get(partition) === offset) this.positions.set(partition, offset + 1n);
    });
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
  await ensureTopic(kafka, { name, partitions, config: { 'cleanup.policy': 'compact' } });
  // Each broker answers for a topic only a moment after it was made.
  const answered = async () => (await kafka.offsets(name, 'earliest')).length > 0 || undefined;
  await waitUntil(`topic ${name} to be there`, answered, { timeoutMs: CREATED_TIMEOUT_MS });
}
