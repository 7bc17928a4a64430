import { type ConfigDefinition, TOPIC_CONFIGS } from '../../../protocol/kafka/topic-configs.js';
import { BROKER_CONFIG_BY_NAME } from '../topics/broker-config-definitions.js';
import type { BrokerSettings } from '../topics/settings.js';

/** The protocol's numbers of where a value comes from. */
export const CONFIG_SOURCES = {
  topic: 1,
  alteredBroker: 2,
  alteredBrokers: 3,
  broker: 4,
  default: 5,
  brokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const;
export type ConfigSource = keyof typeof CONFIG_SOURCES;

export interface DescribedConfig {
  readonly name: string;
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  /** The type is unknown of loggers only. */
  readonly definition: { readonly type: ConfigDefinition['type'] | 'unknown'; readonly documentation: string };
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
      ...(brokerName === undefined ? [] : brokerSynonyms(broker, brokerName)),
    ];
    const best = synonyms[0] ?? { value: broker.topicDefault(definition), source: 'default' as const };
    return { name, value: best.value, source: best.source, readOnly: false, sensitive: false, definition, synonyms };
  });
}

function brokerSynonyms(broker: BrokerSettings, name: string): DescribedConfig['synonyms'] {
  const fallback = BROKER_CONFIG_BY_NAME.get(name)?.default;
  const given: ReadonlyArray<readonly [ConfigSource, string | null | undefined]> = [
    ['alteredBroker', broker.altered.get(name)],
    ['alteredBrokers', broker.alteredDefaults.get(name)],
    ['broker', broker.fixed.get(name)],
    ['default', fallback],
  ];
  return given.flatMap(([source, value]) => (value === undefined || value === null ? [] : [{ name, value, source }]));
}

export function describedBrokerConfig(broker: BrokerSettings): DescribedConfig[] {
  const known = [...BROKER_CONFIG_BY_NAME.values()].map((definition): DescribedConfig => {
    const { name, type, update } = definition;
    const sensitive = type === 'password';
    const synonyms = brokerSynonyms(broker, name).map((synonym) => (sensitive ? { ...synonym, value: null } : synonym));
    const best = synonyms[0] ?? { value: null, source: 'default' };
    return {
      ...{ name, definition, synonyms, sensitive },
      value: best.value,
      source: best.source,
      readOnly: update === undefined,
    };
  });
  const names = new Set([...broker.altered.keys(), ...broker.alteredDefaults.keys()]);
  const unknown = [...names].filter((name) => !BROKER_CONFIG_BY_NAME.has(name));
  return [...known, ...unknown.map((name) => unknownConfig(broker, name))];
}

/** An unknown setting may be a secret: its value isn't shown. */
function unknownConfig(broker: BrokerSettings, name: string): DescribedConfig {
  const synonyms = brokerSynonyms(broker, name).map((synonym) => ({ ...synonym, value: null }));
  const definition = { type: 'string', documentation: '' } as const;
  const source = synonyms[0]?.source ?? 'default';
  return { name, value: null, source, readOnly: false, sensitive: true, definition, synonyms };
}
