import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { connectPostgres } from '../../../src/clients/postgres/client.js';
import { startAmqp } from '../../../src/embedded/amqp/server.js';
import { startConnect } from '../../../src/embedded/connect/server.js';
import { startKafka } from '../../../src/embedded/kafka/index.js';
import { startKsqldb } from '../../../src/embedded/ksqldb/server.js';
import { startPostgres } from '../../../src/embedded/postgres/server.js';
import { startSchemaRegistry } from '../../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../../src/support/lifetime.js';
import { silentLog } from '../../../src/support/log.js';
import { type Ran, runIn } from '../../support/command-line.js';
import { seeded } from '../../support/seeded.js';
import { startSilentProxy } from '../../support/silent-proxy.js';

/** All kinds of servers, by their addresses; what the servers tell each other does not go through a proxy. */
const pipelineAt = (ports: Ports, real: Ports): string => `version: 1
name: midway
databases: { shop: { migrations: sql } }
topics: { cdc.public.orders: { partitions: 1 }, parcels: { partitions: 1 } }
schemas: { subjects: { parcels-value: parcel.avsc } }
connectors:
  shop-cdc:
    database: shop
    config:
      connector.class: io.debezium.connector.postgresql.PostgresConnector
      table.include.list: public.orders
      topic.prefix: cdc
      plugin.name: pgoutput
ksqldb: { migrations: ksql }
rabbitmq: { queues: { mails: { deadLetter: dead }, dead: {} } }
services:
  web:
    command: [node, web.js]
    consumes: { group: copier, topics: [cdc.public.orders] }
    writes: { database: shop, tables: [orders_copy, orders_late] }
  mailer:
    command: [node, mailer.js]
    publishes: [mails]
    receives: [mails]
gateway: { port: 8080, routes: { /api: web } }
checks:
  copies:
    source: { database: shop, table: orders }
    replica: { database: shop, table: orders_copy }
    key: [id]
  late:
    source: { database: shop, table: orders }
    replica: { database: shop, table: orders_late }
    key: [id]
    within: 1s
  mails:
    conservation:
      queue: mails
      published: { database: shop, count: select 0 }
      effects: { database: shop, count: select 0 }
smoke:
  an-order:
    request: { service: gateway, path: /api/orders }
    expect: [{ topic: parcels, key: "1" }]
    within: 1s
targets:
  here:
    base: cluster
    kafka: { bootstrapServers: "127.0.0.1:${ports.kafka}", inside: { bootstrapServers: "127.0.0.1:${real.kafka}" } }
    schemaRegistry: { url: "http://127.0.0.1:${ports.registry}", inside: { url: "http://127.0.0.1:${real.registry}" } }
    connect: { url: "http://127.0.0.1:${ports.connect}" }
    ksqldb: { url: "http://127.0.0.1:${ports.ksqldb}" }
    rabbitmq: { url: "amqp://guest:guest@127.0.0.1:${ports.rabbitmq}", management: "http://127.0.0.1:${real.management}" }
    gateway: { url: "http://127.0.0.1:${ports.gateway}" }
    services: { web: { url: "http://127.0.0.1:${real.gateway}" }, mailer: { url: "http://127.0.0.1:${real.gateway}" } }
    databases:
      shop:
        url: "postgres://postgres:secret@127.0.0.1:${ports.postgres}/shop"
        inside: { url: "postgres://postgres:secret@127.0.0.1:${real.postgres}/shop" }
`;

const SERVERS = ['postgres', 'kafka', 'registry', 'connect', 'ksqldb', 'rabbitmq', 'gateway'] as const;
type ServerName = (typeof SERVERS)[number];
type Ports = Readonly<Record<ServerName | 'management', number>>;

const UP = 'up --no-verify --timeout 20s';

/** A command that only looks. */
interface Looking {
  readonly command: string;
  /** Where a server is silent. */
  readonly code: number;
  /** It can do without this one. */
  readonly without?: ServerName;
  /** Of a command that waits: how long where nothing is wrong, and where something is. */
  readonly counted?: string;
  readonly patience?: string;
}

const LOOKING: readonly Looking[] = [
  { command: 'plan', code: 3 },
  { command: 'status', code: 0 },
  { command: 'verify-consistency late', code: 4, counted: ' --timeout 3s', patience: ' --timeout 30s' },
  { command: 'verify-consistency mails', code: 4, patience: ' --timeout 12s' },
  { command: 'doctor', code: 4 },
  { command: 'tail cdc.public.orders -e', code: 4, without: 'registry' },
  { command: 'trace copies 1', code: 4, without: 'registry' },
  { command: 'topics', code: 4 },
  { command: 'groups', code: 4 },
  { command: 'connectors', code: 4 },
  { command: 'schemas', code: 4 },
  { command: 'ksql -e SHOW_TOPICS;', code: 4 },
  { command: 'psql shop -c SELECT_*_FROM_orders', code: 4 },
];

const life = new Lifetime();
let folder: string;
let real: Ports;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-midway-'));
  life.onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const started = <T extends { stop(): Promise<unknown> }>(server: T): T => {
    life.onEnd(async () => void (await server.stop()));
    return server;
  };
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), password: 'secret' });
  life.onEnd(() => postgres.remove());
  const kafka = started(await startKafka({ dataDir: join(folder, 'kafka') }));
  const amqp = started(await startAmqp({ dataDir: join(folder, 'amqp') }));
  const common = { host: '127.0.0.1', port: 0, log: silentLog };
  const at = { kafka: { bootstrapServers: kafka.bootstrapServers } };
  const registry = started(await startSchemaRegistry({ ...common, ...at.kafka }));
  const connect = started(await startConnect({ ...common, ...at }));
  const urls = { schemaRegistry: `http://127.0.0.1:${registry.port}`, connect: `http://127.0.0.1:${connect.port}` };
  const ksqldb = started(
    await startKsqldb({
      ...common,
      ...at,
      schemaRegistry: { url: urls.schemaRegistry },
      connect: { url: urls.connect },
    }),
  );
  const web = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  started({ stop: () => new Promise((resolve) => web.close(resolve)) });
  const client = started(connectedTo(kafka.bootstrapServers));
  await client.createTopic({ name: 'cdc.public.orders', partitions: 1 });
  const joining = new AbortController();
  await client.groupMember({ group: 'copier', onRebalance: () => {} }).join(['cdc.public.orders'], joining.signal);
  const consumer = await amqplib.connect(`amqp://127.0.0.1:${amqp.port}`);
  started({ stop: () => consumer.close() });
  const channel = await consumer.createChannel();
  await channel.assertQueue('mails', { durable: true, arguments: DEAD_LETTERS });
  await channel.consume('mails', () => {});
  const admin = await connectPostgres({ url: postgres.urlOf('postgres') });
  await admin.execute('CREATE DATABASE shop');
  await admin.close();
  real = {
    postgres: Number(new URL(postgres.url).port),
    kafka: kafka.port,
    registry: registry.port,
    connect: connect.port,
    ksqldb: ksqldb.port,
    rabbitmq: amqp.port,
    management: amqp.managementPort,
    gateway: (web.address() as AddressInfo).port,
  };
  const first = await run('up --no-verify --timeout 20s', real);
  if (first.code !== 0) throw new Error(first.err + first.out);
});

afterAll(() => life.end());

const DEAD_LETTERS = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };

function connectedTo(bootstrapServers: string): KafkaClient & { stop(): Promise<void> } {
  const client = connectKafka({ bootstrapServers, clientId: 'copier' });
  return { ...client, stop: () => client.close() };
}

let cases = 0;

/** In a folder of its own, as on another machine. */
async function run(command: string, ports: Ports): Promise<Ran> {
  const place = join(folder, `case-${++cases}`);
  for (const name of ['sql', 'ksql']) mkdirSync(join(place, name), { recursive: true });
  writeFileSync(join(place, 'evpipe.yaml'), pipelineAt(ports, real));
  writeFileSync(
    join(place, 'sql', 'V000001__orders.sql'),
    'CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE orders_copy (id int PRIMARY KEY); CREATE TABLE orders_late (id int PRIMARY KEY); INSERT INTO orders VALUES (1); INSERT INTO orders_copy VALUES (1);',
  );
  writeFileSync(
    join(place, 'ksql', 'V000001__orders.sql'),
    "CREATE STREAM orders (id INT) WITH (kafka_topic = 'cdc.public.orders', value_format = 'json');\n",
  );
  writeFileSync(join(place, 'parcel.avsc'), '{"type":"record","name":"parcel","fields":[{"name":"id","type":"int"}]}');
  const words = command.split(' ').map((word) => word.replaceAll('_', ' '));
  return runIn(place, { PATH: '', XDG_STATE_HOME: join(place, 'state') }, ...words, '--target', 'here');
}

const SEED = Number(process.env.EVPIPE_SILENCE_SEED ?? 1);
/** Of a server that says no more than that it lives, no other word was waited for. */
const SIGN_OF_LIFE_BYTES = 250;
/** What waits hears more the longer it waits: silence has to come before the wait is over. */
const BYTES_MOST = 3_000;
const STACK_TRACE = /^\s+at .*:\d+:\d+\)?$/m;

/** What each server has sent to a command that was not disturbed. */
async function bytesHeard(command: string): Promise<ReadonlyMap<ServerName, number>> {
  const proxies = await Promise.all(SERVERS.map(async (name) => [name, await startSilentProxy(real[name])] as const));
  await run(command, { ...real, ...Object.fromEntries(proxies.map(([name, { port }]) => [name, port])) });
  const bytes = new Map(proxies.map(([name, proxy]) => [name, proxy.bytes]));
  for (const [, proxy] of proxies) await proxy.stop();
  return bytes;
}

/** The command on a server that falls silent after so many bytes: it ends, names the server, and shows no more than it should. */
async function endsBySaying(command: string, server: ServerName, bytes: number): Promise<Ran> {
  const proxy = await startSilentProxy(real[server], bytes);
  try {
    const ran = await run(command, { ...real, [server]: proxy.port });
    const said = `${ran.out}${ran.err}`;
    const named = `:${proxy.port}\\b.*(stopped answering|does not answer)|(silent|does not answer).*:${proxy.port}\\b`;
    // On a busy machine its deadline may come first.
    const allowed = command === 'status' ? `${named}|no answer within` : named;
    expect(said, `${server} after ${bytes} bytes`).toMatch(new RegExp(allowed));
    expect(said, 'no stack trace').not.toMatch(STACK_TRACE);
    expect(said).not.toContain('secret');
    return ran;
  } finally {
    await proxy.stop();
  }
}

/** Of what a server would say it says so much: a part that is always the same, before all that matters is said. */
function partOf(bytes: number, command: string, server: ServerName): number {
  const part = seeded(SEED + command.length * SERVERS.length + SERVERS.indexOf(server))();
  return Math.ceil(Math.min(bytes, BYTES_MOST) * (0.1 + 0.5 * part));
}

// One after another: with forty commands at once, servers that are well would be called silent.
describe('a server that falls silent in the middle', () => {
  it.each(LOOKING)('of $command is named', async ({ command, code: wanted, without, counted = '', patience = '' }) => {
    const heard = await bytesHeard(`${command}${counted}`);
    const asked = SERVERS.filter((name) => (heard.get(name) ?? 0) > SIGN_OF_LIFE_BYTES && name !== without);
    expect(asked).not.toEqual([]);
    const broken = async (server: ServerName): Promise<void> => {
      const { code, out, err } = await endsBySaying(
        `${command}${patience}`,
        server,
        partOf(heard.get(server) ?? 0, command, server),
      );
      expect(code, out + err).toBe(wanted);
    };
    await Promise.all(asked.map(broken));
  });

  it('of up is named, and the next up goes on', async () => {
    const heard = await bytesHeard(UP);
    const broken = async (server: ServerName): Promise<void> => {
      const { code } = await endsBySaying(UP, server, partOf(heard.get(server) ?? 0, UP, server));
      expect(code, server).toBe(4);
    };
    for (const server of ['postgres', 'connect', 'rabbitmq'] as const) await broken(server);
    const { code, out, err } = await run(UP, real);
    expect(code, out + err).toBe(0);
    await broken('kafka'); // the claim to be the only one that changes things can't be taken back there, and lasts a minute
  });
});
