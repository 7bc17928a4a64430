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
topics: { customers: { partitions: 1 }, kept: { partitions: 1 } }
stores: { docs: { kind: documents } }
services:
  keeper: { command: [node], consumes: { group: keeper, topics: [customers] }, writes: { store: docs, collections: [customers] }, produces: [kept] }
  copier: { command: [node], consumes: { group: copier, topics: [kept] }, writes: { database: copy, tables: [customers] } }
checks:
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

async function verdict(deadlineMs: number): Promise<CheckReport> {
  const [report] = await verifyConsistency(session, { deadlineMs, waitingFor: () => {} });
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
  expect(await verdict(500)).toMatchObject({
    verdict: 'lagging',
    fence: 'end of customers',
    why: expect.stringContaining('keeper is 1 record behind'),
  });
  await produce('kept');
  await kafka.commitOffsets('keeper', [{ topic: 'customers', partition: 0, offset: 1n }]);
  expect(await verdict(500)).toMatchObject({
    verdict: 'lagging',
    why: expect.stringContaining('copier is 1 record behind'),
    way: [{ passed: true }, { passed: false }],
  });
  await kafka.commitOffsets('copier', [{ topic: 'kept', partition: 0, offset: 1n }]);
  const lost = await verdict(30_000);
  expect(lost, JSON.stringify(lost)).toMatchObject({ verdict: 'inconsistent', missing: 1 });
  await copy.execute("INSERT INTO customers VALUES (1, 'Ada')");
  expect(await verdict(500)).toMatchObject({ verdict: 'consistent', sourceRows: 1 });
});
