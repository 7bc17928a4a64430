import { counted } from '../../support/counted.js';
import type { KindOperations } from '../kind.js';
import { shownPort } from '../server-node.js';
import { service } from '../service/component.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { GATEWAY, type LaunchedRoute } from './component.js';
import { examineGateway } from './doctor.js';
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
  return {
    id: 'gateway/gateway',
    step: 'gateway',
    needs: [...new Set(serviceRoutes({ routes }).map((route) => `service/${route.service}`))],
    run: async (report) => {
      report.waitingFor('the gateway to answer');
      // One that runs elsewhere has its own routes.
      if (session.target.providerOf(GATEWAY) === 'address')
        return { changed: await session.start(GATEWAY, { routes: [] }) };
      const launched = await Promise.all(
        routes.map((route) => ('service' in route ? launchedRoute(session, route) : route)),
      );
      return { changed: await session.start(GATEWAY, { routes: launched }) };
    },
  };
}

async function launchedRoute(session: Session, route: ServiceRoute): Promise<LaunchedRoute> {
  const faces = await session.clients.endpoint(service(route.service));
  const { url = '' } = faces[session.target.faceOf(GATEWAY)];
  const how = session.pipeline.services.find(({ name }) => name === route.service)?.ready?.how;
  return { ...route, url, ...(how?.kind === 'http' && { ready: how.path }) };
}
