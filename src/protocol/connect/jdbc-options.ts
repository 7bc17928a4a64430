import {
  debezium,
  type OptionDefinition,
  only,
  optional,
  positive,
  type RawConfig,
  required,
  unused,
} from './option.js';

export const JDBC_URL = /^jdbc:postgresql:\/\/(?:([^/?#:]+|\[[^\]]+\])(?::(\d+))?)?\/([^?#]*)(?:\?(.*))?$/;

/** What is wrong with a JDBC URL; undefined: nothing. Other databases are refused by name. */
export function urlProblem(url: string): string | undefined {
  if (JDBC_URL.test(url)) return undefined;
  const database = /^jdbc:(\w+):/.exec(url)?.[1];
  return database === undefined || database === 'postgresql'
    ? 'A URL of the form jdbc:postgresql://host:port/database is expected'
    : `The embedded Connect writes to PostgreSQL only, not to ${database}: run this connector on a real Connect`;
}

export const INSERT_MODES = ['insert', 'upsert', 'update'] as const;
export const KEY_MODES = ['none', 'kafka', 'record_key', 'record_value', 'record_header'] as const;

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
  unused(debezium('STRING', 'connection.provider', null, 'a task has one connection.')),
  unused(debezium('INT', 'connection.pool.min_size', '5', 'a task has one connection.')),
  unused(debezium('INT', 'connection.pool.max_size', '32', 'a task has one connection.')),
  unused(debezium('INT', 'connection.pool.acquire_increment', '32', 'a task has one connection.')),
  unused(debezium('LONG', 'connection.pool.timeout', '1800', 'a task has one connection.')),
  debezium('STRING', 'insert.mode', 'insert', 'How rows are stored.', {
    oneOf: INSERT_MODES,
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
    oneOf: KEY_MODES,
  }),
  debezium('STRING', 'primary.key.fields', null, 'Fields of the primary key; default: all of the key.'),
  debezium('STRING', 'schema.evolution', 'none', 'Whether missing tables and columns are created.', {
    oneOf: ['none', 'basic'],
  }),
  debezium('BOOLEAN', 'quote.identifiers', 'false', 'Whether names are quoted, which keeps their capitals.'),
  only(
    [`${NAMING}.DefaultCollectionNamingStrategy`, `${OLD_NAMING}.DefaultTableNamingStrategy`],
    'use collection.name.format',
    debezium(
      'CLASS',
      'collection.naming.strategy',
      `${NAMING}.DefaultCollectionNamingStrategy`,
      'How tables are named.',
    ),
  ),
  only(
    [`${NAMING}.DefaultCollectionNamingStrategy`, `${OLD_NAMING}.DefaultTableNamingStrategy`],
    'use collection.name.format',
    debezium('CLASS', 'table.naming.strategy', null, 'Older name of collection.naming.strategy.'),
  ),
  only(
    ['${table}'],
    'use collection.name.format with ${source.schema} and ${source.table}',
    debezium('STRING', 'collection.table.format', '${table}', 'Name of the table by that of its source.'),
  ),
  only(
    [`${OLD_NAMING}.DefaultColumnNamingStrategy`, `${NAMING}.DefaultColumnNamingStrategy`],
    'rename fields with ReplaceField',
    debezium('CLASS', 'column.naming.strategy', `${OLD_NAMING}.DefaultColumnNamingStrategy`, 'How columns are named.'),
  ),
  debezium('STRING', 'use.time.zone', 'UTC', 'Time zone of the connection.'),
  debezium('STRING', 'database.time_zone', null, 'Older name of use.time.zone.'),
  unused(debezium('STRING', 'dialect.postgres.postgis.schema', 'public', 'types are found by the search path.')),
  unused(debezium('BOOLEAN', 'dialect.postgres.unnest.insert.enabled', 'false', 'rows are always stored by UNNEST.')),
  unused(debezium('BOOLEAN', 'dialect.sqlserver.identity.insert', 'false', 'for SQL Server.')),
  debezium('INT', 'batch.size', '500', 'The most rows of one statement.', { check: positive }),
  unused(debezium('BOOLEAN', 'use.reduction.buffer', 'false', 'changes of one row are always reduced to the newest.')),
  debezium('LIST', 'field.include.list', null, 'Fields that become columns: field or topic:field.', {
    check: (_list, config) =>
      config['field.exclude.list'] === undefined
        ? undefined
        : 'Cannot define both field.exclude.list and field.include.list. Please specify only one.',
  }),
  debezium('LIST', 'field.exclude.list', null, 'Fields that do not.'),
  debezium('INT', 'flush.max.retries', '5', 'How often a failed flush is tried again.'),
  debezium('LONG', 'flush.retry.delay.ms', '1000', 'Pause between these attempts.'),
  unused(debezium('BOOLEAN', 'connection.restart.on.errors', 'false', 'a lost connection is always opened again.')),
  unused(
    debezium('STRING', 'cloud.events.schema.name.pattern', '.*CloudEvents\\.Envelope$', 'CloudEvents are not read.'),
  ),
];

const needsRecordKey = (enabled: string, config: RawConfig): string | undefined =>
  enabled.trim().toLowerCase() === 'true' && config['pk.mode']?.trim().toLowerCase() !== 'record_key'
    ? 'Deletes are only supported for pk.mode record_key'
    : undefined;

/** Options of io.confluent.connect.jdbc.JdbcSinkConnector. */
export const CONFLUENT_SINK_OPTIONS: readonly OptionDefinition[] = [
  { ...required('STRING', 'connection.url', 'JDBC connection URL.'), check: urlProblem },
  optional('STRING', 'connection.user', null, 'JDBC connection user.', { importance: 'HIGH' }),
  optional('PASSWORD', 'connection.password', null, 'JDBC connection password.', { importance: 'HIGH' }),
  only(
    ['', 'PostgreSqlDatabaseDialect'],
    'other databases need a real Connect',
    optional('STRING', 'dialect.name', '', 'The database dialect.'),
  ),
  unused(optional('INT', 'connection.attempts', '3', 'max.retries counts.')),
  unused(optional('LONG', 'connection.backoff.ms', '10000', 'retry.backoff.ms counts.')),
  optional('STRING', 'insert.mode', 'insert', 'The insertion mode to use.', {
    importance: 'HIGH',
    oneOf: INSERT_MODES,
  }),
  optional('INT', 'batch.size', '3000', 'The most rows of one statement.', { check: positive }),
  optional('BOOLEAN', 'delete.enabled', 'false', 'Whether null values delete rows.', { check: needsRecordKey }),
  optional('STRING', 'table.name.format', '${topic}', 'Name of the table.'),
  unused(optional('LIST', 'table.types', 'TABLE', 'tables, views and partitioned tables are written.')),
  optional('STRING', 'pk.mode', 'none', 'Where the primary key comes from.', {
    importance: 'HIGH',
    oneOf: ['none', 'kafka', 'record_key', 'record_value'],
  }),
  optional('LIST', 'pk.fields', '', 'Fields of the primary key.'),
  optional('LIST', 'fields.whitelist', '', 'Fields of the value that become columns; default: all.'),
  optional('STRING', 'db.timezone', 'UTC', 'Time zone of the connection.'),
  optional('BOOLEAN', 'auto.create', 'false', 'Whether missing tables are created.'),
  optional('BOOLEAN', 'auto.evolve', 'false', 'Whether missing columns are added.'),
  optional('STRING', 'quote.sql.identifiers', 'always', 'When names are quoted, which keeps their capitals.', {
    oneOf: ['always', 'never'],
  }),
  optional('INT', 'max.retries', '10', 'How often a failed write is tried again.'),
  optional('INT', 'retry.backoff.ms', '3000', 'Pause between these attempts.'),
];
