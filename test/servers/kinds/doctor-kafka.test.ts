import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Session } from '../../../src/kinds/session.js';
import { kafkaClient } from '../../../src/kinds/topic/client.js';
import { examineKafka } from '../../../src/kinds/topic/doctor.js';
import { topicResource } from '../../../src/kinds/topic/resource.js';
import { Servers } from '../operations/addressed-session.js';

const FILE = `
topics: { early: { partitions: 6 }, wide: { partitions: 2, replication: 3 } }
services: { web: { command: [node], produces: [early, wide] } }
`;

let servers: Servers;
let session: Session;

beforeAll(async () => {
  servers = await Servers.start();
  session = servers.session(FILE, []);
});
afterAll(async () => {
  await session?.close();
  await servers?.remove();
});

it('says nothing of topics that nobody has made yet', async () => {
  const found = await examineKafka(session);
  expect(found.map(({ about, health }) => `${about} ${health}`)).toEqual(['kafka good', 'topic wide bad']);
});

/** Whoever asks for a topic's metadata makes it, where the broker allows that: with 1 partition. */
it('finds a topic that a client has made before evpipe did, and replicas that no broker is there for; up adds the partitions', async () => {
  const producer = new Kafka({ brokers: [servers.kafka.bootstrapServers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic: 'early', messages: [{ value: 'before anybody' }] });
  await producer.disconnect();
  expect(await examineKafka(session)).toEqual([
    expect.objectContaining({ about: 'kafka', health: 'good' }),
    expect.objectContaining({ about: 'topic wide', says: 'does not exist' }),
    expect.objectContaining({
      about: 'topic early',
      health: 'warning',
      says: expect.stringMatching(/^has 1 of 6 declared partitions/),
    }),
    expect.objectContaining({ about: 'topic wide', health: 'bad', says: expect.stringMatching(/^wants 3 replicas/) }),
  ]);
  const kafka = await kafkaClient(session.clients);
  const early = { name: 'early', partitions: 6, config: {} };
  const context = { kafka, optionsSet: { of: async () => [], note: async () => {} } };
  const live = await topicResource.read(early, context);
  expect(topicResource.diff(early, live)).toEqual([
    {
      summary: 'partitions 1 → 6',
      field: { name: 'partitions', before: '1', after: '6' },
      implies: 'keys move to other partitions',
      irreversible: true,
    },
  ]);
  await topicResource.apply(early, live, context);
  expect((await kafka.describeTopic('early'))?.partitions.length).toBe(6);
});
