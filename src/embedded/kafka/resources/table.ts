import { brokerResource } from './broker.js';
import { brokerLoggerResource } from './broker-logger.js';
import { clientMetricsResource } from './client-metrics.js';
import { ConfigRefused, type ConfigResource } from './config-resource.js';
import { groupResource } from './group.js';
import { topicResource } from './topic.js';

/** Everything that can be configured through the protocol, in the order in which ListConfigResources names it. */
export const CONFIG_RESOURCES: readonly ConfigResource[] = [
  groupResource,
  clientMetricsResource,
  brokerLoggerResource,
  brokerResource,
  topicResource,
];

/** Throws ConfigRefused with this text and the number where it is none of the above. */
export function configResource(type: number, refusal: string): ConfigResource {
  const found = CONFIG_RESOURCES.find((resource) => resource.type === type);
  if (found === undefined) throw new ConfigRefused('INVALID_REQUEST', `${refusal}${type}`);
  return found;
}
