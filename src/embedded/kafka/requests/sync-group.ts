import { errorCode } from '../../../protocol/kafka/errors.js';
import { syncGroup } from '../../../protocol/kafka/messages/sync-group.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 5. Behaviour: followers are answered when the leader's assignment is there. */
export const syncGroupHandler = handler(
  syncGroup,
  { supports: 'The classic group protocol, also in groups of the consumer protocol.' },
  async (request, { broker, version }) => {
    if (version >= 5 && (request.protocolType === null || request.protocolName === null)) {
      return { errorCode: errorCode('INCONSISTENT_GROUP_PROTOCOL') };
    }
    const group = broker.groups.forClassicMember(request.groupId);
    if (typeof group === 'string') return { errorCode: errorCode(group) };
    const result = await group.sync({
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generation: request.generationId,
      protocolType: request.protocolType,
      protocol: request.protocolName,
      assignments: new Map(request.assignments.map(({ memberId, assignment }) => [memberId, Buffer.from(assignment)])),
    });
    return {
      errorCode: result.error === undefined ? 0 : errorCode(result.error),
      protocolType: result.protocolType,
      protocolName: result.protocol,
      assignment: result.assignment,
    };
  },
);
