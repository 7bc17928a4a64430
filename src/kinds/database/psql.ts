import type { PostgresClient, StatementResult } from '../../clients/postgres/client.js';
import { statementStarts } from '../../clients/postgres/statement-starts.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { sslParametersOf } from '../../support/postgres-tls.js';
import type { Session } from '../session.js';
import { administratorClient, databaseClientAs } from './client.js';
import { database } from './component.js';

export type { StatementResult } from '../../clients/postgres/client.js';

/** Who types the statements: the owner of a database of evpipe's own, or the superuser of its server. */
export type SqlUser = 'owner' | 'superuser';

/** The variables libpq reads, password included. Throws EVPIPE_DATABASE_UNKNOWN (kind usage), EVPIPE_NOT_RUNNING (kind unreachable). */
export async function libpqEnvironment(
  session: Session,
  name: string,
  user: SqlUser,
): Promise<Readonly<Record<string, string>>> {
  const { host } = await session.clients.endpoint(database(knownDatabase(session, name)));
  const endpoint = user === 'superuser' ? host : session.target.as(host, 'owner');
  return {
    PGHOST: endpoint.host,
    PGPORT: String(endpoint.port),
    PGUSER: endpoint.user,
    PGPASSWORD: endpoint.password,
    PGDATABASE: endpoint.database,
    ...Object.fromEntries(
      Object.entries(sslParametersOf(endpoint.url)).map(([parameter, value]) => [
        `PG${parameter.toUpperCase()}`,
        value,
      ]),
    ),
  };
}

/** One connection to type statements at. */
export interface SqlConversation {
  /** Statement by statement, so that what went before a failure has been answered (and committed) as in psql. */
  run(sql: string, as: 'text' | 'typed'): AsyncIterable<StatementResult>;
  /** Ends the statement that runs; it rejects in the server's words. */
  cancel(): Promise<void>;
}

export async function openSql(session: Session, name: string, user: SqlUser): Promise<SqlConversation> {
  const known = knownDatabase(session, name);
  const connect = (): Promise<PostgresClient> =>
    user === 'superuser'
      ? administratorClient(session.clients, known)
      : databaseClientAs(session.clients, 'owner', known);
  const client = await connect();
  const [row] = await client.queryText('SELECT pg_backend_pid()::text');
  return {
    run: async function* (sql, as) {
      const starts = statementStarts(sql);
      for (const [index, start] of starts.entries())
        yield* await client.results(sql.slice(start, starts[index + 1]), as);
    },
    cancel: async () => {
      const other = await connect();
      try {
        await other.queryText('SELECT pg_cancel_backend($1::int)::text', [row?.[0]]);
      } finally {
        await other.close();
      }
    },
  };
}

/** Whether what was typed so far ends a statement: no quote, comment or body is open, and a semicolon closes it. */
export function endsSqlStatement(text: string): boolean {
  // Whatever follows a complete statement begins a new one.
  return statementStarts(text).length > 0 && statementStarts(`${text}\nx`).length > statementStarts(text).length;
}

function knownDatabase({ pipeline }: Session, name: string): string {
  const names = pipeline.databases.map((one) => one.name);
  if (names.includes(name)) return name;
  throw new EvpipeError('EVPIPE_DATABASE_UNKNOWN', `there is no database ${name}${didYouMean(name, names)}`, {
    kind: 'usage',
  });
}
