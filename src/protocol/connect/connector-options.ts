import {
  type OptionDefinition,
  only,
  optional,
  type RawConfig,
  regexProblem,
  required,
  splitList,
  unused,
} from './option.js';

/** Options that every connector has. */
export const CONNECTOR_OPTIONS: readonly OptionDefinition[] = [
  required('STRING', 'name', 'Globally unique name to use for this connector.'),
  required('STRING', 'connector.class', 'Name or alias of the class for this connector.'),
  optional('INT', 'tasks.max', '1', 'Maximum number of tasks to use for this connector.', {
    importance: 'HIGH',
    check: (value) => (Number(value) >= 1 ? undefined : 'Value must be at least 1'),
  }),
  optional('CLASS', 'key.converter', null, 'Converter of keys; default: the worker’s.'),
  optional('CLASS', 'value.converter', null, 'Converter of values; default: the worker’s.'),
  optional('CLASS', 'header.converter', null, 'Converter of headers; default: the worker’s, SimpleHeaderConverter.'),
  ...['connector', 'key.converter', 'value.converter', 'header.converter'].map((plugin) =>
    only(
      [],
      'it has one version of each class',
      optional('STRING', `${plugin}.plugin.version`, null, 'The version of the class.'),
    ),
  ),
  unused(optional('BOOLEAN', 'tasks.max.enforce', 'true', 'no connector has more tasks than tasks.max.')),
  optional('LIST', 'transforms', '', 'Aliases for the transformations to be applied to records.'),
  optional('LIST', 'predicates', '', 'Aliases for the predicates used by transformations.'),
  unused(
    optional('STRING', 'config.action.reload', 'restart', 'external values are read when a connector starts.', {
      oneOf: ['none', 'restart'],
    }),
  ),
  optional(
    'LONG',
    'errors.retry.timeout',
    '0',
    'How long a record is converted again while the schema registry is out of reach, in milliseconds; -1: without end. Where it is not set, outages of registry and Kafka are waited out, unlike Connect, whose task fails at once; 0 asks for that. Nothing else in a record’s way fails for a time only.',
  ),
  optional(
    'LONG',
    'errors.retry.delay.max.ms',
    '60000',
    'Longest pause between these attempts, and those of a source that lost its database, in milliseconds.',
  ),
  optional('STRING', 'errors.tolerance', 'none', 'none: an error ends the task; all: the record is skipped.', {
    oneOf: ['none', 'all'],
  }),
  optional('BOOLEAN', 'errors.log.enable', 'false', 'Whether each error is logged.'),
  optional('BOOLEAN', 'errors.log.include.messages', 'false', 'Whether the record is logged with it.'),
];

/** Options that every sink has besides. */
export const SINK_OPTIONS: readonly OptionDefinition[] = [
  optional('LIST', 'topics', '', 'List of topics to consume, separated by commas.', { importance: 'HIGH' }),
  optional('STRING', 'topics.regex', '', 'Regular expression giving topics to consume.', {
    importance: 'HIGH',
    check: regexProblem,
  }),
  optional('STRING', 'errors.deadletterqueue.topic.name', '', 'Topic for records that result in an error.'),
  optional(
    'SHORT',
    'errors.deadletterqueue.topic.replication.factor',
    '3',
    'Its replication factor when it is created.',
  ),
  optional(
    'BOOLEAN',
    'errors.deadletterqueue.context.headers.enable',
    'false',
    'Whether records in it carry headers that say where and why they failed.',
  ),
];

/** In the order in which Connect names them. */
const oneOfWords =
  (words: readonly string[]) =>
  (value: string): string | undefined =>
    words.includes(value.trim().toUpperCase())
      ? undefined
      : `String must be one of (case insensitive): ${words.join(', ')}`;

/** Options that every source has besides. */
export const SOURCE_OPTIONS: readonly OptionDefinition[] = [
  optional('LIST', 'topic.creation.groups', '', 'Groups of configurations for topics created by source connectors.'),
  optional(
    'STRING',
    'exactly.once.support',
    'requested',
    '`required`: refused where the worker’s `exactly.once.source.support` is not `enabled`; `requested`: takes what there is.',
    { check: oneOfWords(['REQUIRED', 'REQUESTED']) },
  ),
  optional(
    'STRING',
    'transaction.boundary',
    'poll',
    'When transactions end, with exactly-once support: with each `poll`, or by `interval`; `connector` is refused, since none of these connectors ends them itself.',
    { check: oneOfWords(['INTERVAL', 'POLL', 'CONNECTOR']) },
  ),
  optional(
    'LONG',
    'transaction.boundary.interval.ms',
    null,
    'How long a transaction takes by `interval`; by default as long as the worker waits between two flushes.',
    { check: (value) => (Number(value) >= 0 ? undefined : 'Value must be at least 0') },
  ),
  only(
    [],
    'the offsets of all connectors are in the worker’s topic',
    optional('STRING', 'offsets.storage.topic', null, 'A topic of its own for its offsets.'),
  ),
];

/** Options whose names hold names of others: of transforms, columns, groups, clients. By the beginning of their names. */
export const OPEN_OPTIONS: Readonly<Record<string, string>> = {
  'transforms.': 'The options of a transform, by its alias: type, predicate, negate, and its own.',
  'predicates.': 'The options of a predicate, by its alias: type, and its own.',
  'key.converter.': 'The options of the converter of keys.',
  'value.converter.': 'The options of the converter of values.',
  'header.converter.': 'The options of the converter of headers.',
  'topic.creation.':
    'How a source’s topics are created (KIP-158): partitions, replication.factor, include, exclude and topic settings, by group; `default` is for all others.',
  'consumer.override.': 'Of a sink: group.id and auto.offset.reset; others have no effect.',
  'producer.override.': 'Of a source: compression.type; others have no effect.',
  'admin.override.': 'No effect.',
  'column.truncate.to.': '`column.truncate.to.LENGTH.chars`: columns whose texts are cut.',
  'column.mask.with.': '`column.mask.with.LENGTH.chars`: columns that show asterisks.',
  'column.mask.hash.':
    '`column.mask.hash.ALGORITHM.with.salt.SALT` and `column.mask.hash.v2.…`: columns that show hashes.',
  'snapshot.select.statement.overrides.': 'The statement that reads one of those tables.',
  'config.providers': 'No effect: env, file and directory are always there.',
  'database.': 'Others of the database have no effect.',
  'driver.': 'No effect.',
  'hibernate.': 'No effect.',
  'internal.': 'No effect.',
};

/** Beginnings whose options have no effect, and which of them have one after all. */
const WITHOUT_EFFECT: ReadonlyArray<readonly [prefix: string, ...read: readonly string[]]> = [
  ['consumer.override.', 'group.id', 'auto.offset.reset'],
  ['producer.override.', 'compression.type'],
  ['admin.override.'],
  ['config.providers'],
  ['database.'],
  ['driver.'],
  ['hibernate.'],
  ['internal.'],
];

/** What the embedded Connect takes and does nothing with, by name, and why: nothing is ignored silently. `below` is what stands before the names. */
export function withoutEffect(given: RawConfig, known: readonly OptionDefinition[], below = ''): string[] {
  const names = new Map(known.map((definition) => [definition.name, definition]));
  const matters = (value: string, fallback: string | null | undefined): boolean =>
    value.trim().toLowerCase() !== (fallback ?? '').toLowerCase();
  return Object.entries(given).flatMap(([name, value]) => {
    const definition = names.get(name);
    if (definition?.state === 'unused')
      return matters(value, definition.default) ? [`option ${below}${name} has no effect. ${definition.doc}`] : [];
    if (definition !== undefined) return [];
    const group = WITHOUT_EFFECT.find(([prefix]) => name.startsWith(prefix));
    if (group === undefined) return [];
    const [prefix, ...read] = group;
    return read.includes(name.slice(prefix.length))
      ? []
      : [`option ${below}${name} has no effect in the embedded Connect`];
  });
}

/** Unused options, as the real worker notes in its log. */
export function unknownOptions(given: RawConfig, known: readonly OptionDefinition[]): string[] {
  const names = new Set(known.map((definition) => definition.name));
  const processors = splitList(given['post.processors'] ?? '').map((name) => `${name}.`);
  const open = [...Object.keys(OPEN_OPTIONS), ...processors];
  return Object.keys(given).filter((name) => !names.has(name) && !open.some((prefix) => name.startsWith(prefix)));
}
