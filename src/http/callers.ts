import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { basicAuthorization } from './basic-authorization.js';
import { HttpProblem } from './problem.js';

/** Accepts any name. For servers behind a proxy of one's own, which has to do this check. */
const ANY_HOST = '*';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export interface CallerRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders & { readonly ':authority'?: string | undefined };
}

/**
 * Keeps web pages out. A server on loopback needs no login, but every page that a browser shows can send requests to it:
 *
 * - 421 unless `Host` (`:authority` in HTTP/2) is a loopback name or one of `allowedHosts`. This stops DNS rebinding, where
 *   a page's own name resolves to 127.0.0.1 and the browser takes our answers for the page's.
 * - 403 for an `Origin` other than the server's own, and for `Sec-Fetch-Site: cross-site`. Forms and simple requests
 *   (text/plain, urlencoded, no body) need no CORS preflight, so only these headers tell them apart. Following a link is allowed.
 *
 * Programs such as curl send neither Origin nor Sec-Fetch-Site, so nothing changes for them. Throws HttpProblem.
 */
export function checkCaller({ method, headers }: CallerRequest, allowedHosts: readonly string[] = []): void {
  const host = headers[':authority'] ?? headers.host;
  for (const name of [headers[':authority'], headers.host]) {
    if (name !== undefined && !isAllowed(name, allowedHosts))
      throw new HttpProblem(421, `this server does not answer as ${printable(name)}: use localhost or 127.0.0.1`);
  }
  const { origin } = headers;
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase())
    throw new HttpProblem(403, `requests from pages of another origin (${printable(origin)}) are refused`);
  if (headers['sec-fetch-site'] === 'cross-site' && !followsLink(method, headers))
    throw new HttpProblem(403, 'requests from pages of another site are refused');
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Throws HttpProblem 401 unless the request has this login (RFC 7617). */
export function checkLogin({ headers: { authorization = '' } }: CallerRequest, { username, password }: Login): void {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest(); // of one length
  if (timingSafeEqual(digest(authorization), digest(basicAuthorization(username, password)))) return;
  throw new HttpProblem(401, 'Unauthorized');
}

const withoutPort = (authority: string): string =>
  authority
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/(?<=[^.])\.$/, '');

/** Whether it is reached from its own machine only. */
export const isLoopback = (authority: string): boolean => LOOPBACK.test(withoutPort(authority));

const isAllowed = (authority: string, allowedHosts: readonly string[]): boolean =>
  isLoopback(authority) ||
  allowedHosts.some((allowed) => allowed === ANY_HOST || allowed.toLowerCase() === withoutPort(authority));

/** The host and port of an origin; undefined for `null` and whatever else is not the origin of an HTTP page. */
function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase();
}

/** The browser shows the answer as a page of ours; the page that holds the link can't read it. */
const followsLink = (method: string | undefined, headers: IncomingHttpHeaders): boolean =>
  method === 'GET' && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';

const printable = (text: string): string => JSON.stringify(text.slice(0, 100));
