import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../src/clients/kafka/contract.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { pause, waitUntil } from '../../src/support/retry.js';
import { Follower, repeatedly } from '../support/follower.js';
import { forkServer } from '../support/fork-server.js';
import { seeded } from '../support/seeded.js';

const ENTRY = fileURLToPath(new URL('../../dist/embedded/connect/process.js', import.meta.url));
const KILLS = 3;
const WAIT_MS = 60_000;
const SEED = Number(process.env.EVPIPE_SEED ?? 13);

interface Broker {
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

/** A Connect worker that is killed, on any broker. */
export function exactlyOnceSource(startBroker: (dataDir: string) => Promise<Broker>): void {
  let folder: string;
  let broker: Broker;
  let postgres: RunningPostgres;
  let kafka: KafkaClient;
  let database: pg.Client;
  let worker: ChildProcess;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evpipe-exactly-once-'));
    [broker, postgres, port] = await Promise.all([
      startBroker(join(folder, 'kafka')),
      startPostgres({ dataDir: join(folder, 'postgres') }),
      getPort({ host: '127.0.0.1' }),
    ]);
    kafka = connectKafka({ bootstrapServers: broker.bootstrapServers, clientId: 'test' });
    database = new pg.Client(postgres.url);
    await database.connect();
    await database.query('CREATE TABLE counted (id int PRIMARY KEY)');
    await startWorker();
  });

  afterAll(async () => {
    if (worker.exitCode === null && worker.signalCode === null) {
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
    await database.end();
    await kafka.close();
    await broker.stop();
    await postgres.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function startWorker(): Promise<void> {
    const { bootstrapServers } = broker;
    const env = { CONNECT_EXACTLY_ONCE_SOURCE_SUPPORT: 'enabled' };
    worker = forkServer(ENTRY, { host: '127.0.0.1', port, kafka: { bootstrapServers }, env });
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
    });
  }

  async function kill(): Promise<void> {
    const ended = once(worker, 'exit');
    worker.kill('SIGKILL');
    await ended;
  }

  async function ask(method: string, path: string, body?: unknown) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  const config = (name: string, more: Record<string, string> = {}) => ({
    name,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(postgres.port),
    'database.user': 'postgres',
    'database.password': postgres.password,
    'database.dbname': 'postgres',
    'plugin.name': 'pgoutput',
    'topic.prefix': name,
    'slot.name': name,
    'publication.name': name,
    'publication.autocreate.mode': 'filtered',
    'table.include.list': 'public.counted',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'exactly.once.support': 'required',
    ...more,
  });

  describe.each([
    ['poll', {}],
    ['interval', { 'transaction.boundary': 'interval', 'transaction.boundary.interval.ms': '300' }],
  ])('with transactions by %s', (boundary, more) => {
    it(`shows every row once, though the worker is killed ${KILLS} times at any moment (seed ${SEED})`, async () => {
      const random = seeded(SEED);
      await database.query('TRUNCATE counted');
      const name = `by_${boundary}`;
      const topic = `${name}.public.counted`;
      await kafka.createTopic({ name: topic, partitions: 1 });
      expect((await ask('PUT', `/connectors/${name}/config`, config(name, more))).status).toBe(201);
      const slot = 'SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active';
      await waitUntil(
        'the slot to stream',
        async () => ((await database.query(slot, [name])).rows.length === 1 ? true : undefined),
        { timeoutMs: WAIT_MS },
      );
      const follower = await Follower.of(
        kafka,
        topic,
        ({ value }) => JSON.parse(value?.toString() ?? '').after.id as number,
      );
      const reach = (count: number) =>
        waitUntil(
          () => `${count} rows, ${follower.seen.length} are there`,
          async () => (follower.seen.length >= count ? true : undefined),
          { timeoutMs: WAIT_MS },
        );
      let rows = 0;
      // COPY writes many rows at one place of the WAL: those that were committed are told apart from those that were not.
      const writer = repeatedly(async () => {
        const count = random() < 0.5 ? 1 : Math.ceil(random() * 40);
        if (count === 1) await database.query('INSERT INTO counted VALUES ($1)', [rows + 1]);
        else await database.query(`COPY counted FROM PROGRAM 'seq ${rows + 1} ${rows + count}'`);
        rows += count;
        await pause(5);
      });
      for (let round = 0; round < KILLS; round++) {
        await reach(follower.seen.length + 1);
        await pause(random() * 300); // the moment of the kill, anywhere in the life of a transaction
        await kill();
        await startWorker();
      }
      await writer.stop();
      await reach(rows);
      await follower.close();
      expect(follower.seen).toEqual(Array.from({ length: rows }, (_, at) => at + 1));
      expect((await ask('DELETE', `/connectors/${name}`)).status).toBe(204);
    }, 180_000);
  });
}
