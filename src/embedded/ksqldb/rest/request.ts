import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '../../../http/api.js';
import { checkJsonDepth } from '../../../http/body.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { isJsonObject } from '../../../protocol/json/parse.js';

/** Bodies are read as bytes: inserts come as lines, everything else as one JSON object, whatever its type says (curl -d says urlencoded). */
export type KsqlCall = Call<Buffer>;

export function jsonObject(bytes: Buffer): Record<string, unknown> {
  const text = bytes.toString('utf8');
  checkJsonDepth(text);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Answered below: not JSON and not an object are the same mistake.
  }
  throw new StatementError('Invalid JSON in request: an object is expected', 40000);
}

/** A field that holds an object, where the request has it. */
export function objectField(body: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const field = body[name] ?? undefined;
  if (field === undefined || isJsonObject(field)) return field;
  throw new StatementError(`Invalid JSON in request: '${name}' is not an object`, 40000);
}

/** The one field that a request must have. /query and /ksql say so in ksqlDB's own words, the others in those of its JSON reader. */
export function textField(body: Record<string, unknown>, name: 'ksql' | 'sql' | 'target' | 'queryId'): string {
  const field = body[name];
  if (typeof field === 'string') return field;
  throw new StatementError(
    name === 'ksql'
      ? '"ksql" field must be populated'
      : `Invalid JSON in request: Missing required creator property '${name}' (index 0)`,
    40000,
  );
}

export const MEDIA_TYPE = 'application/vnd.ksql.v1+json';

export const DELIMITED = 'application/vnd.ksqlapi.delimited.v1';

/** The media type of an answer: ksqlDB's own where the client takes it, plain JSON else. */
export function jsonType({ headers }: { readonly headers: IncomingHttpHeaders }): string {
  const accept = headers.accept ?? '';
  return accept.includes(MEDIA_TYPE) || accept === '' ? MEDIA_TYPE : 'application/json';
}
