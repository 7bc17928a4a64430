import { debezium, type OptionDefinition, only, unused } from './option.js';

const SOURCE_MAKER = 'io.debezium.connector.postgresql.PostgresSourceInfoStructMaker';
const TRANSACTION_FACTORY = 'io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory';

const ELSEWHERE = 'use a real Connect for this connector';

/** Options of the PostgreSQL connector that are honoured only in part, or whose effect is there anyway. */
export const LIMITED_POSTGRES_OPTIONS: readonly OptionDefinition[] = [
  unused(
    debezium('STRING', 'snapshot.locking.mode', 'none', 'a snapshot sees one moment without locks.', {
      oneOf: ['none', 'shared'],
    }),
  ),
  only(
    ['select_all'],
    'use snapshot.select.statement.overrides',
    debezium('STRING', 'snapshot.query.mode', 'select_all', ''),
  ),
  unused(
    debezium('STRING', 'snapshot.isolation.mode', 'serializable', 'a snapshot sees one moment.', {
      oneOf: ['serializable', 'repeatable_read', 'read_committed', 'read_uncommitted'],
    }),
  ),
  only(
    ['columns_diff', 'columns_diff_exclude_unchanged_toast'],
    ELSEWHERE,
    debezium('STRING', 'schema.refresh.mode', 'columns_diff', ''),
  ),
  only(
    [],
    'custom converters are Java classes; change values with transforms',
    debezium('STRING', 'converters', null, ''),
  ),
  only([], ELSEWHERE, debezium('STRING', 'snapshot.mode.custom.name', null, '')),
  only([], ELSEWHERE, debezium('STRING', 'snapshot.locking.mode.custom.name', null, '')),
  only([], ELSEWHERE, debezium('STRING', 'snapshot.query.mode.custom.name', null, '')),
  only(
    ['false'],
    'the slot has to be made by hand, or by a real Connect',
    debezium('STRING', 'slot.failover', 'false', ''),
  ),
  only(['false'], ELSEWHERE, debezium('BOOLEAN', 'openlineage.integration.enabled', 'false', '')),
  unused(debezium('BOOLEAN', 'include.schema.comments', 'false', 'schemas of this connector have no comments.')),
  unused(debezium('INT', 'snapshot.max.threads', '1', 'tables are read one after the other.')),
  only([SOURCE_MAKER], ELSEWHERE, debezium('CLASS', 'sourceinfo.struct.maker', SOURCE_MAKER, '')),
  only([TRANSACTION_FACTORY], ELSEWHERE, debezium('CLASS', 'transaction.metadata.factory', TRANSACTION_FACTORY, '')),
  unused(debezium('BOOLEAN', 'database.tcpKeepAlive', 'true', 'connections are always kept alive.')),
  unused(debezium('INT', 'database.query.timeout.ms', '600000', 'statements have no time limit.')),
  unused(debezium('LONG', 'snapshot.lock.timeout.ms', '10000', 'a snapshot takes no locks.')),
  unused(debezium('STRING', 'snapshot.tables.order.by.row.count', 'disabled', 'tables are read by name.')),
  unused(debezium('LONG', 'max.queue.size.in.bytes', '0', 'the queue holds few records.')),
  unused(debezium('INT', 'query.fetch.size', '0', 'rows are streamed.')),
  unused(debezium('LONG', 'connection.validation.timeout.ms', '60000', 'a connection is given up after ten seconds.')),
  unused(debezium('LONG', 'executor.shutdown.timeout.ms', '4000', 'stopping waits for what runs.')),
  unused(debezium('LONG', 'retriable.restart.connector.wait.ms', '10000', 'errors.retry.delay.max.ms counts.')),
  unused(debezium('INT', 'topic.cache.size', '10000', 'names of topics are kept with their tables.')),
  unused(debezium('STRING', 'custom.metric.tags', null, 'there are no JMX metrics.')),
  ...['slot.seek.to.known.offset.on.start', 'internal.slot.seek.to.known.offset.on.start'].map((name) =>
    unused(debezium('BOOLEAN', name, 'false', 'a slot that has moved on is an error.')),
  ),
  only(
    ['no_validation', 'trust_offset'],
    'a slot that has moved on ends the task; delete the connector’s offsets to read from the slot',
    debezium('STRING', 'offset.mismatch.strategy', 'no_validation', 'Offset or slot, where they differ.'),
  ),
  unused(debezium('LONG', 'lsn.flush.timeout.ms', '30000', 'the slot is confirmed without waiting for the server.')),
  unused(
    debezium('STRING', 'lsn.flush.timeout.action', 'fail', 'the slot is confirmed without waiting for the server.', {
      oneOf: ['fail', 'warn', 'ignore'],
    }),
  ),
  unused(
    debezium('STRING', 'event.converting.failure.handling.mode', 'warn', 'every value that is sent is converted.', {
      oneOf: ['warn', 'fail', 'skip'],
    }),
  ),
  unused(debezium('STRING', 'custom.sanitize.pattern', null, 'passwords and keys are masked by their names.')),
  only(
    [],
    'use database.sslmode: require verifies nothing, verify-ca and verify-full do',
    debezium('STRING', 'database.sslfactory', null, 'Java class that makes sockets.'),
  ),
  only(
    [],
    'the embedded Connect opens its connections itself',
    debezium('CLASS', 'connection.factory.class', null, 'Java class that makes connections.'),
  ),
  unused(debezium('INT', 'connection.timeout.ms', '600000', 'a connection is given up after ten seconds.')),
  only(['true'], 'system tables are not captured', debezium('BOOLEAN', 'table.ignore.builtin', 'true', '')),
  ...['database.include.list', 'database.exclude.list'].map((name) =>
    unused(debezium('LIST', name, null, 'a connector reads database.dbname.')),
  ),
  unused(debezium('BOOLEAN', 'include.schema.changes', 'true', 'PostgreSQL tells no schema changes.')),
  ...[
    'config.file.path',
    'dataset.kafka.bootstrap.servers',
    'job.description',
    'job.namespace',
    'job.owners',
    'job.tags',
  ].map((name) =>
    unused(debezium('STRING', `openlineage.integration.${name}`, null, 'lineage is refused as a whole.')),
  ),
  unused(debezium('INT', 'guardrail.collections.max', '0', 'any number of tables is read.')),
  unused(debezium('STRING', 'guardrail.collections.limit.action', 'warn', 'any number of tables is read.')),
];
