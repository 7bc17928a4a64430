import type { ConfigDefinition } from '../../../protocol/kafka/topic-configs.js';
import type { Broker } from '../broker.js';
import { BROKER_CONFIG_BY_NAME } from '../topics/broker-config-definitions.js';
import { ConfigRefused, type ConfigResource, type Configurable, replaced } from './config-resource.js';
import { type DescribedConfig, describedBrokerConfig } from './described-config.js';

/** The broker's own settings have its id; the resource without a name is what is set for all brokers. */
export const brokerResource: ConfigResource = {
  type: 4,
  names: (broker) => [String(broker.nodeId)],
  describe(broker, name) {
    const all = describedBrokerConfig(broker.settings);
    if (name === '') return describedDefaults(broker, all);
    if (name === String(broker.nodeId)) return all;
    const expected = `expected ${broker.nodeId} or empty string, but received ${name}`;
    throw new ConfigRefused('INVALID_REQUEST', `Unexpected broker id, ${expected}`);
  },
  configurable(broker, name) {
    if (name === '') return brokerConfigurable(broker, broker.settings.alteredDefaults, true);
    if (name === String(broker.nodeId)) return brokerConfigurable(broker, broker.settings.altered, false);
    throw new ConfigRefused('INVALID_REQUEST', `Unexpected broker id, expected ${broker.nodeId}, but received ${name}`);
  },
};

/** What is set for all brokers, whatever this one has of its own. */
function describedDefaults({ settings }: Broker, all: readonly DescribedConfig[]): DescribedConfig[] {
  return all
    .filter(({ name }) => settings.alteredDefaults.has(name))
    .map((entry) => {
      const synonyms = entry.synonyms.filter(({ source }) => source === 'alteredBrokers');
      return { ...entry, value: synonyms[0]?.value ?? null, source: 'alteredBrokers', synonyms };
    });
}

function brokerConfigurable(broker: Broker, altered: Map<string, string>, forAll: boolean): Configurable {
  const { settings } = broker;
  return {
    current: altered,
    definition(key) {
      const found = BROKER_CONFIG_BY_NAME.get(key);
      // A broker keeps what it doesn't know: it may belong to a plugin.
      if (found === undefined) return { name: key, type: 'string', default: '', documentation: '' };
      const why = notAltered(found, forAll);
      if (why !== undefined) throw new ConfigRefused('INVALID_REQUEST', why);
      return found;
    },
    forgiving: true,
    invalidError: 'INVALID_REQUEST',
    defaultOf: (key) => settings.fixed.get(key) ?? BROKER_CONFIG_BY_NAME.get(key)?.default ?? '',
    apply(config) {
      replaced(altered, config, () => broker.save());
      broker.topics.refreshSettings();
    },
  };
}

/** Why a setting can't be altered while the broker runs, in Kafka's words; undefined where it can. */
function notAltered({ name, update }: ConfigDefinition, forAll: boolean): string | undefined {
  if (update === undefined) return `Cannot update these configs dynamically: Set(${name})`;
  if (update === 'listener') {
    return `These security configs can be dynamically updated only per-listener using the listener prefix: HashSet(${name})`;
  }
  return update === 'broker' && forAll
    ? `Cannot update these configs at default cluster level, broker id must be specified: Set(${name})`
    : undefined;
}
