import { writeName } from '../../protocol/ksql/types.js';
import { counted } from '../../support/counted.js';
import { waitUntil } from '../../support/retry.js';
import { server } from '../../targets/component.js';
import type { KindOperations, Removal } from '../kind.js';
import { type Change, refusalOf } from '../resource.js';
import { hasServer, serverNode, withTimeout } from '../server-node.js';
import type { Session } from '../session.js';
import { registryClient } from '../subject/client.js';
import { replicaObjections } from '../topic/replica-objections.js';
import type { Node, NodeReport, Planned } from '../walk.js';
import { ksqldbClient } from './client.js';
import { examineKsqldb } from './doctor.js';
import {
  applyMigration,
  type KsqlThing,
  ledgerKey,
  type MigrationState,
  madeByMigrations,
  migrationChanges,
} from './migration.js';
import { migrationsOf } from './migrations.js';

export const operations: KindOperations = {
  nodes: (session) => {
    // It is told of the other two when it starts; the target would start them without what they are launched with.
    const told = (['schemaRegistry', 'connect'] as const).filter((kind) => hasServer(session, kind));
    return [
      ...serverNode(session, 'ksqldb', 'streams', { needs: told.map((kind) => `server/${kind}`) }),
      ...(session.pipeline.ksqldb === undefined ? [] : [ksqlNode(session)]),
    ];
  },

  async summary({ pipeline: { ksqldb } }) {
    return ksqldb === undefined ? [] : [counted(ksqldb.migrations.length, 'migration')];
  },

  probes: (session) => [{ about: 'ksqldb', component: server('ksqldb'), examine: () => examineKsqldb(session) }],

  removals: (session) => (session.pipeline.ksqldb === undefined ? [] : [streamsRemoval(session)]),

  async release({ pipeline, target }) {
    const isForeign = pipeline.ksqldb !== undefined && target.providerOf(server('ksqldb')) === 'address';
    return { removed: [], left: isForeign ? ['on ksqlDB all streams, tables and queries'] : [] };
  },
};

function ksqlNode(session: Session): Node {
  const { topics, subjects, connectors } = session.pipeline;
  const madeThere = connectors.filter(({ config }) => config === undefined);
  return {
    id: 'ksql/migrations',
    step: 'streams',
    needs: [
      'server/ksqldb',
      ...topics.map(({ name }) => `topic/${name}`),
      ...subjects.map(({ name }) => `subject/${name}`),
      ...madeThere.flatMap(({ database: name }) => (name === undefined ? [] : [`database/${name}`])),
    ],
    run: async (report) => {
      const [ksqldb, ledger, values] = await Promise.all([
        ksqldbClient(session.clients),
        session.ledger(),
        session.references('inside', 'connect'),
      ]);
      let sent = 0;
      for (const migration of migrationsOf(session.pipeline, values)) {
        report.waitingFor(`ksql migration ${migration.name}`);
        if (ledger.get<MigrationState>(ledgerKey(migration.name))?.finished !== true) {
          const refused = await tooFewBrokers(session, migration.file);
          if (refused.length > 0) throw refusalOf(`ksql migration ${migration.name}`, refused, undefined);
        }
        sent += await applyMigration(
          migration,
          { ksqldb, ledger, waitForSubject: (subject) => waitForSubject(session, subject, report) },
          withTimeout(session, report),
        );
      }
      return { changed: sent > 0 };
    },
    plans: migrationPlans(session),
  };
}

function migrationPlans(session: Session): readonly Planned[] {
  const values = once(() => session.references('inside', 'connect'));
  // A ksql file that is there can be read without what it refers to.
  return migrationsOf(session.pipeline).map(({ name, file: shown }, index) => {
    return {
      kind: 'ksql migration',
      name,
      component: server('ksqldb'),
      location: { file: shown, line: 1, column: 1 },
      compare: async () => {
        const state = (await session.noted()).get<MigrationState>(ledgerKey(name));
        const migration = migrationsOf(session.pipeline, await values())[index];
        if (migration === undefined) throw new Error(`ksql migration ${name} went away`);
        const changes = migrationChanges(migration, state);
        const refused = changes.length === 0 ? [] : await tooFewBrokers(session, shown);
        return { isNew: state === undefined, changes: [...changes, ...refused] };
      },
    };
  });
}

/** Kafka's objections to the topics of a migration's streams and connectors: ksqlDB would find out at that statement. */
const tooFewBrokers = (session: Session, file: string): Promise<readonly Change[]> =>
  replicaObjections(session, ({ place }) => place.file === file);

/** Several plans read one ledger. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= read();
    return result;
  };
}

/** All that the migrations have made, as one thing: parts of it would leave queries that write into nothing. */
function streamsRemoval(session: Session): Removal {
  const { pipeline, clients } = session;
  const made = async (): Promise<readonly KsqlThing[]> => {
    const values = await session.references('inside', 'connect');
    return madeByMigrations(migrationsOf(pipeline, values));
  };
  return {
    kind: 'ksql',
    component: server('ksqldb'),
    declared: pipeline.ksqldb === undefined ? [] : ['migrations'],
    isWhole: true,
    implies: 'with all streams, tables, types and queries of the migrations; topics stay',
    exists: async () => {
      const [things, noted] = await Promise.all([made(), session.ledger()]);
      return things.length > 0 && noted.keys(ledgerKey('')).length > 0;
    },
    remove: async () => {
      const ksqldb = await ksqldbClient(clients);
      const things = await made();
      const names = new Set(things.map(({ name }) => name));
      const none = { properties: {}, variables: {} };
      for (const query of await ksqldb.runningQueries()) {
        if (query.sinks.some((sink) => names.has(sink))) await ksqldb.execute(`TERMINATE ${query.id};`, none);
      }
      for (const { kind, name } of things) {
        await ksqldb.execute(`DROP ${kind.toUpperCase()} IF EXISTS ${writeName(name)};`, none);
      }
      const ledger = await session.ledger();
      for (const key of ledger.keys(ledgerKey(''))) await ledger.forget(key);
      return { removed: things.map(({ kind, name }) => `ksqlDB ${kind} ${name}`), left: [] };
    },
  };
}

async function waitForSubject(session: Session, subject: string, report: NodeReport): Promise<void> {
  const registry = await registryClient(session.clients);
  await waitUntil(
    `subject ${subject} to be registered: a ksql statement infers its columns from it`,
    async () => {
      if ((await registry.versions(subject)).length > 0) return true;
      report.waitingFor(
        `subject ${subject}, from which a ksql statement infers its columns; declare it, or write a first record`,
      );
      return undefined;
    },
    { timeoutMs: session.timeoutMs, signal: report.signal },
  );
}
