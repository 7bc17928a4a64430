/**
 * The embedded Connect beside real Kafka Connect with Debezium: the same connectors on the same PostgreSQL and the same real
 * Kafka, alternating in one run; what counts are the ratios. Rates are by the times of the first and the last record (or row of a
 * sink), so that the start of a connector is not part of them.
 *
 *   npm run bench connect [rows, default 200000] [rounds, default 1] [parts of the table below, a,b]
 *
 * Needs java, and Kafka, Connect and Debezium from Maven Central (fetched once). With pg_recvlogical on the PATH the backlogs are
 * also read by it, which does nothing with them: what PostgreSQL itself can give.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { connectKafka } from '../../src/clients/kafka/client.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { pause, waitUntil } from '../../src/support/retry.js';
import { MANY_NEW_OBJECTS } from '../../src/targets/embedded-program.js';
import { startRealStack } from '../real/stack/stack.js';
import { forkServer } from '../support/fork-server.js';

const rows = Number(process.argv[2] ?? 200_000);
const rounds = Number(process.argv[3] ?? 1);
const parts = process.argv[4]?.split(',');
const LATENCY_SECONDS = 10;
const WAIT_MS = 240_000;
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter';
const AVRO = 'io.confluent.connect.avro.AvroConverter';

interface Worker {
  readonly name: 'ours' | 'real';
  readonly url: string;
  readonly pid: number;
  readonly startMs: number;
}

const life = new Lifetime();
const folder = await mkdtemp(join(tmpdir(), 'evpipe-bench-connect-'));
life.onEnd(() => rm(folder, { recursive: true, force: true }));

const measures = new Map<string, { ours: number[]; real: number[] }>();

function note(measure: string, { name }: Worker, value: number): void {
  const entry = measures.get(measure) ?? { ours: [], real: [] };
  entry[name].push(value);
  measures.set(measure, entry);
  console.error(`${measure}: ${name} ${value.toFixed(1)}`);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Proportional: shared pages count by their share. */
async function memoryMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

const needsRegistry = parts?.some((part) => part === 'avro') ?? true;
const postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
life.onEnd(() => postgres.remove());
const startedMs = performance.now();
const stack = await startRealStack({ kafka: { asInProduction: true }, ...(needsRegistry && { registry: true }) });
life.onEnd(() => stack.stop());
console.error(`Kafka${needsRegistry ? ' and the registry' : ''}: ${Math.round(performance.now() - startedMs)} ms`);
const { bootstrapServers } = stack.kafka;
const kafka = connectKafka({ bootstrapServers, clientId: 'bench' });
life.onEnd(() => kafka.close());

async function startReal(): Promise<Worker> {
  const begin = performance.now();
  const real = await startRealStack({ connect: { bootstrapServers, heapMb: 2048, asInProduction: true } });
  life.onEnd(() => real.stop());
  const { url, jvm } = real.connect;
  return { name: 'real', url, pid: jvm.pid, startMs: performance.now() - begin };
}

async function startOurs(): Promise<Worker> {
  const begin = performance.now();
  const entry = fileURLToPath(new URL('../../dist/embedded/connect/process.js', import.meta.url));
  const workerConfig = Object.fromEntries(
    ['config', 'offset', 'status'].map((what) => [`${what}.storage.topic`, `ours-${what}`]),
  );
  const child = forkServer(
    entry,
    { host: '127.0.0.1', port: 0, kafka: { bootstrapServers }, workerConfig },
    MANY_NEW_OBJECTS,
  );
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  life.onEnd(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  });
  return { name: 'ours', url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, startMs: performance.now() - begin };
}

async function ask(worker: Worker, method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(worker.url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${worker.name} ${method} ${path}: ${await response.text()}`);
}

const TABLE =
  'CREATE TABLE item (id int PRIMARY KEY, name text, amount numeric(10,2), note text, at timestamptz, n bigint)';
const INSERT = `INSERT INTO item SELECT i, 'name ' || i, i / 100.0, 'a note of some length, as they are', clock_timestamp(), i * 1000::bigint`;

let databases = 0;
async function database(worker: Worker) {
  const name = `d${++databases}_${worker.name}`;
  const admin = new pg.Client(postgres.url);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const client = new pg.Client(postgres.urlOf(name));
  await client.connect();
  await client.query(TABLE);
  return { name, client, topic: `${name}.public.item` };
}

type Place = Awaited<ReturnType<typeof database>>;

const source = ({ name }: Place, more: Readonly<Record<string, string>>): Record<string, string> => ({
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'database.hostname': '127.0.0.1',
  'database.port': String(postgres.port),
  'database.user': 'postgres',
  'database.password': postgres.password,
  'database.dbname': name,
  'plugin.name': 'pgoutput',
  'topic.prefix': name,
  'slot.name': name,
  'slot.drop.on.stop': 'false',
  'publication.autocreate.mode': 'filtered',
  'table.include.list': 'public.item',
  transforms: 'unwrap',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
  ...converters(JSON_CONVERTER, { 'schemas.enable': 'false' }),
  ...more,
});

const converters = (className: string, options: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    ['key', 'value'].flatMap((side) => [
      [`${side}.converter`, className],
      ...Object.entries(options).map(([name, value]) => [`${side}.converter.${name}`, value]),
    ]),
  );

async function endOf(topic: string): Promise<bigint> {
  if ((await kafka.describeTopic(topic)) === undefined) return 0n;
  return (await kafka.offsets(topic, 'latest')).reduce((sum, { offset }) => sum + offset, 0n);
}

async function untilWritten(topic: string, count: number): Promise<void> {
  await waitUntil(
    `${count} records of ${topic}`,
    async () => ((await endOf(topic)) >= BigInt(count) ? true : undefined),
    { timeoutMs: WAIT_MS, maxPauseMs: 100 },
  );
}

async function timeAt(topic: string, offset: bigint): Promise<number> {
  const reader = kafka.reader({ from: [{ topic, partition: 0, offset }], maxWaitMs: 50 });
  try {
    for await (const { records } of reader) {
      const found = records.find((record) => record.offset >= offset);
      if (found !== undefined) return found.timestampMs;
    }
  } finally {
    await reader.close();
  }
  throw new Error(`no record ${offset} of ${topic}`);
}

/** Records a second, by their own times. */
async function rate(topic: string, first: number, count: number): Promise<number> {
  const [from, to] = [await timeAt(topic, BigInt(first)), await timeAt(topic, BigInt(first + count - 1))];
  return count / ((to - from) / 1000);
}

const remove = (worker: Worker, place: Place): Promise<void> => ask(worker, 'DELETE', `/connectors/${place.name}`);

async function snapshot(worker: Worker, what: string, more: Readonly<Record<string, string>>): Promise<void> {
  const place = await database(worker);
  await place.client.query(`${INSERT} FROM generate_series(1, ${rows}) i`);
  await ask(worker, 'PUT', `/connectors/${place.name}/config`, source(place, more));
  await untilWritten(place.topic, rows);
  note(`snapshot, ${what}, rows/s`, worker, await rate(place.topic, 0, rows));
  await remove(worker, place);
  await place.client.end();
}

/** Written while the connector is stopped, in transactions of `size`. */
async function backlog(worker: Worker, what: string, size: number): Promise<void> {
  const place = await database(worker);
  await place.client.query(`${INSERT} FROM generate_series(1, 1) i`);
  await ask(worker, 'PUT', `/connectors/${place.name}/config`, source(place, {}));
  await untilWritten(place.topic, 1);
  await slotIsActive(place);
  await ask(worker, 'PUT', `/connectors/${place.name}/stop`);
  await untilSlot(place, 'NOT active');
  const slot = `${place.name}_received`;
  await place.client.query('SELECT pg_copy_logical_replication_slot($1, $2)', [place.name, slot]);
  await place.client.query(
    `DO $$ BEGIN FOR at IN 0..${rows / size - 1} LOOP ${INSERT} FROM generate_series(at * ${size} + 2, at * ${size} + ${size} + 1) i; COMMIT; END LOOP; END $$`,
  );
  if (worker.name === 'ours') await received(place, slot, what);
  await place.client.query('SELECT pg_drop_replication_slot($1)', [slot]);
  await ask(worker, 'PUT', `/connectors/${place.name}/resume`);
  await untilWritten(place.topic, rows + 1);
  note(`backlog, ${what}, rows/s`, worker, await rate(place.topic, 1, rows));
  await remove(worker, place);
  await place.client.end();
}

async function received({ name, client }: Place, slot: string, what: string): Promise<void> {
  const { rows: ends } = await client.query('SELECT pg_current_wal_lsn()::text AS lsn');
  const options = ['-o', 'proto_version=1', '-o', 'publication_names=dbz_publication', '--endpos', ends[0].lsn];
  const startedMs = performance.now();
  try {
    const to = ['-d', postgres.urlOf(name), '-S', slot, '-f', '/dev/null', '--no-loop'];
    await promisify(execFile)('pg_recvlogical', ['--start', ...to, ...options]);
  } catch (failure) {
    console.error(`pg_recvlogical could not read the backlog: ${failure}`);
    return;
  }
  const perSecond = rows / ((performance.now() - startedMs) / 1000);
  console.error(`backlog, ${what}, rows/s: pg_recvlogical ${perSecond.toFixed(1)}`);
}

const slotIsActive = (place: Place): Promise<void> => untilSlot(place, 'active');

async function untilSlot({ name, client }: Place, condition: string): Promise<void> {
  await waitUntil(
    `slot ${name} to be ${condition}`,
    async () => {
      const slot = `SELECT FROM pg_replication_slots WHERE slot_name = $1 AND ${condition}`;
      return (await client.query(slot, [name])).rows.length === 1 ? true : undefined;
    },
    { timeoutMs: WAIT_MS },
  );
}

/** From the moment that a row is inserted until a consumer has it. */
async function latency(worker: Worker, perSecond: number): Promise<void> {
  const place = await database(worker);
  await place.client.query(`${INSERT} FROM generate_series(1, 1) i`);
  await ask(worker, 'PUT', `/connectors/${place.name}/config`, source(place, {}));
  await untilWritten(place.topic, 1);
  await slotIsActive(place);
  const count = perSecond * LATENCY_SECONDS;
  const delays: number[] = [];
  const reader = kafka.reader({ from: [{ topic: place.topic, partition: 0, offset: 1n }], maxWaitMs: 500 });
  const consuming = (async () => {
    for await (const { records } of reader) {
      const now = performance.timeOrigin + performance.now();
      for (const { value } of records) delays.push(now - Date.parse(JSON.parse(String(value)).at));
      if (delays.length >= count) break;
    }
  })();
  const tickMs = 10;
  const perTick = (perSecond * tickMs) / 1000;
  const begin = performance.now();
  for (let tick = 0; tick < (LATENCY_SECONDS * 1000) / tickMs; tick++) {
    const wait = begin + tick * tickMs - performance.now();
    if (wait > 0) await pause(wait);
    const from = tick * perTick + 2;
    await place.client.query(`${INSERT} FROM generate_series(${from}, ${from + perTick - 1}) i`);
  }
  await consuming;
  await reader.close();
  delays.sort((a, b) => a - b);
  note(`latency at ${perSecond}/s, p50 ms`, worker, delays[Math.floor(delays.length * 0.5)] ?? Number.NaN);
  note(`latency at ${perSecond}/s, p99 ms`, worker, delays[Math.floor(delays.length * 0.99)] ?? Number.NaN);
  await remove(worker, place);
  await place.client.end();
}

let sinkTopic: string | undefined;

/** A topic with schemas, which both sinks read. */
async function topicOfSinks(worker: Worker): Promise<string> {
  if (sinkTopic !== undefined) return sinkTopic;
  const place = await database(worker);
  await place.client.query(`${INSERT} FROM generate_series(1, ${rows}) i`);
  const config = source(place, converters(JSON_CONVERTER, { 'schemas.enable': 'true' }));
  await ask(worker, 'PUT', `/connectors/${place.name}/config`, config);
  await untilWritten(place.topic, rows);
  await remove(worker, place);
  await place.client.end();
  sinkTopic = place.topic;
  return sinkTopic;
}

async function sink(worker: Worker, ours: Worker): Promise<void> {
  const topic = await topicOfSinks(ours);
  const place = await database(worker);
  await place.client.query('ALTER TABLE item ADD stored timestamptz DEFAULT clock_timestamp(), ALTER at TYPE text');
  await ask(worker, 'PUT', `/connectors/${place.name}/config`, {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    topics: topic,
    'connection.url': `jdbc:postgresql://127.0.0.1:${postgres.port}/${place.name}`,
    'connection.username': 'postgres',
    'connection.password': postgres.password,
    'insert.mode': 'upsert',
    'primary.key.mode': 'record_key',
    'collection.name.format': 'public.item',
    ...converters(JSON_CONVERTER, { 'schemas.enable': 'true' }),
  });
  await waitUntil(
    `${rows} rows of the sink`,
    async () => {
      const { rows: found } = await place.client.query('SELECT count(*)::int AS count FROM item');
      return found[0]?.count >= rows ? true : undefined;
    },
    { timeoutMs: WAIT_MS, maxPauseMs: 500 },
  );
  const { rows: took } = await place.client.query(
    'SELECT extract(epoch FROM max(stored) - min(stored))::float8 AS seconds FROM item',
  );
  note('JDBC sink, upsert, rows/s', worker, rows / took[0].seconds);
  await remove(worker, place);
  await place.client.end();
}

const ours = await startOurs();
const real = await startReal();

const PARTS: Readonly<Record<string, (worker: Worker) => Promise<void>>> = {
  json: (worker) => snapshot(worker, 'JSON without schemas', {}),
  schemas: (worker) => snapshot(worker, 'JSON with schemas', converters(JSON_CONVERTER, { 'schemas.enable': 'true' })),
  avro: (worker) => snapshot(worker, 'Avro', converters(AVRO, { 'schema.registry.url': stack.registry.url })),
  small: (worker) => backlog(worker, 'transactions of 10', 10),
  big: (worker) => backlog(worker, 'one transaction', rows),
  latency: async (worker) => {
    await latency(worker, 100);
    await latency(worker, 2_000);
  },
  sink: (worker) => sink(worker, ours),
};

try {
  for (const worker of [ours, real]) {
    note('start, ms', worker, worker.startMs);
    note('memory idle, MB', worker, await memoryMb(worker.pid));
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, part] of Object.entries(PARTS)) {
      if (parts?.includes(name) === false) continue;
      for (const worker of round % 2 === 0 ? [real, ours] : [ours, real]) await part(worker);
    }
  for (const worker of [ours, real]) note('memory after load, MB', worker, await memoryMb(worker.pid));
} finally {
  await life.end();
}
console.log('| measure | ours | real | ours ÷ real |\n|---|---|---|---|');
for (const [measure, { ours: us, real: them }] of measures) {
  const [a, b] = [median(us), median(them)];
  console.log(`| ${measure} | ${a.toFixed(1)} | ${b.toFixed(1)} | ${(a / b).toFixed(2)} |`);
}
