import { errorCode } from '../../../protocol/kafka/errors.js';
import { leaveGroup } from '../../../protocol/kafka/messages/leave-group.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 5; several members at once, by member id or instance id. */
export const leaveGroupHandler = handler(
  leaveGroup,
  { supports: 'One or several members of either protocol, static ones by their instance id.' },
  (request, { broker, version }) => {
    const leaving =
      version >= 3 ? request.members : [{ memberId: request.memberId, groupInstanceId: null, reason: null }];
    const members = leaving.map(({ memberId, groupInstanceId }) => {
      const error = broker.groups.leave(request.groupId, memberId, groupInstanceId);
      return { memberId, groupInstanceId, errorCode: error === undefined ? 0 : errorCode(error) };
    });
    return version >= 3 ? { members } : { errorCode: members[0]?.errorCode ?? 0 };
  },
);
