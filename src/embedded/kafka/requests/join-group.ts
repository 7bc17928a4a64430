import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { joinGroup } from '../../../protocol/kafka/messages/join-group.js';
import type { ResponseInput } from '../../../protocol/kafka/schema.js';
import type { JoinResult } from '../groups/classic-member.js';
import { handler } from './handler.js';

/**
 * Supports: versions 0 to 9, static members, MEMBER_ID_REQUIRED, any protocol type.
 * Behaviour: the answer comes when all members have joined, or at the rebalance timeout.
 */
export const joinGroupHandler = handler(
  joinGroup,
  {
    supports:
      'All assignors, cooperative-sticky among them; static members (KIP-345); members of groups of the consumer protocol.',
  },
  async (request, { broker, peer, version, clientId }) => {
    const refused = (error: ErrorName): ResponseInput<typeof joinGroup> => ({
      errorCode: errorCode(error),
      memberId: request.memberId,
      protocolName: version >= 7 ? null : '',
    });
    if (request.groupId === '') return refused('INVALID_GROUP_ID');
    const { settings } = broker;
    if (
      request.sessionTimeoutMs < settings.number('group.min.session.timeout.ms') ||
      request.sessionTimeoutMs > settings.number('group.max.session.timeout.ms')
    ) {
      return refused('INVALID_SESSION_TIMEOUT');
    }
    const group = broker.groups.classicForJoin(request.groupId, request.memberId);
    if (typeof group === 'string') return refused(group);
    const result = await group.join({
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      clientId,
      clientHost: `/${peer.host}`,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
      protocolType: request.protocolType,
      // Slices of the frame would keep all of it for as long as the member lives.
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
      idRequired: version >= 4,
      canSkipAssignment: version >= 9,
    });
    return answer(result, version);
  },
);

function answer(result: JoinResult, version: number): ResponseInput<typeof joinGroup> {
  return {
    errorCode: result.error === undefined ? 0 : errorCode(result.error),
    generationId: result.generation,
    protocolType: result.protocolType,
    protocolName: result.protocol ?? (version >= 7 ? null : ''),
    leader: result.leader,
    skipAssignment: result.skipAssignment,
    memberId: result.memberId,
    members: result.members.map(({ memberId, instanceId, metadata }) => ({
      memberId,
      groupInstanceId: instanceId,
      metadata,
    })),
  };
}
