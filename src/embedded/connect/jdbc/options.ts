import { type OptionDefinition, type OptionType, optional, type RawConfig, required } from '../config/option.js';
import { urlProblem } from './settings.js';

const debezium = (
  type: OptionType,
  name: string,
  fallback: string | null | undefined,
  doc: string,
  more: Partial<OptionDefinition> = {},
): OptionDefinition => ({ name, type, default: fallback, doc, importance: 'MEDIUM', wording: 'debezium', ...more });

/** Accepted as they are where they ask for what happens anyway; any other value is refused by name. */
const only = (values: readonly string[], why: string) => (value: string) =>
  values.includes(value.trim()) ? undefined : why;

const NAMING = 'io.debezium.sink.naming';
const OLD_NAMING = 'io.debezium.connector.jdbc.naming';

/** Options of io.debezium.connector.jdbc.JdbcSinkConnector. */
export const DEBEZIUM_SINK_OPTIONS: readonly OptionDefinition[] = [
  debezium('STRING', 'connection.url', undefined, 'JDBC URL of the database.', {
    importance: 'HIGH',
    check: urlProblem,
  }),
  debezium('STRING', 'connection.username', undefined, 'User to connect as.', { importance: 'HIGH' }),
  debezium('PASSWORD', 'connection.password', null, 'Its password.', { importance: 'HIGH' }),
  debezium('STRING', 'connection.provider', null, 'Not used: a task has one connection.'),
  debezium('INT', 'connection.pool.min_size', '5', 'Not used: a task has one connection.'),
  debezium('INT', 'connection.pool.max_size', '32', 'Not used: a task has one connection.'),
  debezium('INT', 'connection.pool.acquire_increment', '32', 'Not used: a task has one connection.'),
  debezium('LONG', 'connection.pool.timeout', '1800', 'Not used: a task has one connection.'),
  debezium('STRING', 'insert.mode', 'insert', 'How rows are stored.', {
    oneOf: ['insert', 'upsert', 'update'],
    check: (mode, config) =>
      mode.trim().toLowerCase() === 'upsert' && config['primary.key.mode'] === undefined
        ? "When using UPSERT, please define 'primary.key.mode'"
        : undefined,
  }),
  debezium('BOOLEAN', 'delete.enabled', 'false', 'Whether null values and deletions delete rows.', {
    check: (enabled, config) =>
      enabled.trim().toLowerCase() === 'true' && config['primary.key.mode']?.trim().toLowerCase() !== 'record_key'
        ? "When 'delete.enabled' is set to 'true', the 'primary.key.mode' option must be set to 'record_key'"
        : undefined,
  }),
  debezium('BOOLEAN', 'truncate.enabled', 'false', 'Whether truncations truncate the table.'),
  debezium('STRING', 'collection.name.format', '${topic}', 'Name of the table; ${topic} and ${source.field}.'),
  debezium('STRING', 'table.name.format', null, 'Older name of collection.name.format.'),
  debezium('STRING', 'primary.key.mode', 'none', 'Where the primary key comes from.', {
    importance: 'HIGH',
    oneOf: ['none', 'kafka', 'record_key', 'record_value', 'record_header'],
  }),
  debezium('STRING', 'primary.key.fields', null, 'Fields of the primary key; default: all of the key.'),
  debezium('STRING', 'schema.evolution', 'none', 'Whether missing tables and columns are made.', {
    oneOf: ['none', 'basic'],
  }),
  debezium('BOOLEAN', 'quote.identifiers', 'false', 'Whether names keep their capitals.'),
  debezium(
    'CLASS',
    'collection.naming.strategy',
    `${NAMING}.DefaultCollectionNamingStrategy`,
    'How tables are named.',
    {
      check: only(
        [`${NAMING}.DefaultCollectionNamingStrategy`, `${OLD_NAMING}.DefaultTableNamingStrategy`],
        'The embedded Connect names tables by DefaultCollectionNamingStrategy only: use collection.name.format',
      ),
    },
  ),
  debezium('CLASS', 'column.naming.strategy', `${OLD_NAMING}.DefaultColumnNamingStrategy`, 'How columns are named.', {
    check: only(
      [`${OLD_NAMING}.DefaultColumnNamingStrategy`, `${NAMING}.DefaultColumnNamingStrategy`],
      'The embedded Connect names columns by DefaultColumnNamingStrategy only: rename fields with ReplaceField',
    ),
  }),
  debezium('STRING', 'use.time.zone', 'UTC', 'Time zone of the connection.'),
  debezium('STRING', 'database.time_zone', null, 'Older name of use.time.zone.'),
  debezium('STRING', 'dialect.postgres.postgis.schema', 'public', 'Not used: types are found by the search path.'),
  debezium('BOOLEAN', 'dialect.postgres.unnest.insert.enabled', 'false', 'Rows are always stored by UNNEST here.'),
  debezium('BOOLEAN', 'dialect.sqlserver.identity.insert', 'false', 'Not used: for SQL Server.'),
  debezium('INT', 'batch.size', '500', 'Rows of one statement at most.', { check: atLeastOne }),
  debezium('BOOLEAN', 'use.reduction.buffer', 'false', 'Changes of one row are always reduced to the newest here.'),
  debezium('LIST', 'field.include.list', null, 'Fields that become columns: field or topic:field.', {
    check: (_list, config) =>
      config['field.exclude.list'] === undefined
        ? undefined
        : 'Cannot define both field.exclude.list and field.include.list. Please specify only one.',
  }),
  debezium('LIST', 'field.exclude.list', null, 'Fields that don’t.'),
  debezium('INT', 'flush.max.retries', '5', 'How often a failed flush is tried again.'),
  debezium('LONG', 'flush.retry.delay.ms', '1000', 'Pause between these attempts.'),
  debezium('BOOLEAN', 'connection.restart.on.errors', 'false', 'A lost connection is always opened again here.'),
  debezium(
    'STRING',
    'cloud.events.schema.name.pattern',
    '.*CloudEvents\\.Envelope$',
    'Not used: CloudEvents are not read.',
  ),
];

function atLeastOne(value: string): string | undefined {
  return Number(value) >= 1 ? undefined : 'A positive, non-zero integer value is required';
}

const needsRecordKey = (enabled: string, config: RawConfig): string | undefined =>
  enabled.trim().toLowerCase() === 'true' && config['pk.mode']?.trim().toLowerCase() !== 'record_key'
    ? 'Deletes are only supported for pk.mode record_key'
    : undefined;

/** Options of io.confluent.connect.jdbc.JdbcSinkConnector. */
export const CONFLUENT_SINK_OPTIONS: readonly OptionDefinition[] = [
  { ...required('STRING', 'connection.url', 'JDBC connection URL.'), check: urlProblem },
  optional('STRING', 'connection.user', null, 'JDBC connection user.', { importance: 'HIGH' }),
  optional('PASSWORD', 'connection.password', null, 'JDBC connection password.', { importance: 'HIGH' }),
  optional('STRING', 'dialect.name', '', 'The database dialect.', {
    check: only(['', 'PostgreSqlDatabaseDialect'], 'The embedded Connect knows PostgreSqlDatabaseDialect only'),
  }),
  optional('INT', 'connection.attempts', '3', 'Not used: max.retries counts.'),
  optional('LONG', 'connection.backoff.ms', '10000', 'Not used: retry.backoff.ms counts.'),
  optional('STRING', 'insert.mode', 'insert', 'The insertion mode to use.', {
    importance: 'HIGH',
    oneOf: ['insert', 'upsert', 'update'],
  }),
  optional('INT', 'batch.size', '3000', 'Rows of one statement at most.', { check: atLeastOne }),
  optional('BOOLEAN', 'delete.enabled', 'false', 'Whether null values delete rows.', { check: needsRecordKey }),
  optional('STRING', 'table.name.format', '${topic}', 'Name of the table.'),
  optional('LIST', 'table.types', 'TABLE', 'Not used: tables, views and partitioned tables are written.'),
  optional('STRING', 'pk.mode', 'none', 'Where the primary key comes from.', {
    importance: 'HIGH',
    oneOf: ['none', 'kafka', 'record_key', 'record_value'],
  }),
  optional('LIST', 'pk.fields', '', 'Fields of the primary key.'),
  optional('LIST', 'fields.whitelist', '', 'Fields of the value that become columns; default: all.'),
  optional('STRING', 'db.timezone', 'UTC', 'Time zone of the connection.'),
  optional('BOOLEAN', 'auto.create', 'false', 'Whether missing tables are made.'),
  optional('BOOLEAN', 'auto.evolve', 'false', 'Whether missing columns are added.'),
  optional('STRING', 'quote.sql.identifiers', 'always', 'When names keep their capitals.', {
    oneOf: ['always', 'never'],
  }),
  optional('INT', 'max.retries', '10', 'How often a failed write is tried again.'),
  optional('INT', 'retry.backoff.ms', '3000', 'Pause between these attempts.'),
];
