/**
 * The embedded ksqlDB engine beside hand-written Kafka Streams, alternating on one embedded broker in one run: records a
 * second between the first tenth of the results and the last. What counts is the ratio, ours ÷ Kafka Streams; where other
 * work has the cores too, the CPU that either takes for a record says more.
 *
 *   npm run bench ksqldb [records, default 2000000] [rounds, default 3] [programs, filter,count,join,sum,avro,foreign] [ours]
 *
 * Needs java, and Kafka's jars from Maven Central (fetched once).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectKafka } from '../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../src/clients/kafka/contract.js';
import { pause } from '../../src/support/retry.js';
import { MANY_NEW_OBJECTS } from '../../src/targets/embedded-program.js';
import { downloadRealStack } from '../real/stack/download.js';
import { forkServer } from '../support/fork-server.js';
import { cpuSecondsOf, KafkaProcess } from '../support/kafka-process.js';

const records = Number(process.argv[2] ?? 2_000_000);
const rounds = Number(process.argv[3] ?? 3);
const KEYS = 10_000;
const POLL_MS = 20;

const WITH = "VALUE_FORMAT='JSON', PARTITIONS=1";

/** Records a second, and microseconds of CPU that one took. */
interface Measured {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

interface Program {
  readonly name: string;
  /** What it needs besides S and T: its table or stream, and the topic that Kafka Streams reads. */
  readonly source?: {
    readonly topic: string;
    readonly sql: string;
    readonly fill?: (kafka: KafkaClient) => Promise<void>;
  };
  readonly sql: (sink: string) => string;
  readonly results: number;
}

const count = (matches: (at: number) => boolean): number =>
  Array.from({ length: records }, (_, at) => at).filter(matches).length;

const PROGRAMS: readonly Program[] = [
  {
    name: 'filter',
    sql: (sink) => `CREATE STREAM ${sink} AS SELECT K, ID, NAME, PRICE FROM S WHERE QTY > 10;`,
    results: count((at) => qtyOf(at) > 10),
  },
  {
    name: 'count',
    sql: (sink) => `CREATE TABLE ${sink} AS SELECT CATEGORY, COUNT(*) AS N FROM S GROUP BY CATEGORY;`,
    results: records,
  },
  {
    name: 'join',
    sql: (sink) => `CREATE STREAM ${sink} AS SELECT S.K AS K, ID, NAME, PRICE, LABEL FROM S JOIN T ON S.K = T.K;`,
    results: records,
  },
  {
    name: 'sum',
    sql: (sink) =>
      `CREATE TABLE ${sink} AS SELECT ID, SUM(QTY) AS N FROM S WINDOW TUMBLING (SIZE 1 HOURS) GROUP BY ID;`,
    results: records,
  },
  {
    name: 'avro',
    source: {
      topic: 'a',
      sql: "CREATE STREAM A WITH (KAFKA_TOPIC='a', VALUE_FORMAT='AVRO', PARTITIONS=1) AS SELECT * FROM S;",
    },
    sql: (sink) => `CREATE STREAM ${sink} AS SELECT K, ID, NAME, PRICE FROM A WHERE QTY > 10;`,
    results: count((at) => qtyOf(at) > 10),
  },
  {
    name: 'foreign',
    source: {
      topic: 'f',
      sql: `CREATE TABLE F (K STRING PRIMARY KEY, REF STRING, NAME STRING, PRICE DOUBLE) WITH (KAFKA_TOPIC='f', ${WITH});`,
      fill: (kafka) =>
        send(kafka, 'f', records, (at) => ({
          key: `f${at}`,
          value: `{"REF":"k${at % KEYS}","NAME":"item ${at % 1000} of the shop","PRICE":${(at % 997) + 0.5}}`,
        })),
    },
    sql: (sink) => `CREATE TABLE ${sink} AS SELECT F.K AS K, NAME, PRICE, LABEL FROM F JOIN T ON F.REF = T.K;`,
    results: records,
  },
];

function qtyOf(at: number): number {
  return (at * 7) % 20;
}

const recordOf = (at: number): string =>
  `{"ID":${at},"NAME":"item ${at % 1000} of the shop","CATEGORY":"c${at % 5000}","QTY":${qtyOf(at)},"PRICE":${(at % 997) + 0.5},"PAD":"xxxxxxxxxx"}`;

async function send(
  kafka: KafkaClient,
  topic: string,
  total: number,
  recordAt: (at: number) => { readonly key: string; readonly value: string },
): Promise<void> {
  await kafka.createTopic({ name: topic, partitions: 1 });
  const producer = kafka.producer();
  for (let at = 0; at < total; at += 1) {
    const { key, value } = recordAt(at);
    producer.append({ topic, partition: 0, key: Buffer.from(key), value: Buffer.from(value) });
    await producer.room();
  }
  await producer.close();
}

async function load(kafka: KafkaClient): Promise<void> {
  await send(kafka, 't', KEYS, (at) => ({ key: `k${at}`, value: `{"LABEL":"label ${at}"}` }));
  await send(kafka, 's', records, (at) => ({ key: `k${at % KEYS}`, value: recordOf(at) }));
}

/** Between a tenth of the results and all of them: records a second, and the CPU that each took. */
async function rate(kafka: KafkaClient, sink: string, results: number, cpuSeconds: () => number): Promise<Measured> {
  const end = async (): Promise<number> => {
    const positions = await kafka.offsets(sink, 'latest').catch(() => []);
    return positions.reduce((sum, { offset }) => sum + Number(offset), 0);
  };
  let [first, firstMs, firstCpu] = [0, 0, 0];
  for (;;) {
    const now = await end();
    if (first === 0 && now >= results / 10) [first, firstMs, firstCpu] = [now, performance.now(), cpuSeconds()];
    if (now >= results) {
      const seconds = (performance.now() - firstMs) / 1000;
      const done = ((now - first) / results) * records;
      return { perSecond: done / seconds, cpuMicros: ((cpuSeconds() - firstCpu) * 1e6) / done };
    }
    await pause(POLL_MS);
  }
}

async function ask(url: string, text: string): Promise<ReadonlyArray<{ commandStatus: { queryId: string } }>> {
  const streamsProperties = { 'auto.offset.reset': 'earliest' };
  const answer = await fetch(`${url}/ksql`, {
    method: 'POST',
    body: JSON.stringify({ ksql: text, streamsProperties }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json() as Promise<ReadonlyArray<{ commandStatus: { queryId: string } }>>;
}

/** The topic that a program reads, full, and the Avro schema of its values where they have one. */
async function prepare(
  kafka: KafkaClient,
  url: string,
  { source }: Program,
): Promise<{ topic: string; schema: string }> {
  if (source === undefined) return { topic: 's', schema: '' };
  await source.fill?.(kafka);
  const [made] = await ask(url, source.sql);
  if (source.fill !== undefined) return { topic: source.topic, schema: '' };
  await rate(kafka, source.topic, records, () => Number.NaN);
  await ask(url, `TERMINATE ${made?.commandStatus.queryId};`);
  const latest = await fetch(`${registryUrl}/subjects/${source.topic}-value/versions/latest`);
  return { topic: source.topic, schema: ((await latest.json()) as { schema: string }).schema };
}

async function ours(kafka: KafkaClient, url: string, { sql, results }: Program, sink: string) {
  const [created] = await ask(url, sql(sink));
  const measured = await rate(kafka, sink, results, () => cpuSecondsOf(engine.pid ?? 0));
  await ask(url, `TERMINATE ${created?.commandStatus.queryId};`);
  return measured;
}

async function streams(
  kafka: KafkaClient,
  address: string,
  { name, results }: Program,
  { topic, schema }: { readonly topic: string; readonly schema: string },
  sink: string,
  folder: string,
): Promise<Measured> {
  await kafka.createTopic({ name: sink, partitions: 1 });
  const stack = await downloadRealStack();
  const classpath = [join(stack, 'kafka', '*'), join(stack, 'plugins', 'avro-converter', '*')].join(':');
  const source = fileURLToPath(new URL('StreamsRate.java', import.meta.url));
  const options = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classpath, source];
  const child = spawn('java', [...options, address, name, folder, topic, 't', sink, schema], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  try {
    return await rate(kafka, sink, results, () => cpuSecondsOf(child.pid ?? 0));
  } finally {
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const thousands = (perSecond: number): string => `${Math.round(perSecond / 1000)}k`;

const folder = await mkdtemp(join(tmpdir(), 'evpipe-bench-ksqldb-'));
const broker = await KafkaProcess.start(join(folder, 'broker'));
const portOf = async (child: ChildProcess): Promise<number> =>
  ((await once(child, 'message')) as [{ port: number }])[0].port;
const entry = (server: string): string =>
  fileURLToPath(new URL(`../../dist/embedded/${server}/process.js`, import.meta.url));
const registry = forkServer(entry('schema-registry'), {
  host: '127.0.0.1',
  port: 0,
  bootstrapServers: broker.address,
});
const registryUrl = `http://127.0.0.1:${await portOf(registry)}`;
const engine = forkServer(
  entry('ksqldb'),
  {
    host: '127.0.0.1',
    port: 0,
    kafka: { bootstrapServers: broker.address },
    schemaRegistry: { url: registryUrl },
  },
  MANY_NEW_OBJECTS,
);
const url = `http://127.0.0.1:${await portOf(engine)}`;
const kafka = connectKafka({ bootstrapServers: broker.address, clientId: 'bench' });
try {
  await load(kafka);
  const columns = 'K STRING KEY, ID BIGINT, NAME STRING, CATEGORY STRING, QTY INT, PRICE DOUBLE';
  await ask(
    url,
    `CREATE STREAM S (${columns}) WITH (KAFKA_TOPIC='s', ${WITH});
     CREATE TABLE T (K STRING PRIMARY KEY, LABEL STRING) WITH (KAFKA_TOPIC='t', ${WITH});`,
  );
  const chosen = process.argv[4]?.split(',');
  const isAlone = process.argv[5] === 'ours';
  for (const program of PROGRAMS.filter(({ name }) => chosen?.includes(name) ?? true)) {
    const found: { ours: Measured[]; streams: Measured[] } = { ours: [], streams: [] };
    const input = await prepare(kafka, url, program);
    for (let round = 0; round < rounds; round += 1) {
      const sink = `${program.name}_${round}`.toUpperCase();
      found.ours.push(await ours(kafka, url, program, sink));
      if (isAlone) continue;
      const state = join(folder, `state-${sink}`);
      found.streams.push(await streams(kafka, broker.address, program, input, `streams-${sink}`, state));
    }
    const perSecond = (list: readonly Measured[]) => median(list.map((each) => each.perSecond));
    const shown = (name: string, list: readonly Measured[]) =>
      `${name} ${thousands(perSecond(list))}/s (${list.map((each) => thousands(each.perSecond)).join(' ')}) at ${list.map(({ cpuMicros }) => cpuMicros.toFixed(1)).join(' ')} µs of CPU a record`;
    console.log(
      `${program.name}: ${shown('ours', found.ours)}, ${shown('Kafka Streams', found.streams)}, ratio ${(perSecond(found.ours) / perSecond(found.streams)).toFixed(2)}`,
    );
  }
} finally {
  engine.kill();
  registry.kill();
  await kafka.close();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
