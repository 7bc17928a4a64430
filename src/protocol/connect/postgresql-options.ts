import { LIMITED_POSTGRES_OPTIONS } from './limited-postgresql-options.js';
import {
  debezium,
  type OptionDefinition,
  only,
  positive,
  type RawConfig,
  regexProblem,
  splitList,
  unused,
} from './option.js';

const PACKAGE = 'io.debezium.schema';

interface Strategy {
  /** PostgreSQL's tables are named by schema; the strategies for databases without schemas leave it out. */
  readonly withSchema: boolean;
  readonly unicode: boolean;
  readonly regex: boolean;
}

/** The strategies that Debezium brings. */
export const TOPIC_NAMING_STRATEGIES: Readonly<Record<string, Strategy>> = {
  [`${PACKAGE}.SchemaTopicNamingStrategy`]: { withSchema: true, unicode: false, regex: false },
  [`${PACKAGE}.SchemaUnicodeTopicNamingStrategy`]: { withSchema: true, unicode: true, regex: false },
  [`${PACKAGE}.SchemaRegexTopicNamingStrategy`]: { withSchema: true, unicode: false, regex: true },
  [`${PACKAGE}.DefaultTopicNamingStrategy`]: { withSchema: false, unicode: false, regex: false },
  [`${PACKAGE}.DefaultUnicodeTopicNamingStrategy`]: { withSchema: false, unicode: true, regex: false },
  [`${PACKAGE}.DefaultRegexTopicNamingStrategy`]: { withSchema: false, unicode: false, regex: true },
};

export const DEFAULT_TOPIC_NAMING = `${PACKAGE}.SchemaTopicNamingStrategy`;

export const PUBLICATION_MODES = ['all_tables', 'filtered', 'disabled', 'no_tables'] as const;
export const DECIMAL_MODES = ['precise', 'string', 'double'] as const;
export const TIME_MODES = [
  'adaptive',
  'adaptive_time_microseconds',
  'connect',
  'isostring',
  'microseconds',
  'nanoseconds',
] as const;
export const BINARY_MODES = ['bytes', 'base64', 'base64-url-safe', 'hex'] as const;
export const HSTORE_MODES = ['json', 'map'] as const;
export const INTERVAL_MODES = ['numeric', 'string'] as const;
export const NAME_ADJUSTMENTS = ['none', 'avro', 'avro_unicode'] as const;

const regexList = (name: string, doc: string): OptionDefinition =>
  debezium('LIST', name, null, doc, {
    check: (list) =>
      list
        .split(',')
        .map((item) => regexProblem(item.trim()))
        .find((problem) => problem !== undefined),
  });

const BASED = 'snapshot.mode.configuration.based';

const choice = (name: string, fallback: string, values: readonly string[], doc: string): OptionDefinition =>
  debezium('STRING', name, fallback, doc, { oneOf: values });

/** Other checks of Debezium's, in its words. */
const nonNegative = (value: string): string | undefined =>
  Number(value) >= 0 ? undefined : 'An non-negative integer is expected';
const notWith =
  (other: string, message: string) =>
  (_value: string, config: RawConfig): string | undefined =>
    config[other] === undefined ? undefined : message;

/** The regular expressions of an include list, which an exclude list of the same kind can't join. */
const exclusive = (name: string, other: string, doc: string): OptionDefinition => {
  const list = regexList(name, doc);
  const both = notWith(other, `"${other}" is already specified`);
  return { ...list, check: (value, config) => list.check?.(value, config) ?? both(value, config) };
};

const RESELECT = 'io.debezium.processors.reselect.ReselectColumnsPostProcessor';

/** Only these channels. */
const channels =
  (known: readonly string[], todo: string) =>
  (list: string): string | undefined =>
    splitList(list)
      .filter((name) => !known.includes(name.toLowerCase()))
      .map((name) => `The embedded Connect has no channel '${name}', only ${known.join(', ')}: ${todo}`)[0];

/** Options of io.debezium.connector.postgresql.PostgresConnector. */
export const POSTGRES_OPTIONS: readonly OptionDefinition[] = [
  debezium('STRING', 'topic.prefix', undefined, 'Name of this source; the prefix of its topics’ names.', {
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
  only(
    ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'],
    'allow would log in without TLS first',
    choice(
      'database.sslmode',
      'prefer',
      ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
      'Whether the connection is encrypted.',
    ),
  ),
  debezium('STRING', 'database.sslrootcert', null, 'File of the root certificate.'),
  debezium('STRING', 'database.sslcert', null, 'File of the client certificate.'),
  debezium('STRING', 'database.sslkey', null, 'File of its key.'),
  only(
    [],
    'decrypt the file of the key (openssl pkcs8)',
    debezium('PASSWORD', 'database.sslpassword', null, 'What the key is encrypted with.'),
  ),
  debezium('STRING', 'database.initial.statements', null, 'SQL for every new connection.'),
  {
    ...choice('plugin.name', 'decoderbufs', ['pgoutput', 'decoderbufs'], 'Logical decoding plug-in: always pgoutput.'),
    state: 'limited',
  },
  debezium('STRING', 'slot.stream.params', '', 'Options of the plug-in besides: name=value;…'),
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
  choice('publication.autocreate.mode', 'all_tables', PUBLICATION_MODES, 'How the publication is made.'),
  choice(
    'snapshot.mode',
    'initial',
    ['initial', 'always', 'initial_only', 'no_data', 'never', 'when_needed', 'configuration_based'],
    'When a snapshot of the tables is taken.',
  ),
  debezium('BOOLEAN', `${BASED}.snapshot.data`, 'false', 'With configuration_based: whether rows are read.'),
  unused(debezium('BOOLEAN', `${BASED}.snapshot.schema`, 'false', 'schemas are always read.')),
  debezium('BOOLEAN', `${BASED}.start.stream`, 'false', 'With configuration_based: whether changes are streamed.'),
  unused(debezium('BOOLEAN', `${BASED}.snapshot.on.schema.error`, 'false', 'schemas are always read.')),
  debezium(
    'BOOLEAN',
    `${BASED}.snapshot.on.data.error`,
    'false',
    'With configuration_based: a new snapshot for a lost offset.',
  ),
  debezium('LONG', 'snapshot.delay.ms', '0', 'Time before a snapshot begins.', { check: nonNegative }),
  debezium('LONG', 'streaming.delay.ms', '0', 'Time between a snapshot and the stream.', { check: nonNegative }),
  debezium('INT', 'snapshot.fetch.size', '10240', 'Rows read at a time.'),
  regexList('snapshot.include.collection.list', 'Tables that a snapshot reads.'),
  debezium('LIST', 'snapshot.select.statement.overrides', null, 'Tables that are read by a statement of their own.'),
  regexList('table.include.list', 'Tables that are captured.'),
  exclusive('table.exclude.list', 'table.include.list', 'Tables that are not captured.'),
  regexList('schema.include.list', 'Schemas that are captured.'),
  exclusive('schema.exclude.list', 'schema.include.list', 'Schemas that are not captured.'),
  regexList('column.include.list', 'Columns that records contain.'),
  exclusive('column.exclude.list', 'column.include.list', 'Columns that records leave out.'),
  debezium('STRING', 'message.key.columns', null, 'Tables with other key columns: table:column,…;…', {
    check: (list) =>
      list
        .split(';')
        .filter((rule) => rule.trim() !== '' && !/^\s*[^\s:]+:[^:\s]+(\s*,\s*[^:\s]+)*\s*$/.test(rule))
        .map((rule) => `${rule} has an invalid format (expecting '^\\s*([^\\s:]+):([^:\\s]+)\\s*$')`)[0],
  }),
  choice('decimal.handling.mode', 'precise', DECIMAL_MODES, 'How numeric columns are represented.'),
  choice('time.precision.mode', 'adaptive', TIME_MODES, 'How dates and times are represented.'),
  choice('binary.handling.mode', 'bytes', BINARY_MODES, 'How bytea columns are represented.'),
  choice('hstore.handling.mode', 'json', HSTORE_MODES, 'How hstore columns are represented.'),
  choice('interval.handling.mode', 'numeric', INTERVAL_MODES, 'How interval columns are represented.'),
  debezium('INT', 'money.fraction.digits', '2', 'Fraction digits of money.'),
  debezium('BOOLEAN', 'include.unknown.datatypes', 'false', 'Whether columns of unknown types are included, as bytes.'),
  debezium(
    'STRING',
    'unavailable.value.placeholder',
    '__debezium_unavailable_value',
    'Placeholder of a value that was not sent.',
  ),
  debezium('BOOLEAN', 'tombstones.on.delete', 'true', 'Whether a deletion is followed by a tombstone.'),
  debezium('STRING', 'skipped.operations', 't', 'Operations that are skipped: c, u, d, t, or none.'),
  debezium('INT', 'heartbeat.interval.ms', '0', 'Time between heartbeats; 0: none.', { check: nonNegative }),
  debezium('STRING', 'heartbeat.action.query', null, 'SQL with every heartbeat.'),
  debezium('STRING', 'topic.heartbeat.prefix', '__debezium-heartbeat', 'Prefix of the heartbeat topic’s name.'),
  debezium('STRING', 'topic.delimiter', '.', 'What separates the parts of topic names.'),
  debezium('STRING', 'topic.transaction', 'transaction', 'Suffix of the transaction topic’s name.'),
  regexList('message.prefix.include.list', 'Prefixes of logical messages that are captured.'),
  exclusive(
    'message.prefix.exclude.list',
    'message.prefix.include.list',
    'Prefixes of logical messages that are not captured.',
  ),
  debezium(
    'BOOLEAN',
    'provide.transaction.metadata',
    'false',
    'Whether the begin and end of transactions are published.',
  ),
  debezium('BOOLEAN', 'extended.headers.enabled', 'true', 'Whether records carry the connector’s headers.'),
  debezium('INT', 'max.queue.size', '8192', 'The most records that may wait.', {
    check: (value, config) => {
      if (Number(value) <= 0) return 'A positive queue size is required';
      return Number(value) > Number(config['max.batch.size'] ?? 2048)
        ? undefined
        : 'Must be larger than the maximum batch size';
    },
  }),
  debezium('INT', 'max.batch.size', '2048', 'The most records in one batch.', { check: positive }),
  unused(debezium('LONG', 'poll.interval.ms', '500', 'records are taken as soon as they are there.')),
  debezium('INT', 'status.update.interval.ms', '10000', 'Time between status messages to the server.'),
  debezium('INT', 'errors.max.retries', '-1', 'How often a lost connection is tried again; -1: always.'),
  debezium('LONG', 'errors.retry.delay.initial.ms', '300', 'First pause between attempts.'),
  debezium('LONG', 'errors.retry.delay.max.ms', '10000', 'Longest pause between attempts.'),
  choice('schema.name.adjustment.mode', 'none', NAME_ADJUSTMENTS, 'How schema names are adjusted.'),
  debezium('CLASS', 'topic.naming.strategy', DEFAULT_TOPIC_NAMING, 'How topics are named.', {
    check: (name) =>
      TOPIC_NAMING_STRATEGIES[name.trim()] === undefined
        ? `The embedded Connect has no class ${name}; it has ${Object.keys(TOPIC_NAMING_STRATEGIES).join(', ')}`
        : undefined,
  }),
  debezium('STRING', 'topic.regex', '(.*)', 'Pattern of the regex naming strategies.', { check: regexProblem }),
  debezium('STRING', 'topic.replacement', '$1', 'Replacement of the regex naming strategies.'),
  debezium('BOOLEAN', 'topic.key.enforce.uniqueness', 'true', 'With regexes: whether keys say where they come from.'),
  debezium('STRING', 'topic.key.field.name', '__dbz__physicalTableIdentifier', 'With regexes: the field that says it.'),
  debezium('STRING', 'topic.key.field.regex', null, 'What of the table’s own topic is replaced.', {
    check: regexProblem,
  }),
  debezium('STRING', 'topic.key.field.replacement', null, 'By what.'),
  regexList('column.propagate.source.type', 'Columns whose database type goes into the schema.'),
  regexList('datatype.propagate.source.type', 'Database types that go into the schema of columns that have them.'),
  debezium('BOOLEAN', 'skip.messages.without.change', 'false', 'Whether updates that change no column are left out.'),
  debezium('BOOLEAN', 'publish.via.partition.root', 'false', 'Whether rows of partitions are those of their root.'),
  debezium('LIST', 'replica.identity.autoset.values', null, 'Replica identities to set: schema.table:FULL,…', {
    check: (list) =>
      list
        .split(',')
        .filter((entry) => !/^\s*[^:]+\s*:\s*(DEFAULT|FULL|NOTHING|INDEX\s+\S+)\s*$/i.test(entry))
        .map((entry) => `${entry.trim()} is not of the form schema.table:DEFAULT|FULL|NOTHING|INDEX name`)[0],
  }),
  debezium('BOOLEAN', 'flush.lsn.source', 'true', 'Whether the slot is confirmed.'),
  choice('lsn.flush.mode', 'connector', ['connector', 'connector_and_driver', 'manual'], 'Who confirms the slot.'),
  choice('field.name.adjustment.mode', 'none', NAME_ADJUSTMENTS, 'How field names are adjusted.'),
  debezium('STRING', 'signal.data.collection', null, 'Table whose rows are signals: schema.table.'),
  debezium('LIST', 'signal.enabled.channels', 'source', 'Where signals come from: source, kafka, file.', {
    check: channels(['source', 'kafka', 'file'], 'insert signals into signal.data.collection'),
  }),
  debezium('LONG', 'signal.poll.interval.ms', '5000', 'How often the signal file is read.', {
    check: positive,
  }),
  debezium('STRING', 'signal.file', 'file-signals.txt', 'File of signals, a line of JSON each; emptied when read.'),
  debezium('STRING', 'signal.kafka.topic', null, 'Topic of signals; <topic.prefix>-signal where none is given.'),
  debezium('STRING', 'signal.kafka.bootstrap.servers', null, 'Brokers of the signal topic.'),
  debezium('STRING', 'signal.kafka.groupId', 'kafka-signal', 'Group whose offsets tell which signals were read.'),
  unused(debezium('INT', 'signal.kafka.poll.timeout.ms', '0', 'signals are taken as soon as they are there.')),
  debezium('INT', 'incremental.snapshot.chunk.size', '1024', 'Rows of an incremental snapshot read at a time.', {
    check: positive,
  }),
  choice(
    'incremental.snapshot.watermarking.strategy',
    'insert_insert',
    ['insert_insert', 'insert_delete'],
    'Whether the marks of a chunk stay in the signal table.',
  ),
  unused(
    debezium(
      'BOOLEAN',
      'incremental.snapshot.allow.schema.changes',
      'false',
      'each chunk is read as the table is then.',
    ),
  ),
  debezium('BOOLEAN', 'read.only', 'false', 'Whether incremental snapshots write nothing into the database.'),
  debezium('LIST', 'notification.enabled.channels', null, 'Where the progress of snapshots is reported: sink, log.', {
    check: (list, config) =>
      channels(['sink', 'log'], 'there is no JMX')(list) ??
      (splitList(list).includes('sink') && (config['notification.sink.topic.name'] ?? '').trim() === ''
        ? 'Notification topic name must be provided when kafka notification channel is enabled'
        : undefined),
  }),
  debezium('STRING', 'notification.sink.topic.name', null, 'Topic of notifications.'),
  debezium('LIST', 'post.processors', null, `Names of post processors; each has <name>.type ${RESELECT}.`, {
    check: (list, config) =>
      splitList(list)
        .map((name) => [name, (config[`${name}.type`] ?? '').trim()])
        .filter(([, type]) => type !== RESELECT)
        .map(([name, type]) => `The embedded Connect has no post processor '${type}' (${name}); it has ${RESELECT}`)[0],
  }),
  debezium('INT', 'xmin.fetch.interval.ms', '0', 'How often the slot’s xmin is read; 0: source.xmin is null.', {
    check: nonNegative,
  }),
  choice(
    'event.processing.failure.handling.mode',
    'fail',
    ['fail', 'warn', 'skip', 'ignore'],
    'Whether a change that cannot be processed fails the task, or is left out.',
  ),
  ...LIMITED_POSTGRES_OPTIONS,
];
