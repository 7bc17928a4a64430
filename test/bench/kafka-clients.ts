import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { downloadRealStack } from '../real/stack/download.js';

const run = promisify(execFile);

interface Address {
  readonly address: string;
}

const classpath = join(await downloadRealStack(), 'kafka', '*');
const java = (...args: string[]) =>
  run('java', ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classpath, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });

export async function createTopic({ address }: Address, topic: string, numPartitions: number): Promise<void> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
  await admin.disconnect();
}

export async function produce({ address }: Address, topic: string, records: number, bytes: number): Promise<number> {
  const { stdout } = await java(
    'org.apache.kafka.tools.ProducerPerformance',
    ...['--topic', topic, '--num-records', String(records), '--record-size', String(bytes)],
    ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${address}`, 'acks=all'],
  );
  return Number(/([\d.]+) records\/sec/.exec(stdout.trim().split('\n').at(-1) ?? '')?.[1]);
}

const program = (name: string): string => fileURLToPath(new URL(`${name}.java`, import.meta.url));

/** In microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Of a producer, or of one reader of all the topic's partitions. */
export async function latency(
  { address }: Address,
  topic: string,
  which: 'ProduceLatency' | 'ReadLatency',
  perSecond: number,
  records: number,
): Promise<Latency> {
  const { stdout } = await java(program(which), address, topic, String(perSecond), String(records));
  const [p50, p99] = stdout.trim().split(' ').map(Number);
  return { p50: p50 ?? Number.NaN, p99: p99 ?? Number.NaN };
}

/** In transactions per second. */
export async function transactions({ address }: Address, topic: string, count: number): Promise<number> {
  const { stdout } = await java(program('TransactionRate'), address, topic, String(count));
  return Number(stdout);
}

/** `suffix`: of the group, which has to be a new one each time. */
export async function consume({ address }: Address, topic: string, records: number, suffix = ''): Promise<number> {
  const { stdout } = await java(
    'org.apache.kafka.tools.ConsumerPerformance',
    ...[
      '--topic',
      topic,
      '--messages',
      String(records),
      '--bootstrap-server',
      address,
      '--group',
      `g-${topic}${suffix}`,
    ],
  );
  return Number(stdout.trim().split('\n').at(-1)?.split(',')[9]);
}

/**
 * So many records, and no wait for the end of the partition, which is a fetch of half a second on any broker; and a
 * queue that holds them all: with its usual one librdkafka stops fetching for a second as soon as the broker is 100,000
 * records, or 64 MiB, ahead of kcat's output, which then measures how often that happens.
 */
export async function kcat({ address }: Address, topic: string, records: number): Promise<number> {
  const startedMs = performance.now();
  const queue = `-X queued.min.messages=${2 * records} -X queued.max.messages.kbytes=2097151`;
  await run('sh', ['-c', `kcat -C -b ${address} -t ${topic} -o beginning -c ${records} ${queue} -q > /dev/null`]);
  return records / ((performance.now() - startedMs) / 1000);
}

export async function kafkajs({ address }: Address, topic: string, records: number): Promise<number> {
  const consumer = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).consumer({ groupId: `j-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const startedMs = performance.now();
  let seen = 0;
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async ({ batch }: { batch: { messages: unknown[] } }) => {
      seen += batch.messages.length;
      if (seen >= records) resolve();
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  const rate = records / ((performance.now() - startedMs) / 1000);
  await consumer.disconnect();
  return rate;
}
