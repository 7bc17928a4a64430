import { resolveReferences } from '../../pipeline/references.js';
import { GATEWAY, type LaunchByKind, service } from '../../targets/target.js';
import type { GatewaySection } from '../gateway/section.js';
import { rabbitmqIds } from '../rabbitmq/nodes.js';
import { resolveAll, serviceReferences } from '../session.js';
import { needsOf, type UpContext } from '../up-context.js';
import type { Node } from '../walk.js';
import { waitForConsumer, waitForGroup } from './reads.js';
import type { ServiceSection } from './section.js';

/** How long a service without `ready` and without a group has to live to count as started. */
const ALIVE_MS = 1_000;

export function serviceNode(context: UpContext, section: ServiceSection): Node {
  const topics = (section.consumes?.topics ?? []).filter((name) =>
    context.pipeline.topics.some((topic) => topic.name === name),
  );
  return {
    id: `service/${section.name}`,
    step: 'services',
    needs: [
      ...new Set([
        ...serviceReferences(section).flatMap((path) => needsOf(context, path)),
        ...topics.map((name) => `topic/${name}`),
        ...(section.receives.length + section.publishes.length > 0 ? rabbitmqIds(context.pipeline) : []),
      ]),
    ],
    run: async (report) => {
      report.waitingFor(`${section.name} to become ready`);
      const values = await context.session.references('host');
      const env = resolveAll(section.env, values);
      const run =
        section.run.kind === 'module'
          ? section.run
          : { kind: 'command' as const, command: section.run.command.map((word) => resolveReferences(word, values)) };
      const changed = await context.start(service(section.name), {
        run,
        env,
        ready: readinessOf(section),
        ...(section.port === undefined ? {} : { port: section.port }),
      });
      if (section.ready === undefined && section.consumes !== undefined)
        await waitForGroup(context, section.name, section.consumes.group, report);
      for (const queue of section.receives) await waitForConsumer(context, section.name, queue, report);
      return { changed };
    },
  };
}

function readinessOf(section: ServiceSection): LaunchByKind['service']['ready'] {
  if (section.ready !== undefined) return { kind: 'http', path: section.ready.http };
  const reads = section.consumes !== undefined || section.receives.length > 0;
  return reads ? { kind: 'spawned' } : { kind: 'alive', forMs: ALIVE_MS };
}

export function gatewayNode(context: UpContext, { port, routes }: GatewaySection): Node {
  return {
    id: 'gateway/gateway',
    step: 'gateway',
    needs: [...new Set(routes.map((route) => `service/${route.service}`))],
    run: async (report) => {
      report.waitingFor('the gateway to answer');
      // One that runs elsewhere has its own routes.
      if (context.session.target.providerOf(GATEWAY) === 'address')
        return { changed: await context.start(GATEWAY, { port, routes: [] }) };
      const launched = await Promise.all(
        routes.map(async ({ prefix, service: name }) => {
          const { host } = await context.session.clients.endpoint(service(name));
          const ready = context.pipeline.services.find((one) => one.name === name)?.ready?.http;
          return { prefix, service: name, url: host.url ?? '', ...(ready === undefined ? {} : { ready }) };
        }),
      );
      return { changed: await context.start(GATEWAY, { port, routes: launched }) };
    },
  };
}
