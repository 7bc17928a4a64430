import { type ReferenceValues, resolveReferences } from '../../pipeline/references.js';
import { counted } from '../../support/counted.js';
import { type LaunchByKind, service } from '../../targets/target.js';
import type { KindOperations } from '../kind.js';
import { rabbitmqIds } from '../rabbitmq/ids.js';
import { needsOf } from '../reference-values.js';
import { resolveAll, type Session } from '../session.js';
import type { Node } from '../walk.js';
import { waitForConsumer, waitForGroup } from './reads.js';
import { serviceReferences } from './referred.js';
import type { ServiceSection } from './section.js';

export const operations: KindOperations = {
  nodes: (session) => session.pipeline.services.map((one) => serviceNode(session, one)),

  async summary({ pipeline: { services }, clients }) {
    const endpoints = await Promise.all(
      services.map(async ({ name }) => ({ name, port: (await clients.endpoint(service(name))).host.port })),
    );
    const open = endpoints.filter(({ port }) => port !== undefined).map(({ name, port }) => `${name} :${port}`);
    const rest = endpoints.length - open.length;
    const consumers = services.filter(
      ({ port, consumes, receives }) => port === undefined && (consumes !== undefined || receives.length > 0),
    ).length;
    return [...open, ...(rest === 0 ? [] : [counted(rest, consumers === rest ? 'consumer' : 'other service')])];
  },
};

/** How long a service without `ready` and without a group has to live to count as started. */
const ALIVE_MS = 1_000;

function serviceNode(session: Session, section: ServiceSection): Node {
  const topics = (section.consumes?.topics ?? []).filter((name) =>
    session.pipeline.topics.some((topic) => topic.name === name),
  );
  return {
    id: `service/${section.name}`,
    step: 'services',
    needs: [
      ...new Set([
        ...serviceReferences(section).flatMap((path) => needsOf(session, path)),
        ...topics.map((name) => `topic/${name}`),
        ...(section.receives.length + section.publishes.length > 0 ? rabbitmqIds(session.pipeline) : []),
      ]),
    ],
    run: async (report) => {
      report.waitingFor(`${section.name} to become ready`);
      // Only containers see the inner addresses: all else runs on this host.
      const isContainer = session.target.providerOf(service(section.name)) === 'compose';
      const values = await session.references(isContainer ? 'inside' : 'host');
      const env = resolveAll(section.env, values);
      const run = isContainer ? { kind: 'container' as const } : runOf(section, values);
      const changed = await session.start(service(section.name), {
        run,
        env,
        ready: readinessOf(section),
        ...(section.port === undefined ? {} : { port: section.port }),
      });
      if (section.ready === undefined && section.consumes !== undefined)
        await waitForGroup(session, section.name, section.consumes.group, report);
      for (const queue of section.receives) await waitForConsumer(session, section.name, queue, report);
      return { changed };
    },
  };
}

function runOf({ run }: ServiceSection, values: ReferenceValues): LaunchByKind['service']['run'] {
  if (run.kind !== 'command') return run;
  return { ...run, command: run.command.map((word) => resolveReferences(word, values)) };
}

function readinessOf(section: ServiceSection): LaunchByKind['service']['ready'] {
  if (section.ready !== undefined) return { kind: 'http', path: section.ready.http };
  const reads = section.consumes !== undefined || section.receives.length > 0;
  return reads ? { kind: 'spawned' } : { kind: 'alive', forMs: ALIVE_MS };
}
