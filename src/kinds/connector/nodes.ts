import { referencesIn } from '../../pipeline/references.js';
import { waitUntil } from '../../support/retry.js';
import { server } from '../../targets/target.js';
import { applyMigration } from '../ksqldb/migration.js';
import { connectorKey } from '../ledger.js';
import { reconcile } from '../resource.js';
import { resolveAll } from '../session.js';
import { needsOf, type UpContext } from '../up-context.js';
import type { Node, NodeReport } from '../walk.js';
import { requireCapturedTables } from './captured-tables.js';
import { connectorKind, connectorStaysUp } from './resource.js';
import type { ConnectorSection } from './section.js';

export function connectorNode(context: UpContext, section: ConnectorSection): Node {
  const needs = connectorNeeds(context, section);
  return {
    id: `connector/${section.name}`,
    step: 'streams',
    needs:
      section.config === undefined && context.pipeline.ksqldb !== undefined ? [...needs, 'ksql/migrations'] : needs,
    run: async (report) => {
      await requireCapturedTables(section, (name) => context.session.clients.database(name));
      const connect = await context.session.clients.connect();
      const values = await context.session.references('inside');
      const spec = {
        name: section.name,
        config: section.config === undefined ? undefined : resolveAll(section.config, values),
        location: section.location,
        locationOf: (option: string) => section.locationOf('config', option),
      };
      const isForeign = context.session.target.providerOf(server('connect')) === 'address';
      const beforeMaking = async (): Promise<void> => {
        if (isForeign) await (await context.openLedger()).put(connectorKey(section.name), { made: true });
      };
      const changes = await reconcile(connectorKind, spec, { connect, beforeMaking }, context.wait(report));
      if (changes.length > 0 || section.config === undefined)
        await connectorStaysUp(spec, { connect }, context.wait(report));
      return { changed: changes.length > 0 };
    },
  };
}

/** Its database with the migrations, and everything it may write to: a topic it made itself would have the wrong partitions. */
function connectorNeeds(context: UpContext, section: ConnectorSection): readonly string[] {
  const { topics, subjects } = context.pipeline;
  const referred = Object.values(section.config ?? {})
    .flatMap(referencesIn)
    .flatMap((path) => needsOf(context, path));
  const own = section.database === undefined ? [] : [`database/${section.database}`];
  return [
    ...new Set([
      ...own,
      ...referred,
      'server/connect',
      ...topics.map(({ name }) => `topic/${name}`),
      ...subjects.map(({ name }) => `subject/${name}`),
    ]),
  ];
}

export function ksqlNode(context: UpContext): Node {
  const { topics, subjects, connectors } = context.pipeline;
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
        context.session.clients.ksqldb(),
        context.openLedger(),
        context.session.references('inside'),
      ]);
      let sent = 0;
      for (const file of context.pipeline.ksqldb?.migrations ?? []) {
        const migration = context.migration(file, values);
        report.waitingFor(`ksql migration ${migration.name}`);
        sent += await applyMigration(
          migration,
          { ksqldb, ledger, waitForSubject: (subject) => waitForSubject(context, subject, report) },
          context.wait(report),
        );
      }
      return { changed: sent > 0 };
    },
  };
}

async function waitForSubject(context: UpContext, subject: string, report: NodeReport): Promise<void> {
  const registry = await context.session.clients.registry();
  await waitUntil(
    `subject ${subject} to be registered: a ksql statement infers its columns from it`,
    async () => {
      if ((await registry.versions(subject)).length > 0) return true;
      report.waitingFor(
        `subject ${subject}, from which a ksql statement infers its columns; declare it, or write a first record`,
      );
      return undefined;
    },
    { timeoutMs: context.session.timeoutMs, signal: report.signal },
  );
}
