import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { PostgresClient } from '../../../src/clients/postgres/client.js';
import type { Session } from '../../../src/kinds/session.js';
import { type Trace, trace } from '../../../src/operations/trace/trace.js';
import type { Line } from '../../../src/ui/text/line.js';
import { traceLines } from '../../../src/ui/text/trace.js';
import { Servers } from './addressed-session.js';

const FILE = `
databases: { shop: {}, kitchen: {} }
topics:
  ordered: { partitions: 3 }
  baked: { partitions: 1 }
  status: { partitions: 1 }
services:
  web:
    command: [node]
    outbox: { database: shop, table: outbox, reports: [pizza], sent: sent, topics: [ordered] }
  bake:
    command: [node]
    consumes: { group: bake, topics: [ordered] }
    produces: [baked]
    writes: { database: kitchen, tables: [baked] }
  report: { command: [node], consumes: { group: report, topics: [baked] }, produces: [status] }
checks:
  baked:
    source: { database: shop, table: pizza }
    replica: { database: kitchen, table: baked }
    key: { order_id: id }
  orders:
    stages: { topic: status, key: order, field: STATUS, transitions: [[100, 300]], final: [300], within: 5s }
  none: { database: shop, rows: select id from pizza where false }
`;

/** 2020-11-21T12:00:00Z and so many milliseconds. */
const at = (ms: number): number => Date.UTC(2020, 10, 21, 12) + ms;

let servers: Servers;
let session: Session;
let shop: PostgresClient;
let kitchen: PostgresClient;
let producer: Producer;

async function send(topic: string, key: string | null, value: unknown, ms: number): Promise<void> {
  await producer.send({
    topic,
    messages: [{ key, value: value === null ? null : JSON.stringify(value), timestamp: String(at(ms)) }],
  });
}

beforeAll(async () => {
  servers = await Servers.start();
  [shop, kitchen] = await Promise.all([
    servers.database('shop', 'CREATE TABLE pizza (id text PRIMARY KEY, ordered timestamptz, name text)'),
    servers.database('kitchen', 'CREATE TABLE baked (order_id text PRIMARY KEY, timestamp bigint)'),
  ]);
  session = servers.session(FILE, ['shop', 'kitchen']);
  const kafka = new Kafka({ brokers: [servers.kafka.bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      { topic: 'ordered', numPartitions: 3 },
      { topic: 'baked', numPartitions: 1 },
      { topic: 'status', numPartitions: 1 },
    ],
  });
  await admin.disconnect();
  producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  await shop.execute(`INSERT INTO pizza VALUES ('3c91b', '2020-11-21T12:00:00Z', 'Ada'), ('3c95d', NULL, 'Ben'),
    ('77aa0', '2020-11-21T12:00:09Z', 'Cy')`);
  await kitchen.execute(`INSERT INTO baked VALUES ('3c91b', ${at(1_500)})`);
  // Written in another order than it happened in.
  await send('baked', '3c91b', { STATUS: 300 }, 1_500);
  await send('ordered', '3c91b', { status: 100, name: 'Ada' }, 3);
  await send('ordered', '77aa0', { status: 100 }, 9_000);
  await send('ordered', '"3c95d"', { status: 100 }, 4);
  await send('ordered', null, { status: 100 }, 5);
  await send('ordered', '3c91b', null, 2_000);
  await send('status', null, { order: '3c91b', STATUS: 100 }, 3);
  await send('status', null, { order: '3c91b', STATUS: 300 }, 1_500);
});

afterAll(async () => {
  await producer?.disconnect();
  await session?.close();
  await Promise.all([shop?.close(), kitchen?.close()]);
  await servers?.remove();
});

const textOfLine = (line: Line): string => line.map(({ text }) => text).join('');

const told = ({ entries }: Trace): readonly unknown[] =>
  entries.map(({ place, timestampMs, timeIs, status }) => [
    place,
    timeIs ?? (timestampMs === undefined ? undefined : timestampMs - at(0)),
    ...(status === undefined ? [] : [status]),
  ]);

describe('a trace', () => {
  it('is by time across topics and tables, whatever order it was written in; a deleted value is one too', async () => {
    const found = await trace(session, 'baked', '3c91b');
    expect(found).toMatchObject({ check: 'baked', key: '3c91b', absent: [] });
    // Rows stand where they were committed, whatever times they hold.
    expect(told(found)).toEqual([
      ['ordered', 3],
      ['baked', 1_500],
      ['ordered', 2_000],
      ['shop.pizza', 'commit'],
      ['kitchen.baked', 'commit'],
    ]);
    expect(found.entries[2]?.value).toBeNull();
    expect(found.entries.map(({ offset }) => offset === undefined)).toEqual([false, false, false, true, true]);
  });

  it('takes the beginning of a key that only one has, and reads quoted keys; says where the key has not come to', async () => {
    const found = await trace(session, 'baked', '3c95');
    expect(found).toMatchObject({ key: '3c95d', absent: ['baked', 'kitchen.baked'] });
    expect(told(found)).toEqual([
      ['ordered', 4],
      ['shop.pizza', 'commit'],
    ]);
    const lines = traceLines(found, 120).map(textOfLine);
    expect(lines[0]).toBe('baked  3c95d');
    expect(lines[1]).toMatch(/^ {2}2020-11-21 12:00:00\.004 +ordered +\d@\d+ +… bake {2}\{"status":100\}$/);
    expect(lines[2]).toMatch(/^ {2}\d{4}-\d\d-\d\d [\d:.]+ +\+[\d.]+ \w+ +shop\.pizza +committed +\{"id":"3c95d"/);
    expect(lines[3]).toBe('  not in baked, kitchen.baked');
  });

  it('finds records without a key by what they hold, and says which groups have read them', async () => {
    await send('baked', null, { payload: { after: 1, id: 'kl-1' } }, 7_000);
    await send('ordered', 'kl-1', { status: 100 }, 6_000);
    const before = await trace(session, 'baked', 'kl-1');
    expect(told(before)).toEqual([
      ['ordered', 6_000],
      ['baked', 7_000],
    ]);
    expect(before.entries.map(({ readBy }) => readBy)).toEqual([
      [{ name: 'bake', done: false }],
      [{ name: 'report', done: false }],
    ]);
    const [{ partition = 0, offset = 0n } = {}] = before.entries;
    const kafka = connectKafka({ bootstrapServers: servers.kafka.bootstrapServers, clientId: 'test' });
    await kafka.commitOffsets('bake', [{ topic: 'ordered', partition, offset: offset + 1n }]);
    await kafka.close();
    const after = await trace(session, 'baked', 'kl-1');
    expect(after.entries.map(({ readBy }) => readBy.map(({ done }) => done))).toEqual([[true], [false]]);
  });

  it('fits into 80 columns: a value that does not fit beside its place stands below it', async () => {
    const lines = traceLines(await trace(session, 'baked', '3c91b'), 80).map(textOfLine);
    for (const one of lines) expect(one.length, one).toBeLessThanOrEqual(80);
    const at = lines.findIndex((one) => one.includes('shop.pizza'));
    expect(lines[at]).toMatch(/shop\.pizza +committed *$/);
    expect(lines[at + 1]).toMatch(/^ {6}\{"id":"3c91b","name":"Ada"/);
  });

  it('follows a status topic by the field that is its key, up to where its records come from, with each status', async () => {
    const found = await trace(session, 'orders', '3c91b');
    expect(told(found)).toEqual([
      ['ordered', 3, 100],
      ['status', 3, 100],
      ['baked', 1_500, 300],
      ['status', 1_500, 300],
      ['ordered', 2_000],
      ['shop.pizza', 'commit'],
    ]);
  });

  it('says how long after the one before each came', async () => {
    const lines = traceLines(await trace(session, 'orders', '3c91b'), 120);
    const deltas = lines.map((one) => /\+\d[\d.]* m?s/.exec(textOfLine(one))?.[0]);
    expect(deltas.slice(0, 6)).toEqual([undefined, undefined, '+0 ms', '+1.5 s', '+0 ms', '+500 ms']);
  });

  it('names the keys where several begin so', async () => {
    await expect(trace(session, 'baked', '3c9')).rejects.toMatchObject({
      code: 'EVPIPE_TRACE_AMBIGUOUS',
      kind: 'usage',
      message: '2 keys begin with 3c9:\n3c91b\n3c95d',
    });
  });

  it('says which key, and which check, was probably meant', async () => {
    await expect(trace(session, 'baked', '77ab0')).rejects.toMatchObject({
      code: 'EVPIPE_TRACE_NOT_FOUND',
      kind: 'failed',
      message: 'no key equals or starts with 77ab0, did you mean 77aa0?',
      todo: 'Looked for in ordered, baked, shop.pizza, kitchen.baked.',
    });
    await expect(trace(session, 'bakd', '77aa0')).rejects.toMatchObject({
      code: 'EVPIPE_CHECK_UNKNOWN',
      kind: 'usage',
      message: 'there is no check bakd, did you mean baked?',
      todo: 'There are baked, orders, none.',
    });
    await expect(trace(session, 'none', '77aa0')).rejects.toMatchObject({
      code: 'EVPIPE_TRACE_UNSUPPORTED',
      kind: 'usage',
    });
    await expect(trace(session, 'baked', '')).rejects.toMatchObject({ code: 'EVPIPE_TRACE_KEY', kind: 'usage' });
  });
});
