import pg from 'pg';
import { pgTls } from '../clients/postgres/tls.js';
import type { Log } from '../support/log.js';
import { sslParametersOf, withoutSslParameters } from '../support/postgres-tls.js';

/** Statements, in a transaction or each on its own. Rows come as objects; DATE as text, BIGINT as number where it is exact. */
export interface Queries {
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Statements that are committed together, or not at all. */
export interface Transaction extends Queries {
  /** Runs once the transaction is committed, and never where it is not. It must not throw. */
  afterCommit(work: () => void): void;
}

export interface Database extends Queries {
  /** Commits what `work` wrote when it resolves; rolls it back and throws when it throws. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Enough for hundreds of small transactions a second; each connection is a process of the server. */
const CONNECTIONS_MAX = 8;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_MS = 30_000;
/** Longer than any statement of a small service needs, shorter than anyone waits for one. */
const STATEMENT_TIMEOUT_MS = 10_000;

export function openDatabase(url: string, applicationName: string, log: Log): Database {
  const pool = new pg.Pool({
    connectionString: withoutSslParameters(url),
    ...pgTls(sslParametersOf(url)),
    application_name: applicationName,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
  });
  // An idle connection that the server closes (a restart) is replaced by the next query; without a listener it would end the process.
  pool.on('error', (failure) => log.warn('lost an idle database connection', { why: failure.message }));

  return {
    query: async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...values])).rows,

    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      const afterwards: (() => void)[] = [];
      // A checked-out client reports a lost connection by this event besides failing the query.
      const onError = (failure: Error) => {
        broken = failure;
      };
      client.on('error', onError);
      try {
        await client.query('BEGIN');
        const result = await work({
          query: async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
            (await client.query<Row>(sql, [...values])).rows,
          afterCommit: (then) => void afterwards.push(then),
        });
        await client.query('COMMIT');
        for (const then of afterwards) then();
        return result;
      } catch (failure) {
        await client.query('ROLLBACK').catch((second: Error) => {
          broken ??= second; // in an unknown state: not to be used again
        });
        throw failure;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    },

    close: () => pool.end(),
  };
}

/** pg would make a DATE a Date in the process's own time zone, and a BIGINT always a text. */
function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (format !== 'binary' && oid === pg.types.builtins.DATE) return (value) => value;
  if (format !== 'binary' && oid === pg.types.builtins.INT8) {
    return (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);
  }
  return pg.types.getTypeParser(oid, format as 'text');
}

/** True where the server couldn't be reached or is going down: trying again later may well succeed. */
export function isUnavailable(failure: unknown): boolean {
  if (!(failure instanceof Error)) return false;
  const code = 'code' in failure && typeof failure.code === 'string' ? failure.code : '';
  // Class 08: connection; 57P: shutdown and start-up; 53300: too many connections.
  if (/^(08...|57P0.|53300)$/.test(code) || /^E(CONN|PIPE|HOSTUNREACH|TIMEDOUT|AI_AGAIN)/.test(code)) return true;
  return /terminated unexpectedly|connection (terminated|timeout|error)|timeout exceeded when trying to connect/i.test(
    failure.message,
  );
}
