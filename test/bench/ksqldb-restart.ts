/**
 * The embedded ksqlDB engine after kill -9: how long until it listens, until a pull query answers, until the first new result is
 * in the sink, and the CPU that its process took until it answered; then pull queries by key, with nothing else to do and while
 * records arrive.
 *
 *   npm run bench ksqldb-restart [keys, default 20000] [rounds, default 3]
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { connectKafka } from '../../src/clients/kafka/client.js';
import { pause } from '../../src/support/retry.js';
import { MANY_NEW_OBJECTS } from '../../src/targets/embedded-program.js';
import { forkServer } from '../support/fork-server.js';
import { cpuSecondsOf, KafkaProcess } from '../support/kafka-process.js';

const keys = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 3);
const PULLS = 2_000;
/** Records a second while pull queries are asked. */
const ARRIVING_PER_SECOND = 10_000;
const POLL_MS = 10;

const folder = await mkdtemp(join(tmpdir(), 'evpipe-bench-ksqldb-restart-'));
const broker = await KafkaProcess.start(join(folder, 'broker'));
const kafka = connectKafka({ bootstrapServers: broker.address, clientId: 'bench' });

async function startEngine() {
  const child = forkServer(
    fileURLToPath(new URL('../../dist/embedded/ksqldb/process.js', import.meta.url)),
    {
      host: '127.0.0.1',
      port: 0,
      kafka: { bootstrapServers: broker.address },
    },
    MANY_NEW_OBJECTS,
  );
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, url: `http://127.0.0.1:${port}` };
}

/** One connection that stays. Not fetch: its own garbage would be half of what is measured. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function post(url: string, path: string, body: object): Promise<string> {
  const asked = request(`${url}${path}`, { method: 'POST', agent });
  asked.end(JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const said = await text(answer);
  if (answer.statusCode !== 200) throw new Error(said);
  return said;
}

const pull = (url: string, at: number) => post(url, '/query', { ksql: `SELECT * FROM C WHERE K = 'k${at}';` });

const sinkEnd = async (): Promise<number> => {
  const ends = await kafka.offsets('C', 'latest').catch(() => []);
  return ends.reduce((sum, { offset }) => sum + Number(offset), 0);
};

async function pullTimes(): Promise<string> {
  const times: number[] = [];
  for (let at = 0; at < PULLS; at += 1) {
    const startedMs = performance.now();
    await pull(engine.url, (at * 7919) % keys);
    times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  const quantile = (share: number): string => `${times[Math.floor(PULLS * share)]?.toFixed(1)} ms`;
  return `p50 ${quantile(0.5)}, p99 ${quantile(0.99)}`;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await pause(POLL_MS);
}

const since = (startedMs: number): string => `${Math.round(performance.now() - startedMs)} ms`;

let engine = await startEngine();
try {
  await post(engine.url, '/ksql', {
    ksql: `CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
      CREATE TABLE C AS SELECT K, COUNT(*) AS N, SUM(A) AS T FROM S GROUP BY K;`,
  });
  const producer = kafka.producer();
  const record = (at: number) => ({
    topic: 's',
    partition: 0,
    key: Buffer.from(`k${at % keys}`),
    value: Buffer.from(`{"A":${at % 100}}`),
  });
  for (let at = 0; at < keys; at += 1) {
    producer.append(record(at));
    await producer.room();
  }
  await producer.flush();
  await until(async () => (await sinkEnd()) >= keys);
  // So that the client has compiled what it repeats: after a restart only the engine has yet to.
  for (let warm = 0; warm < 2; warm += 1) await pullTimes();
  for (let round = 0; round < rounds; round += 1) {
    const exited = once(engine.child, 'exit');
    engine.child.kill('SIGKILL');
    await exited;
    const before = await sinkEnd();
    await producer.send([record(round)]);
    const startedMs = performance.now();
    const result = until(async () => (await sinkEnd()) > before).then(() => since(startedMs));
    engine = await startEngine();
    const listens = since(startedMs);
    await pull(engine.url, 0);
    const pulls = since(startedMs);
    const cpuSeconds = cpuSecondsOf(engine.child.pid ?? 0).toFixed(2);
    console.log(`listens ${listens}, pulls ${pulls} at ${cpuSeconds} s of CPU, first result ${await result}`);
  }
  console.log(`pull by key, the first after the restart: ${await pullTimes()}`);
  await pullTimes();
  console.log(`pull by key, later: ${await pullTimes()}`);
  let written = 0;
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) / 1000) * ARRIVING_PER_SECOND;
    for (; written < due; written += 1) producer.append(record(written * 7));
  }, POLL_MS);
  const during = await pullTimes();
  clearInterval(timer);
  console.log(`pull by key while ${ARRIVING_PER_SECOND} records a second arrive: ${during}`);
  await producer.close();
} finally {
  engine.child.kill('SIGKILL');
  await kafka.close();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
