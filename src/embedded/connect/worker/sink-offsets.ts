import type { KafkaClient, PartitionPosition, TopicPartition } from '../../../clients/kafka/contract.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { isPlainObject } from '../../../support/plain-object.js';
import { RestFailure } from '../rest/failure.js';
import type { SourceOffset } from './source-task.js';

/** An offset as the REST interface tells it (KIP-875). */
export interface ConnectorOffset {
  readonly partition: Readonly<Record<string, string | number>>;
  readonly offset: SourceOffset;
}

/** What a request wants; an offset of null or undefined removes the partition's. */
export interface OffsetChange {
  readonly partition: unknown;
  readonly offset: unknown;
}

export const sinkGroup = (name: string, config: RawConfig): string =>
  config['consumer.override.group.id'] ?? `connect-${name}`;

/** A sink's offsets are those that its consumer group has committed. */
export async function readSinkOffsets(kafka: KafkaClient, group: string): Promise<ConnectorOffset[]> {
  return (await kafka.committedOffsets(group)).map(({ topic, partition, offset }) => ({
    partition: { kafka_topic: topic, kafka_partition: partition },
    offset: { kafka_offset: offset },
  }));
}

/** Without a list of changes all are removed. The group has no members: the connector is stopped. */
export async function changeSinkOffsets(
  kafka: KafkaClient,
  group: string,
  changes: readonly OffsetChange[] | undefined,
): Promise<void> {
  if (changes === undefined) {
    await kafka.deleteOffsets(group, await kafka.committedOffsets(group));
    return;
  }
  const parsed = changes.map((change) => ({ ...partitionOf(change.partition), offset: offsetOf(change.offset) }));
  const set = parsed.filter((one): one is PartitionPosition => one.offset !== undefined);
  const removed = parsed.filter((one) => one.offset === undefined);
  if (set.length > 0) await kafka.commitOffsets(group, set);
  if (removed.length > 0) await kafka.deleteOffsets(group, removed);
}

const refused = (message: string): RestFailure => new RestFailure(400, message);

function partitionOf(given: unknown): TopicPartition {
  if (!isPlainObject(given)) throw refused('The partition for a sink connector offset cannot be null or missing');
  if (!('kafka_topic' in given) || !('kafka_partition' in given))
    throw refused(
      "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
    );
  const { kafka_topic: topic, kafka_partition: partition } = given;
  if (topic === null) throw refused('Kafka topic names must be valid strings and may not be null');
  if (partition === null) throw refused('Kafka partitions must be valid numbers and may not be null');
  if (!/^\d{1,9}$/.test(String(partition)))
    throw refused(
      `Failed to parse the following Kafka partition value in the provided offsets: '${String(partition)}'. Partition values for sink connectors need to be integers.`,
    );
  return { topic: String(topic), partition: Number(partition) };
}

function offsetOf(given: unknown): bigint | undefined {
  if (given === null || given === undefined) return undefined;
  if (!isPlainObject(given) || !('kafka_offset' in given))
    throw refused("The offset for a sink connector should either be null or contain the key 'kafka_offset'");
  const offset = given.kafka_offset;
  if (!/^\d{1,18}$/.test(String(offset)))
    throw refused(
      `Failed to parse the following Kafka offset value in the provided offsets: '${String(offset)}'. Offset values for sink connectors need to be integers.`,
    );
  return BigInt(String(offset));
}
