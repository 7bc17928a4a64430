import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { startConnect } from '../../../src/embedded/connect/server.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { waitUntil } from '../../../src/support/retry.js';
import { startRealConnect } from '../stack/connect.js';
import { type RealStack, startRealStack } from '../stack/stack.js';

const WAIT_MS = 120_000;
/** The same for both workers, which run by turns. */
const WORKER: Readonly<Record<string, string>> = {
  'group.id': 'handover',
  ...Object.fromEntries(
    ['config', 'offset', 'status'].map((what) => [`${what}.storage.topic`, `handover-${what}-${process.pid}`]),
  ),
};

interface Worker {
  readonly url: string;
  stop(): Promise<void>;
}

let folder: string;
let stack: RealStack | undefined;
let postgres: RunningPostgres;
let database: pg.Client;
let kafka: KafkaClient;
let bootstrapServers: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-handover-'));
  const given = process.env.EVPIPE_TEST_KAFKA;
  if (given === undefined) stack = await startRealStack({ kafka: true });
  bootstrapServers = given ?? stack?.kafka.bootstrapServers ?? '';
  postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  kafka = connectKafka({ bootstrapServers, clientId: 'test' });
  database = new pg.Client(postgres.url);
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await kafka?.close();
  await postgres?.remove();
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function real(): Promise<Worker> {
  const replicated = Object.fromEntries(
    ['config', 'offset', 'status'].map((what) => [`${what}.storage.replication.factor`, '1']),
  );
  const worker = await startRealConnect({
    dataDir: join(folder, 'connect'),
    bootstrapServers,
    config: { ...replicated, ...WORKER },
  });
  return { url: worker.url, stop: () => worker.stop() };
}

async function ours(): Promise<Worker> {
  const worker = await startConnect({ host: '127.0.0.1', port: 0, kafka: { bootstrapServers }, workerConfig: WORKER });
  return { url: `http://127.0.0.1:${worker.port}`, stop: () => worker.stop() };
}

const JSON_WITH_SCHEMAS = Object.fromEntries(
  ['key', 'value'].flatMap((side) => [
    [`${side}.converter`, 'org.apache.kafka.connect.json.JsonConverter'],
    [`${side}.converter.schemas.enable`, 'true'],
  ]),
);
const TOPIC = `handover-${process.pid}.public.pizza`;
const connectors = (): Readonly<Record<string, Record<string, string>>> => ({
  'handover-source': {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(postgres.port),
    'database.user': 'postgres',
    'database.password': postgres.password,
    'database.dbname': 'postgres',
    'plugin.name': 'pgoutput',
    'topic.prefix': `handover-${process.pid}`,
    'table.include.list': 'public.pizza',
    ...JSON_WITH_SCHEMAS,
  },
  // Each record a row of its own: one that is stored twice would fail by its key, one that is skipped would be missing.
  'handover-sink': {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'connection.url': `jdbc:postgresql://127.0.0.1:${postgres.port}/postgres`,
    'connection.username': 'postgres',
    'connection.password': postgres.password,
    'consumer.override.auto.offset.reset': 'earliest',
    topics: TOPIC,
    'collection.name.format': 'copy',
    'insert.mode': 'insert',
    'primary.key.mode': 'kafka',
    'schema.evolution': 'basic',
    transforms: 'unwrap',
    'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
    'transforms.unwrap.add.fields': 'op',
    ...JSON_WITH_SCHEMAS,
  },
});

async function configure({ url }: Worker): Promise<void> {
  for (const [name, config] of Object.entries(connectors())) {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'PUT', headers, body: JSON.stringify(config) };
    const response = await fetch(`${url}/connectors/${name}/config`, request);
    if (!response.ok) throw new Error(await response.text());
  }
}

/** The copy has all rows, and the group has committed what it holds. */
async function copied({ url }: Worker, rows: ReadonlyArray<readonly [id: number, op: string]>): Promise<void> {
  let last: unknown;
  await waitUntil(
    () => `the copy to have ${JSON.stringify(rows)}; it has ${JSON.stringify(last)}`,
    async () => {
      for (const name of Object.keys(connectors())) {
        const status = await (await fetch(`${url}/connectors/${name}/status`)).json();
        const trace = (status as { tasks?: ReadonlyArray<{ trace?: string }> }).tasks?.[0]?.trace;
        if (trace !== undefined) throw new Error(trace);
      }
      const { rows: found } = await database.query({ text: 'SELECT id, __op FROM copy ORDER BY id', rowMode: 'array' });
      const [committed] = await kafka.committedOffsets('connect-handover-sink', [TOPIC]);
      last = [found, String(committed?.offset)];
      return JSON.stringify(found) === JSON.stringify(rows) && committed?.offset === BigInt(rows.length)
        ? true
        : undefined;
    },
    { timeoutMs: WAIT_MS },
  );
}

async function offsetKeys(): Promise<ReadonlySet<string>> {
  const topic = `handover-offset-${process.pid}`;
  const ends = (await kafka.offsets(topic, 'latest')).filter(({ offset }) => offset > 0n);
  const keys = new Set<string>();
  const open = new Map(ends.map(({ partition, offset }) => [partition, offset]));
  const reader = kafka.reader({ from: ends.map((end) => ({ ...end, offset: 0n })), maxWaitMs: 50 });
  for await (const batch of reader) {
    for (const { key } of batch.records) keys.add(String(key));
    if (batch.nextOffset >= (open.get(batch.partition) ?? 0n)) open.delete(batch.partition);
    if (open.size === 0) break;
  }
  await reader.close();
  return keys;
}

it('source and sink go on where they were, from the real worker to ours and back', async () => {
  await database.query('CREATE TABLE pizza (id int PRIMARY KEY)');
  await database.query('INSERT INTO pizza VALUES (1)');
  const first = await real();
  await configure(first);
  await copied(first, [[1, 'r']]);
  await database.query('INSERT INTO pizza VALUES (2)');
  await copied(first, [
    [1, 'r'],
    [2, 'c'],
  ]);
  await first.stop();
  await database.query('INSERT INTO pizza VALUES (3)');

  // Neither is configured again: connectors, offsets and states are in Kafka.
  const second = await ours();
  const three = [
    [1, 'r'],
    [2, 'c'],
    [3, 'c'],
  ] as const;
  await copied(second, three);
  await second.stop();
  await database.query('INSERT INTO pizza VALUES (4)');

  const third = await real();
  await copied(third, [...three, [4, 'c']]);
  await third.stop();
  expect(await offsetKeys()).toEqual(new Set([`["handover-source",{"server":"handover-${process.pid}"}]`]));
}, 400_000);
