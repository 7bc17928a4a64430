import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeTopicPartitions } from '../../../protocol/kafka/messages/describe-topic-partitions.js';
import type { ResponseInput } from '../../../protocol/kafka/schema.js';
import { LEADER_EPOCH } from '../log/partition-log.js';
import { authorizedOperations } from '../security/authorized-operations.js';
import { may } from '../server/call.js';
import { handler } from './handler.js';

type TopicAnswer = NonNullable<NonNullable<ResponseInput<typeof describeTopicPartitions>['topics']>[number]>;
type Partitions = NonNullable<TopicAnswer['partitions']>;

/** Supports: version 0, with the cursor over more partitions than one answer holds. */
export const describeTopicPartitionsHandler = handler(
  describeTopicPartitions,
  { supports: 'All topics or those named; pages by cursor.' },
  (request, call) => {
    const { broker } = call;
    const { cursor } = request;
    const mayDescribe = (name: string): boolean => may(call, 'DESCRIBE', 'TOPIC', name);
    const all = (): string[] => broker.topics.all().flatMap(({ name }) => (mayDescribe(name) ? [name] : []));
    const named = request.topics.length > 0 ? request.topics.map(({ name }) => name) : all();
    const names = [...new Set(named)].sort().filter((name) => cursor === null || name >= cursor.topicName);
    const topics: TopicAnswer[] = [];
    let left = Math.max(1, Math.min(request.responsePartitionLimit, 2000));
    for (const name of names) {
      const topic = broker.topics.get(name);
      const operations = { topicAuthorizedOperations: authorizedOperations(call, 'TOPIC', name) };
      if (!mayDescribe(name) || topic === undefined) {
        if (mayDescribe(name)) topics.push({ name, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'), ...operations });
        else topics.push({ name, errorCode: errorCode('TOPIC_AUTHORIZATION_FAILED') });
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
        ...operations,
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
