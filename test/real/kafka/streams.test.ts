import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { waitUntil } from '../../../src/support/retry.js';
import { compileJava } from './java.js';

const WORDS = 20;
const RECORDS = 20_000;

let folder: string;
let classpath: string;
let broker: RunningKafka;
let streams: ChildProcess | undefined;

const startBroker = (port = 0): Promise<RunningKafka> =>
  startKafka({
    dataDir: join(folder, 'broker'),
    port,
    config: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500' },
  });

function startStreams(): ChildProcess {
  const log = openSync(join(folder, 'streams.log'), 'a');
  const quiet = ['-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
  const args = [...quiet, '-cp', classpath, 'Counting', broker.bootstrapServers, join(folder, 'state')];
  return spawn('java', args, { stdio: ['pipe', log, log] });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-streams-'));
  classpath = await compileJava(folder);
  broker = await startBroker();
});

afterAll(async () => {
  streams?.kill('SIGKILL');
  await broker?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('counts every record exactly once (exactly_once_v2), though Streams is killed and the broker started again', async () => {
  const kafka = new Kafka({ brokers: [broker.bootstrapServers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: ['input', 'output'].map((topic) => ({ topic, numPartitions: 2 })) });
  await admin.disconnect();

  streams = startStreams();
  const counts = new Map<string, number[]>();
  const consumer = kafka.consumer({ groupId: 'reader', readUncommitted: false, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'output', fromBeginning: true });
  let seen = 0;
  await consumer.run({
    eachMessage: async ({ message }) => {
      const key = String(message.key);
      // The reader itself may be given a record twice where the broker was away: by offset, each counts once.
      const own = counts.get(key) ?? [];
      own[Number(message.offset)] = Number(message.value);
      counts.set(key, own);
      seen++;
    },
  });
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  for (let from = 0; from < RECORDS; from += 1000) {
    const messages = Array.from({ length: 1000 }, (_, at) => ({ key: `${from + at}`, value: `word-${at % WORDS}` }));
    await producer.send({ topic: 'input', messages });
    if (from === 4000) {
      await waitUntil('the first counts', async () => seen > 100 || undefined, { timeoutMs: 90_000 });
      streams.kill('SIGKILL');
      await once(streams, 'exit');
      streams = startStreams();
    }
    if (from === 12_000) {
      const before = seen;
      await waitUntil('more counts', async () => seen > before + 100 || undefined, { timeoutMs: 90_000 });
      const { port } = broker;
      await broker.stop();
      broker = await startBroker(port);
    }
  }
  await producer.disconnect();

  const total = () => [...counts.values()].reduce((sum, own) => sum + own.filter(() => true).length, 0);
  await waitUntil(
    () => `${RECORDS} counts, ${total()} are there`,
    async () => total() >= RECORDS || undefined,
    {
      timeoutMs: 120_000,
    },
  );
  await consumer.disconnect();
  streams.stdin?.end();
  await once(streams, 'exit');
  const inOrder = Array.from({ length: RECORDS / WORDS }, (_, at) => at + 1);
  for (const [word, own] of counts) expect([word, own.filter(() => true)]).toEqual([word, inOrder]);
  expect(counts.size).toBe(WORDS);
});
