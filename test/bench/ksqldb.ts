/**
 * The embedded ksqlDB engine beside hand-written Kafka Streams, alternating on one embedded broker in one run: records a
 * second between the first tenth of the results and the last. What counts is the ratio, ours ÷ Kafka Streams.
 *
 *   npm run bench ksqldb [records, default 2000000] [rounds, default 3] [programs, filter,count,join]
 *
 * Needs java, and Kafka's jars from Maven Central (fetched once).
 */
import { spawn } from 'node:child_process';
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

interface Program {
  readonly name: string;
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
];

function qtyOf(at: number): number {
  return (at * 7) % 20;
}

const recordOf = (at: number): string =>
  `{"ID":${at},"NAME":"item ${at % 1000} of the shop","CATEGORY":"c${at % 5000}","QTY":${qtyOf(at)},"PRICE":${(at % 997) + 0.5},"PAD":"xxxxxxxxxx"}`;

async function load(kafka: KafkaClient): Promise<void> {
  for (const name of ['s', 't']) await kafka.createTopic({ name, partitions: 1 });
  const producer = kafka.producer();
  const send = async (topic: string, total: number, value: (at: number) => string) => {
    for (let at = 0; at < total; at += 1) {
      producer.append({ topic, partition: 0, key: Buffer.from(`k${at % KEYS}`), value: Buffer.from(value(at)) });
      await producer.room();
    }
  };
  await send('t', KEYS, (at) => `{"LABEL":"label ${at}"}`);
  await send('s', records, recordOf);
  await producer.close();
}

/** Records a second between a tenth of the results and all of them, and the part of a core that was used meanwhile. */
async function rate(
  kafka: KafkaClient,
  sink: string,
  results: number,
  cpuSeconds = () => Number.NaN,
): Promise<{ readonly perSecond: number; readonly cores: number }> {
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
      const perSecond = (((now - first) / results) * records) / seconds;
      return { perSecond, cores: (cpuSeconds() - firstCpu) / seconds };
    }
    await pause(POLL_MS);
  }
}

async function ours(kafka: KafkaClient, url: string, { sql, results }: Program, sink: string) {
  const ask = async (text: string) => {
    const streamsProperties = { 'auto.offset.reset': 'earliest' };
    const answer = await fetch(`${url}/ksql`, {
      method: 'POST',
      body: JSON.stringify({ ksql: text, streamsProperties }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json() as Promise<ReadonlyArray<{ commandStatus: { queryId: string } }>>;
  };
  const [created] = await ask(sql(sink));
  const measured = await rate(kafka, sink, results, () => cpuSecondsOf(engine.pid ?? 0));
  await ask(`TERMINATE ${created?.commandStatus.queryId};`);
  return measured;
}

async function streams(kafka: KafkaClient, address: string, { name, results }: Program, sink: string, folder: string) {
  await kafka.createTopic({ name: sink, partitions: 1 });
  const classpath = join(await downloadRealStack(), 'kafka', '*');
  const source = fileURLToPath(new URL('StreamsRate.java', import.meta.url));
  const options = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classpath, source];
  const child = spawn('java', [...options, address, name, folder, 's', 't', sink], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  try {
    return (await rate(kafka, sink, results)).perSecond;
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
const engine = forkServer(
  fileURLToPath(new URL('../../dist/embedded/ksqldb/process.js', import.meta.url)),
  {
    host: '127.0.0.1',
    port: 0,
    kafka: { bootstrapServers: broker.address },
  },
  MANY_NEW_OBJECTS,
);
const [{ port }] = (await once(engine, 'message')) as [{ port: number }];
const url = `http://127.0.0.1:${port}`;
const kafka = connectKafka({ bootstrapServers: broker.address, clientId: 'bench' });
try {
  await load(kafka);
  const columns = 'K STRING KEY, ID BIGINT, NAME STRING, CATEGORY STRING, QTY INT, PRICE DOUBLE';
  const ksql = `CREATE STREAM S (${columns}) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
    CREATE TABLE T (K STRING PRIMARY KEY, LABEL STRING) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');`;
  await fetch(`${url}/ksql`, { method: 'POST', body: JSON.stringify({ ksql }) });
  const chosen = process.argv[4]?.split(',');
  for (const program of PROGRAMS.filter(({ name }) => chosen?.includes(name) ?? true)) {
    const found: { ours: number[]; streams: number[]; cores: number[] } = { ours: [], streams: [], cores: [] };
    for (let round = 0; round < rounds; round += 1) {
      const sink = `${program.name}_${round}`.toUpperCase();
      const { perSecond, cores } = await ours(kafka, url, program, sink);
      found.ours.push(perSecond);
      found.cores.push(cores);
      const state = join(folder, `state-${sink}`);
      found.streams.push(await streams(kafka, broker.address, program, `streams-${sink}`, state));
    }
    const [a, b] = [median(found.ours), median(found.streams)];
    const each = (list: readonly number[]) => list.map(thousands).join(' ');
    console.log(
      `${program.name}: ours ${thousands(a)}/s (${each(found.ours)}), Kafka Streams ${thousands(b)}/s (${each(found.streams)}), ratio ${(a / b).toFixed(2)}; the engine took ${median(found.cores).toFixed(2)} of a core`,
    );
  }
} finally {
  engine.kill();
  await kafka.close();
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
}
