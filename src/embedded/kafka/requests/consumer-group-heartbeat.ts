import { randomBytes } from 'node:crypto';
import { errorCode } from '../../../protocol/kafka/errors.js';
import { consumerGroupHeartbeat } from '../../../protocol/kafka/messages/consumer-group-heartbeat.js';
import type { RequestOf, ResponseInput } from '../../../protocol/kafka/schema.js';
import { byTopic } from '../groups/assigned-partitions.js';
import { ASSIGNORS } from '../groups/consumer-group.js';
import type { PartitionKey } from '../groups/uniform-assignor.js';
import { compileNamePattern, type NamePattern } from '../name-pattern.js';
import { type Call, may } from '../server/call.js';
import { handler } from './handler.js';

/**
 * Supports: versions 0 and 1 (KIP-848): the broker assigns, uniform or range; static members; regular
 * expressions in RE2 syntax. Members and assignments survive a restart of the broker. A member that joins a group of
 * the classic protocol makes it one of this, as far as group.consumer.migration.policy allows.
 */
export const consumerGroupHeartbeatHandler = handler(
  consumerGroupHeartbeat,
  {
    supports:
      'The consumer protocol (KIP-848): uniform and range assignors, static members, regular expressions, and the move of a group between the protocols while it has members.',
  },
  (request, call) => {
    const { subscribedTopicRegex: regex } = request;
    if (regex === null || regex === '') return beat(request, call, regex === null ? null : undefined);
    return compileNamePattern(regex).then((pattern) => {
      if (typeof pattern !== 'string') return beat(request, call, pattern);
      const errorMessage = `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${pattern}.`;
      return { errorCode: errorCode('INVALID_REGULAR_EXPRESSION'), errorMessage, memberId: null };
    });
  },
);

/** `topicPattern`: null where it did not change, undefined where the member has none. */
function beat(
  request: RequestOf<typeof consumerGroupHeartbeat>,
  call: Call,
  topicPattern: NamePattern | null | undefined,
): ResponseInput<typeof consumerGroupHeartbeat> {
  const { broker, peer, clientId } = call;
  const { serverAssignor } = request;
  if (serverAssignor !== null && !ASSIGNORS.some((name) => name === serverAssignor)) {
    const errorMessage = `Only ${ASSIGNORS.join(', ')} are supported.`;
    return { errorCode: errorCode('UNSUPPORTED_ASSIGNOR'), errorMessage, memberId: null };
  }
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
    topicPattern,
    mayDescribe: (name) => may(call, 'DESCRIBE', 'TOPIC', name),
    assignor: serverAssignor,
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
    heartbeatIntervalMs: Number(broker.groupSetting(request.groupId, 'consumer.heartbeat.interval.ms')),
    assignment: result.assignment === undefined ? null : { topicPartitions: byTopic(result.assignment) },
  };
}
