import { INSERT_MODES, JDBC_URL, KEY_MODES, urlProblem } from '../../../protocol/connect/jdbc-options.js';
import { splitList } from '../../../protocol/connect/option.js';
import { type SslParameters, sslParametersIn } from '../../../support/postgres-tls.js';
import type { Options } from '../config/options.js';
import { CONFIG_EXCEPTION, ConnectFailure } from '../data/failure.js';

export type KeyMode = (typeof KEY_MODES)[number];

/** What either of the two JDBC sinks is asked to do. */
export interface JdbcSettings {
  readonly connection: ConnectionSettings;
  readonly insertMode: (typeof INSERT_MODES)[number];
  readonly keyMode: KeyMode;
  /** Empty: all fields of the key, value or headers. */
  readonly keyFields: readonly string[];
  readonly deletes: boolean;
  readonly truncates: boolean;
  /** What a null value means where `deletes` is off. */
  readonly nullValues: 'skip' | 'fail';
  readonly createTables: boolean;
  readonly addColumns: boolean;
  /** Undefined: the record names no table, and is skipped. */
  tableOf(topic: string, source: (field: string) => string | undefined): string | undefined;
  includes(topic: string, field: string): boolean;
  /** Names that are not quoted are small letters in PostgreSQL. */
  readonly keepsCase: boolean;
  /** Debezium's sink reads change events and Debezium's types; Confluent's knows plain rows and Connect's own types. */
  readonly flavour: 'debezium' | 'confluent';
  readonly batchRows: number;
  readonly retries: number;
  readonly retryMs: number;
}

export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly schema: string | undefined;
  readonly tls: SslParameters;
  readonly timeZone: string;
}

function connectionOf(url: string, user: string, password: string | undefined, timeZone: string): ConnectionSettings {
  const match = JDBC_URL.exec(url);
  if (match === null) throw new ConnectFailure(urlProblem(url) ?? url, { className: CONFIG_EXCEPTION });
  const [, host = 'localhost', port = '5432', database = '', query = ''] = match;
  const given = new URLSearchParams(query);
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    database: decodeURIComponent(database),
    user: user === '' ? (given.get('user') ?? '') : user,
    password: password ?? given.get('password') ?? undefined,
    schema: given.get('currentSchema') ?? undefined,
    tls: { ...(given.get('ssl') === 'true' && { sslmode: 'verify-full' }), ...sslParametersIn(given) },
    timeZone,
  };
}

/** io.debezium.connector.jdbc.JdbcSinkConnector's options. */
export function debeziumSettings(options: Options): JdbcSettings {
  const older = (name: string, old: string): string => options.raw[name] ?? options.raw[old] ?? options.string(name);
  const format = older('collection.name.format', 'table.name.format');
  const include = fieldFilter(options.list('field.include.list'));
  const exclude = fieldFilter(options.list('field.exclude.list'));
  const evolves = options.choice('schema.evolution') === 'basic';
  return {
    connection: connectionOf(
      options.string('connection.url'),
      options.string('connection.username'),
      options.text('connection.password'),
      older('use.time.zone', 'database.time_zone'),
    ),
    insertMode: options.oneOf('insert.mode', INSERT_MODES),
    keyMode: options.oneOf('primary.key.mode', KEY_MODES),
    keyFields: options.list('primary.key.fields'),
    deletes: options.boolean('delete.enabled'),
    truncates: options.boolean('truncate.enabled'),
    nullValues: 'skip',
    createTables: evolves,
    addColumns: evolves,
    tableOf: tablesOf(format),
    includes: (topic, field) => (exclude === undefined ? (include?.(topic, field) ?? true) : !exclude(topic, field)),
    keepsCase: options.boolean('quote.identifiers'),
    flavour: 'debezium',
    batchRows: options.int('batch.size'),
    retries: options.int('flush.max.retries'),
    retryMs: options.int('flush.retry.delay.ms'),
  };
}

/** io.confluent.connect.jdbc.JdbcSinkConnector's options. */
export function confluentSettings(options: Options): JdbcSettings {
  const format = options.string('table.name.format');
  const whitelist = new Set(options.list('fields.whitelist'));
  const mode = options.oneOf('pk.mode', KEY_MODES);
  return {
    connection: connectionOf(
      options.string('connection.url'),
      options.string('connection.user'),
      options.text('connection.password'),
      options.string('db.timezone'),
    ),
    insertMode: options.oneOf('insert.mode', INSERT_MODES),
    keyMode: mode,
    keyFields: options.list('pk.fields'),
    deletes: options.boolean('delete.enabled'),
    truncates: false,
    nullValues: mode === 'none' ? 'skip' : 'fail',
    createTables: options.boolean('auto.create'),
    addColumns: options.boolean('auto.evolve'),
    tableOf: (topic) => format.replaceAll('${topic}', topic),
    includes: (_topic, field) => whitelist.size === 0 || whitelist.has(field),
    keepsCase: options.choice('quote.sql.identifiers') === 'always',
    flavour: 'confluent',
    batchRows: options.int('batch.size'),
    retries: options.int('max.retries'),
    retryMs: options.int('retry.backoff.ms'),
  };
}

/** `field` or `topic:field`, compared as they are. */
function fieldFilter(entries: readonly string[]): ((topic: string, field: string) => boolean) | undefined {
  if (entries.length === 0) return undefined;
  const listed = new Set(entries.map((entry) => splitList(entry.replace(':', ',')).join(':')));
  return (topic, field) => listed.has(field) || listed.has(`${topic}:${field}`);
}

/** `${topic}`, which is put in once for each topic, and `${source.table}` and the like of a change event. */
function tablesOf(format: string): JdbcSettings['tableOf'] {
  const ofTopics = new Map<string, string>();
  return (topic, source) => {
    let table = ofTopics.get(topic);
    if (table === undefined) {
      table = format.replaceAll('${topic}', topic.replaceAll('.', '_'));
      ofTopics.set(topic, table);
    }
    return table.includes('${source.') ? withSource(table, source) : table;
  };
}

function withSource(format: string, source: (field: string) => string | undefined): string | undefined {
  let missing = false;
  const table = format.replace(/\$\{source\.(.*?)\}/g, (_, field: string) => {
    const value = source(field);
    if (value === undefined) missing = true;
    return value ?? '';
  });
  return missing ? undefined : table;
}
