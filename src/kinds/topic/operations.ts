import { counted } from '../../support/counted.js';
import { server } from '../../targets/component.js';
import { componentsOf, type KindOperations, type Removal } from '../kind.js';
import { ledgerTopic } from '../ledger/topic-store.js';
import { refusalOf } from '../resource.js';
import { resourceNode } from '../resource-node.js';
import { hasServer, serverNode, shownPort } from '../server-node.js';
import type { Session } from '../session.js';
import type { Node } from '../walk.js';
import { kafkaClient } from './client.js';
import { examineKafka } from './doctor.js';
import { objectionsToNew, type TopicContext, topicResource } from './resource.js';
import type { TopicSection } from './section.js';

export const operations: KindOperations = {
  refuse: async (session) => {
    if (isAtAddress(session)) await refuseUnmakeable(session);
  },

  nodes: (session) => [
    ...serverNode(session, 'kafka', 'kafka'),
    ...session.pipeline.topics.map((one) => topicNode(session, one)),
  ],

  async summary({ pipeline: { topics }, clients }) {
    const { host } = await clients.endpoint(server('kafka'));
    return [shownPort(host.bootstrapServers), counted(topics.length, 'topic')];
  },

  probes: (session) => [{ about: 'kafka', component: server('kafka'), examine: () => examineKafka(session) }],

  removals: (session) => [topicRemoval(session)],

  async release(session) {
    const { pipeline, kinds, target } = session;
    if (!isAtAddress(session)) return { removed: [], left: [] };
    const topics = [...pipeline.topics.map(({ name }) => name), ledgerTopic(pipeline.name)];
    const own = componentsOf(pipeline, kinds).filter(
      ({ component }) =>
        component.needs?.some(({ kind }) => kind === 'kafka') === true && target.providerOf(component) !== 'address',
    );
    return {
      removed: [],
      left: [
        `on Kafka the topics ${topics.join(', ')}`,
        ...(own.length === 0
          ? []
          : [
              `on Kafka what evpipe’s own servers keep there: ${own.map(({ component }) => component.kind).join(', ')}`,
            ]),
      ],
    };
  },
};

const isAtAddress = (session: Session): boolean =>
  hasServer(session, 'kafka') && session.target.providerOf(server('kafka')) === 'address';

/** Topics that are missing and that the brokers would not make: evpipe's own first, which `up` begins with. */
async function refuseUnmakeable({ pipeline, clients }: Session): Promise<void> {
  const kafka = await kafkaClient(clients);
  const there = new Set((await kafka.listTopics()).map(({ name }) => name));
  const own = { name: ledgerTopic(pipeline.name), partitions: 1, config: {}, ...pipeline.topicDefaults };
  const missing = [own, ...pipeline.topics].filter(({ name }) => !there.has(name));
  const found = await Promise.all(missing.map(async (one) => ({ one, changes: await objectionsToNew(one, kafka) })));
  const first = found.find(({ changes }) => changes.length > 0);
  if (first !== undefined) throw refusalOf(`topic ${first.one.name}`, first.changes, first.one.location);
}

function topicRemoval({ pipeline, clients }: Session): Removal {
  return {
    kind: 'topic',
    component: server('kafka'),
    declared: pipeline.topics.map(({ name }) => name),
    implies: 'with all its records',
    exists: async (name) => (await (await kafkaClient(clients)).describeTopic(name)) !== undefined,
    remove: async (name) => {
      await (await kafkaClient(clients)).deleteTopic(name);
      return { removed: [`topic ${name}`], left: [] };
    },
  };
}

function optionsSet(session: Session): TopicContext['optionsSet'] {
  const key = (topic: string): string => `topic-options/${topic}`;
  return {
    of: async (topic) => ((await session.noted()).get(key(topic)) ?? []) as readonly string[],
    note: async (topic, options) => (await session.ledger()).put(key(topic), options),
  };
}

function topicNode(session: Session, section: TopicSection): Node {
  const { name, location } = section;
  return resourceNode(session, {
    id: `topic/${name}`,
    step: 'kafka',
    needs: ['server/kafka'],
    resource: topicResource,
    name,
    location,
    component: server('kafka'),
    noted: true,
    open: async () => ({
      spec: section,
      context: { kafka: await kafkaClient(session.clients), optionsSet: optionsSet(session) },
    }),
  });
}
