import { decodeStruct, encodeStruct } from '../../../protocol/kafka/codec.js';
import { MalformedMessage } from '../../../protocol/kafka/malformed.js';
import { assignment, subscription } from '../../../protocol/kafka/messages/consumer-protocol.js';
import type { PartitionKey } from './uniform-assignor.js';

/** What consumers of the classic protocol say of themselves in opaque bytes, which a group of both protocols has to read. */
export interface EmbeddedSubscription {
  readonly topics: readonly string[];
  readonly owned: readonly PartitionKey[];
  readonly rackId: string | null;
}

/** The topics by name and by id. */
export interface TopicNames {
  idOf(name: string): string | undefined;
  nameOf(id: string): string | undefined;
}

const VERSION_MAX = 3;

function versionOf(bytes: Buffer): number {
  if (bytes.length < 2 || bytes.readInt16BE(0) < 0) throw new MalformedMessage('it has no version');
  return Math.min(bytes.readInt16BE(0), VERSION_MAX);
}

/** Throws where it is not a consumer's. */
export function decodeSubscription(metadata: Buffer, names: TopicNames): EmbeddedSubscription {
  const { topics, ownedPartitions, rackId } = decodeStruct(subscription, versionOf(metadata), metadata.subarray(2));
  return { topics, owned: keysOf(ownedPartitions, names), rackId };
}

/** Throws where it is not a consumer's, or has what only its own assignor understands. */
export function decodeAssignment(bytes: Buffer, names: TopicNames): PartitionKey[] {
  if (bytes.length === 0) return [];
  const { assignedPartitions, userData } = decodeStruct(assignment, versionOf(bytes), bytes.subarray(2));
  if (userData !== null && userData.length > 0) throw new MalformedMessage('it has data of a custom assignor');
  return keysOf(assignedPartitions, names);
}

/** In the version that the member's metadata has. */
export function encodeAssignment(keys: Iterable<PartitionKey>, metadata: Buffer, names: TopicNames): Buffer {
  const topics = new Map<string, number[]>();
  for (const key of keys) {
    const at = key.lastIndexOf(':');
    const topic = names.nameOf(key.slice(0, at));
    if (topic === undefined) continue; // deleted meanwhile
    const partitions = topics.get(topic) ?? [];
    partitions.push(Number(key.slice(at + 1)));
    topics.set(topic, partitions);
  }
  const assignedPartitions = [...topics].map(([topic, partitions]) => ({
    topic,
    partitions: partitions.sort((a, b) => a - b),
  }));
  return encodeStruct(assignment, versionOf(metadata), { assignedPartitions });
}

const keysOf = (
  topics: ReadonlyArray<{ readonly topic: string; readonly partitions: readonly number[] }>,
  names: TopicNames,
): PartitionKey[] =>
  topics.flatMap(({ topic, partitions }) => {
    const id = names.idOf(topic);
    return id === undefined ? [] : partitions.map((partition): PartitionKey => `${id}:${partition}`);
  });
