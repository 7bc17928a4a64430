import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../../support/errors.js';
import type { Json } from './json.js';
import { type ManagementContext, Reply, ROUTES } from './routes.js';

const NOT_FOUND = new Reply(404, { error: 'Object Not Found', reason: 'Not Found' });

/** The HTTP API, with basic authentication by the AMQP user. */
export function createManagement(context: ManagementContext): Server {
  return createServer((request, response) => {
    request.resume(); // nothing is read from bodies
    try {
      answer(request, response, context);
    } catch (failure) {
      context.broker.log.error('a management request failed', { url: request.url, why: messageOf(failure) });
      send(response, new Reply(500, { error: 'Internal Server Error', reason: messageOf(failure) }));
    }
  });
}

function answer(request: IncomingMessage, response: ServerResponse, context: ManagementContext): void {
  if (!isAllowed(request.headers.authorization, context)) {
    response.setHeader('www-authenticate', 'Basic realm="RabbitMQ Management"');
    send(response, new Reply(401, { error: 'not_authorized', reason: 'Login failed' }));
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, new Reply(405, { error: 'Method Not Allowed', reason: 'Only GET is there' }));
    return;
  }
  const { pathname } = new URL(request.url ?? '/', 'http://management');
  const parts = pathname.replace(/^\/api\/?|\/+$/g, '').split('/');
  for (const route of pathname.startsWith('/api/') ? ROUTES : []) {
    const open = match(route.path, parts);
    if (open === undefined) continue;
    const found = route.get(context, open);
    if (found instanceof Reply || found === undefined) send(response, found ?? NOT_FOUND);
    else send(response, new Reply(200, found));
    return;
  }
  send(response, NOT_FOUND);
}

/** Compared in constant time, by digests of one length. */
function isAllowed(authorization: string | undefined, { broker }: ManagementContext): boolean {
  const wanted = `Basic ${Buffer.from(`${broker.user}:${broker.password}`).toString('base64')}`;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(wanted));
}

/** The parts for a path's colons, without the virtual host; undefined where it does not fit. */
function match(path: string, parts: readonly string[]): readonly string[] | undefined {
  const pattern = path.split('/');
  if (pattern.length !== parts.length) return undefined;
  const open: string[] = [];
  for (const [at, piece] of pattern.entries()) {
    const given = decoded(parts[at] ?? '');
    if (piece === ':vhost') {
      if (given !== '/') return undefined;
    } else if (piece.startsWith(':')) open.push(given);
    else if (piece !== given) return undefined;
  }
  return open;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function send(response: ServerResponse, { status, body }: { readonly status: number; readonly body: Json }): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}
