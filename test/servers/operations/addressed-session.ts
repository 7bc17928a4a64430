import { setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import { startAmqp } from '../../../src/embedded/amqp/server.js';
import { startConnect } from '../../../src/embedded/connect/server.js';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../src/embedded/ksqldb/server.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { startSchemaRegistry } from '../../../src/embedded/schema-registry/server.js';
import { openSession, type Session } from '../../../src/kinds/session.js';
import { KINDS } from '../../../src/kinds/table.js';
import { loadPipeline } from '../../../src/pipeline/load.js';
import { silentLog } from '../../../src/support/log.js';
import { textOf } from '../../unit/pipeline/workspace.js';

/** Many listen to it in one test, as nobody does in one command. */
function endless(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

/** A broker and a PostgreSQL in this process, which pipelines of the test have by their addresses. */
export class Servers {
  /** Other servers by their key of the target: `ksqldb: { url: "…" }`. */
  private readonly others = new Map<string, { readonly address: string; stop(): Promise<void> }>();

  private constructor(
    private readonly folder: string,
    readonly kafka: RunningKafka,
    readonly postgres: RunningPostgres,
  ) {}

  static async start(): Promise<Servers> {
    const folder = mkdtempSync(join(tmpdir(), 'evpipe-session-'));
    const [kafka, postgres] = await Promise.all([
      startKafka({ dataDir: join(folder, 'kafka') }),
      startPostgres({ dataDir: join(folder, 'postgres') }),
    ]);
    return new Servers(folder, kafka, postgres);
  }

  /** A file beside the pipeline's. */
  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** A registry and ksqlDB on the same broker, which sessions that are opened later have too. */
  async startKsqldb(): Promise<string> {
    const { bootstrapServers } = this.kafka;
    const common = { host: '127.0.0.1', port: 0, log: silentLog };
    const registry = await startSchemaRegistry({ ...common, bootstrapServers });
    const registryUrl = `http://127.0.0.1:${registry.port}`;
    this.others.set('schemaRegistry', { address: `{ url: "${registryUrl}" }`, stop: () => registry.stop() });
    const ksqldb = await startKsqldb({
      ...common,
      kafka: { bootstrapServers },
      schemaRegistry: { url: registryUrl },
    });
    const url = `http://127.0.0.1:${ksqldb.port}`;
    this.others.set('ksqldb', { address: `{ url: "${url}" }`, stop: () => ksqldb.stop() });
    return url;
  }

  /** A Connect worker on the same broker, which sessions that are opened later have too; its address. */
  async startConnect(): Promise<string> {
    const connect = await startConnect({
      ...{ host: '127.0.0.1', port: 0, offsetFlushIntervalMs: 100 },
      kafka: { bootstrapServers: this.kafka.bootstrapServers },
    });
    const url = `http://127.0.0.1:${connect.port}`;
    this.others.set('connect', { address: `{ url: "${url}" }`, stop: () => connect.stop() });
    return url;
  }

  /** A RabbitMQ of its own, which sessions that are opened later have too; its address. */
  async startAmqp(): Promise<string> {
    const amqp = await startAmqp({ dataDir: join(this.folder, 'amqp') });
    const [url, management] = [`amqp://127.0.0.1:${amqp.port}`, `http://127.0.0.1:${amqp.managementPort}`];
    this.others.set('rabbitmq', {
      address: `{ url: "${url}", management: "${management}" }`,
      stop: () => amqp.stop(),
    });
    return url;
  }

  /** Makes the database. */
  async database(name: string, sql: string): Promise<PostgresClient> {
    const admin = await connectPostgres({ url: this.postgres.urlOf('postgres') });
    await admin.execute(`CREATE DATABASE ${name}`);
    await admin.close();
    const client = await connectPostgres({ url: this.postgres.urlOf(name) });
    await client.execute(sql);
    return client;
  }

  /** Makes a database that is the document store of this name in sessions that are opened later. */
  async documents(store: string, sql: string): Promise<PostgresClient> {
    const client = await this.database(store, sql);
    this.others.set('stores', {
      address: `{ ${store}: { url: "${this.postgres.urlOf(store)}" } }`,
      stop: async () => {},
    });
    return client;
  }

  /** A session of this pipeline, whose kafka and databases are here. */
  session(file: string, databases: readonly string[]): Session {
    const urls = databases.map((name) => `${name}: { url: "${this.postgres.urlOf(name)}" }`).join(', ');
    const others = [...this.others].map(([name, { address }]) => `${name}: ${address}, `).join('');
    const target = `targets: { here: { kafka: { bootstrapServers: "${this.kafka.bootstrapServers}" }, ${others}databases: { ${urls} } } }`;
    writeFileSync(join(this.folder, 'evpipe.yaml'), `version: 1\nname: shop\n${file}\n${target}\n`);
    const { pipeline, problems } = loadPipeline(
      {
        files: ['evpipe.yaml'],
        profiles: [],
        env: {},
        cwd: this.folder,
        target: 'here',
      },
      KINDS,
    );
    if (pipeline === undefined) throw new Error(problems.map(textOf).join('\n'));
    return openSession(pipeline, {
      kinds: KINDS,
      env: {},
      log: silentLog,
      emit: () => {},
      signal: endless(),
    });
  }

  async remove(): Promise<void> {
    for (const { stop } of [...this.others.values()].reverse()) await stop();
    await Promise.all([this.kafka.stop(), this.postgres.remove()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
