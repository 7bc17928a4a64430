import type { PartitionKey } from './uniform-assignor.js';

/** Partitions as messages have them: topic by topic, in the order of their numbers. */
export function byTopic(keys: Iterable<PartitionKey>): Array<{ topicId: string; partitions: number[] }> {
  const topics = new Map<string, number[]>();
  for (const key of keys) {
    const at = key.lastIndexOf(':');
    const topicId = key.slice(0, at);
    const partitions = topics.get(topicId) ?? [];
    partitions.push(Number(key.slice(at + 1)));
    topics.set(topicId, partitions);
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions: partitions.sort((a, b) => a - b) }));
}
