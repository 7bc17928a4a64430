import type { PostgresClient, StatementResult, TextRow } from '../clients/postgres/client.js';
import { silentError } from '../clients/postgres/failure.js';
import { statementStarts } from '../clients/postgres/statement-starts.js';
import { EvpipeError } from '../support/errors.js';
import { TEXT_SETTINGS } from './table-place.js';

/**
 * Set in each transaction, which a pooler in transaction mode keeps together. Row-level security that would hide rows is
 * an error, not fewer rows; parallel workers would take cores from the database's own work.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  ...TEXT_SETTINGS,
  lock_timeout: '5s',
  row_security: 'off',
  // Compiling a statement takes longer than it saves where each reads a part for 0.3 s.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
};

/** Connections to one database, whatever the number of checks. */
const CONNECTIONS_MAX = 2;
/** Of a statement that can't be cut into parts: a view, a foreign table. */
const STATEMENT_TIMEOUT_MS = 600_000;
/** An answer this much later than the server's own timeout will not come: the connection is cut. */
const SILENCE_MS = 10_000;

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Of a look-up: find each of few rows by an index, or all by one reading of the table, whatever stale statistics say of it. */
  readonly byIndex?: boolean;
}

/** A semicolon in a `where` or an expression could end the read-only transaction: nothing is sent then. */
function requireSingle(sql: string): void {
  // Reading the long statements that ask for a table's facts would take as long as their answers.
  if (!sql.includes(';')) return;
  const second = statementStarts(sql)[1];
  if (second === undefined) return;
  throw new EvpipeError(
    'EVPIPE_CHECK_SQL',
    `a check reads with single statements, but its SQL continues after a semicolon: ${sql.slice(second, second + 80)}`,
    { kind: 'usage', todo: 'Take the semicolon out of where, columns or --where.' },
  );
}

/** Reads one database, each statement in a short read-only transaction of its own; a read-only role is enough. */
export class TableReader {
  private readonly idle: PostgresClient[] = [];
  private open = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly cancelling: Promise<void>[] = [];

  constructor(
    private readonly connect: () => Promise<PostgresClient>,
    private readonly statementTimeoutMs = STATEMENT_TIMEOUT_MS,
    /** Whether scans leave the server's time to others. */
    readonly rests = true,
  ) {}

  async read(sql: string, values: readonly unknown[], options: ReadOptions): Promise<readonly TextRow[]> {
    if (values.length === 0) return (await this.readAll([sql], options))[0] ?? [];
    return this.work(async (client) => {
      await client.execute(this.beginning(options).join('; '));
      const rows = await client.queryText(sql, values);
      await client.execute('COMMIT');
      return rows;
    }, options);
  }

  /** The answers of several statements in one transaction, all in one message to the server and back. */
  readAll(statements: readonly string[], options: ReadOptions): Promise<readonly (readonly TextRow[])[]> {
    for (const statement of statements) requireSingle(statement);
    return this.work(async (client) => {
      const before = this.beginning(options);
      const answers = await client.results([...before, ...statements, 'COMMIT'].join(';\n'), 'text');
      return answers.slice(before.length, -1).map(({ rows }) => rows as readonly TextRow[]);
    }, options);
  }

  /** The columns that a statement answers. */
  describe(sql: string, options: ReadOptions): Promise<StatementResult['fields']> {
    requireSingle(sql);
    return this.work(async (client) => {
      const before = this.beginning(options);
      const answers = await client.results([...before, sql, 'COMMIT'].join(';\n'), 'text');
      return answers[before.length]?.fields ?? [];
    }, options);
  }

  async close(): Promise<void> {
    await Promise.all([...this.idle.splice(0).map((client) => client.close()), ...this.cancelling.splice(0)]);
  }

  private beginning({ byIndex }: ReadOptions): readonly string[] {
    const plan = byIndex === undefined ? {} : byIndex ? BY_INDEX : BY_SCAN;
    const settings = { ...SETTINGS, statement_timeout: String(this.statementTimeoutMs), ...plan };
    return ['BEGIN READ ONLY', ...Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = '${value}'`)];
  }

  private async work<T>(transaction: (client: PostgresClient) => Promise<T>, { signal }: ReadOptions): Promise<T> {
    signal.throwIfAborted();
    const client = await this.take();
    let whole = false;
    try {
      const answer = await this.within(transaction(client), client, signal);
      whole = true;
      return answer;
    } finally {
      this.giveBack(client, whole);
    }
  }

  /** The answer, or a failure as soon as the work is cancelled or the server is silent for too long. */
  private within<T>(work: Promise<T>, client: PostgresClient, signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        done();
        this.cancelling.push(client.cancel());
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        done();
        this.cancelling.push(client.cancel());
        reject(silentError(client.place));
      }, this.statementTimeoutMs + SILENCE_MS);
      signal.addEventListener('abort', onAbort, { once: true });
      work.finally(done).then(resolve, reject);
    });
  }

  private async take(): Promise<PostgresClient> {
    while (this.idle.length === 0 && this.open >= CONNECTIONS_MAX)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    const free = this.idle.pop();
    if (free !== undefined) return free;
    this.open += 1;
    try {
      return await this.connect();
    } catch (failure) {
      this.open -= 1;
      this.waiting.shift()?.();
      throw failure;
    }
  }

  /** A connection whose statement failed may be within a transaction, or still at work: another one takes its place. */
  private giveBack(client: PostgresClient, whole: boolean): void {
    if (whole) this.idle.push(client);
    else {
      this.open -= 1;
      client.destroy();
    }
    this.waiting.shift()?.();
  }
}

const BY_INDEX: Readonly<Record<string, string>> = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
};
const BY_SCAN: Readonly<Record<string, string>> = { enable_nestloop: 'off' };
