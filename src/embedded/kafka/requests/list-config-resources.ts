import { listConfigResources } from '../../../protocol/kafka/messages/list-config-resources.js';
import { RESOURCE_TYPES } from '../topics/config-resources.js';
import { handler } from './handler.js';

/** Supports: versions 0 and 1. Behaviour: version 0 asks for client metrics only, of which there are none. */
export const listConfigResourcesHandler = handler(
  listConfigResources,
  { supports: 'Topics and the broker.' },
  ({ resourceTypes }, { broker, version }) => {
    if (version === 0) return {};
    const wants = (type: number) => resourceTypes.length === 0 || resourceTypes.includes(type);
    const topics = wants(RESOURCE_TYPES.topic)
      ? broker.topics.all().map(({ name }) => ({ resourceName: name, resourceType: RESOURCE_TYPES.topic }))
      : [];
    const brokers = wants(RESOURCE_TYPES.broker)
      ? [{ resourceName: String(broker.nodeId), resourceType: RESOURCE_TYPES.broker }]
      : [];
    return { configResources: [...topics, ...brokers] };
  },
);
