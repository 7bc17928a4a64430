import { referencesIn } from '../../pipeline/references.js';
import { counted } from '../../support/counted.js';
import { roleName } from '../../targets/roles.js';
import { type ConnectLaunch, database, server } from '../../targets/target.js';
import { holderOfConnector } from '../database/logins.js';
import type { KindOperations } from '../kind.js';
import { connectorKey } from '../ledger.js';
import { needsOf } from '../reference-values.js';
import { reconcile } from '../resource.js';
import { hasServer, serverNode, withTimeout } from '../server-node.js';
import { resolveAll, type Session } from '../session.js';
import type { Node } from '../walk.js';
import { requireCapturedTables } from './captured-tables.js';
import { connectorFlow } from './connector-flow.js';
import { grantCapture } from './database-access.js';
import { environmentNames, examineConnectors } from './doctor.js';
import { release } from './release.js';
import { connectorResource, connectorStaysUp } from './resource.js';
import type { ConnectorSection } from './section.js';

export const operations: KindOperations = {
  nodes: (session) => {
    const { connectEnv, connectAllowedPaths: allowedPaths, connectors } = session.pipeline;
    const needs = Object.values(connectEnv)
      .flatMap(referencesIn)
      .flatMap((path) => needsOf(session, path));
    const launch = async (): Promise<ConnectLaunch> => ({
      env: resolveAll(connectEnv, await session.references('inside', 'connect')),
      allowedPaths,
    });
    return [
      ...serverNode(session, 'connect', 'streams', { needs, launch }),
      ...connectors.map((one) => connectorNode(session, one)),
    ];
  },

  async summary({ pipeline: { connectors } }) {
    return connectors.length === 0 ? [] : [`${counted(connectors.length, 'connector')}, all tasks running`];
  },

  probes: (session) =>
    hasServer(session, 'connect')
      ? [
          {
            about: 'connect',
            component: server('connect'),
            examine: async () => {
              const { version } = await (await session.clients.connect()).version();
              return [{ about: 'connect', health: 'good', says: version }];
            },
          },
          { about: 'connectors', component: server('connect'), examine: () => examineConnectors(session) },
        ]
      : [],

  findings: environmentNames,

  release,
};

function connectorNode(session: Session, section: ConnectorSection): Node {
  const needs = connectorNeeds(session, section);
  return {
    id: `connector/${section.name}`,
    step: 'streams',
    needs:
      section.config === undefined && session.pipeline.ksqldb !== undefined ? [...needs, 'ksql/migrations'] : needs,
    run: async (report) => {
      const connectDatabase = (name: string) => session.clients.database(name);
      await requireCapturedTables(section, session.pipeline, connectDatabase, withTimeout(session, report));
      const connect = await session.clients.connect();
      const spec = {
        name: section.name,
        config: section.config === undefined ? undefined : await configOf(session, section, section.config),
        location: section.location,
        locationOf: (option: string) => section.locationOf('config', option),
      };
      const isForeign = session.target.providerOf(server('connect')) === 'address';
      const beforeMaking = async (): Promise<void> => {
        if (isForeign) await (await session.ledger()).put(connectorKey(section.name), { made: true });
      };
      const changes = await reconcile(connectorResource, spec, { connect, beforeMaking }, withTimeout(session, report));
      if (changes.length > 0 || section.config === undefined)
        await connectorStaysUp(spec, { connect }, withTimeout(session, report));
      return { changed: changes.length > 0 };
    },
  };
}

/** With its references resolved, once its database lets it do what it says. */
async function configOf(
  session: Session,
  { name }: ConnectorSection,
  config: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const source = connectorFlow(config)?.database;
  const holder = holderOfConnector(session.pipeline, name, source);
  const values = await session.references('inside', holder);
  const isOurs =
    holder !== 'connect' && source !== undefined && session.target.providerOf(database(source)) !== 'address';
  if (isOurs) {
    const client = await session.clients.administered(source);
    const roles = { connector: roleName(source, holder), owner: roleName(source, 'owner') };
    await grantCapture(client, roles, config).finally(() => client.close());
  }
  return resolveAll(config, values);
}

/** Its database with the migrations, and everything it may write to: a topic it made itself would have the wrong partitions. */
function connectorNeeds(session: Session, section: ConnectorSection): readonly string[] {
  const { topics, subjects } = session.pipeline;
  const referred = Object.values(section.config ?? {})
    .flatMap(referencesIn)
    .flatMap((path) => needsOf(session, path));
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
