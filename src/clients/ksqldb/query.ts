import { json } from 'node:stream/consumers';
import { HttpClient, type WatchedAddress } from '../../http/client.js';
import { parseJson } from '../../protocol/json/parse.js';
import { parsePlainJson } from '../../protocol/json/plain.js';
import { EvpipeError } from '../../support/errors.js';
import { linesOf } from '../../support/lines.js';
import { Liveness } from '../../support/liveness.js';
import { unauthorized, unreachable } from '../http/json-client.js';
import { type KsqlOptions, refusal } from './client.js';

/** What a query answers, as it comes; a PRINT answers lines of text. */
export type KsqlQueryPart =
  | { readonly kind: 'header'; readonly columns: readonly string[] }
  /** In the order of the header's columns; whole numbers beyond 2^53 are bigint. `tombstone`: the table has lost this key. */
  | { readonly kind: 'row'; readonly values: readonly unknown[]; readonly tombstone: boolean }
  | { readonly kind: 'end'; readonly message: string }
  | { readonly kind: 'line'; readonly text: string };

const CONTENT_TYPE = 'application/vnd.ksql.v1+json';

/**
 * One SELECT (push or pull) or PRINT at POST /query. A push query ends when the caller stops reading or aborts. Throws EVPIPE_KSQLDB_<CODE>
 * with the server's own message, EVPIPE_KSQLDB_UNREACHABLE (kind unreachable).
 */
export async function* streamQuery(
  { liveness = new Liveness(), ...address }: WatchedAddress,
  ksql: string,
  options: KsqlOptions & {
    readonly signal: AbortSignal;
    /** Numbers as the server wrote them, as JsonNumber where a double would print differently: 100.50. */
    readonly exact?: boolean;
  },
): AsyncGenerator<KsqlQueryPart> {
  const { properties = {}, variables = {}, signal, exact = false } = options;
  const headers = { accept: CONTENT_TYPE, 'content-type': CONTENT_TYPE };
  const http = new HttpClient({ ...address, headers, liveness });
  try {
    const body = { ksql, streamsProperties: properties, sessionVariables: variables };
    const response = await http.open({ method: 'POST', path: '/query', body, signal });
    if (response.statusCode === 401) throw unauthorized('ksqlDB', 'KSQLDB', address.url);
    if (response.statusCode !== 200)
      throw refusal(response.statusCode ?? 0, await json(response).catch(() => undefined));
    for await (const line of linesOf(response.setEncoding('utf8'), 'the answer of ksqlDB')) {
      const part = partOf(line, exact);
      if (part !== undefined) yield part;
    }
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof EvpipeError || !(failure instanceof Error)) throw failure;
    throw unreachable('ksqlDB', 'KSQLDB', address.url, failure);
  } finally {
    http.close();
  }
}

interface Piece {
  readonly header?: { readonly schema: string };
  readonly row?: { readonly columns: readonly unknown[]; readonly tombstone?: boolean };
  readonly finalMessage?: string;
  readonly errorMessage?: unknown;
}

/** The answer is one JSON array with an element a line; blank lines keep the connection alive. */
function partOf(line: string, exact: boolean): KsqlQueryPart | undefined {
  const text = line.trim();
  const inner = text
    .replace(/^\[(?=\{)|^,/, '')
    .replace(/,$|(?<=\})\]$/, '')
    .trim();
  if (inner === '' || inner === '[' || inner === ']') return undefined;
  if (!inner.startsWith('{')) return { kind: 'line', text };
  const piece = (exact ? parseJson(inner, 'text') : parsePlainJson(inner)) as Piece;
  if (piece.header !== undefined) return { kind: 'header', columns: columnNames(piece.header.schema) };
  if (piece.row !== undefined)
    return { kind: 'row', values: piece.row.columns, tombstone: piece.row.tombstone === true };
  if (piece.finalMessage !== undefined) return { kind: 'end', message: piece.finalMessage };
  if (piece.errorMessage !== undefined) throw refusal(500, piece.errorMessage);
  return { kind: 'line', text };
}

/** The names of a schema such as `` `ID` STRING KEY, `A` STRUCT<`B` INT, `C` INT> ``: quoted names at depth 0. */
export function columnNames(schema: string): readonly string[] {
  const names: string[] = [];
  let depth = 0;
  for (const [token, quoted] of schema.matchAll(/`((?:[^`]|``)*)`|[<>]/g)) {
    if (token === '<') depth += 1;
    else if (token === '>') depth -= 1;
    else if (depth === 0) names.push((quoted ?? '').replaceAll('``', '`'));
  }
  return names;
}
