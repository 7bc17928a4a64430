import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyServer } from 'http-proxy-3';
import { createFront, refuseUpgrade } from '../../http/front.js';
import { closeHttp, listen } from '../../support/listen.js';
import type { Log } from '../../support/log.js';
import { serveFile } from './files.js';
import { healthOf } from './health.js';
import { type Problem, sendProblem } from './problem.js';
import { type GatewayRoute, leadsUpwards, rewritten, routeOf, type ServiceRoute } from './routes.js';

export interface GatewayOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Names besides those of loopback that clients call it by. */
  readonly allowedHosts?: readonly string[];
  readonly routes: readonly GatewayRoute[];
  readonly log: Log;
}

/** A service that says nothing for so long, before its answer or within it, is given up. Streams send something now and then. */
const SILENCE_MS = 5 * 60_000;
/** Streams that are open when the gateway ends have this long to end by themselves. */
const CLOSE_MS = 500;

/**
 * One origin for several services: a request goes to the service of the longest prefix of its path, as it is or with the
 * prefix replaced and headers set, with X-Forwarded-For, -Host, -Port and -Proto; bodies are streamed both ways, WebSockets
 * are passed on. A route may also lead to a folder of files (files.ts).
 *
 * Answers by itself, in JSON: GET /health (200 or 503, and how each route is), 404 for a path without a route, 503 where a
 * service does not listen (with Retry-After), 504 where it says nothing and 502 where it breaks off. Connections to services are not kept: after a
 * restart of one the next request finds it. Not implemented: TLS, HTTP/2, balancing over several copies.
 */
export async function startGateway(options: GatewayOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { routes, log } = options;
  const services = routes.filter((route) => 'service' in route);
  const proxy = createProxyServer({ xfwd: true, ws: true });
  const silent = new WeakSet<IncomingMessage>();
  proxy.on('proxyReq', (passedOn, request) => {
    passedOn.once('timeout', () => silent.add(request));
  });
  proxy.on('proxyRes', (answer, _request, response) => {
    // What is set before the service answers is set by the route, and counts more.
    for (const name of response.getHeaderNames()) delete answer.headers[name];
    // The service died in the middle: the client has to see that what it got is not whole.
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
  });
  // Told of upgrades that went wrong after they had been passed on.
  proxy.on('error', (failure, _request, socket) => {
    log.warn(`a connection broke: ${failure.message}`);
    socket.destroy();
  });

  const { server } = createFront({
    allowedHosts: options.allowedHosts,
    refuse: (_request, response, { status, message }) => sendProblem(response, { status, code: 'refused', message }),
    serve(request: IncomingMessage, response: ServerResponse, target) {
      const { path } = target;
      if (request.method === 'GET' && /^\/health\/?$/.test(path)) return void sendHealth(response, services);
      const route = routeOf(path, routes);
      if (route === undefined)
        return sendProblem(response, { status: 404, code: 'no-route', message: `no route for ${path}` });
      for (const [name, value] of Object.entries(route.responseHeaders ?? {})) response.setHeader(name, value);
      if ('files' in route) return void serveFile(request, response, target, route);
      if (route.rewrite !== undefined && leadsUpwards(target.segments))
        return sendProblem(response, { status: 400, code: 'path', message: `a path below ${route.prefix} has no ..` });
      request.url = rewritten(request.url ?? path, route);
      return proxy.web(request, response, passing(route), (failure) => {
        const problem = silent.has(request) ? silence(route) : problemOf(route, failure);
        log.warn(`${request.method} ${path}: ${problem.message}`);
        if (response.headersSent) response.destroy();
        else sendProblem(response, problem);
      });
    },
    upgrade(request, socket, head, { path, segments }) {
      const route = routeOf(path, routes);
      if (route === undefined || 'files' in route) return refuseUpgrade(socket, 404);
      if (route.rewrite !== undefined && leadsUpwards(segments)) return refuseUpgrade(socket, 400);
      request.url = rewritten(request.url ?? path, route);
      return proxy.ws(request, socket as Socket, head, passing(route), (failure) => {
        log.warn(`upgrade ${path}: ${problemOf(route, failure).message}`);
        refuseUpgrade(socket, 503);
      });
    },
  });
  server.requestTimeout = 0; // a long upload is the service's to end
  const port = await listen(server, options);
  log.info('the gateway is listening', {
    host: options.host,
    port,
    routes: routes.map(({ prefix }) => prefix).join(' '),
  });
  return { port, stop: () => closeHttp(server, CLOSE_MS) };
}

/** With the headers and the timeout of a route. */
const passing = ({ url, requestHeaders = {}, timeoutMs = SILENCE_MS }: ServiceRoute) => ({
  target: url,
  proxyTimeout: timeoutMs,
  headers: Object.fromEntries(Object.entries(requestHeaders).map(([name, value]) => [name.toLowerCase(), value])),
});

const silence = ({ service, timeoutMs = SILENCE_MS }: ServiceRoute): Problem => ({
  status: 504,
  code: 'service-silent',
  message: `service ${service} did not answer within ${timeoutMs / 1_000} s`,
});

function problemOf({ service }: ServiceRoute, failure: NodeJS.ErrnoException): Problem {
  if (failure.code === 'ECONNREFUSED')
    return {
      status: 503,
      code: 'service-down',
      message: `service ${service} is not running: nothing listens at its address`,
    };
  return {
    status: 502,
    code: 'service-broke-off',
    message: `service ${service} closed the connection: ${failure.message}`,
  };
}

async function sendHealth(response: ServerResponse, routes: readonly ServiceRoute[]): Promise<void> {
  const found = await healthOf(routes);
  const good = Object.values(found).every(({ status }) => status === 'ok');
  response.writeHead(good ? 200 : 503, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify({ status: good ? 'ok' : 'degraded', routes: found }));
}
