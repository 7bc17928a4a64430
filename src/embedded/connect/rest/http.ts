import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { ADMIN_ROUTES } from './admin.js';
import { CONNECTOR_ROUTES } from './connectors.js';
import { RestFailure } from './failure.js';
import { OFFSET_ROUTES } from './offsets.js';
import { PLUGIN_ROUTES } from './plugins.js';
import type { RestAnswer, RestContext, Route } from './route.js';

export const ROUTES: readonly Route[] = [...ADMIN_ROUTES, ...CONNECTOR_ROUTES, ...OFFSET_ROUTES, ...PLUGIN_ROUTES];

/** A configuration is a few kilobytes. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

const COMPILED = ROUTES.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replaceAll(':task', '(?<task>\\d+)').replace(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`),
}));

export function restServer(context: RestContext, log: Log): Server {
  return createServer((request, response) => {
    answer(request, context)
      .catch((failure: unknown) => refusal(failure, log))
      .then((result) => send(response, result))
      .catch((failure: unknown) => log.error('an answer could not be sent', { why: messageOf(failure) }));
  });
}

async function answer(request: IncomingMessage, context: RestContext): Promise<RestAnswer> {
  const url = new URL(request.url ?? '/', 'http://connect');
  const matching = COMPILED.filter(({ pattern }) => pattern.test(url.pathname));
  if (matching.length === 0) throw new RestFailure(404, 'HTTP 404 Not Found');
  const found = matching.find(({ route }) => route.method === request.method);
  if (found === undefined) throw new RestFailure(405, 'HTTP 405 Method Not Allowed');
  const groups = found.pattern.exec(url.pathname)?.groups ?? {};
  const parameters = Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decoded(value)]));
  return found.route.handle({ parameters, query: url.searchParams, body: await bodyOf(request) }, context);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new RestFailure(400, `not an encoded path segment: ${value}`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new RestFailure(413, `a request may have ${BODY_BYTES_MAX} bytes at most`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new RestFailure(415, 'HTTP 415 Unsupported Media Type');
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw new RestFailure(400, `not JSON: ${messageOf(failure)}`);
  }
}

function refusal(failure: unknown, log: Log): RestAnswer {
  const status = failure instanceof RestFailure ? failure.status : 500;
  if (status === 500)
    log.error('request failed', {
      why: failure instanceof Error ? (failure.stack ?? failure.message) : String(failure),
    });
  return { status, body: { error_code: status, message: messageOf(failure) } };
}

function send(response: ServerResponse, { status, body, headers }: RestAnswer): void {
  if (body === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}
