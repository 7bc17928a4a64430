import { type ConfigDefinition, TOPIC_CONFIG_BY_NAME } from '../../../protocol/kafka/topic-configs.js';
import { invalidTopicName } from '../../../protocol/kafka/topic-name.js';
import type { Broker } from '../broker.js';
import { ConfigRefused, type ConfigResource } from './config-resource.js';
import { describedTopicConfig } from './described-config.js';

export const topicResource: ConfigResource = {
  type: 2,
  names: (broker) => broker.topics.all().map(({ name }) => name),
  describe(broker, name) {
    const topic = broker.topics.get(name);
    if (topic !== undefined) return describedTopicConfig(broker.settings, topic.config);
    const why = invalidTopicName(name);
    if (why !== undefined) throw new ConfigRefused('INVALID_TOPIC_EXCEPTION', why);
    throw new ConfigRefused('UNKNOWN_TOPIC_OR_PARTITION', '');
  },
  configurable: topicConfigurable,
};

function topicConfigurable(broker: Broker, name: string) {
  const topic = broker.topics.get(name);
  if (topic === undefined) {
    throw new ConfigRefused('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`);
  }
  const definition = (key: string): ConfigDefinition => {
    const found = TOPIC_CONFIG_BY_NAME.get(key);
    if (found === undefined) throw new ConfigRefused('INVALID_CONFIG', `Unknown topic config name: ${key}`);
    return found;
  };
  return {
    current: topic.config,
    definition,
    defaultOf: (key: string) => broker.settings.topicDefault(definition(key)),
    forgiving: false,
    apply: (config: ReadonlyMap<string, string>) => topic.configure(config),
  };
}
