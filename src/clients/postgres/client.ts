import { connect as connectSocket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { EvpipeError } from '../../support/errors.js';
import { Liveness } from '../../support/liveness.js';
import { sslParametersOf, withoutSslParameters } from '../../support/postgres-tls.js';
import { waitUntil } from '../../support/retry.js';
import { postgresError, silentError } from './failure.js';
import { pgTls } from './tls.js';

export interface PostgresConnectOptions {
  /** postgres://user:password@host:port/database?sslmode=…; without one, libpq's `prefer`. */
  readonly url: string;
  /** What pg_stat_activity shows; default evpipe. */
  readonly applicationName?: string;
  /** Server settings of this session, `timezone: UTC`; given with the connection, so they hold from the first statement. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Aborting it closes the connection: a running statement rejects. */
  readonly signal?: AbortSignal | undefined;
  /** Default: a server that has stopped answering anybody is given up at once. */
  readonly liveness?: Liveness | undefined;
}

export type TextRow = readonly (string | null)[];

/** What one statement answered; without columns where it answers no rows. */
export interface StatementResult {
  /** As the server names it: SELECT, INSERT, CREATE TABLE. */
  readonly command: string;
  readonly rowCount: number;
  readonly columns: readonly string[];
  /** The same with their types: object id and modifier, as pg_attribute has them. */
  readonly fields: ReadonlyArray<{ readonly name: string; readonly oid: number; readonly modifier: number }>;
  readonly rows: readonly (readonly unknown[])[];
}

/** SQL carried out as one message, several statements allowed, no parameters. */
export interface ScriptOptions {
  /** Where the text comes from: a failure names the line in it. */
  readonly file?: string;
}

/** Whether a server answers at all is asked before, and sooner; a login on a busy machine has taken more than 5 s. */
const CONNECT_TIMEOUT_MS = 15_000;
/** Of a connection that is cut without a word, the kernel learns some 10 s after that. */
const KEEP_ALIVE_MS = 10_000;
const CANCEL_TIMEOUT_MS = 1_000;
/** A server that is asked to end a connection and does not is not waited for. */
const CLOSE_TIMEOUT_MS = 1_000;
/** CancelRequest of PostgreSQL's protocol. */
const CANCEL_CODE = 80_877_102;
const ROWS_PER_FETCH = 1_000;

/** bigint for int8 (ids and counts are compared, not only shown); dates and times stay the text the server wrote. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, BigInt],
  ...(
    [
      pg.types.builtins.DATE,
      pg.types.builtins.TIMESTAMP,
      pg.types.builtins.TIMESTAMPTZ,
      pg.types.builtins.TIME,
    ] as const
  ).map((type) => [type, (text: string) => text] as const),
]);
const TYPED: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => PARSERS.get(oid) ?? pg.types.getTypeParser(oid, format),
};
const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** Connects, or throws EVPIPE_POSTGRES_UNREACHABLE (kind unreachable), EVPIPE_POSTGRES_TLS or EVPIPE_POSTGRES_<SQLSTATE>. */
export async function connectPostgres(options: PostgresConnectOptions): Promise<PostgresClient> {
  options.signal?.throwIfAborted();
  const place = placeOf(options.url);
  const { liveness = new Liveness() } = options;
  const settings = Object.entries(options.settings ?? {}).map(([name, value]) => `-c ${name}=${escapeOption(value)}`);
  const { Client, ssl } = pgTls(sslParametersOf(options.url));
  const client = new Client({
    connectionString: withoutSslParameters(options.url),
    ssl,
    application_name: options.applicationName ?? 'evpipe',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    ...(settings.length > 0 && { options: settings.join(' ') }),
  });
  // A connection that breaks between two statements is seen by the next one; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await answered({ client, place, liveness }, client.connect());
  } catch (failure) {
    throw postgresError(failure, place);
  }
  return new PostgresClient(client, place, liveness, options.signal);
}

/** Asks until the server takes connections; a refused password or a missing database ends the wait at once. */
export async function waitForPostgres(
  options: PostgresConnectOptions & { readonly timeoutMs: number },
): Promise<PostgresClient> {
  const attempt = async () => {
    try {
      return await connectPostgres(options);
    } catch (failure) {
      if (failure instanceof EvpipeError && failure.kind === 'unreachable') throw failure;
      return failure as Error;
    }
  };
  const answer = await waitUntil(`PostgreSQL at ${placeOf(options.url)}`, attempt, options);
  if (answer instanceof Error) throw answer;
  return answer;
}

/** host:port/database of a URL, without what is secret in it. Throws EVPIPE_POSTGRES_URL. */
export function placeOf(url: string): string {
  if (!URL.canParse(url))
    throw new EvpipeError('EVPIPE_POSTGRES_URL', 'not a URL of the form postgres://user:password@host:5432/database');
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || 5432}${decodeURIComponent(pathname)}`;
}

/** One connection. Statements queue: it carries out one at a time. */
export class PostgresClient {
  private readonly onAbort = () => void this.close();
  /** Resolves when the connection is over, on either side. */
  private readonly ended: Promise<void>;

  constructor(
    private readonly client: pg.Client,
    /** host:port/database */
    readonly place: string,
    private readonly liveness: Liveness,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.ended = new Promise((resolve) => client.once('end', () => resolve()));
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Rows as objects; int8 is bigint, json is parsed, dates and times are text. */
  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.send(() => this.client.query<Row>({ text: sql, values: [...values], types: TYPED }))).rows;
  }

  /** Every column as the text that the server wrote, in the order of the select list. */
  async queryText(sql: string, values: readonly unknown[] = []): Promise<TextRow[]> {
    const config = { text: sql, values: [...values], rowMode: 'array' as const, types: AS_TEXT };
    return (await this.send(() => this.client.query<(string | null)[]>(config))).rows;
  }

  /** Any SQL, several statements allowed: what each answers, columns in their order. Text as the server wrote it, or typed as `query` does. */
  async results(sql: string, as: 'text' | 'typed'): Promise<readonly StatementResult[]> {
    const config = { text: sql, rowMode: 'array' as const, types: as === 'text' ? AS_TEXT : TYPED };
    // pg answers with a list where there were several statements.
    const answer: unknown = await this.send(() => this.client.query<unknown[]>(config));
    return (Array.isArray(answer) ? answer : [answer]).map((one: pg.QueryArrayResult<unknown[]>) => ({
      command: one.command ?? '',
      rowCount: one.rowCount ?? 0,
      columns: one.fields.map(({ name }) => name),
      fields: one.fields.map(({ name, dataTypeID: oid, dataTypeModifier: modifier }) => ({ name, oid, modifier })),
      rows: one.rows,
    }));
  }

  /** Rows as text in blocks through a portal: never the whole result at once. The connection is busy until it ends. */
  async *streamText(sql: string, values: readonly unknown[], signal: AbortSignal): AsyncGenerator<readonly TextRow[]> {
    const config = { rowMode: 'array' as const, types: AS_TEXT };
    const cursor = this.client.query(new Cursor<(string | null)[]>(sql, [...values], config));
    try {
      for (;;) {
        signal.throwIfAborted();
        const rows = await this.send(() => cursor.read(ROWS_PER_FETCH));
        if (rows.length > 0) yield rows;
        if (rows.length < ROWS_PER_FETCH) return;
      }
    } finally {
      // pg-cursor waits for the server's word, which never comes once the connection is over.
      await Promise.race([this.send(() => cursor.close()), this.ended]);
    }
  }

  /** A whole script in one message; without BEGIN in it the server carries it out as one transaction. */
  async execute(sql: string, options: ScriptOptions = {}): Promise<void> {
    let completed = 0;
    // pg does not report how far a script got; its connection does, with one event per statement.
    const { connection } = this.client;
    const onComplete = () => {
      completed += 1;
    };
    connection.on('commandComplete', onComplete);
    try {
      await this.answered(this.client.query(sql));
    } catch (failure) {
      throw postgresError(failure, this.place, { sql, file: options.file, completed });
    } finally {
      connection.off('commandComplete', onComplete);
    }
  }

  /** `COPY … FROM STDIN` with what the stream gives; an error of the stream is thrown as it is, and nothing is copied. */
  async copyIn(sql: string, data: Readable): Promise<void> {
    await this.send(() => pipeline(data, this.client.query(copyFrom(sql))));
  }

  /** BEGIN, the work, COMMIT; where the work throws, ROLLBACK and the same throw. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.send(() => this.client.query('BEGIN'));
    try {
      const answer = await work();
      await this.send(() => this.client.query('COMMIT'));
      return answer;
    } catch (failure) {
      // A broken connection has rolled back by itself; the work's own failure is the one to report.
      await this.answered(this.client.query('ROLLBACK')).catch(() => {});
      throw failure;
    }
  }

  /** Runs the work while holding an advisory lock of the session; waits while another session holds it. */
  async withAdvisoryLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    await this.query('SELECT pg_advisory_lock(hashtextextended($1, 0))::text', [name]);
    try {
      return await work();
    } finally {
      await this.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name]).catch(() => {});
    }
  }

  /** Ends the connection; repeatable, never throws. */
  async close(): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    const silent = setTimeout(() => this.destroy(), CLOSE_TIMEOUT_MS);
    await this.client.end().catch(() => {});
    clearTimeout(silent);
  }

  /**
   * Asks the server to give up the statement that it carries out here: a cut connection alone leaves it running. Goes
   * over a connection of its own, as the protocol has it; best effort, never throws.
   */
  async cancel(): Promise<void> {
    const { host, port, processID, secretKey } = this.client;
    const request = Buffer.alloc(16);
    for (const [index, part] of [request.length, CANCEL_CODE, processID, secretKey].entries())
      request.writeInt32BE(part, 4 * index);
    await new Promise<void>((resolve) => {
      const path = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
      const socket = connectSocket(path, () => socket.write(request));
      socket.setTimeout(CANCEL_TIMEOUT_MS, () => socket.destroy());
      // The server answers by closing; one that does not answer has nothing left to cancel.
      socket.on('error', () => {}).on('data', () => {});
      socket.on('close', () => resolve());
    });
  }

  /** Cuts the connection without waiting for a statement that is being carried out. */
  destroy(): void {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.client.connection.stream.destroy();
  }

  private answered<T>(statement: Promise<T>): Promise<T> {
    return answered({ client: this.client, place: this.place, liveness: this.liveness }, statement);
  }

  private async send<T>(statement: () => Promise<T>): Promise<T> {
    try {
      return await this.answered(statement());
    } catch (failure) {
      this.signal?.throwIfAborted();
      throw postgresError(failure, this.place);
    }
  }
}

/** Throws EVPIPE_POSTGRES_SILENT (kind unreachable) where the server no longer answers anybody. */
function answered<T>(
  { client, place, liveness }: { readonly client: pg.Client; readonly place: string; readonly liveness: Liveness },
  statement: Promise<T>,
): Promise<T> {
  const { host, port } = client;
  const question = host.startsWith('/') ? undefined : ({ protocol: 'postgres', host, port } as const);
  return liveness.whileItLives(question, statement, () => {
    client.connection.stream.destroy();
    return silentError(place);
  });
}

/** In the startup packet's `options`, blanks and backslashes are escaped with a backslash. */
const escapeOption = (value: string): string => value.replace(/([\\\s])/g, '\\$1');
