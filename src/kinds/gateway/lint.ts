import { existsSync } from 'node:fs';
import type { LintContext } from '../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { GatewaySection, RouteSection } from './section.js';

/** Routes that can be taken, and what the gateway keeps for itself. */
export function checkGateway({ pipeline }: LintContext): readonly Problem[] {
  const { gateway, services } = pipeline;
  if (gateway === undefined) return [];
  const found: Problem[] = [];
  if (gateway.routes.length === 0)
    found.push(
      warning(
        'gateway-route',
        gateway.locationOf('routes'),
        'the gateway has no routes: it answers everything with 404',
      ),
    );
  const taken = new Map<string, string>();
  for (const { prefix } of gateway.routes) {
    const place = gateway.locationOf('routes', prefix);
    const bare = prefix.replace(/\/+$/, '');
    const other = taken.get(bare);
    taken.set(bare, prefix);
    if (!/^\/[^?#\s]*$/.test(prefix))
      found.push(problem('gateway-route', place, `a route is a path such as /api/v1, not ${JSON.stringify(prefix)}`));
    else if (other !== undefined)
      found.push(problem('gateway-route', place, `route ${prefix} is the same as ${other}`));
    else if (bare === '/health')
      found.push(problem('gateway-route', place, "GET /health is reserved for the gateway's own health page"));
  }
  const mayBeBuilt = pipeline.jobs.length > 0;
  found.push(...gateway.routes.flatMap((route) => checkRoute(route, gateway, mayBeBuilt)));
  const namesake = services.find(({ name }) => name === 'gateway');
  if (namesake !== undefined)
    found.push(
      problem('gateway-name', namesake.location, 'a service cannot be called gateway where there is a gateway section'),
    );
  return found;
}

/** What concerns the connection between two servers, which the gateway and nginx each manage by themselves. */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** What both the embedded gateway and nginx can do. */
function checkRoute(route: RouteSection, gateway: GatewaySection, mayBeBuilt: boolean): readonly Problem[] {
  const { prefix } = route;
  const found: Problem[] = [];
  if ('files' in route && !mayBeBuilt && !existsSync(route.files)) {
    const message = `there is no folder ${route.files}: route ${prefix} answers with 404`;
    found.push(warning('gateway-files', gateway.locationOf('routes', prefix, 'files'), message));
  }
  if ('service' in route && route.rewrite !== undefined && !/^\/[^?#\s]*$/.test(route.rewrite)) {
    const message = `rewrite is a path such as /api/v2, not ${JSON.stringify(route.rewrite)}`;
    found.push(problem('gateway-route', gateway.locationOf('routes', prefix, 'rewrite'), message));
  }
  const request = 'service' in route ? route.requestHeaders : undefined;
  for (const [side, headers] of Object.entries({ request, response: route.responseHeaders }))
    for (const [name, value] of Object.entries(headers ?? {})) {
      const why = headerFault(name, value);
      if (why !== undefined)
        found.push(problem('gateway-header', gateway.locationOf('routes', prefix, 'headers', side, name), why));
    }
  return found;
}

function headerFault(name: string, value: string): string | undefined {
  if (!/^[A-Za-z0-9-]+$/.test(name)) return `a header's name has letters, digits and "-", not ${JSON.stringify(name)}`;
  if (OF_CONNECTIONS.has(name.toLowerCase())) return `the gateway sets ${name} by itself`;
  if (!/^[ -~]*[!-~][ -~]*$/.test(value)) return `the value of ${name} must be printable ASCII, and not empty`;
  return undefined;
}
