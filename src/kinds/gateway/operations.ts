import { counted } from '../../support/counted.js';
import type { KindOperations } from '../kind.js';
import { launchPlan } from '../launch-change.js';
import { type Change, fieldChange } from '../resource.js';
import { shownPort } from '../server-node.js';
import { service } from '../service/component.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { GATEWAY } from './component.js';
import { examineGateway } from './doctor.js';
import type { GatewayLaunch, LaunchedRoute } from './launch.js';
import { type GatewaySection, type ServiceRoute, serviceRoutes } from './section.js';

export const operations: KindOperations = {
  nodes: (session) => {
    const { gateway } = session.pipeline;
    return gateway === undefined ? [] : [gatewayNode(session, gateway)];
  },

  async summary({ pipeline: { gateway }, clients }) {
    const { host } = await clients.endpoint(GATEWAY);
    return [shownPort(host.url), counted(gateway?.routes.length ?? 0, 'route')];
  },

  async links({ target }) {
    const url = (await target.endpoint(GATEWAY))?.host.url;
    return url === undefined ? [] : [{ name: 'gateway', url, note: 'GET /health' }];
  },

  probes: (session) =>
    session.pipeline.gateway === undefined
      ? []
      : [{ about: 'gateway', component: GATEWAY, examine: () => examineGateway(session) }],
};

function gatewayNode(session: Session, { routes }: GatewaySection): Node {
  const launch = async () => ({
    // One that runs elsewhere has its own routes.
    routes:
      session.target.providerOf(GATEWAY) === 'address'
        ? []
        : await Promise.all(routes.map((route) => ('service' in route ? launchedRoute(session, route) : route))),
  });
  return {
    id: 'gateway/gateway',
    step: 'gateway',
    needs: [...new Set(serviceRoutes({ routes }).map((route) => `service/${route.service}`))],
    run: async (report) => {
      report.waitingFor('the gateway to answer');
      return { changed: await session.start(GATEWAY, await launch()) };
    },
    plans: [
      launchPlan(session, {
        kind: 'gateway',
        name: 'gateway',
        component: GATEWAY,
        location: session.pipeline.gateway?.location,
        launch,
        implies: 'it restarts',
        describe: ({ part, name, before, after }) =>
          part === 'option' && name === 'routes'
            ? routeChanges(before as GatewayLaunch['routes'], after as GatewayLaunch['routes'])
            : undefined,
      }),
    ],
  };
}

/** By prefix; a route is shown by what is behind it. */
function routeChanges(before: GatewayLaunch['routes'], after: GatewayLaunch['routes']): readonly Change[] {
  const [old, now] = [before, after].map((routes) => new Map(routes.map((route) => [route.prefix, route])));
  const prefixes = [...new Set([...before, ...after].map(({ prefix }) => prefix))];
  return prefixes.flatMap((prefix) => {
    const [from, to] = [old?.get(prefix), now?.get(prefix)];
    if (JSON.stringify(from) === JSON.stringify(to)) return [];
    const [was, is] = [from, to].map((route) => route && ('service' in route ? route.service : route.files));
    if (was !== is) return [fieldChange(`route ${prefix}`, was, is)];
    return [{ summary: `route ${prefix} changed` }];
  });
}

async function launchedRoute(session: Session, route: ServiceRoute): Promise<LaunchedRoute> {
  const faces = await session.clients.endpoint(service(route.service));
  const { url = '' } = faces[session.target.faceOf(GATEWAY)];
  const how = session.pipeline.services.find(({ name }) => name === route.service)?.ready?.how;
  return { ...route, url, ...(how?.kind === 'http' && { ready: how.path }) };
}
