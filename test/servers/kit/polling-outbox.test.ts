import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { readToEnd } from '../../../src/clients/kafka/read-topic.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { type Database, type PollingOutbox, type Publisher, startService } from '../../../src/kit/index.js';
import type { StartedService } from '../../../src/kit/service.js';
import { lineLog } from '../../../src/support/log.js';
import { waitUntil } from '../../../src/support/retry.js';

const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-kit-outbox-'));
const kafkaDir = join(dataDir, 'kafka');
let postgres: RunningPostgres;
let kafka: RunningKafka;
let reader: KafkaClient;
let topic: string;
let topics = 0;
let said: string[] = [];
const running = new Set<StartedService>();

beforeAll(async () => {
  [postgres, kafka] = await Promise.all([
    startPostgres({ dataDir: join(dataDir, 'postgres') }),
    startKafka({ dataDir: kafkaDir }),
  ]);
  reader = connectKafka({ bootstrapServers: kafka.bootstrapServers, clientId: 'test' });
});
afterAll(async () => {
  await reader?.close();
  await Promise.all([postgres?.remove(), kafka?.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  said = [];
  topics += 1;
  topic = `products-${topics}`;
  await reader.createTopic({ name: topic, partitions: 3 });
});
afterEach(async () => {
  await Promise.all([...running].map((service) => service.stop()));
  running.clear();
});

interface Instance {
  readonly database: Database;
  readonly outbox: PollingOutbox;
}

/** A service with an outbox on the table `event`, which is made anew where `table` asks for it. */
async function start(table: 'new' | 'there', publisher?: Publisher): Promise<Instance> {
  const made: Partial<Record<keyof Instance, unknown>> = {};
  const service = await startService(
    async (own) => {
      const database = await own.database();
      if (table === 'new') await database.query(TABLE);
      made.database = database;
      made.outbox = await own.pollingOutbox({ database, table: 'event', ...(publisher && { publisher }) });
    },
    {
      env: { DATABASE_URL: postgres.url, KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrapServers },
      log: lineLog((line) => said.push(line)),
      onFailure: (failure) => said.push(String(failure)),
    },
  );
  running.add(service);
  return made as unknown as Instance;
}

const TABLE = `DROP TABLE IF EXISTS event; CREATE TABLE event (
  id uuid PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY, topic text NOT NULL, key text NOT NULL, body text,
  time_created timestamptz NOT NULL DEFAULT now(), sent boolean NOT NULL DEFAULT false, failure text)`;

const add = ({ database, outbox }: Instance, key: string, body: string | null) =>
  database.transaction((transaction) => outbox.add(transaction, { topic, key, body }));

/** `key=value` of all records of the topic, by key in order of their partition. */
async function published(): Promise<string[]> {
  const found: string[] = [];
  for await (const { records } of readToEnd(reader, topic))
    for (const { key, value } of records) found.push(`${key}=${value}`);
  return found.sort((a, b) => a.split('=')[0]?.localeCompare(b.split('=')[0] ?? '') ?? 0);
}

async function untilPublished(count: number): Promise<string[]> {
  let found: string[] = [];
  await waitUntil(
    () => `${count} records, found ${found.join(' ')}; said ${said.join('')}`,
    async () => {
      found = await published();
      return found.length >= count ? true : undefined;
    },
    { timeoutMs: 30_000 },
  );
  return found;
}

const unsent = async ({ database }: Instance): Promise<number> =>
  (await database.query<{ n: number }>('SELECT count(*) AS n FROM event WHERE NOT sent'))[0]?.n ?? -1;

const untilAllSent = (instance: Instance) =>
  waitUntil('all to be marked', async () => ((await unsent(instance)) === 0 ? true : undefined), { timeoutMs: 30_000 });

it('publishes what was committed, in the order of each key, and nothing of what was rolled back', async () => {
  const shop = await start('new');
  for (const body of ['1', '2', '3']) await add(shop, 'a', body);
  await add(shop, 'b', null);
  const rolledBack = shop.database.transaction(async (transaction) => {
    await shop.outbox.add(transaction, { topic, key: 'a', body: 'never' });
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  expect(await untilPublished(4)).toEqual(['a=1', 'a=2', 'a=3', 'b=null']);
  await untilAllSent(shop);
});

it('publishes by itself what somebody else put into the outbox', async () => {
  const shop = await start('new');
  await shop.database.query("INSERT INTO event (id, topic, key, body) VALUES (gen_random_uuid(), $1, 'a', 'by hand')", [
    topic,
  ]);
  expect(await untilPublished(1)).toEqual(['a=by hand']);
});

it('keeps everything unsent while the broker is away, says so once, and publishes it in order afterwards', async () => {
  const shop = await start('new');
  await add(shop, 'a', '0');
  await untilPublished(1);
  await untilAllSent(shop);
  const { port } = kafka;
  await kafka.stop();
  for (const body of ['1', '2', '3']) await add(shop, 'a', body);
  await waitUntil('the failure to be said', async () => said.find((line) => line.includes('outbox event: ')), {
    timeoutMs: 30_000,
  });
  expect(await unsent(shop)).toBe(3);
  kafka = await startKafka({ dataDir: kafkaDir, port });
  const found = await untilPublished(4);
  // What was on its way when the broker went may have got there twice, never in another order.
  expect([...new Set(found)]).toEqual(['a=0', 'a=1', 'a=2', 'a=3']);
  await untilAllSent(shop);
});

it('is sent from by one instance at a time, so that several keep the order and double nothing', async () => {
  const instances = [await start('new'), await start('there'), await start('there')];
  const bodies = Array.from({ length: 20 }, (_, n) => String(n + 10));
  await Promise.all(
    ['a', 'b', 'c'].map(async (key) => {
      for (const [n, body] of bodies.entries()) await add(instances[n % 3] as Instance, key, body);
    }),
  );
  const found = await untilPublished(60);
  expect(found).toEqual(['a', 'b', 'c'].flatMap((key) => bodies.map((body) => `${key}=${body}`)));
});

it('marks nothing that the broker did not acknowledge, and names the event that it refuses', async () => {
  const taken: string[] = [];
  const publisher: Publisher = {
    publish: async (records) => {
      if (records.some(({ body }) => body === 'too large')) throw new Error('too large for the broker');
      taken.push(...records.map(({ key, body }) => `${key}=${body}`));
    },
    close: async () => {},
  };
  const shop = await start('new', publisher);
  await shop.database.transaction(async (transaction) => {
    for (const body of ['1', 'too large', '2']) await shop.outbox.add(transaction, { topic, key: 'a', body });
  });
  await waitUntil(
    'the event to be named',
    async () => said.find((line) => /event \S+ \(topic .*, key a\)/.test(line)),
    {
      timeoutMs: 30_000,
    },
  );
  expect(taken).toEqual(['a=1']);
  expect(await unsent(shop)).toBe(2);
  const failures = 'SELECT failure FROM event WHERE NOT sent ORDER BY number';
  expect(await shop.database.query(failures)).toEqual([{ failure: 'too large for the broker' }, { failure: null }]);
  await shop.database.query("DELETE FROM event WHERE body = 'too large'");
  await untilAllSent(shop);
  expect(taken).toEqual(['a=1', 'a=2']);
});

it('holds back only the key of an event that the broker refuses, and keeps its order', async () => {
  const taken: string[] = [];
  const publisher: Publisher = {
    publish: async (records) => {
      if (records.some(({ body }) => body === 'too large')) throw new Error('too large for the broker');
      taken.push(...records.map(({ key, body }) => `${key}=${body}`));
    },
    close: async () => {},
  };
  const shop = await start('new', publisher);
  await shop.database.transaction(async (transaction) => {
    for (const [key = '', body = ''] of [
      ['a', 'too large'],
      ['a', '2'],
      ['b', '1'],
      ['c', '1'],
      ['b', '2'],
    ])
      await shop.outbox.add(transaction, { topic, key, body });
  });
  await waitUntil('all others to go on', async () => (taken.length === 3 ? true : undefined), { timeoutMs: 30_000 });
  expect(taken).toEqual(['b=1', 'c=1', 'b=2']);
  await add(shop, 'd', '1');
  await add(shop, 'a', '3');
  await waitUntil('a new one too', async () => (taken.includes('d=1') ? true : undefined), { timeoutMs: 30_000 });
  expect(taken.filter((one) => one.startsWith('a'))).toEqual([]);
  await expect.poll(() => unsent(shop), { timeout: 30_000 }).toBe(3); // noted as sent once it is taken
  expect(said.join('')).toMatch(/key a\) can't be published: too large for the broker; it holds back its key/);
});
