import type { PostgresClient } from '../../clients/postgres/client.js';
import type { PublishedTable } from '../../protocol/publication.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { connectorFlow, withSchema } from '../connector/connector-flow.js';
import { accessGrants, readAccess } from '../connector/database-access.js';
import type { Session } from '../session.js';

interface Facts {
  readonly user: string;
  readonly database: string;
  readonly mayReplicate: boolean;
  readonly mayCreate: boolean;
  readonly mayCreateTables: boolean;
}

/**
 * The statements after which the user given for a database with an address may do all that the pipeline has it do; none
 * where it may already. What its own migrations make is its own. Services may need more on tables of others.
 */
export async function missingGrants(
  client: PostgresClient,
  { pipeline }: Pick<Session, 'pipeline'>,
  name: string,
): Promise<readonly string[]> {
  const [facts] = await client.query<Facts>(FACTS);
  if (facts === undefined) return [];
  const role = quoteIdentifier(facts.user);
  const sources = pipeline.connectors.flatMap(({ config = {} }) => {
    const flow = connectorFlow(config);
    return flow?.kind === 'source' && flow.database === name ? [config] : [];
  });
  const migrates = pipeline.databases.some((one) => one.name === name && one.migrations.length > 0);
  const seeds = pipeline.seeds.some((one) => (one.kind === 'sql' || one.kind === 'csv') && one.database === name);
  const accesses = await Promise.all(sources.map((config) => readAccess(client, config)));
  const makes = migrates || seeds || sources.length > 0; // a publication is made in the database too
  return [
    ...new Set([
      ...(sources.length > 0 && !facts.mayReplicate ? [`ALTER ROLE ${role} REPLICATION`] : []),
      ...(makes && !facts.mayCreate ? [`GRANT CREATE ON DATABASE ${quoteIdentifier(facts.database)} TO ${role}`] : []),
      ...(migrates && !facts.mayCreateTables ? [`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`] : []),
      ...accesses.flatMap((access) => (access === undefined ? [] : captureGrants(access, facts.user))),
      ...(await checkGrants(client, pipeline, name, facts.user)),
    ]),
  ];
}

const FACTS = `
SELECT current_user::text AS user, current_database()::text AS database, rolsuper OR rolreplication AS "mayReplicate",
       has_database_privilege(current_database(), 'CREATE') AS "mayCreate",
       coalesce(has_schema_privilege(to_regnamespace('public'), 'CREATE'), true) AS "mayCreateTables"
FROM pg_roles WHERE rolname = current_user`;

/** On tables of others. They also publish them: only an owner may. */
function captureGrants(access: NonNullable<Awaited<ReturnType<typeof readAccess>>>, user: string): readonly string[] {
  const captured = access.captured.filter(({ isOwned, isReadable }) => !isOwned && !isReadable);
  const written = access.written.filter(({ isOwned, isWritable }) => !isOwned && !isWritable);
  const isOthers = access.captured.some(({ isOwned }) => !isOwned);
  return [
    ...accessGrants({ captured, written }, user),
    ...(isOthers && access.publication !== undefined ? [access.publication] : []),
  ];
}

async function checkGrants(
  client: PostgresClient,
  { checks }: Session['pipeline'],
  name: string,
  user: string,
): Promise<readonly string[]> {
  const compared = checks.flatMap((check) =>
    check.kind !== 'compare'
      ? []
      : [check.source, check.replica].flatMap((place) =>
          place.kind === 'table' && place.database === name ? [withSchema(place.table)] : [],
        ),
  );
  const captured = await client.query<PublishedTable>(UNREADABLE, [compared]);
  return accessGrants({ captured, written: [] }, user);
}

const UNREADABLE = `
SELECT nspname::text AS schema, relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname || '.' || relname = ANY ($1) AND NOT has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2`;
