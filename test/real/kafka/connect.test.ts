import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { waitUntil } from '../../../src/support/retry.js';
import { type RealConnect, startRealConnect } from '../stack/connect.js';

/** A real Connect worker with the real Debezium, exactly-once for sources, on the embedded broker. */

let folder: string;
let broker: RunningKafka;
let postgres: RunningPostgres;
let database: PostgresClient;
let connect: RealConnect;

const startWorker = (): Promise<RealConnect> =>
  startRealConnect({
    dataDir: join(folder, 'connect'),
    bootstrapServers: broker.bootstrapServers,
    env: { DATABASE_PASSWORD: postgres.password },
    config: { 'exactly.once.source.support': 'enabled' },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-connect-'));
  [broker, postgres] = await Promise.all([
    startKafka({ dataDir: join(folder, 'kafka') }),
    startPostgres({ dataDir: join(folder, 'postgres') }),
  ]);
  database = await connectPostgres({ url: postgres.url });
  connect = await startWorker();
});

afterAll(async () => {
  await connect?.stop('SIGKILL');
  await database?.close();
  await postgres?.remove();
  await broker?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function createConnector(): Promise<void> {
  const config = {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(postgres.port),
    'database.user': 'postgres',
    'database.password': '${env:DATABASE_PASSWORD}',
    'database.dbname': 'postgres',
    'plugin.name': 'pgoutput',
    'topic.prefix': 'shop',
    'table.include.list': 'public.pizza',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'exactly.once.support': 'required',
    transforms: 'unwrap',
    'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.unwrap.delete.tombstone.handling.mode': 'tombstone',
  };
  const headers = { 'content-type': 'application/json' };
  await waitUntil(
    'the connector to be accepted',
    async () => {
      const url = `${connect.url}/connectors/shop/config`;
      const response = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(config) });
      if (!response.ok) throw new Error(await response.text());
      return true;
    },
    { timeoutMs: 60_000 },
  );
}

it('captures every change once, though the worker is killed and the broker started again', async () => {
  await database.execute('CREATE TABLE pizza (id int PRIMARY KEY, price int NOT NULL)');
  await database.execute('INSERT INTO pizza SELECT n, 0 FROM generate_series(1, 500) AS n');
  await createConnector();

  const admin = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topic = 'shop.public.pizza';
  const snapshotIsThere = async (): Promise<true | undefined> => {
    const [partition] = await admin.fetchTopicOffsets(topic);
    return Number(partition?.high ?? 0) > 500 || undefined;
  };
  await waitUntil('the snapshot', snapshotIsThere, { timeoutMs: 120_000 });
  await admin.disconnect();
  const change = async (price: number): Promise<void> => {
    await database.execute(`UPDATE pizza SET price = ${price} WHERE id % 2 = 0`);
    await database.execute(`DELETE FROM pizza WHERE id = ${price}`);
  };
  await change(1);
  await connect.stop('SIGKILL');
  await change(3);
  const { port } = broker;
  await broker.stop();
  broker = await startKafka({ dataDir: join(folder, 'kafka'), port });
  connect = await startWorker();
  await change(5);
  const table = new Map<number, number>();
  let records = 0;
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: 'replica', readUncommitted: false, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { key, value } }) => {
      records++;
      const { id } = JSON.parse(String(key)) as { id: number };
      // Without schemas the converter writes a tombstone as the text null.
      const row = value === null ? null : (JSON.parse(String(value)) as { price: number } | null);
      if (row === null) table.delete(id);
      else table.set(id, row.price);
    },
  });
  await waitUntil(
    () => `the replica to follow; it has ${table.size} rows, ${table.get(500)}`,
    async () => (table.size === 497 && table.get(500) === 5) || undefined,
    { timeoutMs: 120_000 },
  );
  await consumer.disconnect();
  const rows = await database.query<{ id: number; price: number }>('SELECT id, price FROM pizza ORDER BY id');
  expect([...table].sort(([a], [b]) => a - b)).toEqual(rows.map(({ id, price }) => [id, price]));
  // 500 rows, three updates of 250, three deletions: no record twice.
  expect(records).toBe(500 + 3 * 250 + 3);
});
