import { type OptionDefinition, optional, required } from '../config/option.js';
import { regexProblem } from '../transforms/by-logical-table-router.js';

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
  optional('CLASS', 'header.converter', null, 'Converter of headers; only SimpleHeaderConverter is there.'),
  optional('LIST', 'transforms', '', 'Aliases for the transformations to be applied to records.'),
  optional('LIST', 'predicates', '', 'Aliases for the predicates used by transformations.'),
  optional('STRING', 'config.action.reload', 'restart', 'Not used: external values are read when a connector starts.', {
    oneOf: ['none', 'restart'],
  }),
  optional('LONG', 'errors.retry.timeout', '0', 'How long a failed operation is tried again, in milliseconds.'),
  optional('LONG', 'errors.retry.delay.max.ms', '60000', 'Longest pause between attempts.'),
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
  optional('SHORT', 'errors.deadletterqueue.topic.replication.factor', '3', 'Its replication factor where it is made.'),
  optional(
    'BOOLEAN',
    'errors.deadletterqueue.context.headers.enable',
    'false',
    'Whether records in it carry headers that say where and why they failed.',
  ),
];

/** Options that every source has besides. */
export const SOURCE_OPTIONS: readonly OptionDefinition[] = [
  optional('LIST', 'topic.creation.groups', '', 'Groups of configurations for topics created by source connectors.'),
  optional('STRING', 'exactly.once.support', 'requested', 'Whether records are written exactly once.', {
    oneOf: ['requested', 'required'],
    check: (value) =>
      value.trim().toLowerCase() === 'required'
        ? 'The embedded Connect delivers at least once: exactly-once support can not be required'
        : undefined,
  }),
  optional('STRING', 'transaction.boundary', 'poll', 'Only with exactly-once support.', {
    oneOf: ['poll', 'interval', 'connector'],
  }),
  optional('LONG', 'transaction.boundary.interval.ms', null, 'Only with exactly-once support.'),
  optional('STRING', 'offsets.storage.topic', null, 'Only with exactly-once support.', {
    check: () => 'The embedded Connect keeps the offsets of all connectors in the worker’s topic',
  }),
];

/** Beginnings of options whose names hold names of others: transforms, columns, groups, clients. */
const OPEN_PREFIXES = [
  ...['transforms.', 'predicates.', 'key.converter.', 'value.converter.', 'header.converter.'],
  ...['producer.override.', 'consumer.override.', 'admin.override.', 'topic.creation.', 'config.providers'],
  ...['column.truncate.to.', 'column.mask.with.', 'column.mask.hash.', 'snapshot.select.statement.overrides.'],
  ...['internal.', 'driver.', 'database.', 'hibernate.'],
];

/** Options that nobody reads, as the real worker notes in its log. */
export function unknownOptions(given: Iterable<string>, known: readonly OptionDefinition[]): string[] {
  const names = new Set(known.map((definition) => definition.name));
  return [...given].filter((name) => !names.has(name) && !OPEN_PREFIXES.some((prefix) => name.startsWith(prefix)));
}
