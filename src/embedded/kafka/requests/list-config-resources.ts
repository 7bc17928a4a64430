import { listConfigResources } from '../../../protocol/kafka/messages/list-config-resources.js';
import { CONFIG_RESOURCES } from '../resources/table.js';
import { handler } from './handler.js';

const CLIENT_METRICS = 16;

/** Supports: versions 0 and 1. Behaviour: version 0 asks for client metrics only. */
export const listConfigResourcesHandler = handler(
  listConfigResources,
  { supports: 'Topics, the broker, its logger, groups and client metrics.' },
  ({ resourceTypes }, { broker, version }) => {
    const wanted = version === 0 ? [CLIENT_METRICS] : resourceTypes;
    const configResources = CONFIG_RESOURCES.filter(({ type }) => wanted.length === 0 || wanted.includes(type)).flatMap(
      ({ type, names }) => names(broker).map((resourceName) => ({ resourceName, resourceType: type })),
    );
    return { configResources };
  },
);
