import { execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from '../support/stack.js';

/** The tools that people have at hand, on the stack that `up` leaves running: they must not notice whose servers these are. */

const run = promisify(execFile);
let stack: Stack;
let addresses: Readonly<Record<string, string>>;

beforeAll(async () => {
  stack = await Stack.up('person-planning');
  const { stdout } = await stack.box.run('env', '--output', 'json');
  addresses = JSON.parse(stdout) as Record<string, string>;
});

afterAll(() => stack?.remove());

function address(name: string): string {
  const found = addresses[name];
  if (found === undefined) throw new Error(`evpipe env has no ${name}: ${Object.keys(addresses).join(', ')}`);
  return found;
}

async function kcat(args: readonly string[], input?: string): Promise<string> {
  const child = spawn('kcat', ['-b', address('EVPIPE_KAFKA_BOOTSTRAP_SERVERS'), ...args]);
  child.stdin.end(input);
  const [out, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${complaint}`);
  return out;
}

async function curl<T>(url: string, ...args: string[]): Promise<T> {
  const { stdout } = await run('curl', ['--silent', '--show-error', '--fail-with-body', ...args, url]);
  return (stdout === '' ? undefined : JSON.parse(stdout)) as T;
}

const json = (body: unknown, type = 'application/json'): string[] => [
  '--header',
  `Content-Type: ${type}`,
  '--data',
  JSON.stringify(body),
];

describe('kcat', () => {
  it('lists brokers, topics and partitions', async () => {
    const listed = JSON.parse(await kcat(['-L', '-J'])) as {
      brokers: unknown[];
      topics: { topic: string; partitions: { leader: number }[] }[];
    };
    expect(listed.brokers).toHaveLength(1);
    const persons = listed.topics.find(({ topic }) => topic === 'public_person_entity_events');
    expect(persons?.partitions.map(({ leader }) => leader)).toEqual([1, 1, 1]);
  });

  it('reads what it wrote, keys, headers and tombstones too, and each seeded person once', async () => {
    await kcat(['-P', '-t', 'kcat-try', '-K:', '-Z', '-z', 'lz4', '-H', 'who=kcat'], 'a:one\nb:two\na:\n');
    expect(await kcat(['-C', '-t', 'kcat-try', '-e', '-q', '-f', '%k=%s/%S/%h\n'])).toBe(
      'a=one/3/who=kcat\nb=two/3/who=kcat\na=/-1/who=kcat\n',
    );
    const keys = await kcat(['-C', '-t', 'public_person_entity_events', '-e', '-q', '-f', '%k\n']);
    expect(new Set(keys.trim().split('\n')).size).toBe(200);
  });

  it('reads as a group and goes on where the group was', async () => {
    await kcat(['-P', '-t', 'kcat-group'], 'one\ntwo\n');
    const group = ['-G', 'kcat-readers', '-e', '-q', '-X', 'auto.offset.reset=earliest', 'kcat-group'];
    expect(await kcat(group)).toBe('one\ntwo\n');
    await kcat(['-P', '-t', 'kcat-group'], 'three\n');
    expect(await kcat(group)).toBe('three\n');
  });
});

describe('psql', () => {
  it('sees the replica, on the server evpipe runs', async () => {
    const psql = (sql: string) => run('psql', [address('EVPIPE_DATABASE_PLANNING_URL'), '-XAtc', sql]);
    expect((await psql('select count(*) from planning_person')).stdout).toBe('200\n');
    expect((await psql('\\dt planning_*')).stdout).toContain('planning_balancesheet');
  });
});

describe('curl', () => {
  it('walks through the registry', async () => {
    const registry = address('EVPIPE_SCHEMA_REGISTRY_URL');
    const body = json({ schema: '{"type":"string"}' }, 'application/vnd.schemaregistry.v1+json');
    const { id } = await curl<{ id: number }>(`${registry}/subjects/curl-value/versions`, ...body);
    expect(await curl(`${registry}/schemas/ids/${id}`)).toEqual({ schema: '"string"' });
    expect(await curl(`${registry}/subjects/curl-value/versions`)).toEqual([1]);
    expect(await curl<string[]>(`${registry}/subjects`)).toContain('public_person_entity_events-value');
    expect(await curl(`${registry}/config`)).toEqual({ compatibilityLevel: 'BACKWARD' });
    expect(await curl(`${registry}/subjects/curl-value`, '-X', 'DELETE')).toEqual([1]);
  });

  it('walks through Connect', async () => {
    const connect = address('EVPIPE_CONNECT_URL');
    expect((await curl<string[]>(`${connect}/connectors`)).sort()).toEqual(['accounting-cdc', 'person-outbox']);
    expect(await curl(`${connect}/connectors/accounting-cdc/status`)).toMatchObject({
      name: 'accounting-cdc',
      type: 'source',
      connector: { state: 'RUNNING' },
      tasks: [{ id: 0, state: 'RUNNING' }],
    });
    const plugins = await curl<{ class: string }[]>(`${connect}/connector-plugins`);
    expect(plugins.map((plugin) => plugin.class)).toContain('io.debezium.connector.postgresql.PostgresConnector');
  });

  it('walks through ksqlDB', async () => {
    const ksqldb = address('EVPIPE_KSQLDB_URL');
    const type = 'application/vnd.ksql.v1+json';
    const [streams] = await curl<{ streams: { topic: string }[] }[]>(
      `${ksqldb}/ksql`,
      ...json({ ksql: 'SHOW STREAMS;' }, type),
    );
    expect(streams?.streams.map(({ topic }) => topic)).toContain('public_balance_sheet_entity_events');
    expect(await curl(`${ksqldb}/info`)).toMatchObject({ KsqlServerInfo: { serverStatus: 'RUNNING' } });
    expect(await curl(`${ksqldb}/healthcheck`)).toMatchObject({ isHealthy: true });
  });
});

describe('kafkajs and its registry client', () => {
  it('write an Avro record under a subject of their own and read it back as a group', async () => {
    const kafka = new Kafka({
      brokers: [address('EVPIPE_KAFKA_BOOTSTRAP_SERVERS')],
      logLevel: logLevel.NOTHING,
    });
    const registry = new SchemaRegistry({ host: address('EVPIPE_SCHEMA_REGISTRY_URL') });
    const schema = JSON.stringify({ type: 'record', name: 'Try', fields: [{ name: 'n', type: 'long' }] });
    const { id } = await registry.register({ type: SchemaType.AVRO, schema }, { subject: 'kafkajs-try-value' });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 'kafkajs-try', messages: [{ key: 'k', value: await registry.encode(id, { n: 7 }) }] });
    await producer.disconnect();

    const consumer = kafka.consumer({ groupId: 'kafkajs-readers' });
    await consumer.connect();
    await consumer.subscribe({ topic: 'kafkajs-try', fromBeginning: true });
    const seen = await new Promise((resolve, reject) => {
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) =>
        resolve(await registry.decode(message.value ?? Buffer.alloc(0)));
      consumer.run({ eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    expect(seen).toEqual({ n: 7 });
  });
});
