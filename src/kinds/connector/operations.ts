import type { ReferenceValues } from '../../pipeline/pipeline.js';
import { referencesIn, resolveAll } from '../../pipeline/references.js';
import { counted } from '../../support/counted.js';
import { server } from '../../targets/component.js';
import { roleName } from '../../targets/roles.js';
import { administratorClient, databaseClient } from '../database/client.js';
import { database } from '../database/component.js';
import type { KindOperations, Removal } from '../kind.js';
import { needsOf } from '../reference-values.js';
import { resourceNode } from '../resource-node.js';
import { hasServer, serverNode, withTimeout } from '../server-node.js';
import type { Session } from '../session.js';
import { replicaObjections } from '../topic/replica-objections.js';
import type { Node } from '../walk.js';
import { requireCapturedTables } from './captured-tables.js';
import { connectClient } from './client.js';
import type { ConnectLaunch } from './component.js';
import { withoutEmptyTls } from './connector-defaults.js';
import { connectorFlow } from './connector-flow.js';
import { grantCapture } from './database-access.js';
import { environmentNames, examineConnectors } from './doctor.js';
import { connectorLogins, holderOfConnector } from './logins.js';
import { release, releases, removeConnectorWithSlot } from './release.js';
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

  logins: connectorLogins,

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
              const { version } = await (await connectClient(session.clients)).version();
              return [{ about: 'connect', health: 'good', says: version }];
            },
          },
          { about: 'connectors', component: server('connect'), examine: () => examineConnectors(session) },
        ]
      : [],

  findings: environmentNames,

  releases,
  release,

  removals: (session) => [connectorRemoval(session)],
};

function connectorNode(session: Session, section: ConnectorSection): Node {
  const { name, config, location } = section;
  const needs = connectorNeeds(session, section);
  return resourceNode(session, {
    id: `connector/${name}`,
    step: 'streams',
    needs: config === undefined && session.pipeline.ksqldb !== undefined ? [...needs, 'ksql/migrations'] : needs,
    resource: connectorResource,
    name,
    location,
    component: server('connect'),
    // What a ksql migration makes is ksqlDB's.
    noted: config !== undefined,
    prepare: async (report) => {
      const connectDatabase = (of: string) => databaseClient(session.clients, of);
      await requireCapturedTables(section, session.pipeline, connectDatabase, withTimeout(session, report));
      if (config !== undefined) await letCapture(session, name, config);
      return false;
    },
    open: async () => ({
      spec: {
        name,
        config:
          config === undefined
            ? undefined
            : withoutEmptyTls(resolveAll(config, await referencesOf(session, name, config))),
        location,
        locationOf: (option: string) => section.locationOf('config', option),
      },
      context: {
        connect: await connectClient(session.clients),
        tooFewBrokers: (of) => replicaObjections(session, ({ who }) => who === `connector ${of}`),
      },
    }),
    settle: async (spec, context, changes, wait) => {
      if (changes.length > 0 || config === undefined) await connectorStaysUp(spec, context, wait);
    },
  });
}

function connectorRemoval(session: Session): Removal {
  const { pipeline, clients } = session;
  return {
    kind: connectorResource.kind,
    component: server('connect'),
    declared: pipeline.connectors.filter(({ config }) => config !== undefined).map(({ name }) => name),
    implies: 'with its offsets, slot and publication; a new one takes a new snapshot',
    exists: async (name) => (await (await connectClient(clients)).config(name)) !== undefined,
    remove: (name) => removeConnectorWithSlot(name, session),
  };
}

type Config = Readonly<Record<string, string>>;

const referencesOf = (session: Session, name: string, config: Config): Promise<ReferenceValues> =>
  session.references('inside', holderOfConnector(session.pipeline, name, connectorFlow(config)?.database));

/** A database of evpipe's own lets it do what its config says. */
async function letCapture(session: Session, name: string, config: Config): Promise<void> {
  const source = connectorFlow(config)?.database;
  const holder = holderOfConnector(session.pipeline, name, source);
  const isOurs =
    holder !== 'connect' && source !== undefined && session.target.providerOf(database(source)) !== 'address';
  if (!isOurs) return;
  const client = await administratorClient(session.clients, source);
  const roles = { connector: roleName(source, holder), owner: roleName(source, 'owner') };
  await grantCapture(client, roles, config).finally(() => client.close());
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
