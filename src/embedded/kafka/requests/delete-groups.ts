import { errorCode } from '../../../protocol/kafka/errors.js';
import { deleteGroups } from '../../../protocol/kafka/messages/delete-groups.js';
import { stored } from '../storage-errors.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 2. Behaviour: a group with members is refused; offsets go with their group. */
export const deleteGroupsHandler = handler(
  deleteGroups,
  { supports: 'Groups without members.' },
  (request, { broker }) => ({
    results: request.groupsNames.map((groupId) => {
      const error = stored(broker, 'the deletion of a group', () => broker.groups.delete(groupId));
      return { groupId, errorCode: error === undefined ? 0 : errorCode(error) };
    }),
  }),
);
