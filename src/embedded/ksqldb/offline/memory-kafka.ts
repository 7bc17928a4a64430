import type {
  GroupMember,
  KafkaClient,
  KafkaRecord,
  OutgoingRecord,
  PartitionPosition,
  ReaderOptions,
  RecordBatch,
  RecordProducer,
  RecordReader,
  TopicDescription,
  TopicPreview,
  TransactionalProducer,
} from '../../../clients/kafka/contract.js';
import { partitionOfKey } from '../../../clients/kafka/partitioner.js';

interface Topic {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  readonly partitions: KafkaRecord[][];
}

const notOffline = (what: string): Error => new Error(`${what} is not possible without a broker`);

/** Topics in memory, for statements that are tested without a broker. Time is what the records say. */
export class MemoryKafka implements KafkaClient {
  private readonly topics = new Map<string, Topic>();
  /** Called for every record that is appended, in order. */
  onRecord: (record: KafkaRecord) => void = () => {};

  constructor(private readonly now: () => number) {}

  async describeCluster() {
    return { clusterId: 'offline', controllerId: 1, brokers: [{ id: 1, host: '127.0.0.1', port: 0 }] };
  }

  async listTopics(): Promise<readonly TopicDescription[]> {
    return [...this.topics.values()].map(describe);
  }

  async describeTopic(name: string): Promise<TopicDescription | undefined> {
    const topic = this.topics.get(name);
    return topic === undefined ? undefined : describe(topic);
  }

  async createTopic(spec: { name: string; partitions: number; config?: Readonly<Record<string, string>> }) {
    const partitions = Array.from({ length: spec.partitions }, () => []);
    this.topics.set(spec.name, { name: spec.name, config: spec.config ?? {}, partitions });
  }

  async previewTopic(): Promise<TopicPreview> {
    return { replicas: undefined, minInsyncReplicas: undefined };
  }

  async createPartitions(topic: string, total: number): Promise<void> {
    const { partitions } = this.topic(topic);
    while (partitions.length < total) partitions.push([]);
  }

  async deleteTopic(name: string): Promise<void> {
    this.topics.delete(name);
  }

  async topicConfig(topic: string) {
    return Object.entries(this.topic(topic).config).map(([name, value]) => ({
      name,
      value,
      source: 'topic' as const,
      readOnly: false,
      sensitive: false,
    }));
  }

  async offsets(topic: string, at: 'earliest' | 'latest' | { readonly timestampMs: number }) {
    return this.topic(topic).partitions.map((records, partition) => {
      const first = typeof at === 'object' ? records.findIndex(({ timestampMs }) => timestampMs >= at.timestampMs) : 0;
      const offset = at === 'latest' || first === -1 ? records.length : first;
      return { topic, partition, offset: BigInt(offset) };
    });
  }

  async listGroups() {
    return [];
  }

  async describeGroup(group: string) {
    return { group, state: 'Dead', protocolType: '', members: [] };
  }

  async committedOffsets(): Promise<readonly PartitionPosition[]> {
    return [];
  }

  async commitOffsets(): Promise<void> {}
  async deleteOffsets(): Promise<void> {}
  async deleteGroup(): Promise<void> {}

  groupSession(): never {
    throw notOffline('a group');
  }

  groupMember(): GroupMember {
    throw notOffline('joining a group');
  }

  async close(): Promise<void> {}

  async alterTopicConfig(): Promise<void> {
    throw notOffline('altering a topic');
  }

  async deleteRecords(): Promise<void> {
    throw notOffline('deleting records');
  }

  /** Gives what is there, then ends: nothing else appends while a test reads. */
  reader({ from }: ReaderOptions): RecordReader {
    const batches = from.map(({ topic, partition, offset }): RecordBatch => {
      const all = this.topic(topic).partitions[partition] ?? [];
      const end = BigInt(all.length);
      const records = all.slice(Number(offset));
      return { topic, partition, records, nextOffset: end, highWatermark: end, lastStableOffset: end };
    });
    return {
      assign() {},
      unassign() {},
      position: () => undefined,
      async close() {},
      async *[Symbol.asyncIterator]() {
        yield* batches;
      },
    };
  }

  producer(): RecordProducer {
    return {
      append: (record) => void this.append(record),
      room: () => undefined,
      async flush() {},
      send: async (records) => records.map((record) => this.append(record)),
      async close() {},
    };
  }

  transactionalProducer(): TransactionalProducer {
    const nothing = () => Promise.resolve();
    const sendOffsets = nothing;
    return { ...this.producer(), init: nothing, sendOffsets, commit: nothing, abort: nothing };
  }

  /** All records of a topic in the order in which they were appended to each partition. */
  records(topic: string): KafkaRecord[] {
    return this.topics.get(topic)?.partitions.flat() ?? [];
  }

  append(record: OutgoingRecord): PartitionPosition {
    const { partitions } = this.topic(record.topic);
    const partition = record.partition ?? (record.key === null ? 0 : partitionOfKey(record.key, partitions.length));
    const log = partitions[partition];
    if (log === undefined) throw new Error(`topic ${record.topic} has no partition ${partition}`);
    const offset = BigInt(log.length);
    const { topic, key, value, timestampMs = this.now(), headers = [] } = record;
    const stored: KafkaRecord = { topic, partition, offset, timestampMs, key, value, headers };
    log.push(stored);
    this.onRecord(stored);
    return { topic: record.topic, partition, offset };
  }

  private topic(name: string): Topic {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new Error(`topic ${name} does not exist`);
    return topic;
  }
}

const describe = ({ name, partitions }: Topic): TopicDescription => ({
  name,
  topicId: name,
  internal: false,
  partitions: partitions.map((_, partition) => ({ partition, leader: 1, replicas: [1], isr: [1] })),
});
