import type { SharedName } from '../../pipeline/kind.js';
import { SSL_PARAMETERS } from '../../support/postgres-tls.js';
import { shortName } from '../../support/short-name.js';
import { DEBEZIUM_SINK, POSTGRES_SOURCE } from './connector-flow.js';

/** Names that evpipe gives where the config doesn't: only then can a namespace stand in front of them. */
export const GIVEN_NAMES: ReadonlySet<string> = new Set([
  'slot.name',
  'publication.name',
  'topic.prefix',
  'database.server.name',
]);

/** `$(connectors.X.slot)`: what evpipe gives a connector that the file declares, for one that a ksql migration makes. */
export const givenName = ({ name, field, pipeline }: SharedName): string =>
  field === 'topicPrefix' ? topicPrefix(pipeline, name) : slotName(pipeline, name);

/** PostgreSQL takes 63 bytes for a slot's name, small letters, digits and "_" only. */
const slotName = (pipeline: string, connector: string): string =>
  shortName(`evpipe_${pipeline}_${connector}`.toLowerCase().replace(/[^a-z0-9_]/g, '_'), 63, '_');

/** Names of Avro records begin with it, and take letters, digits and "_" only. */
function topicPrefix(pipeline: string, connector: string): string {
  return `${pipeline}_${connector}`.replace(/[^A-Za-z0-9_]/g, '_');
}

/**
 * What `database:` fills in: where the database is, names that no two connectors share, a publication of the captured
 * tables only, and the options that a fence needs on a quiet source (heartbeats; evpipe's own messages kept out of topics).
 * Everything the file says itself wins, the names of Debezium 1.9 included.
 */
export function fillConnector(
  pipeline: string,
  connector: string,
  database: string | undefined,
  config: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (database !== undefined && config['connector.class'] === DEBEZIUM_SINK) return fillSink(database, config);
  if (database === undefined || config['connector.class'] !== POSTGRES_SOURCE) return config;
  const slot = slotName(pipeline, connector);
  const filled: Record<string, string> = {
    'database.hostname': `$(databases.${database}.host)`,
    'database.port': `$(databases.${database}.port)`,
    'database.user': `$(databases.${database}.user)`,
    'database.password': `$(databases.${database}.password)`,
    'database.dbname': `$(databases.${database}.name)`,
    ...Object.fromEntries(SSL_PARAMETERS.map((name) => [`database.${name}`, `$(databases.${database}.${name})`])),
    'plugin.name': 'pgoutput',
    'slot.name': slot,
    'publication.name': slot,
    'publication.autocreate.mode': 'filtered',
    'heartbeat.interval.ms': '1000',
    'message.prefix.exclude.list': 'evpipe',
  };
  if (config['database.server.name'] === undefined) filled['topic.prefix'] = topicPrefix(pipeline, connector);
  return { ...filled, ...config };
}

/** Where the sink's database is. */
function fillSink(database: string, config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const reference = (what: string): string => `$(databases.${database}.${what})`;
  return {
    'connection.url': reference('jdbcUrl'),
    'connection.username': reference('user'),
    'connection.password': reference('password'),
    ...config,
  };
}

/** Without the TLS options of an address that has none: to Debezium an empty text is a wrong `sslmode`. */
export const withoutEmptyTls = (config: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).filter(
      ([option, value]) => value !== '' || !SSL_PARAMETERS.some((name) => option === `database.${name}`),
    ),
  );
