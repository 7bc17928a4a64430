import type { OptionDefinition, OptionType, RawConfig } from '../config/option.js';
import { regexProblem } from '../transforms/by-logical-table-router.js';

const debezium = (
  type: OptionType,
  name: string,
  fallback: string | null | undefined,
  doc: string,
  more: Partial<OptionDefinition> = {},
): OptionDefinition => ({ name, type, default: fallback, doc, importance: 'MEDIUM', wording: 'debezium', ...more });

const regexList = (name: string, doc: string): OptionDefinition =>
  debezium('LIST', name, null, doc, {
    check: (list) =>
      list
        .split(',')
        .map((item) => regexProblem(item.trim()))
        .find((problem) => problem !== undefined),
  });

const choice = (name: string, fallback: string, values: readonly string[], doc: string): OptionDefinition =>
  debezium('STRING', name, fallback, doc, { oneOf: values });

/** Options of io.debezium.connector.postgresql.PostgresConnector that mean something here. */
export const POSTGRES_OPTIONS: readonly OptionDefinition[] = [
  debezium('STRING', 'topic.prefix', undefined, 'Name of this source; the beginning of its topics’ names.', {
    importance: 'HIGH',
    check: (value) =>
      /^[\w.-]+$/.test(value)
        ? undefined
        : `${value} has invalid format (only the underscore, hyphen, dot and alphanumeric characters are allowed)`,
  }),
  debezium('STRING', 'database.hostname', undefined, 'Host of the database.', { importance: 'HIGH' }),
  debezium('INT', 'database.port', '5432', 'Port of the database.', { importance: 'HIGH' }),
  debezium('STRING', 'database.user', undefined, 'User to connect as.', { importance: 'HIGH' }),
  debezium('PASSWORD', 'database.password', null, 'Its password.', { importance: 'HIGH' }),
  debezium('STRING', 'database.dbname', undefined, 'Name of the database.', { importance: 'HIGH' }),
  choice(
    'database.sslmode',
    'prefer',
    ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
    'Whether the connection is encrypted.',
  ),
  debezium('STRING', 'database.sslrootcert', null, 'File of the root certificate.'),
  debezium('STRING', 'database.initial.statements', null, 'SQL for every new connection.'),
  choice(
    'plugin.name',
    'decoderbufs',
    ['pgoutput', 'decoderbufs'],
    'Logical decoding plug-in; only pgoutput is there.',
  ),
  debezium('STRING', 'slot.name', 'debezium', 'Name of the replication slot.', {
    check: (value) =>
      /^[a-z0-9_]{1,63}$/.test(value)
        ? undefined
        : 'Valid replication slot name must contain only digits, lowercase characters and underscores with length <= 63',
  }),
  debezium('BOOLEAN', 'slot.drop.on.stop', 'false', 'Whether the slot is dropped when the connector stops.'),
  debezium('INT', 'slot.max.retries', '6', 'How often a slot that is held is tried again.'),
  debezium('LONG', 'slot.retry.delay.ms', '10000', 'Pause between these attempts.'),
  debezium('STRING', 'publication.name', 'dbz_publication', 'Name of the publication.'),
  choice(
    'publication.autocreate.mode',
    'all_tables',
    ['all_tables', 'filtered', 'disabled', 'no_tables'],
    'How the publication is made.',
  ),
  choice(
    'snapshot.mode',
    'initial',
    ['initial', 'always', 'initial_only', 'no_data', 'never', 'when_needed'],
    'When the tables are read as they are.',
  ),
  debezium('INT', 'snapshot.fetch.size', '10240', 'Rows read at a time.'),
  regexList('snapshot.include.collection.list', 'Tables that a snapshot reads.'),
  debezium('LIST', 'snapshot.select.statement.overrides', null, 'Tables that are read by a statement of their own.'),
  regexList('table.include.list', 'Tables that are captured.'),
  regexList('table.exclude.list', 'Tables that are not captured.'),
  regexList('schema.include.list', 'Schemas that are captured.'),
  regexList('schema.exclude.list', 'Schemas that are not captured.'),
  regexList('column.include.list', 'Columns that records have.'),
  regexList('column.exclude.list', 'Columns that records don’t have.'),
  debezium('STRING', 'message.key.columns', null, 'Tables with other key columns: table:column,…;…'),
  choice('decimal.handling.mode', 'precise', ['precise', 'string', 'double'], 'How numeric columns look.'),
  choice(
    'time.precision.mode',
    'adaptive',
    ['adaptive', 'adaptive_time_microseconds', 'connect', 'isostring', 'microseconds', 'nanoseconds'],
    'How dates and times look.',
  ),
  choice('binary.handling.mode', 'bytes', ['bytes', 'base64', 'base64-url-safe', 'hex'], 'How bytea columns look.'),
  choice('hstore.handling.mode', 'json', ['json', 'map'], 'How hstore columns look.'),
  choice('interval.handling.mode', 'numeric', ['numeric', 'string'], 'How interval columns look.'),
  debezium('INT', 'money.fraction.digits', '2', 'Fraction digits of money.'),
  debezium('BOOLEAN', 'include.unknown.datatypes', 'false', 'Whether columns of unknown types are there as bytes.'),
  debezium(
    'STRING',
    'unavailable.value.placeholder',
    '__debezium_unavailable_value',
    'What stands for a value that was not sent.',
  ),
  debezium('BOOLEAN', 'tombstones.on.delete', 'true', 'Whether a deletion is followed by a tombstone.'),
  debezium('STRING', 'skipped.operations', 't', 'Operations that are not told: c, u, d, t, or none.'),
  debezium('INT', 'heartbeat.interval.ms', '0', 'Time between heartbeats; 0: none.'),
  debezium('STRING', 'heartbeat.action.query', null, 'SQL with every heartbeat.'),
  debezium('STRING', 'topic.heartbeat.prefix', '__debezium-heartbeat', 'Beginning of the heartbeat topic’s name.'),
  debezium('STRING', 'topic.delimiter', '.', 'What separates the parts of topic names.'),
  debezium('STRING', 'topic.transaction', 'transaction', 'End of the transaction topic’s name.'),
  regexList('message.prefix.include.list', 'Logical messages that are told.'),
  regexList('message.prefix.exclude.list', 'Logical messages that are not told.'),
  debezium('BOOLEAN', 'provide.transaction.metadata', 'false', 'Whether begin and end of transactions are told.'),
  debezium('BOOLEAN', 'extended.headers.enabled', 'true', 'Whether records carry the connector’s headers.'),
  debezium('INT', 'max.queue.size', '8192', 'Records that wait at most.'),
  debezium('INT', 'max.batch.size', '2048', 'Records taken at a time.'),
  debezium('LONG', 'poll.interval.ms', '500', 'Not used: records are taken as soon as they are there.'),
  debezium('INT', 'status.update.interval.ms', '10000', 'Time between status messages to the server.'),
  debezium('INT', 'errors.max.retries', '-1', 'How often a lost connection is tried again; -1: always.'),
  debezium('LONG', 'errors.retry.delay.initial.ms', '300', 'First pause between attempts.'),
  debezium('LONG', 'errors.retry.delay.max.ms', '10000', 'Longest pause between attempts.'),
  choice('schema.name.adjustment.mode', 'none', ['none', 'avro', 'avro_unicode'], 'How schema names are adjusted.'),
  choice('field.name.adjustment.mode', 'none', ['none', 'avro', 'avro_unicode'], 'How field names are adjusted.'),
];

/** Debezium 1.9's names of options, where they have others today. */
const RENAMED: Readonly<Record<string, string>> = {
  'database.server.name': 'topic.prefix',
  'table.whitelist': 'table.include.list',
  'table.blacklist': 'table.exclude.list',
  'schema.whitelist': 'schema.include.list',
  'schema.blacklist': 'schema.exclude.list',
  'column.whitelist': 'column.include.list',
  'column.blacklist': 'column.exclude.list',
  'heartbeat.topics.prefix': 'topic.heartbeat.prefix',
  'snapshot.include.collection.list.regex': 'snapshot.include.collection.list',
  'toasted.value.placeholder': 'unavailable.value.placeholder',
  'truncate.handling.mode': 'skipped.operations',
};

export function moderniseOptions(config: RawConfig): {
  readonly config: RawConfig;
  readonly warnings: readonly string[];
} {
  const changed: Record<string, string> = { ...config };
  const warnings: string[] = [];
  for (const [old, name] of Object.entries(RENAMED)) {
    const value = config[old];
    if (value === undefined) continue;
    warnings.push(`option ${old} is the name of an older Debezium: it is ${name} today`);
    if (config[name] !== undefined) continue;
    changed[name] = old === 'truncate.handling.mode' ? (value === 'include' ? 'none' : 't') : value;
  }
  if (config['snapshot.mode'] === 'never') warnings.push('snapshot.mode never is named no_data today');
  return { config: changed, warnings };
}
