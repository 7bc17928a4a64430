import type { ReferenceValues } from '../../pipeline/pipeline.js';
import { resolveReferences } from '../../pipeline/references.js';
import { counted } from '../../support/counted.js';
import { type LaunchOf, server } from '../../targets/component.js';
import type { KindOperations, Removal } from '../kind.js';
import { launchPlan } from '../launch-change.js';
import { madeKey } from '../ledger/ledger.js';
import { environmentOf, programFolder, renderedFiles } from '../program.js';
import { rabbitmqIdsOf } from '../rabbitmq/ids.js';
import { needsOf } from '../reference-values.js';
import { noteMade } from '../resource-node.js';
import type { Session } from '../session.js';
import { kafkaClient } from '../topic/client.js';
import type { Node, Planned } from '../walk.js';
import { service } from './component.js';
import { waitForConsumer, waitForGroup } from './reads.js';
import { programNodes, serviceReferences } from './referred.js';
import type { ServiceSection } from './section.js';

declare module '../../targets/roles.js' {
  interface LoginKinds {
    readonly service: true;
  }
}

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

  logins: (pipeline, refers) =>
    pipeline.services
      .filter((one) => refers(serviceReferences(one, pipeline.folder)))
      .map(({ name }) => ({ holder: `service/${name}`, rights: ['work'] })),

  removals: (session) => [groupRemoval(session)],
  async links({ pipeline, target }) {
    const links = pipeline.services.map(async ({ name, open, ready }) => {
      const url = open === undefined ? undefined : (await target.endpoint(service(name)))?.host.url;
      if (open === undefined || url === undefined) return [];
      return [{ name, url: `${withHost(url, ready?.host)}${open.path}`, note: open.note ?? '' }];
    });
    return (await Promise.all(links)).flat();
  },
};

/** The groups of services, with how far they have read. */
function groupRemoval({ pipeline, clients }: Session): Removal {
  return {
    kind: 'group',
    component: server('kafka'),
    declared: groupsOf(pipeline.services),
    implies: 'with its offsets; it will read its topics from the start',
    exists: async (name) => (await (await kafkaClient(clients)).describeGroup(name)).state !== 'Dead',
    remove: async (name) => {
      const kafka = await kafkaClient(clients);
      const { members } = await kafka.describeGroup(name);
      if (members.length > 0)
        return { removed: [], left: [`group ${name}, which still has ${counted(members.length, 'member')}`] };
      await kafka.deleteGroup(name);
      return { removed: [`group ${name}`], left: [] };
    },
  };
}

const groupsOf = (services: readonly ServiceSection[]): readonly string[] => [
  ...new Set(services.flatMap(({ consumes }) => consumes?.group ?? [])),
];

/** A group that is there before its service has ever run is of others. */
async function noteGroup(session: Session, group: string): Promise<void> {
  if ((await session.ledger()).get(madeKey('group', group)) !== undefined) return;
  const { state } = await (await kafkaClient(session.clients)).describeGroup(group);
  if (state === 'Dead') await noteMade(session, 'group', group);
}

/** A service that answers only to its own name is shown by it. */
function withHost(url: string, host: string | undefined): string {
  if (host === undefined) return url;
  const named = new URL(url);
  named.hostname = host;
  return named.href.replace(/\/$/, '');
}

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
        ...serviceReferences(section, session.pipeline.folder).flatMap((path) => needsOf(session, path)),
        ...topics.map((name) => `topic/${name}`),
        ...(section.consumes === undefined ? [] : ['server/kafka']),
        ...section.needs.flatMap((name) => programNodes(session.pipeline, name)),
        ...rabbitmqIdsOf(session.pipeline, [...section.receives, ...section.publishes]),
      ]),
    ],
    run: async (report) => {
      report.waitingFor(`${section.name} to become ready`);
      if (section.consumes !== undefined) await noteGroup(session, section.consumes.group);
      const starting = session.start(service(section.name), await launchOf(session, section));
      // Its supervisor continues: a walk that has failed meanwhile does not wait for it.
      const changed = await Promise.race([starting, abortOf(report.signal)]);
      if (section.ready === undefined && section.consumes !== undefined)
        await waitForGroup(session, section.name, section.consumes.group, report);
      for (const queue of section.receives) await waitForConsumer(session, section.name, queue, report);
      return { changed };
    },
    plans: [servicePlan(session, section)],
  };
}

function servicePlan(session: Session, section: ServiceSection): Planned {
  const { name, location, consumes } = section;
  return launchPlan(session, {
    kind: 'service',
    name,
    component: service(name),
    location,
    // One that runs elsewhere is started by others.
    launch: async () =>
      session.target.providerOf(service(name)) === 'address' ? undefined : launchOf(session, section),
    implies: consumes === undefined ? 'it restarts' : `it restarts, and group ${consumes.group} rebalances`,
    // The path of a module's bundle changes with what is in it.
    describe: ({ part }) =>
      part === 'command' && section.run.kind === 'module' ? [{ summary: 'code changed' }] : undefined,
  });
}

async function launchOf(session: Session, section: ServiceSection): Promise<LaunchOf<'service'>> {
  // Only containers see the inner addresses: all else runs on this host.
  const isContainer = session.target.providerOf(service(section.name)) === 'compose';
  const values = await session.references(isContainer ? 'inside' : 'host', `service/${section.name}`);
  return {
    run: isContainer ? { kind: 'container' as const } : runOf(section, values, session.pipeline.folder),
    env: environmentOf(session, section, values),
    files: renderedFiles(session.pipeline.folder, section.files, section, values),
    ready: readinessOf(section),
    readyTimeoutMs: section.ready?.timeoutMs ?? session.timeoutMs,
  };
}

/** Never resolves; rejects with the signal's reason. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function runOf(section: ServiceSection, values: ReferenceValues, folder: string): LaunchOf<'service'>['run'] {
  const { run } = section;
  if (run.kind !== 'command') return run;
  const command = run.command.map((word) => resolveReferences(word, values));
  return { kind: 'command', command, cwd: programFolder(folder, section) };
}

function readinessOf({ ready, consumes, receives }: ServiceSection): LaunchOf<'service'>['ready'] {
  if (ready !== undefined) return ready.how;
  const reads = consumes !== undefined || receives.length > 0;
  return reads ? { kind: 'spawned' } : { kind: 'alive', forMs: ALIVE_MS };
}
