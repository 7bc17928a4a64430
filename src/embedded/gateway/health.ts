import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { GatewayRoute } from './routes.js';

/** Slower than this is not ready. */
const ANSWER_MS = 2_000;

export interface RouteHealth {
  readonly service: string;
  readonly status: 'ok' | 'down';
  /** Why it is down. */
  readonly why?: string;
}

/** How each route's service is, by the path that tells its readiness; by prefix. */
export async function healthOf(routes: readonly GatewayRoute[]): Promise<Readonly<Record<string, RouteHealth>>> {
  const asked = routes.map(async (route): Promise<[string, RouteHealth]> => {
    const why = await problemOf(route);
    const { prefix, service } = route;
    return [prefix, why === undefined ? { service, status: 'ok' } : { service, status: 'down', why }];
  });
  return Object.fromEntries(await Promise.all(asked));
}

/** Undefined: it answers as it should. */
function problemOf({ url, ready }: GatewayRoute): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ask = url.startsWith('https:') ? requestTls : request;
    const asking = ask(`${url}${ready ?? '/'}`, { agent: false, timeout: ANSWER_MS }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(ready === undefined || (status >= 200 && status < 400) ? undefined : `it answers ${status}`);
    });
    asking.once('timeout', () => asking.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    asking.once('error', (failure: NodeJS.ErrnoException) =>
      resolve(failure.code === 'ECONNREFUSED' ? 'nothing listens there' : failure.message),
    );
    asking.end();
  });
}
