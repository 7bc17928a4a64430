import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../../src/clients/kafka/contract.js';
import { type RunningKafka, startKafka } from '../../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../../src/embedded/ksqldb/server.js';
import type { RunningServer } from '../../../../src/support/child.js';
import { silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

let folder: string;
let broker: RunningKafka;
let kafka: KafkaClient;
let services = 0;
let serviceId = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-engines-'));
  broker = await startKafka({ dataDir: folder });
  kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'test' });
});

afterAll(async () => {
  await kafka.close();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  services += 1;
  serviceId = `service${services}_`;
});

const startEngine = () =>
  startKsqldb({
    host: '127.0.0.1',
    port: 0,
    kafka: { bootstrapServers: broker.bootstrapServers },
    serviceId,
    isShared: true,
    log: silentLog,
  });

async function ask({ port }: RunningServer, path: string, body: unknown) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: answers are JSON of many shapes
  return { status: response.status, body: (await response.json()) as any };
}

const ksql = (engine: RunningServer, sql: string, more: Record<string, unknown> = {}) =>
  ask(engine, '/ksql', { ksql: sql, ...more });

const streamOf = (name: string): string =>
  `CREATE STREAM ${name} (K STRING KEY, A INT) WITH (KAFKA_TOPIC='${serviceId}${name}', VALUE_FORMAT='JSON', PARTITIONS=4);`;

describe('two engines of one service', () => {
  let engines: readonly [RunningServer, RunningServer];

  beforeEach(async () => {
    engines = [await startEngine(), await startEngine()];
    return () => Promise.all(engines.map((engine) => engine.stop()));
  });

  it('take statements at the same time, in one order', async () => {
    const names = Array.from({ length: 6 }, (_, at) => `S${at}`);
    const answers = await Promise.all(names.map((name, at) => ksql(engines[at % 2 === 0 ? 0 : 1], streamOf(name))));
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
    const sequence = Math.max(...answers.map(({ body }) => body[0].commandSequenceNumber));
    for (const engine of engines) {
      const { body } = await ksql(engine, 'LIST STREAMS;', { commandSequenceNumber: sequence });
      expect(body[0].streams.map(({ name }: { name: string }) => name)).toEqual(names);
    }
  });

  it('let one of them have a name that both are asked for', async () => {
    const answers = await Promise.all(engines.map((engine) => ksql(engine, streamOf('S'))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(answers.find(({ status }) => status === 400)?.body.message).toContain(
      'A stream with the same name already exists',
    );
  });

  it('say that a command number has not come where it does not', async () => {
    const { status, body } = await ksql(engines[0], 'LIST STREAMS;', { commandSequenceNumber: 1_000 });
    expect(status).toBe(503);
    expect(body.message).toContain('Timed out while waiting for a previous command to execute');
  }, 20_000);

  it('show a push query the rows of all partitions', async () => {
    const [first, second] = engines;
    await ksql(first, `${streamOf('S')} CREATE STREAM BIG AS SELECT * FROM S WHERE A > 1;`);
    await waitUntil(
      'the stream to be known to the other',
      async () => {
        const { body } = await ksql(second, 'LIST STREAMS;');
        return body[0].streams.length === 2 ? true : undefined;
      },
      { timeoutMs: 20_000 },
    );
    const keys = Array.from({ length: 12 }, (_, at) => `k${at}`);
    const sql = `SELECT K, A FROM BIG EMIT CHANGES LIMIT ${keys.length};`;
    const asked = ask(second, '/query-stream', { sql, properties: { 'auto.offset.reset': 'earliest' } });
    await ksql(first, keys.map((key, at) => `INSERT INTO S (K, A) VALUES ('${key}', ${at + 2});`).join(' '));
    const [, ...rows] = (await asked).body;
    expect(rows.map(([key]: [string]) => key).sort()).toEqual([...keys].sort());
  }, 30_000);

  it('give a query that begins at the latest record what comes after its statement, whichever of them runs it', async () => {
    const [first, second] = engines;
    await ksql(first, streamOf('S'));
    await ksql(first, "INSERT INTO S (K, A) VALUES ('before', 1);");
    const made = await ksql(second, 'CREATE TABLE COUNTED AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;', {
      streamsProperties: { 'auto.offset.reset': 'latest' },
    });
    const keys = Array.from({ length: 12 }, (_, at) => `k${at}`);
    await ksql(second, keys.map((key) => `INSERT INTO S (K, A) VALUES ('${key}', 1);`).join(' '));
    const sequence = made.body[0].commandSequenceNumber;
    for (const engine of engines) {
      await ksql(engine, '', { commandSequenceNumber: sequence });
      const rows = await waitUntil(
        'all rows',
        async () => {
          const { body } = await ask(engine, '/query-stream', { sql: 'SELECT * FROM COUNTED;', properties: {} });
          return body.length > keys.length ? body.slice(1) : undefined;
        },
        { timeoutMs: 20_000 },
      );
      expect(rows.sort()).toEqual(keys.map((key) => [key, 1]).sort());
    }
  }, 30_000);

  it('end together with the cluster', async () => {
    const [first, second] = engines;
    await ksql(first, `${streamOf('S')} CREATE STREAM BIG AS SELECT * FROM S WHERE A > 1;`);
    const { status } = await ask(second, '/ksql/terminate', { deleteTopicList: ['BIG'] });
    expect(status).toBe(200);
    for (const each of engines) expect((await ksql(each, 'LIST STREAMS;')).status).toBe(503);
    expect((await kafka.listTopics()).filter(({ name }) => name === 'BIG' || name.includes(serviceId))).toMatchObject([
      { name: `${serviceId}S` },
    ]);
  }, 20_000);
});
