import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaAccess, KafkaClient } from '../../src/clients/kafka/contract.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { pause, waitUntil } from '../../src/support/retry.js';
import { ConnectWorker, type Part } from '../support/connect-worker.js';
import { Follower, repeatedly } from '../support/follower.js';

const WAIT_MS = 60_000;
/** Three JVMs on a busy machine. */
const START_MS = 300_000;
/** The least that a broker allows unless it is told otherwise. */
const SESSION_MS = 6_000;
/** Each worker that ends has something under way; more of it would only be more work. */
const BETWEEN_WRITES_MS = 20;

interface Broker {
  readonly access: KafkaAccess;
  /** The least that it allows; default: SESSION_MS. */
  readonly sessionMs?: number;
  stop(): Promise<void>;
}

/** Records go round these ids: each round is the next version of all. */
const ITEMS = 100;

/** As JsonConverter writes it with schemas. */
const schemaed = (payload: Readonly<Record<string, number>>): Buffer => {
  const fields = Object.keys(payload).map((field) => ({ field, type: 'int32', optional: false }));
  return Buffer.from(JSON.stringify({ schema: { type: 'struct', optional: false, fields }, payload }));
};

/** Workers that share a group, on any broker. */
export function connectWorkers(startBroker: (dataDir: string) => Promise<Broker>): void {
  const servers = new Lifetime();
  let broker: Broker;
  let postgres: RunningPostgres;
  let kafka: KafkaClient;
  let database: pg.Client;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-workers-'));
    servers.onEnd(() => rm(folder, { recursive: true, force: true }));
    postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
    servers.onEnd(() => postgres.remove());
    broker = await startBroker(join(folder, 'kafka'));
    servers.onEnd(() => broker.stop());
    kafka = connectKafka({ ...broker.access, clientId: 'test' });
    servers.onEnd(() => kafka.close());
    database = new pg.Client(postgres.url);
    await database.connect();
    servers.onEnd(() => database.end());
    // A walsender whose worker hangs lets its slot go.
    await database.query(`ALTER SYSTEM SET wal_sender_timeout = '3s'`);
    await database.query('SELECT pg_reload_conf()');
  }, START_MS);

  afterAll(() => servers.end());

  let life: Lifetime;
  let group: string;
  let groups = 0;
  let workers: ConnectWorker[];
  beforeEach(async () => {
    life = new Lifetime();
    group = `group-${++groups}`;
    workers = [await newWorker(), await newWorker()];
  });

  afterEach(() => life.end());

  async function newWorker(exactlyOnce = 'enabled'): Promise<ConnectWorker> {
    const topics = ['config', 'offset', 'status'].map((what) => [`${what}.storage.topic`, `${group}-${what}`]);
    const worker = new ConnectWorker(await getPort({ host: '127.0.0.1' }), {
      kafka: broker.access,
      workerConfig: {
        ...Object.fromEntries(topics),
        'group.id': group,
        'session.timeout.ms': String(broker.sessionMs ?? SESSION_MS),
        'exactly.once.source.support': exactlyOnce,
      },
    });
    life.onEnd(() => worker.end('SIGKILL'));
    return worker.start();
  }

  const at = (index: number): ConnectWorker => workers[index] as ConnectWorker;
  const nameOf = (index: number): string => `${group.replace('-', '_')}_${index}`;

  const config = (name: string) => ({
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
    'table.include.list': `public.${name}`,
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
  });

  /** Connectors with a table each, made at the workers in turn. */
  async function createConnectors(count: number): Promise<string[]> {
    const names = Array.from({ length: count }, (_, index) => nameOf(index));
    for (const [index, name] of names.entries()) {
      await database.query(`CREATE TABLE ${name} (id int PRIMARY KEY)`);
      await kafka.createTopic({ name: `${name}.public.${name}`, partitions: 1 });
      const made = await at(index % workers.length).ask('PUT', `/connectors/${name}/config`, config(name));
      expect(made).toMatchObject({ status: 201 });
    }
    return names;
  }

  /** Which worker runs each task, once all of these workers say the same and all tasks stream. */
  function owners(names: readonly string[], among: readonly ConnectWorker[]): Promise<readonly string[]> {
    let seen: unknown;
    return waitUntil(
      () => `tasks to run, the same at every worker: ${JSON.stringify(seen)}`,
      async () => {
        const all = await Promise.all(among.map((worker) => Promise.all(names.map((name) => worker.status(name)))));
        seen = all;
        const told = all.map((statuses) => JSON.stringify(statuses));
        if (told.some((one) => one !== told[0])) return undefined;
        const ids = new Set(among.map(({ id }) => id));
        const isRunning = (part: Part | undefined) => part?.state === 'RUNNING' && ids.has(part.worker_id);
        const statuses = all[0] ?? [];
        if (!statuses.every(({ connector, tasks }) => isRunning(connector) && isRunning(tasks[0]))) return undefined;
        const slots = 'SELECT FROM pg_replication_slots WHERE slot_name = ANY($1) AND active';
        if ((await database.query(slots, [names])).rows.length < names.length) return undefined;
        return statuses.map(({ tasks }) => tasks[0]?.worker_id ?? '');
      },
      { timeoutMs: WAIT_MS },
    );
  }

  /** Once that is how many tasks each worker has. */
  async function shared(names: readonly string[], among: readonly ConnectWorker[], counts: readonly number[]) {
    let found: readonly string[] = [];
    return waitUntil(
      () => `${counts} tasks a worker: ${found}`,
      async () => {
        found = await owners(names, among);
        const each = among.map(({ id }) => found.filter((owner) => owner === id).length);
        return each.sort().join() === [...counts].sort().join() ? found : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
  }

  const sink = (table: string, topic: string) => ({
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'connection.url': `jdbc:postgresql://127.0.0.1:${postgres.port}/postgres`,
    'connection.username': 'postgres',
    'connection.password': postgres.password,
    'collection.name.format': table,
    'tasks.max': '2',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    topics: topic,
  });

  /** Once all tasks of the sinks run at these workers, and each has some. */
  async function sinkTasksAt(names: readonly string[], among: readonly ConnectWorker[]): Promise<void> {
    let seen: unknown;
    await waitUntil(
      () => `sinks to run at ${among.map(({ id }) => id)}: ${JSON.stringify(seen)}`,
      async () => {
        const statuses = await Promise.all(names.map((name) => among[0]?.status(name)));
        seen = statuses;
        const tasks = statuses.flatMap((status) => status?.tasks ?? []);
        const ids = new Set(tasks.map(({ worker_id }) => worker_id));
        const allRun = tasks.length === 2 * names.length && tasks.every(({ state }) => state === 'RUNNING');
        return allRun && ids.size === among.length && among.every(({ id }) => ids.has(id)) ? true : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
  }

  /** Rows that are written to all tables, until it is stopped; then every topic has each of them once, in order. */
  async function writing(names: readonly string[]) {
    const followers = await Promise.all(
      names.map((name) =>
        Follower.of(
          kafka,
          `${name}.public.${name}`,
          ({ value }) => JSON.parse(value?.toString() ?? '').after.id as number,
        ),
      ),
    );
    let rows = 0;
    const writer = repeatedly(async () => {
      rows++;
      for (const name of names) await database.query(`INSERT INTO ${name} VALUES (${rows})`);
      await pause(BETWEEN_WRITES_MS);
    });
    /** What the topics have in the end, each row at least once. */
    const arrived = async (): Promise<ReadonlyArray<readonly number[]>> => {
      await writer.stop();
      await waitUntil(
        () => `${rows} rows: ${followers.map(({ seen }) => seen.length)}`,
        async () => (followers.every(({ seen }) => seen.length >= rows && seen.at(-1) === rows) ? true : undefined),
        { timeoutMs: WAIT_MS },
      );
      await Promise.all(followers.map((follower) => follower.close()));
      return followers.map(({ seen }) => seen);
    };
    const written = () => Array.from({ length: rows }, (_, index) => index + 1);
    return {
      async everyRowIsThereOnce(): Promise<void> {
        for (const seen of await arrived()) expect(seen).toEqual(written());
      },
      /** Some may come again, but none for the first time after a later one. */
      async everyRowIsThere(): Promise<void> {
        for (const seen of await arrived()) expect([...new Set(seen)]).toEqual(written());
      },
    };
  }

  const other = (id: string | undefined): ConnectWorker => workers.find((worker) => worker.id !== id) as ConnectWorker;
  const withId = (id: string | undefined): ConnectWorker => workers.find((worker) => worker.id === id) as ConnectWorker;

  it('share connectors and tasks evenly, and each answers for all', async () => {
    const names = await createConnectors(4);
    const found = await shared(names, workers, [2, 2]);
    const [first = '', second = ''] = names;
    for (const [asked, verb, state] of [
      [at(0), 'pause', 'PAUSED'],
      [at(1), 'resume', 'RUNNING'],
      [at(1), 'pause', 'PAUSED'],
      [at(0), 'resume', 'RUNNING'],
    ] as const) {
      expect((await asked.ask('PUT', `/connectors/${first}/${verb}`)).status).toBe(202);
      for (const worker of workers)
        await waitUntil(
          `${first} to be ${state}`,
          async () => ((await worker.status(first)).tasks[0]?.state === state ? true : undefined),
          { timeoutMs: WAIT_MS },
        );
    }
    for (const worker of workers) {
      const changed = { ...config(second), 'heartbeat.interval.ms': String(1000 + worker.port) };
      expect((await worker.ask('PUT', `/connectors/${second}/config`, changed)).status).toBe(200);
      for (const asked of workers) {
        const readBack = async () => (await asked.ask('GET', `/connectors/${second}/config`)).body;
        await waitUntil(
          'the configuration',
          async () =>
            (await readBack())['heartbeat.interval.ms'] === changed['heartbeat.interval.ms'] ? true : undefined,
          { timeoutMs: WAIT_MS },
        );
      }
      expect((await worker.ask('POST', `/connectors/${first}/tasks/0/restart`)).status).toBe(204);
      expect((await worker.ask('POST', `/connectors/${first}/restart?includeTasks=true`)).status).toBe(202);
    }
    expect(await owners(names, workers)).toEqual(found);

    // Offsets can be reset wherever the task ran.
    for (const [index, worker] of workers.entries()) {
      const name = names[index + 2] ?? '';
      expect((await worker.ask('PUT', `/connectors/${name}/stop`)).status).toBe(204);
      expect((await worker.ask('DELETE', `/connectors/${name}/offsets`)).status).toBe(200);
      expect((await other(worker.id).ask('DELETE', `/connectors/${name}`)).status).toBe(204);
      expect((await worker.ask('GET', `/connectors/${name}`)).status).toBe(404);
    }
    await waitUntil(
      'their slots to be free',
      async () => {
        const held = 'SELECT FROM pg_replication_slots WHERE slot_name = ANY($1) AND active';
        return (await database.query(held, [names.slice(2)])).rows.length === 0 ? true : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
    await shared(names.slice(0, 2), workers, [1, 1]);
  }, 180_000);

  it('take over what one that is killed has run, and give it a share again', async () => {
    const names = await createConnectors(2);
    const [owner] = await shared(names, workers, [1, 1]);
    const rows = await writing(names);
    await withId(owner).end('SIGKILL');
    await shared(names, [other(owner)], [2]);
    await withId(owner).start();
    await shared(names, workers, [1, 1]);
    await rows.everyRowIsThereOnce();
  }, 180_000);

  it('lose no row without exactly-once support, however often one is killed', async () => {
    for (const worker of workers) await worker.end('SIGKILL');
    group = `group-${++groups}`;
    workers = [await newWorker('disabled'), await newWorker('disabled')];
    const names = await createConnectors(2);
    await shared(names, workers, [1, 1]);
    const rows = await writing(names);
    for (const worker of [...workers, ...workers]) {
      await worker.end('SIGKILL');
      await shared(names, [other(worker.id)], [2]);
      await worker.start();
      await shared(names, workers, [1, 1]);
    }
    await rows.everyRowIsThere();
  }, 300_000);

  it('store all records of sinks whose workers are killed while they write', async () => {
    const [upserts = '', inserts = ''] = [nameOf(0), nameOf(1)];
    const topic = `${upserts}.items`;
    await kafka.createTopic({ name: topic, partitions: 4 });
    await database.query(`CREATE TABLE ${upserts} (id int PRIMARY KEY, version int NOT NULL)`);
    await database.query(`CREATE TABLE ${inserts} (id int NOT NULL, version int NOT NULL)`);
    const modes = [
      [upserts, { 'insert.mode': 'upsert', 'primary.key.mode': 'record_key' }],
      [inserts, { 'insert.mode': 'insert', 'primary.key.mode': 'none' }],
    ] as const;
    for (const [name, mode] of modes)
      expect((await at(0).ask('PUT', `/connectors/${name}/config`, { ...sink(name, topic), ...mode })).status).toBe(
        201,
      );
    const names = [upserts, inserts];
    await sinkTasksAt(names, workers);

    const producer = kafka.producer();
    const latest = new Map<number, number>();
    let written = 0;
    const writer = repeatedly(async () => {
      const records = Array.from({ length: 20 }, () => {
        const [id, version] = [written % ITEMS, Math.floor(written++ / ITEMS)];
        latest.set(id, version);
        return { topic, key: schemaed({ id }), value: schemaed({ id, version }) };
      });
      await producer.send(records);
      await pause(BETWEEN_WRITES_MS);
    });
    const allStored = async (count: number): Promise<void> => {
      await waitUntil(
        `${count} records to be stored`,
        async () => {
          const distinct = `SELECT count(DISTINCT (id, version))::int AS count FROM ${inserts}`;
          const sum = `SELECT coalesce(sum(version + 1), 0)::int AS count FROM ${upserts}`;
          const found = await Promise.all([distinct, sum].map((sql) => database.query(sql)));
          return found.every(({ rows }) => rows[0].count >= count) ? true : undefined;
        },
        { timeoutMs: WAIT_MS },
      );
    };
    for (const worker of [...workers, ...workers]) {
      await allStored(written);
      await worker.end('SIGKILL');
      await sinkTasksAt(names, [other(worker.id)]);
      await allStored(written);
      await worker.start();
      await sinkTasksAt(names, workers);
    }
    await writer.stop();
    await producer.close();
    await allStored(written);
    const rows = await database.query(`SELECT id, version FROM ${upserts} ORDER BY id`);
    expect(rows.rows).toEqual([...latest].map(([id, version]) => ({ id, version })));
    const { rows: all } = await database.query(`SELECT DISTINCT id, version FROM ${inserts}`);
    expect(all).toHaveLength(written);
  }, 300_000);

  it('leave alone what does not move when another one joins', async () => {
    const names = await createConnectors(3);
    const before = await shared(names, workers, [1, 2]);
    const senders = async () => {
      const { rows } = await database.query(
        'SELECT active_pid FROM pg_replication_slots WHERE slot_name = ANY($1) ORDER BY slot_name',
        [names],
      );
      return rows.map((row) => row.active_pid as number);
    };
    const sendersBefore = await senders();
    const rows = await writing(names);
    workers.push(await newWorker());
    const after = await shared(names, workers, [1, 1, 1]);
    const sendersAfter = await senders();
    const moved = names.filter((_name, index) => before[index] !== after[index]);
    expect(moved).toHaveLength(1);
    const interrupted = names.filter((_name, index) => sendersBefore[index] !== sendersAfter[index]);
    expect(interrupted).toEqual(moved);
    await rows.everyRowIsThereOnce();
  }, 180_000);

  it('lose no row and show none twice when each is restarted in turn', async () => {
    const names = await createConnectors(2);
    await shared(names, workers, [1, 1]);
    const rows = await writing(names);
    for (const worker of workers) {
      await worker.end('SIGTERM');
      await owners(names, [other(worker.id)]);
      await worker.start();
      await shared(names, workers, [1, 1]);
    }
    await rows.everyRowIsThereOnce();
  }, 180_000);

  it('show a failed task where it ran, and start it again from anywhere', async () => {
    const names = await createConnectors(2);
    const found = await shared(names, workers, [1, 1]);
    for (const [index, name] of names.entries()) {
      const broken = { ...config(name), 'publication.autocreate.mode': 'disabled', 'publication.name': 'none' };
      expect((await at(0).ask('PUT', `/connectors/${name}/config`, broken)).status).toBe(200);
      for (const worker of workers) {
        const failed = await waitUntil(
          `${name} to have failed`,
          async () => {
            const { tasks } = await worker.status(name);
            return tasks[0]?.state === 'FAILED' ? tasks[0] : undefined;
          },
          { timeoutMs: WAIT_MS },
        );
        expect(failed).toMatchObject({
          worker_id: found[index],
          trace: expect.stringContaining('Publication autocreation is disabled'),
        });
      }
      await database.query(`CREATE PUBLICATION none FOR TABLE ${name}`);
      const again = await other(found[index]).ask(
        'POST',
        `/connectors/${name}/restart?includeTasks=true&onlyFailed=true`,
      );
      expect(again.status).toBe(202);
      await owners(names.slice(0, index + 1), workers);
      await database.query('DROP PUBLICATION none');
      expect((await at(1).ask('PUT', `/connectors/${name}/config`, config(name))).status).toBe(200);
    }
    expect(await owners(names, workers)).toEqual(found);
  }, 180_000);

  it('take over from one that hangs, which stops what it ran when it goes on', async () => {
    const names = await createConnectors(2);
    const [owner] = await shared(names, workers, [1, 1]);
    const rows = await writing(names);
    withId(owner).signal('SIGSTOP');
    await shared(names, [other(owner)], [2]);
    withId(owner).signal('SIGCONT');
    await shared(names, workers, [1, 1]);
    await rows.everyRowIsThereOnce();
  }, 180_000);
}
