import { StatementError } from '../statement-error.js';

/** The property that bounds the memory of ksqlDB's own stores. */
export const STATE_BYTES = 'ksql.plugins.rocksdb.cache.size';

/** What the engine reads; any other property is kept and has no effect. */
export const HONOURED_PROPERTIES: Readonly<Record<string, string>> = {
  'auto.offset.reset': 'earliest or latest (default): where a query begins to read its sources.',
  'processing.guarantee':
    'exactly_once_v2: a persistent query commits its outputs, its state and its offsets in one transaction; at_least_once (default).',
  'ksql.persistence.default.format.key': 'KEY_FORMAT where CREATE STREAM or TABLE does not say it.',
  'ksql.persistence.default.format.value': 'VALUE_FORMAT where CREATE STREAM or TABLE does not say it.',
  'ksql.persistence.wrap.single.values':
    'WRAP_SINGLE_VALUE where a statement does not say it; true (default) or false.',
  'ksql.variable.substitution.enable': 'false leaves ${name} as it is.',
  'ksql.pull.queries.enable': 'false refuses pull queries.',
  'ksql.query.pull.table.scan.enabled': 'false refuses pull queries that would read a whole table.',
  'ksql.query.pull.range.scan.enabled': 'Where table scans are refused: false refuses ranges of keys, too.',
  'ksql.output.topic.name.prefix': 'Stands before the name of a query’s topic where KAFKA_TOPIC does not say it.',
  'ksql.functions.collect_list.limit':
    'As many elements as COLLECT_LIST keeps; what comes later is left out. Default: all.',
  'ksql.functions.collect_set.limit': 'The same for COLLECT_SET.',
  'ksql.fail.on.deserialization.error':
    'true: a record that cannot be read fails a persistent query, which tries again. Default: it is logged and skipped.',
  'ksql.timestamp.throw.on.invalid':
    'true: so does a row whose TIMESTAMP column holds no time. Default: it is logged and skipped.',
  [STATE_BYTES]:
    'By ALTER SYSTEM only: bytes of memory for the states of all persistent queries; default: a quarter of the engine’s heap, 1 GiB on a machine of 16. Entries beyond it are kept as their bytes, and where these have no room either, in a file that is gone with the engine. Not counted, besides the states of push queries: some 30 bytes by which each of these is found; its key and up to 40 bytes of each window and of each reference of a foreign-key join; some 300 bytes of each session, and 200 of each row that waits in a stream-stream join, until they are forgotten.',
};

/** Properties as clients send them: `ksql.streams.` before a name means the same as without. */
export type Properties = ReadonlyMap<string, string>;

export const NO_PROPERTIES: Properties = new Map();

export const propertyName = (name: string): string => name.replace(/^ksql\.streams\./, '');

/** Beginnings of the names that ksqlDB, Kafka Streams and the clients in it know. */
const KNOWN =
  /^(ksql\.|auto\.|acks$|application\.|batch\.size$|bootstrap\.|buffer\.|buffered\.|built\.in\.|cache\.|client\.|commit\.|compression\.|connections\.|consumer\.|default\.|delivery\.|enable\.|fetch\.|group\.|heartbeat\.|interceptor\.|isolation\.|key\.|linger\.ms$|max\.|metadata\.|metric\.|metrics\.|num\.|partition|poll\.|probing\.|processing\.|producer\.|receive\.|reconnect\.|repartition\.|replication\.|request\.|retries$|retry\.|rocksdb\.|sasl\.|schema\.registry\.|security\.|send\.|session\.|socket\.|ssl\.|state\.|statestore\.|statestore|task\.|topology\.|transaction|upgrade\.|value\.|window|windowstore\.|warmup\.)/;

/** What only one of a few texts can be. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  'auto.offset.reset': ['latest', 'earliest'],
  'processing.guarantee': ['at_least_once', 'exactly_once', 'exactly_once_beta', 'exactly_once_v2'],
};

export const isKnownProperty = (name: string): boolean => KNOWN.test(propertyName(name));

/** What makes a server the one that it is: no request can set it. */
const FIXED: ReadonlySet<string> = new Set([
  'bootstrap.servers',
  'ksql.extension.dir',
  'ksql.query.persistent.active.limit',
  'ksql.service.id',
]);

export const isFixed = (name: string): boolean => FIXED.has(propertyName(name));

/** SET of a property that nothing knows, or to a value that it cannot have. */
export function checkProperty(name: string, value: string, code = 40001): void {
  if (!isKnownProperty(name))
    throw new StatementError(`Not recognizable as ksql, streams, consumer, or producer property: '${name}'`, code);
  if (isFixed(name)) throw new StatementError(`Cannot override property '${name}'`, code);
  if (propertyName(name) === STATE_BYTES && !/^\d{1,15}$/.test(value)) {
    throw new StatementError(`Invalid value ${value} for configuration ${name}: Not a number of type LONG`, code);
  }
  const choices = CHOICES[propertyName(name)];
  if (choices !== undefined && !choices.includes(value.toLowerCase())) {
    throw new StatementError(
      `Invalid value ${value} for configuration ${name}: String must be one of: ${choices.join(', ')}`,
      code,
    );
  }
}

/** Of a request. Throws for what nothing knows, as SET does. */
export function readProperties(sent: unknown): Map<string, string> {
  const properties = new Map<string, string>();
  if (typeof sent !== 'object' || sent === null) return properties;
  for (const [name, value] of Object.entries(sent)) {
    if (value === null || value === undefined) continue;
    checkProperty(name, String(value), 40000);
    properties.set(propertyName(name), String(value));
  }
  return properties;
}

/** Of the request, else of ALTER SYSTEM. The older names of exactly_once_v2 mean the same, as in Kafka Streams. */
export const isExactlyOnce = (properties: Properties, system: Properties): boolean =>
  (properties.get('processing.guarantee') ?? system.get('processing.guarantee'))
    ?.toLowerCase()
    .startsWith('exactly_once') ?? false;

/** Records that a query must not skip. */
export interface FatalRecords {
  /** Their bytes are not what the source's format says. */
  readonly unreadable: boolean;
  /** Their TIMESTAMP column holds no time. */
  readonly untimed: boolean;
}

export const fatalRecords = (properties: Properties): FatalRecords => ({
  unreadable: properties.get('ksql.fail.on.deserialization.error')?.toLowerCase() === 'true',
  untimed: properties.get('ksql.timestamp.throw.on.invalid')?.toLowerCase() === 'true',
});

/** Of the request, else of ALTER SYSTEM; ksqlDB's own default is latest. */
export function offsetReset(properties: Properties, system: Properties): 'earliest' | 'latest' {
  const name = 'auto.offset.reset';
  return (properties.get(name) ?? system.get(name))?.toLowerCase() === 'earliest' ? 'earliest' : 'latest';
}
