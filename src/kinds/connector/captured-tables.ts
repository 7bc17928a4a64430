import type { PostgresClient } from '../../clients/postgres/client.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { EvpipeError } from '../../support/errors.js';
import { waitUntil } from '../../support/retry.js';
import { jobReferences } from '../job/section.js';
import type { WaitReport } from '../resource.js';
import { serviceReferences } from '../service/referred.js';
import { connectorFlow } from './connector-flow.js';
import type { ConnectorSection } from './section.js';

/**
 * Waits until the tables that a connector's include list names are there, where an application makes them; refuses the
 * connector at once where only migrations can, for those have run. Debezium itself would run on and capture nothing of a missing
 * table, as long as one other is there. Patterns may name what comes later, and pass. Throws EVPIPE_CONNECTOR_TABLE_MISSING
 * at the option.
 */
export async function requireCapturedTables(
  section: ConnectorSection,
  pipeline: Pipeline,
  connect: (database: string) => Promise<PostgresClient>,
  wait: WaitReport,
): Promise<void> {
  const { database, config, name } = section;
  const named = config === undefined ? undefined : connectorFlow(config);
  if (database === undefined || named?.kind !== 'source' || named.tables.length === 0) return;
  const client = await connect(database);
  try {
    const makers = makersOf(database, pipeline);
    let tables = await tablesOf(client);
    let missing = missingOf(named.tables, tables);
    if (missing.length > 0 && makers.length > 0) {
      const until = `${name}: table ${missing.join(', ')} of database ${database}, which ${shortList(makers)} has to make`;
      wait.waitingFor(until);
      await waitUntil(
        until,
        async () => {
          tables = await tablesOf(client);
          missing = missingOf(named.tables, tables);
          return missing.length === 0 ? true : undefined;
        },
        { timeoutMs: wait.timeoutMs, signal: wait.signal, maxPauseMs: 500 },
      ).catch((failure: unknown) => {
        if (missing.length === 0 || wait.signal.aborted) throw failure;
      });
    }
    if (missing.length > 0) throw missingError(section, database, { missing, tables, waited: makers });
  } finally {
    await client.close();
  }
}

function shortList([first = '', ...others]: readonly string[]): string {
  return others.length < 2 ? [first, ...others].join(' or ') : `${first} or one of ${others.length} others`;
}

/** The jobs and services that may create tables: those that are told where the database is, where it has no migrations. */
function makersOf(database: string, { databases, jobs, services, folder }: Pipeline): readonly string[] {
  if (databases.some(({ name, migrations }) => name === database && migrations.length > 0)) return [];
  const knowsIt = (paths: readonly string[]) => paths.some((path) => path.startsWith(`databases.${database}.`));
  return [
    ...jobs.filter((job) => knowsIt(jobReferences(job, folder))).map(({ name }) => `job ${name}`),
    ...services.filter((service) => knowsIt(serviceReferences(service, folder))).map(({ name }) => `service ${name}`),
  ];
}

async function tablesOf(client: PostgresClient): Promise<readonly string[]> {
  const rows = await client.queryText(
    `SELECT table_schema || '.' || table_name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'evpipe')`,
  );
  return rows.map(([table]) => table ?? '');
}

function missingOf(wanted: readonly string[], tables: readonly string[]): readonly string[] {
  const lowerCase = new Set(tables.map((table) => table.toLowerCase())); // the lists are matched so
  return wanted.filter((table) => !lowerCase.has(table.toLowerCase()));
}

function missingError(
  section: ConnectorSection,
  database: string,
  { missing, tables, waited }: Record<'missing' | 'tables' | 'waited', readonly string[]>,
): EvpipeError {
  const hint = didYouMean(missing[0] ?? '', tables);
  const madeBy =
    waited.length === 0 ? 'create it in a migration of the database' : `see why ${waited[0]} does not create it`;
  return new EvpipeError(
    'EVPIPE_CONNECTOR_TABLE_MISSING',
    `connector ${section.name} captures ${missing.join(', ')}, which database ${database} does not have${hint}`,
    {
      location: section.locationOf('config', 'table.include.list'),
      todo: `Correct the table, or ${madeBy}; then run evpipe up again.`,
    },
  );
}
