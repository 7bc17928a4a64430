import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeGroups } from '../../../protocol/kafka/messages/describe-groups.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import { authorizedOperations, NO_OPERATIONS } from '../security/authorized-operations.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 6. Behaviour: a group that isn't there is Dead (from version 6 on GROUP_ID_NOT_FOUND too). */
export const describeGroupsHandler = handler(
  describeGroups,
  { supports: 'Groups of the classic protocol.' },
  (request, call) => ({
    groups: request.groups.map((groupId) => {
      const { broker, version } = call;
      const group = broker.groups.classic(groupId);
      const missing = typeof group === 'string' && version >= 6;
      const operations =
        request.includeAuthorizedOperations && !missing ? authorizedOperations(call, 'GROUP', groupId) : NO_OPERATIONS;
      if (typeof group === 'string') {
        return {
          errorCode: missing ? errorCode('GROUP_ID_NOT_FOUND') : 0,
          errorMessage: missing ? missingGroup(broker.groups, groupId) : null,
          groupId,
          groupState: 'Dead',
          authorizedOperations: operations,
        };
      }
      const stable = group.state === 'Stable';
      return {
        groupId,
        groupState: group.state,
        protocolType: group.protocolType ?? '',
        protocolData: stable ? (group.protocol ?? '') : '',
        authorizedOperations: operations,
        members: [...group.members.values()].map((member) => ({
          memberId: member.id,
          groupInstanceId: member.instanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          memberMetadata: stable ? member.protocols.find(({ name }) => name === group.protocol)?.metadata : undefined,
          memberAssignment: stable ? member.assignment : undefined,
        })),
      };
    }),
  }),
);

const missingGroup = (groups: GroupCoordinator, id: string): string =>
  groups.has(id) ? `Group ${id} is not a classic group.` : `Group ${id} not found.`;
