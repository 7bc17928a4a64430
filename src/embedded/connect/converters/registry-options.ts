import { type OptionDefinition, only, optional, required, unused } from '../../../protocol/connect/option.js';

const STRATEGIES = 'io.confluent.kafka.serializers.subject';
const TOPIC_NAME_STRATEGY = `${STRATEGIES}.TopicNameStrategy`;

const AS_IS = 'leave it unset';

/** An option of Confluent's converters whose default is all that is supported. */
export const asItIs = (name: string, fallback: string | null, doc: string): OptionDefinition =>
  only(fallback === null ? [] : [fallback], AS_IS, optional('STRING', name, fallback, doc));

const strategy = (name: string, doc: string): OptionDefinition =>
  only(
    [TOPIC_NAME_STRATEGY, `${STRATEGIES}.RecordNameStrategy`, `${STRATEGIES}.TopicRecordNameStrategy`],
    'other strategies are Java classes',
    optional('CLASS', name, TOPIC_NAME_STRATEGY, doc),
  );

/** What every converter with a schema registry takes. */
export const REGISTRY_OPTIONS: readonly OptionDefinition[] = [
  required('LIST', 'schema.registry.url', 'Comma-separated list of URLs of schema registries.'),
  optional('BOOLEAN', 'auto.register.schemas', 'true', 'Whether schemas that are not known yet are registered.'),
  optional('BOOLEAN', 'use.latest.version', 'false', 'Whether the latest schema of the subject is written with.'),
  strategy('key.subject.name.strategy', 'How the subject of a key is named.'),
  strategy('value.subject.name.strategy', 'How the subject of a value is named.'),
  only(
    ['URL', 'USER_INFO'],
    'give a user and a password',
    optional('STRING', 'basic.auth.credentials.source', 'URL', 'Where the login comes from.'),
  ),
  optional('PASSWORD', 'basic.auth.user.info', null, 'user:password, with USER_INFO.'),
  asItIs('normalize.schemas', 'false', 'Schemas are normalised.'),
  asItIs('use.schema.id', '-1', 'The schema that is written with, by its id.'),
  asItIs('use.latest.with.metadata', null, 'The schema that is written with, by its metadata.'),
  asItIs('bearer.auth.credentials.source', 'STATIC_TOKEN', 'Where a bearer token comes from.'),
  { ...asItIs('bearer.auth.token', null, 'A bearer token.'), type: 'PASSWORD' },
  asItIs('proxy.host', null, 'A proxy in front of the registry.'),
  asItIs('reference.subject.name.strategy', null, 'How the subjects of references are named.'),
  asItIs('context.name.strategy', null, 'How the context of a subject is named.'),
  asItIs('rule.executors', null, 'Rules of schemas, which are not executed.'),
  asItIs('schema.format', null, 'The form in which a schema is asked for.'),
  asItIs('schema.reflection', 'false', 'Schemas by reflection.'),
  unused(optional('INT', 'schemas.cache.config', '1000', 'all schemas are kept.')),
  unused(optional('INT', 'max.schemas.per.subject', '1000', 'all schemas are kept.')),
  unused(optional('INT', 'latest.cache.size', '1000', 'all schemas are kept.')),
  unused(optional('INT', 'latest.cache.ttl.sec', '-1', 'the latest schema is kept while the task runs.')),
  unused(optional('BOOLEAN', 'id.compatibility.strict', 'true', 'use.schema.id is refused.')),
  unused(optional('BOOLEAN', 'latest.compatibility.strict', 'true', 'what does not fit the latest schema fails.')),
];
