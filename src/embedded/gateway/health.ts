import { probe } from '../../http/client.js';
import type { ServiceRoute } from './routes.js';

/** Slower than this is not ready. */
const ANSWER_MS = 2_000;

export interface RouteHealth {
  readonly service: string;
  readonly status: 'ok' | 'down';
  /** Why it is down. */
  readonly why?: string;
}

/** How each route's service is, by the path that tells its readiness; by prefix. */
export async function healthOf(routes: readonly ServiceRoute[]): Promise<Readonly<Record<string, RouteHealth>>> {
  const asked = routes.map(async (route): Promise<[string, RouteHealth]> => {
    const { prefix, service, url, ready } = route;
    const why = await probe(url, ready ?? '/', { timeoutMs: ANSWER_MS, anyStatus: ready === undefined });
    return [prefix, why === undefined ? { service, status: 'ok' } : { service, status: 'down', why }];
  });
  return Object.fromEntries(await Promise.all(asked));
}
