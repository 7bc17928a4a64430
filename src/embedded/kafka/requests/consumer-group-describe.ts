import { errorCode } from '../../../protocol/kafka/errors.js';
import { consumerGroupDescribe } from '../../../protocol/kafka/messages/consumer-group-describe.js';
import type { Broker } from '../broker.js';
import { byTopic } from '../groups/assigned-partitions.js';
import type { ConsumerGroup } from '../groups/consumer-group.js';
import type { PartitionKey } from '../groups/uniform-assignor.js';
import { authorizedOperations, NO_OPERATIONS } from '../security/authorized-operations.js';
import { type Call, may } from '../server/call.js';
import { handler } from './handler.js';

/** How the answer marks members, by the protocol that they speak. */
const MEMBER_TYPES = { classic: 0, consumer: 1 } as const;

/** Supports: versions 0 and 1. Behaviour: groups of the classic protocol are GROUP_ID_NOT_FOUND, as tools expect. */
export const consumerGroupDescribeHandler = handler(
  consumerGroupDescribe,
  { supports: 'Groups of the consumer protocol (KIP-848).' },
  (request, call) => ({
    groups: request.groupIds.map((groupId) => {
      const { broker } = call;
      const group = broker.groups.consumer(groupId);
      if (group === undefined) {
        const errorMessage = broker.groups.has(groupId)
          ? `Group ${groupId} is not a consumer group.`
          : `Group ${groupId} not found.`;
        return { groupId, errorCode: errorCode('GROUP_ID_NOT_FOUND'), errorMessage };
      }
      if (!mayDescribeTopics(call, group)) {
        const errorMessage = 'The group has described topic(s) that the client is not authorized to describe.';
        return { groupId, errorCode: errorCode('TOPIC_AUTHORIZATION_FAILED'), errorMessage };
      }
      return {
        groupId,
        groupState: group.state,
        groupEpoch: group.epoch,
        assignmentEpoch: group.epoch,
        assignorName: group.assignor,
        authorizedOperations: request.includeAuthorizedOperations
          ? authorizedOperations(call, 'GROUP', groupId)
          : NO_OPERATIONS,
        members: [...group.members.values()].map((member) => ({
          memberId: member.id,
          instanceId: member.instanceId,
          rackId: member.rackId,
          memberEpoch: member.epoch,
          clientId: member.clientId,
          clientHost: member.clientHost,
          subscribedTopicNames: member.subscription.topicNames,
          subscribedTopicRegex: member.subscription.pattern?.source ?? null,
          assignment: { topicPartitions: named(broker, member.assigned) },
          targetAssignment: { topicPartitions: named(broker, group.target.get(member.id) ?? []) },
          memberType: member.classic === undefined ? MEMBER_TYPES.consumer : MEMBER_TYPES.classic,
        })),
      };
    }),
  }),
);

/** All topics that its members have or are to get. */
function mayDescribeTopics(call: Call, group: ConsumerGroup): boolean {
  const assigned = [...group.members.values()].flatMap((member) => [
    ...named(call.broker, member.assigned),
    ...named(call.broker, group.target.get(member.id) ?? []),
  ]);
  return assigned.every(({ topicName }) => topicName === '' || may(call, 'DESCRIBE', 'TOPIC', topicName));
}

const named = (broker: Broker, keys: Iterable<PartitionKey>) =>
  byTopic(keys).map(({ topicId, partitions }) => ({
    topicId,
    topicName: broker.topics.getById(topicId)?.name ?? '',
    partitions,
  }));
