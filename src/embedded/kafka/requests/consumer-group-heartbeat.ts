import { randomBytes } from 'node:crypto';
import { errorCode } from '../../../protocol/kafka/errors.js';
import { consumerGroupHeartbeat } from '../../../protocol/kafka/messages/consumer-group-heartbeat.js';
import type { PartitionKey } from '../groups/uniform-assignor.js';
import { byTopic } from './assigned-partitions.js';
import { handler } from './handler.js';

/**
 * Supports: versions 0 and 1 (KIP-848): the broker assigns, uniform or range; static members; regular expressions.
 * Not implemented: moving a group with members from one protocol to the other; members do not outlive a restart of
 * the broker (they join again by themselves).
 */
export const consumerGroupHeartbeatHandler = handler(
  consumerGroupHeartbeat,
  {
    supports: 'The consumer protocol (KIP-848): uniform and range assignors, static members, regular expressions.',
    lacks: 'Moving a group that has members between the protocols. Members join anew after a restart of the broker.',
  },
  (request, { broker, peer, clientId }) => {
    const group = broker.groups.consumerForHeartbeat(request.groupId, request.memberEpoch);
    if (typeof group === 'string') {
      return { errorCode: errorCode(group), errorMessage: `Group ${request.groupId} is not a consumer group.` };
    }
    const owned = request.topicPartitions?.flatMap(({ topicId, partitions }) =>
      partitions.map((partition): PartitionKey => `${topicId}:${partition}`),
    );
    const result = group.heartbeat({
      memberId: request.memberId === '' ? randomBytes(16).toString('base64url') : request.memberId,
      memberEpoch: request.memberEpoch,
      instanceId: request.instanceId,
      rackId: request.rackId,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      topicNames: request.subscribedTopicNames,
      topicRegex: request.subscribedTopicRegex,
      assignor: request.serverAssignor,
      owned: owned ?? null,
      clientId,
      clientHost: `/${peer.host}`,
    });
    if (result.error !== undefined) {
      return { errorCode: errorCode(result.error), errorMessage: result.message ?? null, memberId: null };
    }
    return {
      memberId: result.memberId,
      memberEpoch: result.memberEpoch,
      heartbeatIntervalMs: broker.settings.number('group.consumer.heartbeat.interval.ms'),
      assignment: result.assignment === undefined ? null : { topicPartitions: byTopic(result.assignment) },
    };
  },
);
