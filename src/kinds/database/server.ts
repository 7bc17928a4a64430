import { connectPostgres, type PostgresClient, type PostgresConnectOptions } from '../../clients/postgres/client.js';
import { quoteIdentifier, quoteLiteral } from '../../protocol/sql.js';
import { EvpipeError } from '../../support/errors.js';
import type { Liveness } from '../../support/liveness.js';
import { type Holder, roleName } from '../../targets/roles.js';
import type { Right } from '../login.js';

/** A database on a server that evpipe has started, and the roles that may log in to it. */
export interface OwnDatabase {
  /** With the superuser's login: the database itself, which need not exist yet. */
  readonly url: string;
  readonly roles: readonly Role[];
  /** Logins that applications have fixed: role to password. */
  readonly fixed?: Readonly<Record<string, string>>;
  readonly liveness?: Liveness | undefined;
}

export interface Role {
  readonly holder: Holder;
  readonly rights: readonly Right[];
  readonly password: string;
}

/**
 * Creates the database and its roles where they are missing, and gives the owner what an evpipe without roles has made as
 * the superuser. Repeatable. Answers whether the database is new.
 */
export async function ensureOwnDatabase(
  { url, roles, fixed = {}, liveness }: OwnDatabase,
  signal: AbortSignal,
): Promise<boolean> {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  const access = { url, signal, liveness };
  const known = await ifThere(access);
  const created = known === undefined && (await createDatabase(name, access));
  const client = known ?? (await connectPostgres(access));
  try {
    if (known !== undefined && (await letsEverybodyIn(known))) await onServer(access, shutOut);
    await client.transaction(async () => {
      await createRoles(client, name, roles);
      await client.execute(grants(name, roles));
      await client.execute(adoption(roleName(name, 'owner')));
      await client.execute(reading(name, roles));
    });
  } finally {
    await client.close();
  }
  if (Object.keys(fixed).length > 0) await onServer(access, (server) => createFixedRoles(server, name, fixed));
  return created;
}

/** Undefined where the server has no such database. */
async function ifThere(access: PostgresConnectOptions): Promise<PostgresClient | undefined> {
  try {
    return await connectPostgres(access);
  } catch (failure) {
    if (failure instanceof EvpipeError && failure.code === 'EVPIPE_POSTGRES_3D000') return undefined;
    throw failure;
  }
}

/** What databases share, roles and the databases themselves, is made by one at a time: two CREATE DATABASE at once may fail. */
async function onServer<T>(access: PostgresConnectOptions, work: (client: PostgresClient) => Promise<T>): Promise<T> {
  const maintenance = new URL(access.url);
  maintenance.pathname = '/postgres';
  const client = await connectPostgres({ ...access, url: maintenance.href });
  try {
    return await client.withAdvisoryLock('evpipe.database', () => work(client));
  } finally {
    await client.close();
  }
}

function createDatabase(name: string, access: PostgresConnectOptions): Promise<boolean> {
  return onServer(access, async (client) => {
    await shutOut(client);
    const there = await client.queryText('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (there.length === 0) await client.execute(`CREATE DATABASE ${quoteIdentifier(name)}`);
    return there.length === 0;
  });
}

/** From the databases that every server has. */
const shutOut = (client: PostgresClient) =>
  client.execute('REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC');

async function letsEverybodyIn(client: PostgresClient): Promise<boolean> {
  const open = await client.queryText(
    `SELECT FROM pg_database
     WHERE datname IN ('postgres', 'template1') AND has_database_privilege('public', oid, 'CONNECT, TEMPORARY')`,
  );
  return open.length > 0;
}

/** They act as the owner, as the services do; databases of one server may have the same ones. */
async function createFixedRoles(
  client: PostgresClient,
  database: string,
  fixed: Readonly<Record<string, string>>,
): Promise<void> {
  const owner = roleName(database, 'owner');
  for (const [name, password] of Object.entries(fixed)) {
    const role = quoteIdentifier(name);
    const there = await client.queryText('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
    await client.execute(
      [
        `${there.length === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} LOGIN PASSWORD ${quoteLiteral(password)}`,
        `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${role}`,
        `GRANT ${quoteIdentifier(owner)} TO ${role}`,
        `ALTER ROLE ${role} IN DATABASE ${quoteIdentifier(database)} SET role = ${quoteLiteral(owner)}`,
      ].join(';\n'),
    );
  }
}

async function createRoles(client: PostgresClient, database: string, roles: readonly Role[]): Promise<void> {
  const names = roles.map(({ holder }) => roleName(database, holder));
  const there = new Set(
    (await client.queryText('SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)', [names])).flat(),
  );
  const statements = roles.map(({ holder, password, rights }) => {
    const role = roleName(database, holder);
    // Without row security, which would hide rows from a check or a snapshot in silence.
    const attributes = rights.includes('capture')
      ? 'REPLICATION BYPASSRLS'
      : rights.includes('read')
        ? 'BYPASSRLS'
        : '';
    const verb = there.has(role) ? 'ALTER ROLE' : 'CREATE ROLE';
    return `${verb} ${quoteIdentifier(role)} LOGIN ${attributes}${there.has(role) ? '' : ` PASSWORD ${quoteLiteral(password)}`}`;
  });
  await client.execute(statements.join(';\n'));
}

function grants(name: string, roles: readonly Role[]): string {
  const database = quoteIdentifier(name);
  const owner = quoteIdentifier(roleName(name, 'owner'));
  return [
    `ALTER DATABASE ${database} OWNER TO ${owner}`,
    `REVOKE CONNECT, TEMPORARY ON DATABASE ${database} FROM PUBLIC`,
    ...roles.flatMap(({ holder, rights }) => {
      const role = quoteIdentifier(roleName(name, holder));
      const connect = `GRANT CONNECT ON DATABASE ${database} TO ${role}`;
      if (!rights.includes('work')) return [connect];
      // A session that acts as the owner leaves nothing behind that the other services could not change. Replication
      // asks for an attribute that is not inherited, so such a role acts as itself and shares what it makes.
      const sharing = rights.includes('capture')
        ? ['TABLES', 'SEQUENCES'].map(
            (what) => `ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT ALL ON ${what} TO ${owner}`,
          )
        : [`ALTER ROLE ${role} IN DATABASE ${database} SET role = ${quoteLiteral(roleName(name, 'owner'))}`];
      return [connect, `GRANT ${owner} TO ${role}`, ...sharing];
    }),
  ].join(';\n');
}

/** Of what is there and what will be made. Not by pg_read_all_data, which reads the passwords of pg_authid too. */
function reading(name: string, roles: readonly Role[]): string {
  const quoted = (holders: readonly Role[]): string =>
    holders.map(({ holder }) => quoteIdentifier(roleName(name, holder))).join(', ');
  const readers = quoted(roles.filter(({ rights }) => rights.includes('read')));
  // The services act as the owner; all others that make something act as themselves.
  const makers = quoted(
    roles.filter(({ holder, rights }) => holder === 'owner' || (rights.includes('work') && rights.includes('capture'))),
  );
  return `
DO $reading$
DECLARE
  schema text;
BEGIN
  FOR schema IN
    SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %s TO ${readers}', schema);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %s TO ${readers}', schema);
  END LOOP;
END
$reading$;
ALTER DEFAULT PRIVILEGES FOR ROLE ${makers} GRANT USAGE ON SCHEMAS TO ${readers};
ALTER DEFAULT PRIVILEGES FOR ROLE ${makers} GRANT SELECT ON TABLES TO ${readers}`;
}

/** What belongs to the superuser outside of the system's schemas and extensions. REASSIGN OWNED refuses to take from that one. */
const adoption = (owner: string): string => `
DO $adopt$
DECLARE
  statement text;
BEGIN
  FOR statement IN
    SELECT format('ALTER %s OWNER TO %I', thing, ${quoteLiteral(owner)})
    FROM (
      SELECT 'pg_namespace'::regclass AS catalogue, n.oid, format('SCHEMA %I', nspname) AS thing
        FROM pg_namespace n
        WHERE nspowner = 10 AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
      UNION ALL
      SELECT 'pg_class'::regclass, c.oid, format('TABLE %s', c.oid::regclass)
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
          AND nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend
            WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i')))
      UNION ALL
      SELECT 'pg_proc'::regclass, p.oid,
             CASE WHEN prokind = 'a' THEN format('AGGREGATE %s', p.oid::regprocedure) ELSE format('ROUTINE %s', p.oid::regprocedure) END
        FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
        WHERE proowner = 10 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      UNION ALL
      SELECT 'pg_type'::regclass, t.oid, format('TYPE %s', t.oid::regtype)
        FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
        WHERE typowner = 10 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
          AND (typtype IN ('d', 'e', 'r') OR typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c')
    ) AS found
    WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = catalogue AND objid = found.oid AND deptype = 'e')
  LOOP
    EXECUTE statement;
  END LOOP;
END
$adopt$`;
