import { EvpipeError, messageOf, type SourceLocation } from '../../support/errors.js';
import { isTlsFailure } from '../../support/tls-files.js';
import { statementStarts } from './statement-starts.js';

/** What the server says of a failed statement, as pg hands it over; all fields but `message` can be missing. */
interface ServerFailure extends Error {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** 1-based, in characters of the text that was sent. */
  readonly position?: string;
  readonly where?: string;
}

/** SQLSTATEs (and classes) of a server that is starting or stopping: a later attempt may succeed. */
const UNREACHABLE_STATES = /^(08...|57P0[1-4]|53300)$/;
const SOCKET_CODES = /^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EHOST|ENET|EPIPE)/;

/**
 * SQLSTATEs (and classes) of what the SQL itself gets wrong, whenever it is sent: syntax, names, types, values that it can't
 * take. 42501 is a lack of rights, which is not the SQL's.
 */
const WRONG_SQL_STATES = /^EVPIPE_POSTGRES_(0A...|2[12]...|38...|39...|42(?!501)...|P0001)$/;

/** Whether the server refuses the SQL for what it says, or for what its values are. */
export const isWrongSql = (failure: unknown): failure is EvpipeError =>
  failure instanceof EvpipeError && WRONG_SQL_STATES.test(failure.code);

/** SQL text and where it came from, so that a failure in it can be shown there. */
export interface SqlSource {
  readonly sql: string;
  readonly file?: string | undefined;
  /** How many of its statements had been carried out when it failed. */
  readonly completed?: number;
}

/**
 * Every failure of pg as an EvpipeError: EVPIPE_POSTGRES_<SQLSTATE> for what the server says, EVPIPE_POSTGRES_UNREACHABLE
 * (kind unreachable) where it does not answer, EVPIPE_POSTGRES_TLS where no TLS comes about. `place` is host:port/database, never a URL: that has the password in it.
 */
export function postgresError(thrown: unknown, place: string, source?: SqlSource): EvpipeError {
  if (thrown instanceof EvpipeError) return thrown;
  const tls = tlsError(thrown, place);
  if (tls !== undefined) return tls;
  const failure = thrown as ServerFailure;
  const code = typeof failure.code === 'string' ? failure.code : '';
  if (!/^[0-9A-Z]{5}$/.test(code) || SOCKET_CODES.test(code)) return unreachableError(thrown, place);
  const detail = [failure.detail, failure.where].filter(Boolean).map((text) => `\n${text}`);
  const location = source === undefined ? undefined : locationOf(failure, source);
  return new EvpipeError(`EVPIPE_POSTGRES_${code}`, `${place}: ${failure.message}${detail.join('')}`, {
    kind: UNREACHABLE_STATES.test(code) ? 'unreachable' : 'failed',
    cause: thrown,
    ...todoOf(failure),
    ...(location !== undefined && { location }),
  });
}

/** pg's words where the server answers that it has none. */
const HAS_NO_TLS = /does not support SSL connections/;

/** Undefined for a failure that has nothing to do with TLS. */
export function tlsError(thrown: unknown, place: string): EvpipeError | undefined {
  const has = !HAS_NO_TLS.test(messageOf(thrown));
  if (has && !isTlsFailure(thrown)) return undefined;
  return new EvpipeError(
    'EVPIPE_POSTGRES_TLS',
    `PostgreSQL at ${place}: no TLS connection: ${has ? messageOf(thrown) : 'the server has no TLS'}`,
    {
      kind: 'failed', // trying again helps nothing
      todo: has
        ? 'Check its address: sslrootcert (the authority that signed its certificate), its host name (sslmode=verify-full compares it), sslcert and sslkey (the client certificate it may want).'
        : 'Turn TLS on there (ssl = on), or correct sslmode in its address.',
      cause: thrown,
    },
  );
}

/** The end of what a server says whose pg_hba.conf has no entry for connections without TLS. */
const WANTS_TLS = /no encryption$/;

function todoOf({ hint, message }: ServerFailure): { readonly todo?: string } {
  if (hint !== undefined) return { todo: hint };
  if (!WANTS_TLS.test(message)) return {};
  return { todo: 'Where that server wants TLS, give its address sslmode=verify-full and sslrootcert.' };
}

export const silentError = (place: string): EvpipeError =>
  new EvpipeError('EVPIPE_POSTGRES_SILENT', `PostgreSQL at ${place} has stopped answering`, { kind: 'unreachable' });

function unreachableError(thrown: unknown, place: string): EvpipeError {
  return new EvpipeError(
    'EVPIPE_POSTGRES_UNREACHABLE',
    `PostgreSQL at ${place} does not answer: ${messageOf(thrown)}`,
    {
      kind: 'unreachable',
      cause: thrown,
    },
  );
}

function locationOf(failure: ServerFailure, source: SqlSource): SourceLocation | undefined {
  if (source.file === undefined) return undefined;
  if (failure.position !== undefined) {
    return { file: source.file, ...lineAndColumn(source.sql, Number(failure.position) - 1) };
  }
  // Many failures ("already exists") have no position: then it is the statement after those that were carried out.
  const start = statementStarts(source.sql)[source.completed ?? 0] ?? 0;
  return { file: source.file, ...lineAndColumn(source.sql, [...source.sql.slice(0, start)].length) };
}

/** 1-based line and column of a 0-based position counted in characters (code points, as the server counts). */
function lineAndColumn(text: string, position: number): { line: number; column: number } {
  const before = [...text].slice(0, position);
  const lineBreak = before.lastIndexOf('\n');
  return { line: before.filter((character) => character === '\n').length + 1, column: before.length - lineBreak };
}
