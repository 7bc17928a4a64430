import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectAmqp } from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openConnect } from '../../src/clients/connect/client.js';
import { connectKafka } from '../../src/clients/kafka/client.js';
import { connectPostgres, type TextRow } from '../../src/clients/postgres/client.js';
import { startKsqldb } from '../../src/embedded/ksqldb/server.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { silentLog } from '../../src/support/log.js';
import { waitUntil } from '../../src/support/retry.js';
import { type Ended, sandbox } from '../support/evpipe.js';
import { PIPELINES } from '../support/pipelines.js';
import { type RealRabbitmq, startRealRabbitmq } from './stack/rabbitmq.js';
import { type RealStack, startRealStack } from './stack/stack.js';

/**
 * Servers that many share, as in production: Kafka, Connect with Debezium, PostgreSQL and RabbitMQ themselves, a registry with
 * Confluent's API, and evpipe's engine in the place of ksqlDB. Others have something of each sort there.
 */
const life = new Lifetime();
let real: RealStack;
let postgres: RunningPostgres;
let rabbitmq: RealRabbitmq;
let servers: Readonly<Record<string, object>>;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-shared-'));
  life.onEnd(() => rmSync(dataDir, { recursive: true, force: true }));
  const stopped = <T extends { stop(): Promise<void> }>(server: T): T => {
    life.onEnd(() => server.stop());
    return server;
  };
  [real, postgres, rabbitmq] = await Promise.all([
    startRealStack({ kafka: true, registry: true, connect: true }).then(stopped),
    startPostgres({ dataDir: join(dataDir, 'postgres') }).then(stopped),
    startRealRabbitmq().then(stopped),
  ]);
  const { bootstrapServers } = real.kafka;
  const at = { schemaRegistry: { url: real.registry.url }, connect: { url: real.connect.url } };
  const own = { host: '127.0.0.1', port: 0, kafka: { bootstrapServers }, log: silentLog };
  const ksqldb = stopped(await startKsqldb({ ...own, ...at }));
  servers = {
    kafka: { bootstrapServers },
    ...at,
    ksqldb: { url: `http://127.0.0.1:${ksqldb.port}` },
    rabbitmq: { url: rabbitmq.url, management: rabbitmq.managementUrl },
  };
  await plant();
});

afterAll(() => life.end());

/** What others have, under names that no prefix keeps apart. */
async function plant(): Promise<void> {
  const kafka = connectKafka({ bootstrapServers: real.kafka.bootstrapServers, clientId: 'others' });
  await kafka.createTopic({ name: 'foreign', partitions: 1, config: { 'retention.ms': '86400000' } });
  await kafka.commitOffsets('foreign', [{ topic: 'foreign', partition: 0, offset: 0n }]);
  await kafka.close();
  await post(`${real.registry.url}/subjects/foreign-value/versions`, { schema: '"string"' });
  const sink = {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'connection.url': 'jdbc:postgresql://127.0.0.1:1/others',
    'connection.username': 'others',
    'connection.password': 'others',
    topics: 'foreign',
  };
  await post(`${real.connect.url}/connectors`, { name: 'foreign', config: sink, initial_state: 'STOPPED' });
  const connection = await connectAmqp(rabbitmq.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('foreign');
  channel.sendToQueue('foreign', Buffer.from('a message'), { persistent: true });
  await channel.waitForConfirms();
  await connection.close();
  // The HTTP API learns of it a little later.
  const counted = async () => (await foreignQueue()).messages || undefined;
  await waitUntil('the queue to have its message', counted, { timeoutMs: 30_000 });
  await onServer('postgres', 'CREATE DATABASE others');
  await onServer('others', 'CREATE TABLE foreign_table (id int PRIMARY KEY)');
  await onServer('others', FOREIGN_PUBLICATION);
  await onServer('others', "SELECT pg_create_logical_replication_slot('foreign', 'pgoutput')");
}

/** Of no table's updates: PostgreSQL would refuse them where there is no key. */
const FOREIGN_PUBLICATION = "CREATE PUBLICATION foreign_publication FOR ALL TABLES WITH (publish = 'insert')";

async function post(url: string, body: object): Promise<void> {
  const type = url.startsWith(real.registry.url) ? 'application/vnd.schemaregistry.v1+json' : 'application/json';
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

async function ask<T>(url: string): Promise<T> {
  const guest = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const headers = url.startsWith(rabbitmq.managementUrl) ? { authorization: guest } : {};
  return (await (await fetch(url, { headers })).json()) as T;
}

async function onServer(database: string, sql: string): Promise<readonly TextRow[]> {
  const client = await connectPostgres({ url: postgres.urlOf(database) });
  return client.queryText(sql).finally(() => client.close());
}

const foreignQueue = () =>
  ask<{ name: string; messages?: number; arguments: object }>(`${rabbitmq.managementUrl}/api/queues/%2F/foreign`);

/** All that is known of what others have. */
async function planted(): Promise<unknown> {
  const kafka = connectKafka({ bootstrapServers: real.kafka.bootstrapServers, clientId: 'test' });
  try {
    const { name, messages, arguments: options } = await foreignQueue();
    return {
      topic: await kafka.describeTopic('foreign'),
      config: (await kafka.topicConfig('foreign')).filter(({ source }) => source === 'topic'),
      group: await kafka.committedOffsets('foreign'),
      subject: await ask(`${real.registry.url}/subjects/foreign-value/versions`),
      compatibility: await ask(`${real.registry.url}/config`),
      connector: await ask(`${real.connect.url}/connectors/foreign`),
      state: await ask(`${real.connect.url}/connectors/foreign/status`),
      queue: { name, messages, options },
      slot: await onServer(
        'others',
        "SELECT slot_name, plugin, confirmed_flush_lsn FROM pg_replication_slots WHERE database = 'others'",
      ),
      publication: await onServer('others', 'SELECT pubname, puballtables FROM pg_publication'),
    };
  } finally {
    await kafka.close();
  }
}

/** The names of all that is on the servers, as `topic orders`, without the servers' own. */
async function namesOn(): Promise<readonly string[]> {
  const kafka = connectKafka({ bootstrapServers: real.kafka.bootstrapServers, clientId: 'test' });
  const topics = (await kafka.listTopics()).map(({ name }) => name);
  const groups = (await kafka.listGroups()).map(({ group }) => group);
  await kafka.close();
  const subjects = await ask<readonly string[]>(`${real.registry.url}/subjects`);
  const connectors = await openConnect(real.connect).connectors();
  const queues = await ask<readonly { readonly name: string }[]>(`${rabbitmq.managementUrl}/api/queues`);
  const slots = await onServer('postgres', 'SELECT slot_name FROM pg_replication_slots');
  const names = (kind: string, all: readonly (string | null | undefined)[]) =>
    all.filter((name) => name != null && !/^(_|connect-)/.test(name)).map((name) => `${kind} ${name}`);
  return [
    ...names('topic', topics),
    ...names('group', groups),
    ...names('subject', subjects),
    ...names('connector', connectors),
    ...names(
      'queue',
      queues.map(({ name }) => name),
    ),
    ...names('slot', slots.flat()),
  ].sort();
}

/** What the checks report, without what differs from run to run: times, positions, the stages with their places, and the namespace. */
function verdicts({ stdout }: Ended, namespace: string): readonly object[] {
  const lines = stdout
    .replaceAll(`"${namespace}_`, '"')
    .split('\n')
    .filter((line) => line !== '');
  return lines
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly report?: { readonly check: string } })
    .flatMap(({ kind, report }) => (kind === 'check-report' && report !== undefined ? [report] : []))
    .map((report) => ({ ...report, elapsedMs: undefined, fence: undefined, way: undefined }))
    .sort((a, b) => a.check.localeCompare(b.check));
}

it.each(PIPELINES)(
  '%s, from one file, reports the same embedded and for two people on shared servers, where others notice neither',
  async (name) => {
    const mine = new Lifetime();
    try {
      const others = await planted();
      const earlier = new Set(await namesOn());
      const box = await sandbox(name);
      mine.onEnd(() => rmSync(join(box.folder, '..'), { recursive: true, force: true }));
      const declared = parse(readFileSync(join(box.folder, 'evpipe.yaml'), 'utf8')) as Record<
        string,
        object | undefined
      >;
      const used = Object.entries({
        kafka: declared.topics,
        schemaRegistry: declared.schemas,
        connect: declared.connectors,
        ksqldb: declared.ksqldb,
        rabbitmq: declared.rabbitmq,
      }).flatMap(([server, section]) => (section === undefined ? [] : [server]));
      const at = async (namespace: string): Promise<object> => {
        const databases: Record<string, object> = {};
        for (const database of Object.keys(declared.databases ?? {})) {
          const own = `${namespace}_${name}_${database}`;
          await onServer('postgres', `CREATE DATABASE "${own}"`);
          await onServer(own, FOREIGN_PUBLICATION);
          mine.onEnd(async () => void (await onServer('postgres', `DROP DATABASE "${own}" WITH (FORCE)`)));
          databases[database] = { url: postgres.urlOf(own) };
        }
        const shared = Object.fromEntries(used.map((server) => [server, servers[server]]));
        return { base: 'embedded', ...shared, databases, namespace };
      };
      const targets = { ann: await at('ann'), bob: await at('bob') };
      writeFileSync(join(box.folder, 'shared.yaml'), JSON.stringify({ targets }));
      const extra =
        declared.rabbitmq === undefined
          ? { topics: { extra: { partitions: 1 } } }
          : { rabbitmq: { queues: { extra: {} } } };
      writeFileSync(join(box.folder, 'extra.yaml'), JSON.stringify(extra));
      const run = (who: string, command: string, ...more: string[]): Promise<Ended> =>
        box.run(command, '-f', 'evpipe.yaml', '-f', 'shared.yaml', '--target', who, '--yes', ...more);
      const succeeds = async (who: string, command: string, ...more: string[]): Promise<Ended> => {
        const ended = await run(who, command, ...more);
        expect(ended.code, `${who} ${command}: ${ended.stdout}${ended.stderr}`).toBe(0);
        return ended;
      };
      const reportOf = async (who: string) =>
        verdicts(await succeeds(who, 'verify-consistency', '--output', 'json'), who);

      mine.onEnd(async () => void (await run('embedded', 'down', '--volumes')));
      await succeeds('embedded', 'up', '--seed', '--timeout', '120s');
      const report = await reportOf('embedded');
      expect(report.length).toBeGreaterThan(0);
      await succeeds('embedded', 'down', '--volumes');

      for (const who of ['ann', 'bob']) {
        mine.onEnd(async () => void (await run(who, 'down', '--volumes')));
        await succeeds(who, 'up', '--seed', '--timeout', '120s');
        expect(await reportOf(who)).toEqual(report);
      }
      const names = (await namesOn()).filter((one) => !earlier.has(one));
      const of = (who: string) => names.filter((one) => one.includes(`${who}_`) || one.includes(`${who}-`));
      expect(names.filter((one) => ![...of('ann'), ...of('bob')].includes(one))).toEqual([]);
      expect(of('ann').length).toBeGreaterThan(0);
      expect(of('bob')).toEqual(of('ann').map((one) => one.replace('ann', 'bob')));
      for (const who of ['ann', 'bob']) expect((await succeeds(who, 'apply')).stdout).toContain('Nothing to change');
      await succeeds('ann', 'apply', '-f', 'extra.yaml');
      expect((await succeeds('ann', 'apply', '--prune')).stdout).toMatch(/removed .*ann_extra/);
      expect((await namesOn()).filter((one) => !earlier.has(one))).toEqual(names);

      await succeeds('ann', 'down', '--volumes');
      await succeeds('bob', 'smoke', '--timeout', '60s');
      await succeeds('bob', 'reset');
      expect(await planted()).toEqual(others);
      const publications = Object.keys(declared.databases ?? {}).map((database) =>
        onServer(`bob_${name}_${database}`, 'SELECT pubname FROM pg_publication'),
      );
      for (const found of await Promise.all(publications)) expect(found).toEqual([['foreign_publication']]);
    } finally {
      await mine.end();
    }
  },
);
