import { createHash } from 'node:crypto';
import { below, splitList } from '../../../protocol/connect/option.js';
import {
  BINARY_MODES,
  DECIMAL_MODES,
  HSTORE_MODES,
  INTERVAL_MODES,
  NAME_ADJUSTMENTS,
  PUBLICATION_MODES,
  TIME_MODES,
} from '../../../protocol/connect/postgresql-options.js';
import type { SslParameters } from '../../../support/postgres-tls.js';
import type { Options } from '../config/options.js';
import type { TypeOptions } from './column-codec.js';
import { nameFilter, nameMatcher, nameRank } from './filter.js';
import { type TopicNaming, topicNaming } from './topic-naming.js';

export interface SnapshotPlan {
  /** Whether rows are read. */
  readonly data: boolean;
  readonly streams: boolean;
  /** A snapshot with every start of the connector. */
  readonly always: boolean;
  /** A snapshot where the stored offset is of no use any more. */
  readonly onLostOffset: boolean;
}

export type Operation = 'r' | 'c' | 'u' | 'd' | 't' | 'm';

/** One `ReselectColumnsPostProcessor` of `post.processors`. */
export interface ReselectRule {
  /** `schema.table:column` */
  matches(column: string): boolean;
  /** Values that were not sent because they did not change. */
  readonly unavailable: boolean;
  readonly nulls: boolean;
  /** The row is looked up by the record's key, not by the table's. */
  readonly byEventKey: boolean;
  /** `reselect.error.handling.mode=fail`: the task ends where a row is gone or cannot be read. */
  readonly failsIfAbsent: boolean;
}

/** Where signals come from besides the signal table. */
export interface SignalChannels {
  /** `source`, `kafka`, `file`: those that are enabled. */
  readonly enabled: ReadonlySet<string>;
  readonly pollMs: number;
  readonly file: string;
  readonly topic: string;
  readonly bootstrapServers: string;
  readonly group: string;
}

/** The PostgreSQL connector's options, read once. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: SslParameters;
  readonly prefix: string;
  readonly slot: string;
  readonly dropSlotOnStop: boolean;
  readonly publication: string;
  readonly publicationMode: (typeof PUBLICATION_MODES)[number];
  readonly snapshotFetchRows: number;
  readonly snapshotSelects: ReadonlyMap<string, string>;
  snapshots(table: string): boolean;
  /** Snapshots read tables in the order of their include list. */
  snapshotRank(table: string): number;
  captures(table: string): boolean;
  /** `schema.table.column` */
  includesColumn(column: string): boolean;
  readonly columnRules: readonly ColumnRule[];
  /** Custom key columns of a table (`message.key.columns`); undefined: its own key. */
  keyColumns(table: string): readonly string[] | undefined;
  readonly types: TypeOptions;
  readonly tombstones: boolean;
  readonly skipped: ReadonlySet<Operation>;
  readonly heartbeatMs: number;
  readonly heartbeatTopic: string;
  readonly heartbeatQuery: string | undefined;
  readonly statusIntervalMs: number;
  readonly extendedHeaders: boolean;
  readonly transactionMetadata: boolean;
  readonly transactionTopic: string;
  includesMessage(prefix: string): boolean;
  readonly topicDelimiter: string;
  readonly naming: TopicNaming;
  /** Whether the source's type of a column is told: `schema.table.column`, and the type's name. */
  propagates(column: string, type: string): boolean;
  /** Updates that change no column of the record are left out. */
  readonly skipsUnchanged: boolean;
  readonly viaPartitionRoot: boolean;
  /** Replica identities to be set, `schema.table:FULL`. */
  readonly replicaIdentities: ReadonlyArray<{ matches(table: string): boolean; readonly identity: string }>;
  /** Options of the logical decoding plug-in besides. */
  readonly slotParameters: ReadonlyArray<readonly [name: string, value: string]>;
  readonly confirmsLsn: boolean;
  /** `schema.table`; its rows are signals. */
  readonly signalTable: string | undefined;
  readonly signals: SignalChannels;
  readonly incrementalChunkRows: number;
  /** Incremental snapshots mark their chunks by nothing that has to be written. */
  readonly readOnly: boolean;
  /** A chunk closes by the deletion of the mark that opened it. */
  readonly deletesWatermarks: boolean;
  /** `log`, `sink` */
  readonly notifications: ReadonlySet<string>;
  readonly notificationTopic: string | undefined;
  readonly reselects: readonly ReselectRule[];
  /** 0: `source.xmin` is null. */
  readonly xminIntervalMs: number;
  /** A change that cannot be processed fails the task. */
  readonly failsOnEvents: boolean;
  readonly snapshotDelayMs: number;
  readonly streamingDelayMs: number;
  /** What a snapshot mode does. */
  readonly snapshot: SnapshotPlan;
  readonly queueRows: number;
  readonly batchRows: number;
  readonly slotRetries: number;
  readonly slotRetryMs: number;
  readonly errorsMaxRetries: number;
  readonly retryInitialMs: number;
  readonly retryMaxMs: number;
  readonly adjustNames: (typeof NAME_ADJUSTMENTS)[number];
  readonly adjustFieldNames: (typeof NAME_ADJUSTMENTS)[number];
  readonly initialStatements: string | undefined;
}

/** What happens to the values of some columns on their way out. */
export interface ColumnRule {
  matches(column: string): boolean;
  apply(value: string | null): string | null;
  /** What the column's schema says of it. */
  readonly parameters: Readonly<Record<string, string>>;
}

export function readSettings(options: Options): Settings {
  const include = options.string('table.include.list');
  const exclude = options.string('table.exclude.list');
  const table = nameFilter(include, exclude);
  const schema = nameFilter(options.string('schema.include.list'), options.string('schema.exclude.list'));
  const column = nameFilter(options.string('column.include.list'), options.string('column.exclude.list'));
  const captures = (name: string): boolean => table(name) && schema(name.slice(0, name.indexOf('.')));
  const snapshotTables = options.string('snapshot.include.collection.list');
  const snapshotsTable = nameMatcher(snapshotTables);
  // The database may come first: database.schema.table.
  const signalTable = options.text('signal.data.collection')?.split('.').slice(-2).join('.');
  const prefix = options.string('topic.prefix');
  const delimiter = options.string('topic.delimiter');
  return {
    host: options.string('database.hostname'),
    port: options.int('database.port'),
    user: options.string('database.user'),
    password: options.text('database.password'),
    database: options.string('database.dbname'),
    tls: {
      sslmode: options.choice('database.sslmode'),
      sslrootcert: options.text('database.sslrootcert'),
      sslcert: options.text('database.sslcert'),
      sslkey: options.text('database.sslkey'),
    },
    prefix,
    slot: options.string('slot.name'),
    dropSlotOnStop: options.boolean('slot.drop.on.stop'),
    publication: options.string('publication.name'),
    publicationMode: options.oneOf('publication.autocreate.mode', PUBLICATION_MODES),
    snapshot: snapshotPlan(options),
    snapshotFetchRows: options.int('snapshot.fetch.size') || 10_240,
    snapshotSelects: snapshotSelects(options),
    snapshots: (name) => captures(name) && (snapshotTables === '' || snapshotsTable(name)),
    snapshotRank: nameRank(snapshotTables === '' ? include : snapshotTables),
    captures: (name) => name === signalTable || captures(name),
    includesColumn: column,
    columnRules: columnRules(options.raw),
    keyColumns: keyColumns(options.string('message.key.columns')),
    types: {
      decimals: options.oneOf('decimal.handling.mode', DECIMAL_MODES),
      times: options.oneOf('time.precision.mode', TIME_MODES),
      binary: options.oneOf('binary.handling.mode', BINARY_MODES),
      hstore: options.oneOf('hstore.handling.mode', HSTORE_MODES),
      intervals: options.oneOf('interval.handling.mode', INTERVAL_MODES),
      moneyFractionDigits: options.int('money.fraction.digits'),
      includeUnknown: options.boolean('include.unknown.datatypes'),
      unavailablePlaceholder: options.string('unavailable.value.placeholder'),
    },
    tombstones: options.boolean('tombstones.on.delete'),
    skipped: new Set(splitList(options.string('skipped.operations')).filter((one) => one !== 'none') as Operation[]),
    heartbeatMs: options.int('heartbeat.interval.ms'),
    heartbeatTopic: `${options.string('topic.heartbeat.prefix')}${delimiter}${prefix}`,
    heartbeatQuery: options.text('heartbeat.action.query'),
    statusIntervalMs: options.int('status.update.interval.ms'),
    extendedHeaders: options.boolean('extended.headers.enabled'),
    transactionMetadata: options.boolean('provide.transaction.metadata'),
    transactionTopic: `${prefix}${delimiter}${options.string('topic.transaction')}`,
    includesMessage: nameFilter(
      options.string('message.prefix.include.list'),
      options.string('message.prefix.exclude.list'),
    ),
    topicDelimiter: delimiter,
    naming: topicNaming(options),
    propagates: propagation(options),
    skipsUnchanged: options.boolean('skip.messages.without.change'),
    viaPartitionRoot: options.boolean('publish.via.partition.root'),
    replicaIdentities: replicaIdentities(options),
    slotParameters: options
      .string('slot.stream.params')
      .split(';')
      .flatMap((pair) => {
        const [name = '', value] = pair.split('=');
        return value === undefined ? [] : [[name.trim(), value.trim()] as const];
      }),
    snapshotDelayMs: options.int('snapshot.delay.ms'),
    streamingDelayMs: options.int('streaming.delay.ms'),
    signalTable,
    signals: signalChannels(options),
    incrementalChunkRows: options.int('incremental.snapshot.chunk.size'),
    readOnly: options.boolean('read.only'),
    deletesWatermarks: options.choice('incremental.snapshot.watermarking.strategy') === 'insert_delete',
    notifications: new Set(options.list('notification.enabled.channels').map((name) => name.toLowerCase())),
    notificationTopic: options.text('notification.sink.topic.name'),
    reselects: reselectRules(options),
    xminIntervalMs: options.int('xmin.fetch.interval.ms'),
    failsOnEvents: options.choice('event.processing.failure.handling.mode') === 'fail',
    confirmsLsn: options.boolean('flush.lsn.source') && options.choice('lsn.flush.mode') !== 'manual',
    queueRows: options.int('max.queue.size'),
    batchRows: options.int('max.batch.size'),
    slotRetries: options.int('slot.max.retries'),
    slotRetryMs: options.int('slot.retry.delay.ms'),
    errorsMaxRetries: options.int('errors.max.retries'),
    retryInitialMs: options.int('errors.retry.delay.initial.ms'),
    retryMaxMs: options.int('errors.retry.delay.max.ms'),
    adjustNames: options.oneOf('schema.name.adjustment.mode', NAME_ADJUSTMENTS),
    adjustFieldNames: options.oneOf('field.name.adjustment.mode', NAME_ADJUSTMENTS),
    initialStatements: options.text('database.initial.statements'),
  };
}

function signalChannels(options: Options): SignalChannels {
  return {
    enabled: new Set(options.list('signal.enabled.channels').map((name) => name.toLowerCase())),
    pollMs: options.int('signal.poll.interval.ms'),
    file: options.string('signal.file'),
    topic: options.text('signal.kafka.topic') ?? `${options.string('topic.prefix')}-signal`,
    bootstrapServers: options.string('signal.kafka.bootstrap.servers'),
    group: options.string('signal.kafka.groupId'),
  };
}

function reselectRules(options: Options): ReselectRule[] {
  return options.list('post.processors').map((name) => {
    const own = below(options.raw, `${name}.`);
    const flag = (option: string, fallback: boolean): boolean =>
      (own[`reselect.${option}`] ?? String(fallback)).trim().toLowerCase() === 'true';
    return {
      matches: nameFilter(own['reselect.columns.include.list'] ?? '', own['reselect.columns.exclude.list'] ?? ''),
      unavailable: flag('unavailable.values', true),
      nulls: flag('null.values', true),
      byEventKey: flag('use.event.key', false),
      failsIfAbsent: (own['reselect.error.handling.mode'] ?? '').trim().toLowerCase() === 'fail',
    };
  });
}

function snapshotPlan(options: Options): SnapshotPlan {
  const plan = (data: boolean, streams = true): SnapshotPlan => ({ data, streams, always: false, onLostOffset: false });
  const mode = options.choice('snapshot.mode');
  switch (mode) {
    case 'always':
      return { ...plan(true), always: true };
    case 'initial_only':
      return plan(true, false);
    case 'no_data':
    case 'never':
      return plan(false);
    case 'when_needed':
      return { ...plan(true), onLostOffset: true };
    case 'configuration_based': {
      const flag = (name: string): boolean => options.boolean(`snapshot.mode.configuration.based.${name}`);
      const onLostOffset = flag('snapshot.on.data.error');
      return { ...plan(flag('snapshot.data'), flag('start.stream')), onLostOffset };
    }
    default:
      return plan(true);
  }
}

function propagation(options: Options): Settings['propagates'] {
  const column = options.string('column.propagate.source.type');
  const type = options.string('datatype.propagate.source.type');
  const byColumn = nameMatcher(column);
  const byType = nameMatcher(type);
  return (path, typeName) => byColumn(path) || byType(typeName) || byType(`${path.split('.')[0]}.${typeName}`);
}

function replicaIdentities(options: Options): Settings['replicaIdentities'] {
  return options.list('replica.identity.autoset.values').map((entry) => {
    const at = entry.lastIndexOf(':');
    return { matches: nameMatcher(entry.slice(0, at)), identity: entry.slice(at + 1).trim() };
  });
}

function snapshotSelects(options: Options): Map<string, string> {
  const selects = new Map<string, string>();
  for (const table of options.list('snapshot.select.statement.overrides')) {
    const select = options.raw[`snapshot.select.statement.overrides.${table}`];
    if (select !== undefined) selects.set(table, select);
  }
  return selects;
}

/** "public.a:id,name;public.b:code": the first that matches the table gives its key. */
function keyColumns(list: string): Settings['keyColumns'] {
  const rules = list
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map((rule) => {
      const at = rule.indexOf(':');
      return { matches: nameMatcher(rule.slice(0, at)), columns: splitList(rule.slice(at + 1)) };
    });
  return (table) => rules.find((rule) => rule.matches(table))?.columns;
}

function columnRules(config: Readonly<Record<string, string>>): ColumnRule[] {
  return Object.entries(config).flatMap(([name, columns]): ColumnRule[] => {
    const rule = (parameters: ColumnRule['parameters'], apply: ColumnRule['apply']): ColumnRule[] => [
      { matches: nameMatcher(columns), parameters, apply },
    ];
    const truncate = /^column\.truncate\.to\.(\d+)\.chars$/.exec(name)?.[1];
    if (truncate !== undefined)
      return rule({ truncateLength: truncate }, (text) => text?.slice(0, Number(truncate)) ?? null);
    const mask = /^column\.mask\.with\.(\d+)\.chars$/.exec(name)?.[1];
    if (mask !== undefined) return rule({ masked: 'true' }, () => '*'.repeat(Number(mask)));
    const hash = /^column\.mask\.hash\.(v2\.)?([^.]+)\.with\.salt\.(.+)$/.exec(name);
    if (hash === null) return [];
    const [, v2, algorithm = '', salt = ''] = hash;
    return rule({ masked: 'true' }, (text) => {
      if (text === null) return null;
      const digest = createHash(algorithm.replace('-', '').toLowerCase()).update(salt, 'utf8');
      return digest.update(v2 === undefined ? javaSerialized(text) : Buffer.from(text, 'utf8')).digest('hex');
    });
  });
}

/** A text as Java's ObjectOutputStream writes it: what the first version of the hash is taken of. */
function javaSerialized(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const head = Buffer.from([0xac, 0xed, 0x00, 0x05, 0x74, bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([head, bytes]);
}
