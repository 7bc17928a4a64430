import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topSource } from '../../../src/cli/top-source.js';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { PostgresClient } from '../../../src/clients/postgres/client.js';
import type { Session } from '../../../src/kinds/session.js';
import { textOf } from '../../../src/ui/text/line.js';
import type { Opened, TopSource } from '../../../src/ui/top/source.js';
import { Servers } from '../operations/addressed-session.js';

let servers: Servers;
let database: PostgresClient;
let session: Session;
let source: TopSource;

beforeAll(async () => {
  servers = await Servers.start();
  database = await servers.database(
    'shop',
    `CREATE TABLE orders (id int PRIMARY KEY, item text); CREATE TABLE copies AS TABLE orders;
     ALTER TABLE copies ADD PRIMARY KEY (id); INSERT INTO orders VALUES (1, 'tea'); INSERT INTO copies VALUES (1, 'milk')`,
  );
  const compared =
    '{ source: { database: shop, table: orders }, replica: { database: shop, table: copies }, key: [id], through: [], within: 1s }';
  session = servers.session(
    `databases: { shop: {} }\ntopics: { orders: { partitions: 2 } }\nchecks: { orders: ${compared} }`,
    ['shop'],
  );
  const kafka = connectKafka({ bootstrapServers: servers.kafka.bootstrapServers, clientId: 'test' });
  await kafka.createTopic({ name: 'orders', partitions: 2 });
  const producer = kafka.producer();
  await producer.send(
    [1, 2, 3].map((number) => ({ topic: 'orders', key: null, value: Buffer.from(`{"n":${number}}`) })),
  );
  await kafka.commitOffsets('late', [{ topic: 'orders', partition: 0, offset: 0n }]);
  await producer.close();
  await kafka.close();
  source = topSource(session);
}, 120_000);

afterAll(async () => {
  await session?.close();
  await database?.close();
  await servers?.remove();
});

async function first<T>(all: AsyncIterable<T>): Promise<T> {
  for await (const one of all) return one;
  throw new Error('nothing came');
}

/** The last drawing that comes before the reader has enough. */
async function drawn(opened: Opened, drawings: number): Promise<string> {
  if (opened.kind !== 'text') throw new Error(`it is ${opened.kind}`);
  const reading = new AbortController();
  let text = '';
  let left = drawings;
  for await (const drawing of opened.drawings(reading.signal)) {
    text = drawing(100).map(textOf).join('\n');
    left -= 1;
    if (left === 0) reading.abort();
  }
  return text;
}

const { signal } = new AbortController();

describe('what top shows of a session', () => {
  it('has a page for each kind of server that the pipeline has', () => {
    expect(source.pages).toEqual(['components', 'topics', 'groups', 'checks']);
  });

  it('lists topics and groups as Kafka has them', async () => {
    expect(await first(source.list('topics', signal))).toEqual({
      rows: [{ name: 'orders', health: 'good', partitions: 2, records: 3n, perSecond: undefined }],
    });
    expect(await first(source.list('groups', signal))).toMatchObject({
      rows: [{ name: 'late', state: 'Empty', members: 0, topics: ['orders'] }],
    });
    expect(await drawn(source.open('topics', 'orders', 'description'), 1)).toContain('read by late');
    expect(await drawn(source.open('groups', 'late', 'content'), 1)).toMatch(/^late {2}Empty\ntopic/);
  });

  it('follows the records of a topic from before its end', async () => {
    const opened = source.open('topics', 'orders', 'content');
    if (opened.kind !== 'records') throw new Error(`it is ${opened.kind}`);
    const reading = new AbortController();
    expect(await first(opened.records(reading.signal))).toHaveLength(3);
    reading.abort();
  });

  it('runs a check when it is opened, shows the rows that differ, and lists the verdict from then on', async () => {
    expect(await first(source.list('checks', signal))).toEqual({
      rows: [{ name: 'orders', health: 'waiting', about: 'shop.orders → shop.copies', verdict: 'not run yet' }],
    });
    expect(await drawn(source.open('checks', 'orders', 'content'), 2)).toMatch(
      /item {2}source 'tea' {2}replica 'milk'|item {2}source tea {2}replica milk/,
    );
    expect(await first(source.list('checks', signal))).toMatchObject({
      rows: [{ health: 'bad', verdict: 'inconsistent' }],
    });
  });

  it('says why where a server does not let itself be asked', async () => {
    expect(await first(source.list('connectors', signal))).toMatchObject({
      problem: expect.stringMatching(/connect/i),
    });
  });

  it('refuses to restart what evpipe has not started', async () => {
    await expect(source.act('restart', 'components', 'kafka')).rejects.toThrow('evpipe did not start it');
  });
});
