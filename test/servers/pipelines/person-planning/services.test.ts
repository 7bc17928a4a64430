import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import confluent from '@kafkajs/confluent-schema-registry';
import { build } from 'esbuild';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres } from '../../../../src/clients/postgres/client.js';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { type RunningPostgres, startPostgres } from '../../../../src/embedded/postgres/server.js';
import { startSchemaRegistry } from '../../../../src/embedded/schema-registry/server.js';
import { Lifetime } from '../../../../src/support/lifetime.js';
import { silentLog } from '../../../../src/support/log.js';
import { waitUntil } from '../../../../src/support/retry.js';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = join(repository, 'pipelines/person-planning');
const PERSONS = 'public_person_entity_events';
const SHEETS = 'public_balance_sheet_entity_events';

const lifetime = new Lifetime();
let postgres: RunningPostgres;
let kafka: Kafka;
let registry: InstanceType<typeof confluent.SchemaRegistry>;
let env: Record<string, string>;
let built: string;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-person-planning-'));
  lifetime.onEnd(() => rmSync(dataDir, { recursive: true, force: true }));
  const [server, broker] = await Promise.all([
    startPostgres({ dataDir: join(dataDir, 'postgres') }),
    startKafka({ dataDir: join(dataDir, 'kafka') }),
    buildServices(),
  ]);
  postgres = server;
  lifetime.onEnd(() => postgres.remove());
  lifetime.onEnd(() => broker.stop());
  kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
  const address = { host: '127.0.0.1', port: 0, bootstrapServers: broker.bootstrapServers, log: silentLog };
  const { port, stop } = await startSchemaRegistry(address);
  lifetime.onEnd(stop);
  const registryUrl = `http://127.0.0.1:${port}`;
  registry = new confluent.SchemaRegistry({ host: registryUrl });
  env = { KAFKA_BOOTSTRAP_SERVERS: broker.bootstrapServers, SCHEMA_REGISTRY_URL: registryUrl, HOST: '127.0.0.1' };
  await Promise.all([migrate('person'), migrate('planning'), declareTopics(registryUrl)]);
}, 120_000);
afterAll(() => lifetime.end());

/** As the supervisor does, into a folder from which `evpipe/kit` is found. */
async function buildServices(): Promise<void> {
  mkdirSync(join(folder, '.evpipe'), { recursive: true });
  built = mkdtempSync(join(folder, '.evpipe', 'test-'));
  lifetime.onEnd(() => rmSync(built, { recursive: true }));
  const services = readdirSync(join(folder, 'services')).map((file) => join(folder, 'services', file));
  const kind = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const;
  await build({ ...kind, entryPoints: services, outdir: built, outExtension: { '.js': '.mjs' } });
}

async function migrate(database: string): Promise<void> {
  await sql('postgres', `CREATE DATABASE ${database}`);
  for (const file of readdirSync(join(folder, 'sql', database)).sort())
    await sql(database, readFileSync(join(folder, 'sql', database, file), 'utf8'));
}

async function declareTopics(registryUrl: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [PERSONS, SHEETS].map((topic) => ({ topic, numPartitions: 3 })) });
  await admin.disconnect();
  for (const [topic, file] of [
    [PERSONS, 'person-event'],
    [SHEETS, 'balance-sheet-event'],
  ] as const) {
    const schema = readFileSync(join(folder, 'schemas', `${file}.avsc`), 'utf8');
    const response = await fetch(`${registryUrl}/subjects/${topic}-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema }),
    });
    expect(response.status).toBe(200);
  }
}

async function sql(database: string, statement: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = await connectPostgres({ url: postgres.urlOf(database) });
  try {
    return await client.queryText(statement);
  } finally {
    await client.close();
  }
}

interface Service {
  readonly child: ChildProcess;
  readonly url: string;
  /** Resolves once it has printed this text. */
  says(text: string): Promise<unknown>;
}

/** The names that the pipeline's file would tell them. */
const TOLD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  person: { TOPIC: PERSONS },
  'planning-person-consumer': { TOPIC: PERSONS, GROUP: 'planning-person' },
  'planning-balance-sheet-consumer': { TOPIC: SHEETS, GROUP: 'planning-balance-sheet' },
};

/** Starts one as a process of its own and waits for the line that says it is ready. */
async function start(name: string, database: string, readyText: string): Promise<Service> {
  const child = spawn(process.execPath, [join(built, `${name}.mjs`)], {
    // Far from UTC: a day must stay the day that it is.
    env: {
      ...env,
      ...TOLD[name],
      PATH: process.env.PATH,
      DATABASE_URL: postgres.urlOf(database),
      TZ: 'America/Los_Angeles',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  lifetime.onEnd(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  const says = (text: string) =>
    waitUntil(
      () => `${name} to say ${text}; it said ${said}`,
      async () => said.includes(text) || undefined,
      { timeoutMs: 30_000 },
    );
  await says(readyText);
  return { child, says, url: /url=(\S+)/.exec(said)?.[1] ?? '' };
}

async function stop({ child }: Service): Promise<void> {
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}

async function send(topic: string, key: string, value: Buffer | null, timestampMs = Date.now()): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ key, value, timestamp: String(timestampMs) }] });
  await producer.disconnect();
}

async function until(database: string, query: string, wanted: readonly (readonly (string | null)[])[]): Promise<void> {
  let found: unknown;
  await waitUntil(
    () => `${query} to give ${JSON.stringify(wanted)}; it gives ${JSON.stringify(found)}`,
    async () => {
      found = await sql(database, query);
      return JSON.stringify(found) === JSON.stringify(wanted) || undefined;
    },
    { timeoutMs: 30_000 },
  );
}

const id = (number: number): string => `7c1f39a0-0000-4000-8000-${String(number).padStart(12, '0')}`;

describe('the services of person-planning', () => {
  it('carry a person from the API through the outbox to planning, and away again', async () => {
    const [person, consumer] = await Promise.all([
      start('person', 'person', 'answers'),
      start('planning-person-consumer', 'planning', 'joined'),
    ]);
    const call = (method: string, path: string, body?: object) =>
      fetch(`${person.url}/api/persons${path}`, {
        method,
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    const ada = { id: id(1), first_name: 'Ada', last_name: 'Lovelace', date_of_birth: '1815-12-10' };
    expect((await call('POST', '', ada)).status).toBe(201);
    expect((await call('POST', '', ada)).status).toBe(200);
    await call('PUT', `/${id(1)}`, { ...ada, date_of_birth: '1815-12-11' });
    await call('DELETE', `/${id(1)}`);

    const rows = await sql(
      'person',
      `SELECT topic, message_key, event_type, id, source, content_type, encode(payload, 'base64')
       FROM events_outboxitem ORDER BY timestamp`,
    );
    expect(rows.map((row) => row.slice(0, 3))).toEqual(
      ['created', 'updated', 'deleted'].map((kind) => [PERSONS, id(1), `person.${kind}`]),
    );
    const [created, updated, deleted] = rows.map((row) => (row[6] == null ? null : Buffer.from(row[6], 'base64')));
    if (!created || !updated || deleted !== null) throw new Error('a deletion, and only that, has no payload');
    expect(await registry.decode(created)).toMatchObject({
      specversion: '1.0',
      id: rows[0]?.[3],
      type: 'person.created',
      source: 'person',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: ada,
    });

    await send(PERSONS, id(1), created);
    await until('planning', 'SELECT * FROM planning_person', [[id(1), '1815-12-10']]);
    await send(PERSONS, id(1), updated);
    await until('planning', 'SELECT * FROM planning_person', [[id(1), '1815-12-11']]);
    await send(PERSONS, id(1), null);
    await until('planning', 'SELECT * FROM planning_person', []);
    await Promise.all([stop(person), stop(consumer)]);
  });

  it('let a balance sheet wait for its person, but not for one that does not come', async () => {
    const consumer = await start('planning-balance-sheet-consumer', 'planning', 'joined');
    const schemaId = await registry.getLatestSchemaId(`${SHEETS}-value`);
    const sheet = (number: number, assets: number | bigint = 1) => {
      const data = { id: id(number), person_id: id(9), date_calculated: '2026-01-01', assets, liabilities: -2 };
      return registry.encode(schemaId, { specversion: '1.0', id: 'e', type: 't', source: 's', time: 't', data });
    };
    const sheets = 'SELECT id, person_id, date_calculated, assets, liabilities FROM planning_balancesheet ORDER BY id';
    const row = (number: number, assets = '1') => [id(number), id(9), '2026-01-01', assets, '-2'];

    await send(SHEETS, id(10), await sheet(10), Date.now() - 3_600_000); // its person had an hour to come
    await until('planning', sheets, [row(10)]);
    await send(SHEETS, id(10), await sheet(10, 7)); // it has waited once
    await until('planning', sheets, [row(10, '7')]);
    await send(SHEETS, id(11), await sheet(11));
    await send(SHEETS, id(11), await sheet(11, 8));
    await consumer.says(`waits for person ${id(9)}`);
    expect(await sql('planning', sheets)).toEqual([row(10, '7')]);
    await send(SHEETS, id(10), null);
    await sql('planning', `INSERT INTO planning_person VALUES ('${id(9)}', '2000-01-01')`);
    await until('planning', sheets, [row(11, '8')]);
    await stop(consumer);
  });
});
