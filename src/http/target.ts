import { HttpProblem } from './problem.js';

/** What a request line asks for. */
export interface Target {
  /** As it was sent, without the query. */
  readonly path: string;
  /** The path's parts, decoded; `/` and a trailing slash add none. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

/** Throws HttpProblem 400: not a path, a malformed percent encoding, bytes that are not UTF-8, a NUL. */
export function parseTarget(url: string | undefined): Target {
  const [path = '', ...rest] = (url ?? '').split('?');
  if (!path.startsWith('/')) throw new HttpProblem(400, 'the request target must be a path');
  const query = rest.join('?');
  decoded(query);
  const segments = path.replace(/\/+$/, '').split('/').slice(1).map(decoded);
  return { path, segments, query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  let result: string;
  try {
    result = decodeURIComponent(text);
  } catch {
    throw new HttpProblem(400, `malformed percent encoding in the URL: ${JSON.stringify(text.slice(0, 100))}`);
  }
  if (result.includes('\0')) throw new HttpProblem(400, 'the URL contains a NUL character');
  return result;
}
