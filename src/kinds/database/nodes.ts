import { readFileSync } from 'node:fs';
import { referencesIn } from '../../pipeline/references.js';
import { database, type ServerKind, server } from '../../targets/target.js';
import { reconcile } from '../resource.js';
import { resolveAll, serversOf } from '../session.js';
import type { StoreSection } from '../store/section.js';
import { prepareStore } from '../store/stores.js';
import { subjectKind } from '../subject/resource.js';
import type { SubjectSection } from '../subject/section.js';
import { topicKind } from '../topic/resource.js';
import type { TopicSection } from '../topic/section.js';
import { needsOf, type UpContext } from '../up-context.js';
import type { Node } from '../walk.js';
import { databaseKind } from './resource.js';
import type { DatabaseSection } from './section.js';

const STEP_OF_SERVER: Readonly<Record<ServerKind, Node['step']>> = {
  kafka: 'kafka',
  schemaRegistry: 'registry',
  connect: 'streams',
  ksqldb: 'streams',
  rabbitmq: 'rabbitmq',
};

export function serverNode(context: UpContext, kind: ServerKind): Node {
  const { connectEnv } = context.pipeline;
  const environment = kind === 'connect' ? Object.values(connectEnv).flatMap(referencesIn) : [];
  // ksqlDB is told of the other two when it starts; the target would start them without what they are launched with.
  const before =
    kind === 'ksqldb' ? serversOf(context.pipeline).filter((one) => one === 'connect' || one === 'schemaRegistry') : [];
  return {
    id: `server/${kind}`,
    step: STEP_OF_SERVER[kind],
    needs: [
      ...new Set([...environment.flatMap((path) => needsOf(context, path)), ...before.map((one) => `server/${one}`)]),
    ],
    run: async (report) => {
      report.waitingFor(`${kind} to answer`);
      const env = resolveAll(connectEnv, await context.session.references('inside'));
      return { changed: await context.start(server(kind), kind === 'connect' ? { env } : undefined) };
    },
  };
}

export function databaseNode(context: UpContext, section: DatabaseSection): Node {
  return {
    id: `database/${section.name}`,
    step: 'postgres',
    needs: [],
    run: async (report) => {
      report.waitingFor(`PostgreSQL to answer, for database ${section.name}`);
      await context.start(database(section.name));
      report.waitingFor(`database ${section.name} and its migrations`);
      const { host } = await context.session.clients.endpoint(database(section.name));
      const values = await context.session.references('host');
      const maintenance = new URL(host.url);
      maintenance.pathname = '/postgres';
      const changes = await reconcile(
        databaseKind,
        {
          name: section.name,
          url: host.url,
          maintenanceUrl: host.ours ? maintenance.href : undefined,
          migrations: section.migrations.map((file) => context.migration(file, values)),
          location: section.location,
        },
        { signal: report.signal },
        context.wait(report),
      );
      return { changed: changes.length > 0 };
    },
  };
}

export function storeNode(context: UpContext, section: StoreSection): Node {
  return {
    id: `store/${section.name}`,
    step: 'stores',
    needs: [],
    run: async (report) => {
      report.waitingFor(`store ${section.name} to answer`);
      const prepared = await prepareStore(
        section,
        context.session,
        (component) => context.start(component),
        context.wait(report),
      );
      return { changed: prepared };
    },
  };
}

export function topicNode(context: UpContext, section: TopicSection): Node {
  return {
    id: `topic/${section.name}`,
    step: 'kafka',
    needs: ['server/kafka'],
    run: async (report) => {
      const kafka = await context.session.clients.kafka();
      const changes = await reconcile(topicKind, section, { kafka }, context.wait(report));
      return { changed: changes.length > 0 };
    },
  };
}

export function subjectNode(context: UpContext, section: SubjectSection): Node {
  return {
    id: `subject/${section.name}`,
    step: 'registry',
    needs: ['server/schemaRegistry'],
    run: async (report) => {
      const registry = await context.session.clients.registry();
      const spec = {
        name: section.name,
        schema: readFileSync(section.file, 'utf8'),
        schemaType: section.type,
        references: section.references,
        compatibility: context.pipeline.compatibility,
        location: section.location,
      };
      const changes = await reconcile(subjectKind, spec, { registry }, context.wait(report));
      return { changed: changes.length > 0 };
    },
  };
}
