import { BROKER_CONFIG_BY_NAME, type ConfigDefinition, TOPIC_CONFIGS } from './config-definitions.js';
import type { BrokerSettings } from './settings.js';

/** The protocol's numbers of where a value comes from. */
export const CONFIG_SOURCES = {
  topic: 1,
  alteredBroker: 2,
  alteredBrokers: 3,
  broker: 4,
  default: 5,
  group: 8,
} as const;
export type ConfigSource = keyof typeof CONFIG_SOURCES;

export interface DescribedConfig {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly definition: ConfigDefinition;
  /** Where a value would come from, best first. */
  readonly synonyms: ReadonlyArray<{
    readonly name: string;
    readonly value: string | null;
    readonly source: ConfigSource;
  }>;
}

/** All settings of a topic with these overrides. */
export function describedTopicConfig(
  broker: BrokerSettings,
  overrides: ReadonlyMap<string, string>,
): DescribedConfig[] {
  return TOPIC_CONFIGS.map((definition) => {
    const { name, brokerName } = definition;
    const override = overrides.get(name);
    const synonyms = [
      ...(override === undefined ? [] : [{ name, value: override, source: 'topic' as const }]),
      ...(brokerName === undefined ? [] : brokerSynonyms(broker, brokerName, definition.default)),
    ];
    const best = synonyms[0] ?? { value: definition.default, source: 'default' as const };
    return { name, value: best.value, source: best.source, readOnly: false, sensitive: false, definition, synonyms };
  });
}

function brokerSynonyms(broker: BrokerSettings, name: string, fallback: string): DescribedConfig['synonyms'] {
  const altered = broker.altered.get(name);
  const alteredForAll = broker.alteredDefaults.get(name);
  const fixed = broker.fixed.get(name);
  return [
    ...(altered === undefined ? [] : [{ name, value: altered, source: 'alteredBroker' as const }]),
    ...(alteredForAll === undefined ? [] : [{ name, value: alteredForAll, source: 'alteredBrokers' as const }]),
    ...(fixed === undefined ? [] : [{ name, value: fixed, source: 'broker' as const }]),
    ...(UNSET.has(name)
      ? []
      : [{ name, value: fallback, source: STATIC.has(name) ? ('broker' as const) : ('default' as const) }]),
  ];
}

const DYNAMIC: ReadonlySet<string | undefined> = new Set([
  ...TOPIC_CONFIGS.map(({ brokerName }) => brokerName),
  'log.cleaner.backoff.ms',
  'producer.id.expiration.ms',
]);

/** Settings of the broker that can be altered while it runs: those that Kafka has on its list. */
export const isDynamic = (name: string): boolean => DYNAMIC.has(name);

/** Of these a broker has no default: `log.retention.hours` and `log.roll.hours` give it. */
const UNSET: ReadonlySet<string> = new Set(['log.retention.ms', 'log.roll.ms', 'log.roll.jitter.ms']);

/** What every node has in its file. */
const STATIC: ReadonlySet<string> = new Set(['node.id', 'process.roles']);

export function describedBrokerConfig(broker: BrokerSettings): DescribedConfig[] {
  const known = [...BROKER_CONFIG_BY_NAME.values()].map((definition) => {
    const synonyms = brokerSynonyms(broker, definition.name, definition.default);
    const best = synonyms[0] ?? { value: null, source: 'default' as const };
    return {
      name: definition.name,
      value: best.value,
      source: best.source,
      readOnly: !isDynamic(definition.name),
      sensitive: false,
      definition,
      synonyms,
    };
  });
  const names = new Set([...broker.altered.keys(), ...broker.alteredDefaults.keys()]);
  const unknown = [...names].filter((name) => !BROKER_CONFIG_BY_NAME.has(name));
  return [...known, ...unknown.map((name) => unknownConfig(broker, name))];
}

/** What nobody knows may be a secret: its value isn't told. */
function unknownConfig(broker: BrokerSettings, name: string): DescribedConfig {
  const synonyms = brokerSynonyms(broker, name, '')
    .filter(({ source }) => source !== 'default')
    .map((synonym) => ({ ...synonym, value: null }));
  const definition = { name, type: 'string', default: '', documentation: '' } as const;
  const source = synonyms[0]?.source ?? 'default';
  return { name, value: null, source, readOnly: false, sensitive: true, definition, synonyms };
}
