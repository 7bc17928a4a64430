import type { IncomingHttpHeaders } from 'node:http';
import { messageOf } from '../support/errors.js';
import type { Log } from '../support/log.js';
import { accepts } from './accept.js';
import { discardRest, readBody } from './body.js';
import type { Login } from './callers.js';
import { createFront, type Front, type FrontOptions, type Request, type Response } from './front.js';
import { HttpProblem } from './problem.js';
import type { Target } from './target.js';

export interface Call<Body> {
  /** Decoded, by their names in the route's path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
  /** For bodies that are streamed. */
  readonly request: Request;
  /** For answers that are streamed. */
  readonly response: Response;
}

export interface Answer {
  readonly status: number;
  /** Undefined: no content. A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route<Context, Body = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/connectors/:name/status`; of two routes that fit, the first in the table is taken. */
  readonly path: string;
  /** The media types that it can answer with, where it refuses other ones. */
  readonly produces?: readonly string[];
  /** The handler reads the body from `call.request` while it comes; `call.body` is that of no bytes. */
  readonly streamed?: true;
  /** Undefined where it has answered by `call.response`. */
  handle(call: Call<Body>, context: Context): Promise<Answer | undefined> | Answer | undefined;
}

/** One server's REST API: its routes, and the dialect of what does not get to them. */
export interface Api<Context, Body = unknown> {
  readonly routes: ReadonlyArray<Route<Context, Body>>;
  readonly bodyBytesMax: number;
  readonly parseBody: (bytes: Buffer, request: Request) => Body;
  readonly contentType: (request: Request) => string;
  /** The answer to whatever was thrown. A status of 500 and above is logged. */
  readonly failure: (failure: unknown) => Answer;
}

interface ApiOptions<Context> {
  readonly context: Context;
  readonly log: Log;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly login?: Login | undefined;
  readonly upgrade?: FrontOptions['upgrade'];
}

export function createApi<Context, Body>(api: Api<Context, Body>, options: ApiOptions<Context>): Front {
  const find = router(api.routes);
  const { context, log, allowedHosts, login, upgrade } = options;

  const respond = (request: Request, response: Response, answer: Answer): void => {
    if (response.headersSent) return void response.end();
    const { status, body, headers } = answer;
    // What is still being sent to a closed socket resets the connection, and the answer is lost with it: so after a body
    // that is too large it ends once its sender has had the time to read the answer.
    const lingers = status === 413;
    const bytes = Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
    const type = { 'content-type': api.contentType(request), 'content-length': bytes.length };
    const close = lingers && request.httpVersionMajor === 1 ? { connection: 'close' } : {};
    response.writeHead(status, { ...(body === undefined ? {} : type), ...close, ...headers });
    if (!lingers) return void response.end(bytes);
    response.write(bytes);
    void discardRest(request).then(() => response.end());
  };

  const fail = (request: Request, response: Response, thrown: unknown): void => {
    const answer = api.failure(thrown);
    if (answer.status >= 500)
      log.error('a request failed', { method: request.method, url: request.url, why: messageOf(thrown) });
    respond(request, response, answer);
  };

  const serve = async (request: Request, response: Response, { segments, query }: Target): Promise<void> => {
    try {
      const { route, parameters } = find(request.method ?? 'GET', segments);
      if (route.produces !== undefined && !accepts(request.headers.accept, route.produces))
        throw new HttpProblem(406, 'HTTP 406 Not Acceptable');
      const bytes = route.streamed === true ? Buffer.alloc(0) : await readBody(request, api.bodyBytesMax);
      const body = api.parseBody(bytes, request);
      const { headers } = request;
      const answer = await route.handle({ parameters, query, headers, body, request, response }, context);
      if (answer !== undefined) respond(request, response, answer);
    } catch (failure) {
      fail(request, response, failure);
    }
  };

  return createFront({ allowedHosts, login, serve, refuse: fail, upgrade });
}

type Found<R> = { readonly route: R; readonly parameters: Readonly<Record<string, string>> };

/** Throws HttpProblem 404 where no path fits, 405 where only the method does not. */
function router<R extends { readonly method: string; readonly path: string }>(routes: readonly R[]) {
  const compiled = routes.map((route) => ({ route, pattern: route.path.split('/').filter((part) => part !== '') }));
  return (method: string, segments: readonly string[]): Found<R> => {
    const wanted = method === 'HEAD' ? 'GET' : method;
    let isKnown = false;
    for (const { route, pattern } of compiled) {
      if (!fits(pattern, segments)) continue;
      if (route.method === wanted) return { route, parameters: parametersOf(pattern, segments) };
      isKnown = true;
    }
    throw isKnown ? new HttpProblem(405, 'HTTP 405 Method Not Allowed') : new HttpProblem(404, 'HTTP 404 Not Found');
  };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  for (const [at, part] of pattern.entries()) {
    if (part[0] === ':' ? segments[at] === '' : part !== segments[at]) return false;
  }
  return true;
}

function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    if (part[0] === ':') parameters[part.slice(1)] = segments[at] ?? '';
  }
  return parameters;
}
