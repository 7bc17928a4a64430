import type { PostgresClient } from '../../clients/postgres/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { connectorFlow } from './connector-flow.js';
import type { ConnectorSection } from './section.js';

/**
 * Refuses a connector whose include list names a table that its database does not have: Debezium itself would run on and
 * capture nothing of it, as long as one other table is there. Patterns may name what comes later, and pass.
 * Throws EVPIPE_CONNECTOR_TABLE_MISSING at the option.
 */
export async function requireCapturedTables(
  section: ConnectorSection,
  connect: (database: string) => Promise<PostgresClient>,
): Promise<void> {
  const named = section.config === undefined ? undefined : connectorFlow(section.config);
  if (section.database === undefined || named?.kind !== 'source' || named.tables.length === 0) return;
  const client = await connect(section.database);
  const rows = await client
    .queryText(
      `SELECT table_schema || '.' || table_name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'evpipe')`,
    )
    .finally(() => client.close());
  const tables = rows.map(([table]) => table ?? '');
  const lowerCase = new Set(tables.map((table) => table.toLowerCase())); // the lists are matched so
  const missing = named.tables.filter((table) => !lowerCase.has(table.toLowerCase()));
  const [first] = missing;
  if (first === undefined) return;
  throw new EvpipeError(
    'EVPIPE_CONNECTOR_TABLE_MISSING',
    `connector ${section.name} is to capture ${missing.join(', ')}, which database ${section.database} does not have${didYouMean(first, tables)}`,
    {
      location: section.locationOf('config', 'table.include.list'),
      todo: 'Correct the table, or create it by a migration of the database; then run evpipe up again.',
    },
  );
}
