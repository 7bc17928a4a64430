import { fieldsOf } from '../../../support/plain-object.js';
import type { ConnectorOffset, OffsetChange } from '../worker/sink-offsets.js';
import { offsetJson } from '../worker/stores.js';
import { RestFailure } from './failure.js';
import { atLeader } from './forward.js';
import { ACCEPTED, ok, type Route } from './route.js';

const text = (offsets: readonly ConnectorOffset[]): string =>
  `{"offsets":[${offsets.map((one) => `{"partition":${JSON.stringify(one.partition)},"offset":${offsetJson(one.offset)}}`).join(',')}]}`;

const message = (done: 'altered' | 'reset'): string =>
  `The Connect framework-managed offsets for this connector have been ${done} successfully. However, if this connector manages offsets externally, they will need to be manually ${done} in the system that the connector uses.`;

/** Without an offset the partition's is removed. */
function changeOf(given: unknown): OffsetChange {
  if (isMap(given)) {
    const { partition = null, offset = null } = given;
    if ([partition, offset].every((one) => one === null || isMap(one))) return { partition, offset };
  }
  throw new RestFailure(400, 'Each of the offsets is an object with a partition and an offset, which are objects too');
}

const isMap = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

/** KIP-875, and the topics that a connector has written to. */
export const OFFSET_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/connectors/:name/offsets',
    handle: async ({ parameters }, { herder }) => ok(text(await herder.offsets(parameters.name ?? ''))),
  },
  atLeader({
    method: 'PATCH',
    path: '/connectors/:name/offsets',
    async handle({ parameters, body }, { herder }) {
      const { offsets: given } = fieldsOf(body);
      if (!Array.isArray(given) || given.length === 0)
        throw new RestFailure(400, 'Partitions / offsets need to be provided for an alter offsets request');
      await herder.changeOffsets(parameters.name ?? '', given.map(changeOf));
      return ok({ message: message('altered') });
    },
  }),
  atLeader({
    method: 'DELETE',
    path: '/connectors/:name/offsets',
    async handle({ parameters }, { herder }) {
      await herder.changeOffsets(parameters.name ?? '', undefined);
      return ok({ message: message('reset') });
    },
  }),
  {
    method: 'GET',
    path: '/connectors/:name/topics',
    handle: ({ parameters }, { stores }) => {
      const name = parameters.name ?? '';
      return ok({ [name]: { topics: stores.activeTopics(name) } });
    },
  },
  {
    method: 'PUT',
    path: '/connectors/:name/topics/reset',
    async handle({ parameters }, { stores }) {
      await stores.resetActiveTopics(parameters.name ?? '');
      return ACCEPTED;
    },
  },
];
