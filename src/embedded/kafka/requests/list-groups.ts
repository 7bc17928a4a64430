import { listGroups } from '../../../protocol/kafka/messages/list-groups.js';
import { CLUSTER_NAME } from '../security/acl.js';
import { may } from '../server/call.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 5, filters by state and type (in any case, as Kafka takes them). */
export const listGroupsHandler = handler(listGroups, { supports: 'Filters by state and by type.' }, (request, call) => {
  const all = may(call, 'DESCRIBE', 'CLUSTER', CLUSTER_NAME);
  const states = request.statesFilter.map((state) => state.toLowerCase());
  const types = request.typesFilter.map((type) => type.toLowerCase());
  const groups = call.broker.groups
    .list()
    .filter(({ groupId }) => all || may(call, 'DESCRIBE', 'GROUP', groupId))
    .filter(({ groupState }) => states.length === 0 || states.includes(groupState.toLowerCase()))
    .filter(({ groupType }) => types.length === 0 || types.includes(groupType));
  return { groups };
});
