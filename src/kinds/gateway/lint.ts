import type { LintContext } from '../../pipeline/lint.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';

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
  const namesake = services.find(({ name }) => name === 'gateway');
  if (namesake !== undefined)
    found.push(
      problem('gateway-name', namesake.location, 'a service cannot be called gateway where there is a gateway section'),
    );
  return found;
}
