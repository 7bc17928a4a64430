import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeTopicPartitions } from '../../../protocol/kafka/messages/describe-topic-partitions.js';
import type { ResponseInput } from '../../../protocol/kafka/schema.js';
import { LEADER_EPOCH } from '../log/partition-log.js';
import { TOPIC_OPERATIONS } from '../security/authorized-operations.js';
import { handler } from './handler.js';

type TopicAnswer = NonNullable<NonNullable<ResponseInput<typeof describeTopicPartitions>['topics']>[number]>;
type Partitions = NonNullable<TopicAnswer['partitions']>;

/** Supports: version 0, with the cursor over more partitions than one answer holds. */
export const describeTopicPartitionsHandler = handler(
  describeTopicPartitions,
  { supports: 'All topics or those named; pages by cursor.' },
  (request, { broker }) => {
    const { cursor } = request;
    const named =
      request.topics.length > 0 ? request.topics.map(({ name }) => name) : broker.topics.all().map(({ name }) => name);
    const names = [...new Set(named)].sort().filter((name) => cursor === null || name >= cursor.topicName);
    const topics: TopicAnswer[] = [];
    let left = Math.max(1, Math.min(request.responsePartitionLimit, 2000));
    for (const name of names) {
      const topic = broker.topics.get(name);
      if (topic === undefined) {
        topics.push({ name, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') });
        continue;
      }
      const first = cursor?.topicName === name ? cursor.partitionIndex : 0;
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } };
      const end = Math.min(topic.partitions, first + left);
      topics.push({
        name,
        topicId: topic.id,
        isInternal: topic.internal,
        partitions: described(first, end),
        topicAuthorizedOperations: TOPIC_OPERATIONS,
      });
      left -= end - first;
      if (end < topic.partitions) return { topics, nextCursor: { topicName: name, partitionIndex: end } };
    }
    return { topics };
  },
);

function described(first: number, end: number): Partitions {
  return Array.from({ length: Math.max(0, end - first) }, (_, at) => ({
    partitionIndex: first + at,
    leaderId: 1,
    leaderEpoch: LEADER_EPOCH,
    replicaNodes: [1],
    isrNodes: [1],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
  }));
}
