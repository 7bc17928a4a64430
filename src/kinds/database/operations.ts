import { counted } from '../../support/counted.js';
import type { KindOperations } from '../kind.js';
import { resourceNode } from '../resource-node.js';
import type { Session } from '../session.js';
import type { Node, Planned } from '../walk.js';
import { databaseClient } from './client.js';
import { database } from './component.js';
import { examineDatabase } from './doctor.js';
import { ownDatabase } from './logins.js';
import { migrationOf } from './migration.js';
import { databaseResource } from './resource.js';
import type { DatabaseSection } from './section.js';
import { ensureOwnDatabase } from './server.js';

export const operations: KindOperations = {
  nodes: (session) => session.pipeline.databases.map((one) => databaseNode(session, one)),

  async summary({ pipeline: { databases }, clients }) {
    const [first] = databases;
    if (first === undefined) return [];
    const client = await databaseClient(clients, first.name);
    const [row] = await client.queryText('SHOW server_version');
    await client.close();
    const endpoints = await Promise.all(
      databases.map(async ({ name }) => (await clients.endpoint(database(name))).host),
    );
    const ports = [...new Set(endpoints.map(({ port }) => `:${port}`))];
    const version = row?.[0]?.split(' ')[0];
    return [...(version === undefined ? [] : [version]), ...ports, counted(databases.length, 'database')];
  },

  probes: (session) =>
    session.pipeline.databases.map(({ name }) => ({
      about: `database ${name}`,
      component: database(name),
      examine: () => examineDatabase(session, name),
    })),

  async release({ pipeline, target }) {
    const foreign = pipeline.databases.filter(({ name }) => target.providerOf(database(name)) === 'address');
    return { removed: [], left: foreign.map(({ name }) => `database ${name} at its address`) };
  },
};

function databaseNode(session: Session, section: DatabaseSection): Node {
  const { name, location } = section;
  const node = resourceNode(session, {
    id: `database/${name}`,
    step: 'postgres',
    needs: [],
    resource: databaseResource,
    name,
    location,
    component: database(name),
    prepare: async (report) => {
      report.waitingFor(`PostgreSQL to answer, for database ${name}`);
      await session.start(database(name));
      report.waitingFor(`database ${name} and its migrations`);
      const { host } = await session.clients.endpoint(database(name));
      if (!host.ours) return false;
      const own = await ownDatabase(session, 'databases', name, host);
      return ensureOwnDatabase({ ...own, fixed: section.roles }, report.signal);
    },
    open: async (signal) => {
      const { host } = await session.clients.endpoint(database(name));
      const values = await session.references('host', 'owner');
      const migrations = section.migrations.map((file) => migrationOf(session.pipeline, file, values));
      const { url } = session.target.as(host, 'owner');
      const { extensions } = section;
      return {
        spec: { name, url, ours: host.ours, extensions, migrations, location },
        context: { administrator: host.url, signal, liveness: session.clients.liveness },
      };
    },
  });
  const plans = node.plans?.map(
    (planned): Planned => ({
      ...planned,
      foresee: async (changes, options) => {
        const { tryMigrations } = await import('./trial.js');
        return tryMigrations(session, section, changes, options);
      },
    }),
  );
  return { ...node, ...(plans === undefined ? {} : { plans }) };
}
