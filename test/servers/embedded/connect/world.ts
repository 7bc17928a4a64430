import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { connectKafka } from '../../../../src/clients/kafka/client.js';
import type { KafkaClient, KafkaRecord } from '../../../../src/clients/kafka/contract.js';
import { startConnect } from '../../../../src/embedded/connect/server.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../../src/embedded/postgres/server.js';
import type { RunningServer } from '../../../../src/support/child.js';
import { lineLog, silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

export const WAIT_MS = 30_000;

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of a REST answer, looked into by assertions
  readonly body: any;
}

/** A real PostgreSQL, the broker and a Connect worker, each test with a database of its own. */
export class World {
  private databases = 0;
  private readonly clients: pg.Client[] = [];

  private constructor(
    readonly postgres: RunningPostgres,
    readonly kafka: KafkaClient,
    readonly bootstrapServers: string,
    private connect: RunningServer,
    private readonly broker: Broker,
    private readonly cleanUp: () => Promise<void>,
  ) {}

  /** Without a broker named: the embedded one. */
  static async start(kafka?: string): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-connect-'));
    const [postgres, kafkaBroker] = await Promise.all([
      startPostgres({ dataDir: join(folder, 'postgres') }),
      startBroker(join(folder, 'kafka'), kafka),
    ]);
    const client = connectKafka({ bootstrapServers: kafkaBroker.bootstrapServers, clientId: 'test' });
    const connect = await startWorker(kafkaBroker.bootstrapServers);
    return new World(postgres, client, kafkaBroker.bootstrapServers, connect, kafkaBroker, async () => {
      await client.close();
      await kafkaBroker.stop();
      await postgres.remove();
      await rm(folder, { recursive: true, force: true });
    });
  }

  async stop(): Promise<void> {
    await this.connect.stop();
    for (const client of this.clients) await client.end().catch(() => {});
    await this.cleanUp();
  }

  restartBroker(whileDown: () => Promise<void>): Promise<void> {
    return this.broker.restart(whileDown);
  }

  async restartWorker(): Promise<void> {
    await this.connect.stop();
    this.connect = await startWorker(this.bootstrapServers);
  }

  get url(): string {
    return `http://127.0.0.1:${this.connect.port}`;
  }

  /** A new database with these statements run in it. */
  async database(...statements: string[]): Promise<TestDatabase> {
    const name = `t${++this.databases}_${process.pid}`;
    const admin = new pg.Client(this.postgres.url);
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    const client = new pg.Client(this.postgres.urlOf(name));
    client.on('error', () => {});
    await client.connect();
    this.clients.push(client);
    for (const statement of statements) await client.query(statement);
    return { name, client };
  }

  /** A PostgreSQL connector's options for a database, and what a test adds. */
  config(database: TestDatabase, more: Record<string, string> = {}): Record<string, string> {
    return {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': '127.0.0.1',
      'database.port': String(this.postgres.port),
      'database.user': 'postgres',
      'database.password': this.postgres.password,
      'database.dbname': database.name,
      'plugin.name': 'pgoutput',
      'topic.prefix': database.name,
      'slot.name': `slot_${database.name}`,
      'publication.name': `pub_${database.name}`,
      'publication.autocreate.mode': 'filtered',
      'heartbeat.interval.ms': '1000',
      'message.prefix.exclude.list': 'evpipe',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
      'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'key.converter.schemas.enable': 'false',
      ...more,
    };
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Creates the connector and waits until it streams. */
  async run(name: string, config: Record<string, string>): Promise<void> {
    const answer = await this.ask('PUT', `/connectors/${name}/config`, config);
    if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
    await this.streaming(name, config);
  }

  /** RUNNING comes first and the slot a moment later: what is written before may be in the snapshot. */
  async streaming(name: string, config: Record<string, string>): Promise<void> {
    const client = new pg.Client(this.postgres.url);
    await client.connect();
    try {
      await waitUntil(
        `connector ${name} to stream`,
        async () => {
          const { body } = await this.ask('GET', `/connectors/${name}/status`);
          if (body?.tasks?.[0]?.trace !== undefined) throw new Error(body.tasks[0].trace);
          const slot = 'SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active';
          return (await client.query(slot, [config['slot.name']])).rows.length === 1 ? true : undefined;
        },
        { timeoutMs: WAIT_MS },
      );
    } finally {
      await client.end();
    }
  }

  taskState(name: string, state: string): Promise<Answer['body']> {
    return waitUntil(
      `connector ${name} to be ${state}`,
      async () => {
        const { body } = await this.ask('GET', `/connectors/${name}/status`);
        return body?.tasks?.[0]?.state === state ? body.tasks[0] : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
  }

  /** The topic's records once there are that many, in the order of partition and offset. */
  records(topic: string, count: number): Promise<readonly KafkaRecord[]> {
    let found = 0;
    return waitUntil(
      () => `${count} records of ${topic} (${found} are there)`,
      async () => {
        const records = await this.all(topic);
        found = records.length;
        return found >= count ? records : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
  }

  async all(topic: string): Promise<readonly KafkaRecord[]> {
    if ((await this.kafka.describeTopic(topic)) === undefined) return [];
    const ends = await this.kafka.offsets(topic, 'latest');
    const open = new Set(ends.filter((end) => end.offset > 0n).map((end) => end.partition));
    const records: KafkaRecord[] = [];
    if (open.size === 0) return records;
    const from = ends.filter((end) => open.has(end.partition)).map((end) => ({ ...end, offset: 0n }));
    const reader = this.kafka.reader({ from, maxWaitMs: 50 });
    for await (const batch of reader) {
      records.push(...batch.records);
      const end = ends.find((one) => one.partition === batch.partition)?.offset ?? 0n;
      if (batch.nextOffset >= end) open.delete(batch.partition);
      if (open.size === 0) break;
    }
    await reader.close();
    return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset));
  }
}

export interface TestDatabase {
  readonly name: string;
  readonly client: pg.Client;
}

function startWorker(bootstrapServers: string): Promise<RunningServer> {
  const log = process.env.CONNECT_LOG === undefined ? silentLog : lineLog((line) => process.stderr.write(line));
  const workerConfig = Object.fromEntries(
    ['config', 'offset', 'status'].map((what) => [`${what}.storage.topic`, `connect-${what}-${process.pid}`]),
  );
  const env = { SECRET: 'from-env' };
  return startConnect(
    { host: '127.0.0.1', port: 0, kafka: { bootstrapServers }, env, workerConfig, offsetFlushIntervalMs: 200 },
    log,
  );
}

export const json = (bytes: Buffer | null) => (bytes === null ? null : JSON.parse(bytes.toString('utf8')));

interface Broker {
  readonly bootstrapServers: string;
  /** Ends it, and starts it again on its port once `whileDown` is done. */
  restart(whileDown: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

async function startBroker(dataDir: string, named: string | undefined): Promise<Broker> {
  if (named !== undefined) {
    const restart = () => Promise.reject(new Error('a broker that was not started here is not restarted'));
    return { bootstrapServers: named, restart, stop: async () => {} };
  }
  let running = await startKafka({ dataDir });
  const { port, bootstrapServers } = running;
  return {
    bootstrapServers,
    async restart(whileDown) {
      await running.stop();
      await whileDown();
      running = await startKafka({ dataDir, port });
    },
    stop: () => running.stop(),
  };
}

/** Whether a connector streams from its slot, which is active for a moment when it is made too, before the snapshot. */
export async function isStreaming({ client }: TestDatabase, slot: string): Promise<boolean> {
  const { rows } = await client.query(
    "SELECT FROM pg_replication_slots s JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = $1 AND r.state = 'streaming'",
    [slot],
  );
  return rows.length > 0;
}
