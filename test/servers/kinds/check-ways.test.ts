import { connect } from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import type { PostgresClient } from '../../../src/clients/postgres/client.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import { verifyConsistency } from '../../../src/kinds/check/verify-consistency.js';
import type { Session } from '../../../src/kinds/session.js';
import { Servers } from '../operations/addressed-session.js';

/** A polling outbox publishes to a queue and to a topic; a worker makes records of the messages; a consumer fills the copy. */
const FILE = `
databases: { shop: {}, copy: {} }
topics: { log: { partitions: 1 }, done: { partitions: 1 } }
rabbitmq: { queues: { work: {} } }
services:
  shop:
    command: [node]
    outbox: { database: shop, table: event, reports: [orders], sent: sent, topics: [log] }
    publishes: [work]
  worker: { command: [node], receives: [work], produces: [done] }
  logger: { command: [node], consumes: { group: logger, topics: [log] } }
  copier: { command: [node], consumes: { group: copier, topics: [done] }, writes: { database: copy, tables: [orders] } }
checks:
  orders: { source: { database: shop, table: orders }, replica: { database: copy, table: orders }, key: [id] }
`;

let servers: Servers;
let session: Session;
let kafka: KafkaClient;
let shop: PostgresClient;
let copy: PostgresClient;
let broker: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  servers = await Servers.start();
  [shop, copy] = await Promise.all([
    servers.database(
      'shop',
      'CREATE TABLE orders (id int PRIMARY KEY, name text); CREATE TABLE event (id int PRIMARY KEY, sent bool)',
    ),
    servers.database('copy', 'CREATE TABLE orders (id int PRIMARY KEY, name text)'),
  ]);
  broker = await connect(await servers.startAmqp());
  kafka = connectKafka({ bootstrapServers: servers.kafka.bootstrapServers, clientId: 'test' });
  for (const name of ['log', 'done']) await kafka.createTopic({ name, partitions: 1, config: {} });
  session = servers.session(FILE, ['shop', 'copy']);
});

afterAll(async () => {
  await session?.close();
  await broker?.close();
  await kafka?.close();
  await Promise.all([shop?.close(), copy?.close()]);
  await servers?.remove();
});

async function verdict(deadlineMs: number): Promise<CheckReport> {
  const [report] = await verifyConsistency(session, { deadlineMs, waitingFor: () => {} });
  if (report === undefined) throw new Error('no report');
  return report;
}

it('follows a row over an outbox, a queue, a worker and a topic, and says at which of them it is', async () => {
  const channel = await broker.createConfirmChannel();
  await channel.assertQueue('work', { durable: true });
  await shop.execute("INSERT INTO orders VALUES (1, 'Ada'); INSERT INTO event VALUES (1, false)");
  expect(await verdict(500)).toMatchObject({
    verdict: 'lagging',
    why: expect.stringContaining('shop is 1 event behind'),
  });

  channel.sendToQueue('work', Buffer.from('1'));
  await channel.waitForConfirms();
  await shop.execute('UPDATE event SET sent = true');
  const queued = await verdict(500);
  expect(queued).toMatchObject({
    verdict: 'lagging',
    why: expect.stringContaining('worker is 1 message behind in queue work'),
  });
  expect(queued.way.map(({ name, passed }) => [name, passed])).toEqual([
    ['shop', true],
    ['worker', false],
    ['copier', false],
  ]);

  const message = await channel.get('work');
  const producer = kafka.producer();
  await producer.send([{ topic: 'done', key: Buffer.from('1'), value: Buffer.from('{}') }]);
  await producer.close();
  if (message !== false) channel.ack(message);
  await channel.close();
  await kafka.commitOffsets('copier', [{ topic: 'done', partition: 0, offset: 1n }]);
  const lost = await verdict(30_000);
  expect(lost, JSON.stringify(lost)).toMatchObject({ verdict: 'inconsistent', missing: 1 });
  expect(lost.way.map(({ passed }) => passed)).toEqual([true, true, true]);
});
