import type { PostgresClient } from '../../clients/postgres/client.js';
import { LIVE_PUBLICATION, type LivePublication, publicationStatement } from '../../protocol/publication.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { type ConnectorConfig, connectorFlow, PUBLICATION_DEFAULT } from './connector-flow.js';

/**
 * What a PostgreSQL source may do in a database of evpipe's own: read what it captures, and write where its config says
 * that it writes. A publication of tables needs their owner, so that it is made here. Run by the superuser; repeatable.
 */
export async function grantCapture(
  client: PostgresClient,
  roles: { readonly connector: string; readonly owner: string },
  config: ConnectorConfig,
): Promise<void> {
  const flow = connectorFlow(config);
  if (flow?.kind !== 'source') return;
  const tables = await client.query<Table>(TABLES);
  const signals = config['signal.data.collection']?.split('.').slice(-2).join('.');
  const captured = tables.filter((table) => flow.captures(nameOf(table)) || nameOf(table) === signals);
  const heartbeat = config['heartbeat.action.query'] ?? '';
  const written = tables.filter((table) => nameOf(table) === signals || mentions(heartbeat, table.name));
  const role = quoteIdentifier(roles.connector);
  const statements = [
    ...[...new Set([...captured, ...written].map(({ schema }) => schema))].map(
      (schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role}`,
    ),
    ...captured.map((table) => `GRANT SELECT ON ${quoted(table)} TO ${role}`),
    ...written.flatMap((table) => [
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${quoted(table)} TO ${role}`,
      ...table.sequences.map((sequence) => `GRANT USAGE ON SEQUENCE ${sequence} TO ${role}`),
    ]),
    // Only a table's owner may change its replica identity.
    ...(config['replica.identity.autoset.values'] === undefined
      ? []
      : [`GRANT ${quoteIdentifier(roles.owner)} TO ${role}`]),
  ];
  if (statements.length > 0) await client.execute(statements.join(';\n'));
  await ensurePublication(client, config, captured);
}

/** Debezium leaves one alone that has the tables it wants: since 3.4 in mode filtered too. */
async function ensurePublication(
  client: PostgresClient,
  config: ConnectorConfig,
  captured: readonly Table[],
): Promise<void> {
  const mode = publicationMode(config);
  if (mode === undefined || (mode === 'filtered' && captured.length === 0)) return;
  const name = config['publication.name'] ?? PUBLICATION_DEFAULT;
  const viaPartitionRoot = config['publish.via.partition.root'] === 'true';
  const tables = captured.filter(({ isPartition }) => !(viaPartitionRoot && isPartition));
  const [live] = await client.query<LivePublication>(LIVE_PUBLICATION, [name]);
  const statement = publicationStatement({ name, mode, viaPartitionRoot, tables }, live);
  if (statement !== undefined) await client.execute(statement);
}

/** Undefined where the connector reads no publication, or does not know the mode and will say so itself. */
function publicationMode(config: ConnectorConfig): 'all_tables' | 'filtered' | 'disabled' | 'no_tables' | undefined {
  if (config['plugin.name'] !== 'pgoutput') return undefined;
  const mode = config['publication.autocreate.mode'] ?? 'all_tables';
  return mode === 'all_tables' || mode === 'filtered' || mode === 'disabled' || mode === 'no_tables' ? mode : undefined;
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly isPartition: boolean;
  /** Quoted. */
  readonly sequences: readonly string[];
}

const TABLES = `
SELECT nspname::text AS schema, relname::text AS name, relispartition AS "isPartition",
       (SELECT coalesce(json_agg(s.oid::regclass::text), '[]'::json)
          FROM pg_depend JOIN pg_class s ON s.oid = objid AND s.relkind = 'S'
          WHERE classid = 'pg_class'::regclass AND refobjid = c.oid AND deptype IN ('a', 'i')) AS sequences
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
ORDER BY 1, 2`;

const nameOf = ({ schema, name }: Table): string => `${schema}.${name}`;
const quoted = ({ schema, name }: Table): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** As a word of the statement: more is granted than needed where a column is called like a table. */
function mentions(sql: string, table: string): boolean {
  return sql.split(/[^\p{L}\p{N}_$]+/u).some((word) => word.toLowerCase() === table.toLowerCase());
}
