import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeConfigs } from '../../../protocol/kafka/messages/describe-configs.js';
import type { RequestOf, ResponseInput } from '../../../protocol/kafka/schema.js';
import type { Broker } from '../broker.js';
import { ConfigRefused } from '../resources/config-resource.js';
import { CONFIG_SOURCES, type DescribedConfig } from '../resources/described-config.js';
import { configResource } from '../resources/table.js';
import { handler } from './handler.js';

type Request = RequestOf<typeof describeConfigs>;
type Answer = NonNullable<NonNullable<ResponseInput<typeof describeConfigs>['results']>[number]>;
type Entry = NonNullable<Answer['configs']>[number];

const TYPE_NUMBERS = {
  unknown: 0,
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
} as const;

/** Supports: versions 1 to 4, with types, synonyms and documentation. */
export const describeConfigsHandler = handler(
  describeConfigs,
  {
    supports:
      'Topics, the broker, its logger, groups and client metrics; values, sources, synonyms, types, documentation.',
  },
  (request, { broker }) => ({
    results: request.resources.map((resource) => described(broker, resource, request)),
  }),
);

function described(broker: Broker, resource: Request['resources'][number], request: Request): Answer {
  const { resourceType, resourceName, configurationKeys: keys } = resource;
  try {
    const configs = configResource(resourceType, 'Unsupported resource type: ')
      .describe(broker, resourceName)
      .filter(({ name }) => keys === null || keys.length === 0 || keys.includes(name))
      .map((entry) => answered(entry, request));
    return { resourceType, resourceName, errorMessage: '', configs };
  } catch (failure) {
    if (!(failure instanceof ConfigRefused)) throw failure;
    return { resourceType, resourceName, errorCode: errorCode(failure.error), errorMessage: failure.message };
  }
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
