import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import type { PostgresClient } from '../../../src/clients/postgres/client.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import { verifyConsistency } from '../../../src/kinds/check/verify-consistency.js';
import type { Session } from '../../../src/kinds/session.js';
import { Servers } from '../operations/addressed-session.js';

/** A service keeps customers as documents, and hands on what it keeps to a table. */
const FILE = `
databases: { copy: {} }
topics: { customers: { partitions: 1 }, kept: { partitions: 1 }, polled: { partitions: 1 } }
stores: { docs: { kind: documents } }
services:
  keeper: { command: [node], consumes: { group: keeper, topics: [customers] }, writes: { store: docs, collections: [customers] }, produces: [kept] }
  copier: { command: [node], consumes: { group: copier, topics: [kept] }, writes: { database: copy, tables: [customers] } }
  poller: { command: [node], env: { DOCS: $(stores.docs.url) }, writes: { store: docs, collections: [orders] }, produces: [polled] }
  taker: { command: [node], consumes: { group: taker, topics: [polled] }, writes: { database: copy, tables: [orders] } }
checks:
  orders: { source: { store: docs, collection: orders }, replica: { database: copy, table: orders }, key: [id], columns: [name], through: [] }
  customers: { source: { store: docs, collection: customers }, replica: { database: copy, table: customers }, key: [id], columns: [name] }
`;

let servers: Servers;
let session: Session;
let kafka: KafkaClient;
let docs: PostgresClient;
let copy: PostgresClient;

beforeAll(async () => {
  servers = await Servers.start();
  docs = await servers.documents('docs', 'CREATE TABLE customers (id text PRIMARY KEY, document jsonb)');
  copy = await servers.database('copy', 'CREATE TABLE customers (id int PRIMARY KEY, name text)');
  kafka = connectKafka({ bootstrapServers: servers.kafka.bootstrapServers, clientId: 'test' });
  for (const name of ['customers', 'kept']) await kafka.createTopic({ name, partitions: 1, config: {} });
  session = servers.session(FILE, ['copy']);
});

afterAll(async () => {
  await session?.close();
  await kafka?.close();
  await Promise.all([docs?.close(), copy?.close()]);
  await servers?.remove();
});

async function verdict(check: string, deadlineMs: number, of = session): Promise<CheckReport> {
  const [report] = await verifyConsistency(of, { only: [check], deadlineMs, waitingFor: () => {} });
  if (report === undefined) throw new Error('no report');
  return report;
}

async function produce(topic: string): Promise<void> {
  const producer = kafka.producer();
  await producer.send([{ topic, key: Buffer.from('1'), value: Buffer.from('{}') }]);
  await producer.close();
}

it('follows a document from the service that keeps it to the table of the next, and names who is behind', async () => {
  await produce('customers');
  await docs.execute(`INSERT INTO customers VALUES ('1', '{"id": 1, "name": "Ada"}')`);
  expect(await verdict('customers', 500)).toMatchObject({
    verdict: 'lagging',
    fence: 'end of customers',
    why: expect.stringContaining('keeper is 1 record behind'),
  });
  await produce('kept');
  await kafka.commitOffsets('keeper', [{ topic: 'customers', partition: 0, offset: 1n }]);
  expect(await verdict('customers', 500)).toMatchObject({
    verdict: 'lagging',
    why: expect.stringContaining('copier is 1 record behind'),
    way: [{ passed: true }, { passed: false }],
  });
  await kafka.commitOffsets('copier', [{ topic: 'kept', partition: 0, offset: 1n }]);
  const lost = await verdict('customers', 30_000);
  expect(lost, JSON.stringify(lost)).toMatchObject({ verdict: 'inconsistent', missing: 1 });
  await copy.execute("INSERT INTO customers VALUES (1, 'Ada')");
  expect(await verdict('customers', 500)).toMatchObject({ verdict: 'consistent', sourceRows: 1 });
});

it('refuses an outbox that is polled in a store, or its change stream, in the words of the file check that comes before', async () => {
  const { pipeline } = session;
  // Such a file is not loaded: what it asks for is planted in one that is.
  const checks = pipeline.checks.map((one) => (one.name === 'orders' ? { ...one, through: undefined } : one));
  const report = await verdict('orders', 500, { ...session, pipeline: { ...pipeline, checks } });
  expect(report).toMatchObject({
    verdict: 'refused',
    why: expect.stringContaining('no path leads from documents docs.orders to table copy.orders'),
    todo: expect.stringContaining('nor has an outbox that is polled in it, nor its change stream'),
  });
  expect(() => servers.session(FILE.replace(', through: []', ''), ['copy'])).toThrow(report.why);
});
