import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { fileStore } from '../../../src/kinds/ledger/file-store.js';
import { ledgerIn } from '../../../src/kinds/ledger/ledger.js';
import type { LedgerStore } from '../../../src/kinds/ledger/store.js';
import { tableStore } from '../../../src/kinds/ledger/table-store.js';
import { topicStore } from '../../../src/kinds/ledger/topic-store.js';

const folder = mkdtempSync(join(tmpdir(), 'evpipe-ledger-'));
const said: string[] = [];
let postgres: RunningPostgres;
let kafka: RunningKafka;
let client: KafkaClient;

beforeAll(async () => {
  [postgres, kafka] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres') }),
    startKafka({ dataDir: join(folder, 'kafka') }),
  ]);
  client = connectKafka({ bootstrapServers: kafka.bootstrapServers, clientId: 'test' });
});
afterAll(async () => {
  await client?.close();
  await Promise.all([postgres?.remove(), kafka?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const emit = (event: { readonly kind: string; readonly message?: string }): void => {
  if (event.kind === 'note') said.push(String(event.message));
};

const openTable = async (pipeline: string): Promise<LedgerStore> =>
  tableStore(await connectPostgres({ url: postgres.url }), pipeline, emit);

const STORES: Readonly<Record<string, (pipeline: string) => Promise<LedgerStore>>> = {
  topic: async (pipeline) => topicStore(client, pipeline, emit),
  table: openTable,
  file: async (pipeline) => fileStore(join(folder, pipeline)),
};

describe.each(Object.entries(STORES))('a ledger in a %s', (_, open) => {
  it('knows the next time what was noted, and no longer what was forgotten, of its own pipeline only', async () => {
    const [shop, other] = [await ledgerIn(await open('shop')), await ledgerIn(await open('other'))];
    await Promise.all([1, 2, 3, 4].map((n) => shop.put(`seed/${n}`, { done: n })));
    await shop.put('seed/1', { done: 10 });
    await shop.forget('seed/2');
    await other.put('seed/1', { done: 99 });
    await Promise.all([shop.close(), other.close()]);

    const again = await ledgerIn(await open('shop'));
    expect([...again.keys('seed/')].sort()).toEqual(['seed/1', 'seed/3', 'seed/4']);
    expect(again.get('seed/1')).toEqual({ done: 10 });
    await again.close();
  });

  it('is not there before something is noted', async () => {
    const store = await open('nobody');
    expect(await store.read().then((entries) => [...(entries ?? [])])).toEqual([]);
    await store.close();
  });
});

it('takes along what was noted in a table once the pipeline has come to use Kafka', async () => {
  const before = await ledgerIn(await openTable('moving'));
  await before.put('queue/orders', { made: true });
  await before.close();

  for (const opening of ['the first', 'a later']) {
    const moved = await ledgerIn(topicStore(client, 'moving', emit), [
      async () => undefined,
      () => openTable('moving'),
    ]);
    expect(moved.get('queue/orders'), opening).toEqual({ made: true });
    await moved.close();
  }
  const left = await openTable('moving');
  expect([...((await left.read()) ?? [])]).toEqual([]);
  await left.close();
});

it('finishes a move that a kill has stopped, and one from a server that did not run at first', async () => {
  const before = await ledgerIn(await openTable('killed'));
  for (const name of ['a', 'b', 'c']) await before.put(`queue/${name}`, { made: name });
  await before.close();
  const store = topicStore(client, 'killed', emit);
  let puts = 0;
  const killed: LedgerStore = {
    ...store,
    put: async (key, value) => {
      puts += 1;
      if (puts > 2) throw new Error('killed');
      await store.put(key, value);
    },
  };
  await expect(ledgerIn(killed, [() => openTable('killed')])).rejects.toThrow('killed');

  const waiting = await ledgerIn(topicStore(client, 'killed', emit), [async () => undefined]);
  await waiting.put('queue/d', { made: 'd' });
  await waiting.close();
  for (const former of [[() => openTable('killed')], []]) {
    const moved = await ledgerIn(topicStore(client, 'killed', emit), former);
    expect([...moved.keys('')].sort()).toEqual(['queue/a', 'queue/b', 'queue/c', 'queue/d']);
    await moved.close();
  }
  const left = await openTable('killed');
  expect(await left.read()).toBeUndefined();
  await left.close();
});

it('is not there for a login that may not read it, and says what to grant where it cannot be made', async () => {
  const owner = await openTable('shop');
  await owner.create();
  await owner.close();
  const admin = await connectPostgres({ url: postgres.url });
  await admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'");
  await admin.close();
  const url = new URL(postgres.url);
  url.username = 'stranger';
  url.password = 'stranger';
  const stranger = tableStore(await connectPostgres({ url: url.href }), 'shop', emit);
  expect(await stranger.read()).toBeUndefined();
  await expect(stranger.create()).rejects.toMatchObject({ code: 'EVPIPE_LEDGER_REFUSED' });
  await stranger.close();
});

it('skips a row that it cannot read, and says which', async () => {
  const table = await connectPostgres({ url: postgres.url });
  const store = tableStore(table, 'spoilt', emit);
  await store.create();
  await table.query("INSERT INTO evpipe.ledger VALUES ('spoilt', 'queue/a', 'hush')");
  await store.put('queue/b', { made: true });
  expect([...((await store.read()) ?? [])]).toEqual([['queue/b', { made: true }]]);
  expect(said).toEqual(['skipped the row queue/a of evpipe.ledger: evpipe keeps its notes there and did not write it']);
  await store.close();
});
