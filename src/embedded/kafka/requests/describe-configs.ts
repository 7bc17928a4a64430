import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { describeConfigs } from '../../../protocol/kafka/messages/describe-configs.js';
import type { RequestOf, ResponseInput } from '../../../protocol/kafka/schema.js';
import type { Broker } from '../broker.js';
import { invalidTopicName } from '../topics/catalog.js';
import { RESOURCE_TYPES } from '../topics/config-resources.js';
import {
  CONFIG_SOURCES,
  type DescribedConfig,
  describedBrokerConfig,
  describedTopicConfig,
} from '../topics/described-config.js';
import type { BrokerSettings } from '../topics/settings.js';
import { handler } from './handler.js';

type Request = RequestOf<typeof describeConfigs>;
type Answer = NonNullable<NonNullable<ResponseInput<typeof describeConfigs>['results']>[number]>;
type Entry = NonNullable<Answer['configs']>[number];

const TYPE_NUMBERS = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7, password: 9 } as const;

/** Supports: versions 1 to 4: topics and the broker, with types, synonyms and documentation. */
export const describeConfigsHandler = handler(
  describeConfigs,
  {
    supports: 'Topics and the broker; values, sources, synonyms, types, documentation.',
    lacks: 'Of the broker, only settings that have an effect here are listed. Loggers and client metrics.',
  },
  (request, { broker }) => ({
    results: request.resources.map((resource): Answer => {
      const { resourceType, resourceName } = resource;
      const found = describe(broker, resourceType, resourceName);
      if (!Array.isArray(found)) {
        return {
          resourceType,
          resourceName,
          errorCode: errorCode(found.error),
          errorMessage: found.message,
        };
      }
      const keys = resource.configurationKeys;
      const configs = found
        .filter(({ name }) => keys === null || keys.length === 0 || keys.includes(name))
        .map((entry) => answered(entry, request));
      return { resourceType, resourceName, errorMessage: '', configs };
    }),
  }),
);

function describe(
  broker: Broker,
  type: number,
  name: string,
): DescribedConfig[] | { readonly error: ErrorName; readonly message: string } {
  if (type === RESOURCE_TYPES.topic) {
    const topic = broker.topics.get(name);
    if (topic !== undefined) return describedTopicConfig(broker.settings, topic.config);
    const why = invalidTopicName(name);
    if (why !== undefined) return { error: 'INVALID_TOPIC_EXCEPTION', message: why };
    return { error: 'UNKNOWN_TOPIC_OR_PARTITION', message: '' };
  }
  if (type === RESOURCE_TYPES.broker) {
    const all = describedBrokerConfig(broker.settings);
    if (name === '') return describedDefaults(broker.settings, all);
    if (name === String(broker.nodeId)) return all;
    const message = `Unexpected broker id, expected ${broker.nodeId} or empty string, but received ${name}`;
    return { error: 'INVALID_REQUEST', message };
  }
  if (type === RESOURCE_TYPES.group || type === RESOURCE_TYPES.clientMetrics || type === RESOURCE_TYPES.brokerLogger) {
    return [];
  }
  return { error: 'INVALID_REQUEST', message: `Unsupported resource type: ${type}` };
}

/** What is set for all brokers, whatever this one has of its own. */
function describedDefaults(settings: BrokerSettings, all: readonly DescribedConfig[]): DescribedConfig[] {
  return all
    .filter(({ name }) => settings.alteredDefaults.has(name))
    .map((entry) => {
      const synonyms = entry.synonyms.filter(({ source }) => source === 'alteredBrokers');
      return { ...entry, value: synonyms[0]?.value ?? null, source: 'alteredBrokers', synonyms };
    });
}

function answered(entry: DescribedConfig, request: Request): Entry {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: CONFIG_SOURCES[entry.source],
    isSensitive: entry.sensitive,
    synonyms: request.includeSynonyms
      ? entry.synonyms.map(({ name, value, source }) => ({ name, value, source: CONFIG_SOURCES[source] }))
      : [],
    configType: TYPE_NUMBERS[entry.definition.type],
    documentation: request.includeDocumentation ? entry.definition.documentation : null,
  };
}
