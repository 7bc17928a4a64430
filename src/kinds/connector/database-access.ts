import type { PostgresClient } from '../../clients/postgres/client.js';
import {
  LIVE_PUBLICATION,
  type LivePublication,
  type PublishedTable,
  publicationStatement,
} from '../../protocol/publication.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { type ConnectorConfig, connectorFlow, PUBLICATION_DEFAULT } from './connector-flow.js';

/** What a PostgreSQL source does in its database. */
export interface CaptureAccess {
  readonly captured: readonly AccessedTable[];
  /** Its signals, and what its heartbeat writes to. */
  readonly written: readonly AccessedTable[];
  /** What is left to do for its publication, by an owner of the tables. */
  readonly publication: string | undefined;
  /** Only a table's owner may change its replica identity. */
  readonly asOwner: boolean;
}

/** Undefined for a connector that captures nothing. */
export async function readAccess(client: PostgresClient, config: ConnectorConfig): Promise<CaptureAccess | undefined> {
  const flow = connectorFlow(config);
  if (flow?.kind !== 'source') return undefined;
  const tables = await client.query<AccessedTable>(TABLES);
  const signals = config['signal.data.collection']?.split('.').slice(-2).join('.');
  const heartbeat = config['heartbeat.action.query'] ?? '';
  const captured = tables.filter((table) => flow.captures(nameOf(table)) || nameOf(table) === signals);
  return {
    captured,
    written: tables.filter((table) => nameOf(table) === signals || mentions(heartbeat, table.name)),
    publication: await readPublication(client, config, captured),
    asOwner: config['replica.identity.autoset.values'] !== undefined,
  };
}

/** What lets a role read what is captured and write what is written. */
export function accessGrants(
  access: {
    readonly captured: readonly PublishedTable[];
    readonly written: readonly (PublishedTable & Pick<AccessedTable, 'sequences'>)[];
  },
  role: string,
): readonly string[] {
  const { captured, written } = access;
  const to = `TO ${quoteIdentifier(role)}`;
  return [
    ...[...new Set([...captured, ...written].map(({ schema }) => schema))].map(
      (schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} ${to}`,
    ),
    ...captured.map((table) => `GRANT SELECT ON ${quoted(table)} ${to}`),
    ...written.flatMap((table) => [
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${quoted(table)} ${to}`,
      ...table.sequences.map((sequence) => `GRANT USAGE ON SEQUENCE ${sequence} ${to}`),
    ]),
  ];
}

/** Lets a connector do its work in a database of evpipe's own. Run by the superuser; repeatable. */
export async function grantCapture(
  client: PostgresClient,
  roles: { readonly connector: string; readonly owner: string },
  config: ConnectorConfig,
): Promise<void> {
  const access = await readAccess(client, config);
  if (access === undefined) return;
  const membership = `GRANT ${quoteIdentifier(roles.owner)} TO ${quoteIdentifier(roles.connector)}`;
  const statements = [
    ...accessGrants(access, roles.connector),
    ...(access.asOwner ? [membership] : []),
    ...(access.publication === undefined ? [] : [access.publication]),
  ];
  if (statements.length > 0) await client.execute(statements.join(';\n'));
}

/** Debezium leaves one alone that has the tables it wants: since 3.4 in mode filtered too. */
async function readPublication(
  client: PostgresClient,
  config: ConnectorConfig,
  captured: readonly AccessedTable[],
): Promise<string | undefined> {
  const mode = publicationMode(config);
  if (mode === undefined || (mode === 'filtered' && captured.length === 0)) return undefined;
  const name = config['publication.name'] ?? PUBLICATION_DEFAULT;
  const viaPartitionRoot = config['publish.via.partition.root'] === 'true';
  const tables = captured.filter(({ isPartition }) => !(viaPartitionRoot && isPartition));
  const [live] = await client.query<LivePublication>(LIVE_PUBLICATION, [name]);
  return publicationStatement({ name, mode, viaPartitionRoot, tables }, live);
}

/** Undefined where the connector reads no publication, or does not know the mode and will say so itself. */
function publicationMode(config: ConnectorConfig): 'all_tables' | 'filtered' | 'disabled' | 'no_tables' | undefined {
  if (config['plugin.name'] !== 'pgoutput') return undefined;
  const mode = config['publication.autocreate.mode'] ?? 'all_tables';
  return mode === 'all_tables' || mode === 'filtered' || mode === 'disabled' || mode === 'no_tables' ? mode : undefined;
}

export interface AccessedTable extends PublishedTable {
  readonly isPartition: boolean;
  /** By the user that asks: it is or has the role of the owner. */
  readonly isOwned: boolean;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  /** Quoted. */
  readonly sequences: readonly string[];
}

const TABLES = `
SELECT nspname::text AS schema, relname::text AS name, relispartition AS "isPartition",
       pg_has_role(relowner, 'USAGE') AS "isOwned", has_table_privilege(c.oid, 'SELECT') AS "isReadable",
       has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
         AND has_table_privilege(c.oid, 'DELETE') AS "isWritable",
       (SELECT coalesce(json_agg(s.oid::regclass::text), '[]'::json)
          FROM pg_depend JOIN pg_class s ON s.oid = objid AND s.relkind = 'S'
          WHERE classid = 'pg_class'::regclass AND refobjid = c.oid AND deptype IN ('a', 'i')) AS sequences
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
ORDER BY 1, 2`;

const nameOf = ({ schema, name }: PublishedTable): string => `${schema}.${name}`;
const quoted = ({ schema, name }: PublishedTable): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** As a word of the statement: more is granted than needed where a column is called like a table. */
function mentions(sql: string, table: string): boolean {
  return sql.split(/[^\p{L}\p{N}_$]+/u).some((word) => word.toLowerCase() === table.toLowerCase());
}
