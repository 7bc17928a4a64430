import { referencesIn } from '../../pipeline/references.js';
import { BoundedRegex } from '../../support/bounded-regex.js';

/** Which way data passes a connector, as far as its config alone tells. */
export interface ConnectorFlow {
  readonly kind: 'source' | 'sink';
  /** The `databases:` name that its config points at; undefined where it names none. */
  readonly database: string | undefined;
  /** Does it capture this table (`schema.table`)? False for a sink. */
  captures(table: string): boolean;
  /** Tables that its include list names outright, as `schema.table`; patterns are left out. */
  readonly tables: readonly string[];
  /** The topic where rows of a table go; undefined where a value of the row decides. Of a source only. */
  topicOf(table: string): string | undefined;
  /** A sink: the topics it reads. */
  readonly topics: readonly string[];
  /** A sink: the table it writes a topic's records into, as `schema.table`. */
  tableOf(topic: string): string;
}

export const POSTGRES_SOURCE = 'io.debezium.connector.postgresql.PostgresConnector';
export const DEBEZIUM_SINK = 'io.debezium.connector.jdbc.JdbcSinkConnector';
const CONFLUENT_SINK = 'io.confluent.connect.jdbc.JdbcSinkConnector';

export type ConnectorConfig = Readonly<Record<string, string>>;

const TOPIC = '$'.concat('{topic}');

/** What a Debezium connector takes where its config names none. */
export const SLOT_DEFAULT = 'debezium';
export const PUBLICATION_DEFAULT = 'dbz_publication';

export function slotOf(config: ConnectorConfig): string {
  return config['slot.name'] ?? SLOT_DEFAULT;
}

/** Options that a fence needs on a quiet source (heartbeats; evpipe's own messages kept out of topics) and a source's config lacks. */
export function missingFenceOptions(config: ConnectorConfig): readonly string[] {
  return [
    ...(Number(config['heartbeat.interval.ms'] ?? 0) > 0 ? [] : ['heartbeat.interval.ms=1000']),
    ...(keepsFencesOut(config) ? [] : ['message.prefix.exclude.list=evpipe']),
  ];
}

/** Does the connector drop evpipe's fence messages? One that doesn't writes them to a topic, where transforms may fail on them. */
export function keepsFencesOut(config: ConnectorConfig): boolean {
  const included = config['message.prefix.include.list'];
  const matches = (list: string | undefined): boolean =>
    listOf(list).some((pattern) => {
      try {
        return new BoundedRegex(`^(?:${pattern})$`, 'i').test('evpipe');
      } catch {
        return false;
      }
    });
  return included === undefined ? matches(config['message.prefix.exclude.list']) : !matches(included);
}

/** Undefined for a class that evpipe doesn't know: then only `database` and `produces` of the file tell its flow. */
export function connectorFlow(config: ConnectorConfig): ConnectorFlow | undefined {
  const className = config['connector.class'] ?? '';
  if (className === POSTGRES_SOURCE) return postgresFlow(config);
  return className === DEBEZIUM_SINK || className === CONFLUENT_SINK ? sinkFlow(config) : undefined;
}

/** `a` means `public.a`. */
export function withSchema(table: string): string {
  return table.includes('.') ? table : `public.${table}`;
}

export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function postgresFlow(config: ConnectorConfig): ConnectorFlow {
  const included = listOf(config['table.include.list'] ?? config['table.whitelist']);
  const excluded = listOf(config['table.exclude.list'] ?? config['table.blacklist']);
  const patterns = (included.length > 0 ? included : excluded).map((one) => anchored(one, 'i'));
  const prefix = config['topic.prefix'] ?? config['database.server.name'] ?? '';
  const reroute = routing(config);
  return {
    kind: 'source',
    database: databaseOf(config),
    captures: (table) =>
      included.length > 0 ? patterns.some((one) => one.test(table)) : !patterns.some((one) => one.test(table)),
    tables: included.map((entry) => entry.replaceAll('\\.', '.')).filter((entry) => /^[\w$-]+\.[\w$-]+$/.test(entry)),
    topicOf: (table) => reroute(`${prefix}.${table}`),
    topics: [],
    tableOf: (topic) => topic,
  };
}

function sinkFlow(config: ConnectorConfig): ConnectorFlow {
  const format = config['collection.name.format'] ?? config['table.name.format'] ?? TOPIC;
  const replacesDots = config['connector.class'] === DEBEZIUM_SINK;
  return {
    kind: 'sink',
    database: databaseOf(config),
    captures: () => false,
    tables: [],
    topicOf: () => undefined,
    topics: listOf(config.topics),
    // Debezium's sink turns the dots of a topic into "_": https://debezium.io/documentation/reference/connectors/jdbc.html
    tableOf: (topic) => withSchema(format.replaceAll(TOPIC, replacesDots ? topic.replaceAll('.', '_') : topic)),
  };
}

/** The whole name has to match, as in Java; Debezium compares without case. A pattern that JavaScript can't read matches as text. */
function anchored(pattern: string, flags: string): RegExp {
  try {
    return new BoundedRegex(`^(?:${pattern})$`, flags);
  } catch {
    return new RegExp(`^${pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, flags);
  }
}

function databaseOf(config: ConnectorConfig): string | undefined {
  for (const option of ['database.dbname', 'database.hostname', 'connection.url']) {
    for (const path of referencesIn(config[option] ?? '')) {
      const [head, ...rest] = path.split('.');
      if (head === 'databases') return rest.slice(0, -1).join('.');
    }
  }
  return undefined;
}

type Router = (topic: string) => string | undefined;

/** What the chain of transforms makes of a row's topic; undefined from where a value of the row decides. */
function routing(config: ConnectorConfig): Router {
  const routers = listOf(config.transforms).flatMap((name) => {
    const prefix = `transforms.${name}.`;
    const router = routerOf(config, prefix);
    if (router === undefined) return [];
    const applies = predicateOf(config, prefix);
    return [(topic: string): string | undefined => (applies(topic) ? router(topic) : topic)];
  });
  return (topic) =>
    routers.reduce<string | undefined>((at, router) => (at === undefined ? undefined : router(at)), topic);
}

/** Which topics a transform sees; predicates on anything but the name count as passed by rows. */
export function predicateOf(config: ConnectorConfig, transform: string): (topic: string) => boolean {
  const name = config[`${transform}predicate`];
  if (name === undefined) return () => true;
  const pattern = config[`predicates.${name}.pattern`];
  if (!(config[`predicates.${name}.type`] ?? '').endsWith('.TopicNameMatches') || pattern === undefined)
    return () => true;
  const matches = anchored(pattern, '');
  const negated = config[`${transform}negate`]?.toLowerCase() === 'true';
  return (topic) => matches.test(topic) !== negated;
}

function routerOf(config: ConnectorConfig, prefix: string): Router | undefined {
  const option = (name: string): string | undefined => config[prefix + name];
  switch (option('type')) {
    case 'io.debezium.transforms.ByLogicalTableRouter':
      return replacing(option('topic.regex'), option('topic.replacement'));
    case 'org.apache.kafka.connect.transforms.RegexRouter':
      return replacing(option('regex'), option('replacement'));
    case 'io.debezium.transforms.outbox.EventRouter': {
      const to = option('route.topic.replacement') ?? OUTBOX_TOPIC;
      return to.includes('$') ? () => undefined : () => to;
    }
    default:
      return undefined;
  }
}

const OUTBOX_TOPIC = 'outbox.event.$'.concat('{routedByValue}');

/** As Java's Matcher does it: the whole name has to match, `$1` is the first group. */
function replacing(regex: string | undefined, replacement: string | undefined): Router {
  if (regex === undefined || replacement === undefined) return (topic) => topic;
  const pattern = anchored(regex, '');
  return (topic) => topic.replace(pattern, replacement);
}
