import { errorCode } from '../../../protocol/kafka/errors.js';
import { heartbeat } from '../../../protocol/kafka/messages/heartbeat.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 4. Behaviour: REBALANCE_IN_PROGRESS tells a member to join again. */
export const heartbeatHandler = handler(
  heartbeat,
  { supports: 'The classic group protocol, also in groups of the consumer protocol.' },
  (request, { broker }) => {
    const group = broker.groups.forClassicMember(request.groupId);
    const error =
      typeof group === 'string'
        ? group
        : group.heartbeat(request.memberId, request.groupInstanceId, request.generationId);
    return { errorCode: error === undefined ? 0 : errorCode(error) };
  },
);
