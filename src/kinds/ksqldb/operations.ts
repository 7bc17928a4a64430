import { counted } from '../../support/counted.js';
import { waitUntil } from '../../support/retry.js';
import { server } from '../../targets/target.js';
import { migrationOf } from '../database/migration.js';
import type { KindOperations } from '../kind.js';
import { hasServer, serverNode, withTimeout } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node, NodeReport } from '../walk.js';
import { examineKsqldb } from './doctor.js';
import { applyMigration } from './migration.js';

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
        session.clients.ksqldb(),
        session.ledger(),
        session.references('inside', 'connect'),
      ]);
      let sent = 0;
      for (const file of session.pipeline.ksqldb?.migrations ?? []) {
        const migration = migrationOf(session.pipeline, file, values);
        report.waitingFor(`ksql migration ${migration.name}`);
        sent += await applyMigration(
          migration,
          { ksqldb, ledger, waitForSubject: (subject) => waitForSubject(session, subject, report) },
          withTimeout(session, report),
        );
      }
      return { changed: sent > 0 };
    },
  };
}

async function waitForSubject(session: Session, subject: string, report: NodeReport): Promise<void> {
  const registry = await session.clients.registry();
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
