import { connectJson } from '../../clients/http/json-client.js';
import { counted } from '../../support/counted.js';
import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import { GATEWAY } from './component.js';

interface RouteHealth {
  readonly service: string;
  readonly status: 'ok' | 'down';
  readonly why?: string;
}

/** Whether it answers; evpipe's own tells how each of its routes is, nginx and one that runs elsewhere do not. */
export async function examineGateway({ clients, target }: Session): Promise<readonly Diagnosis[]> {
  const { host } = await clients.endpoint(GATEWAY);
  const http = connectJson({ server: 'the gateway', code: 'GATEWAY', ...host, retryMs: 0, timeoutMs: 4_000 });
  try {
    const { status, body } = await http.request('GET', '/health');
    const about = 'gateway';
    if (target.providerOf(GATEWAY) !== 'embedded')
      return [{ about, health: 'good', says: `it answers (GET /health: ${status})` }];
    const routes = Object.entries((body as { routes?: Readonly<Record<string, RouteHealth>> }).routes ?? {});
    const down = routes.filter(([, route]) => route.status === 'down');
    if (down.length === 0)
      return [{ about, health: 'good', says: `${counted(routes.length, 'route')}, all services answer` }];
    return down.map(([prefix, { service, why }]) => ({
      about,
      health: 'bad',
      says: `route ${prefix}: service ${service} is down${why === undefined ? '' : `, ${why}`}`,
      todo: `See its log: evpipe logs ${service}`,
    }));
  } finally {
    http.close();
  }
}
