/**
 * The embedded broker beside real Kafka: the same clients on the same machine, alternating in one run; what counts are
 * the ratios (rates ours ÷ real: more is better; CPU, latency, start and memory ours ÷ real: less is better).
 *
 *   npm run bench kafka [rounds] [gigabytes for the start with data, default 10; 0: none]
 *
 * Needs java, kcat, and Kafka's own tools from Maven Central (fetched once).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { downloadRealStack } from '../real/stack/download.js';
import { startRealKafka } from '../real/stack/kafka.js';
import { KafkaProcess } from '../support/kafka-process.js';
import { diskFloor, loopbackFloor } from './kafka-floor.js';
import { startsWithData } from './kafka-start.js';

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 3);
const gigabytes = Number(process.argv[3] ?? 10);
/** /proc/…/stat counts CPU time in these. */
const TICKS_PER_SECOND = 100;

interface Contender {
  readonly name: 'ours' | 'real';
  readonly address: string;
  readonly pid: number;
  readonly startMs: number;
  stop(): Promise<unknown>;
}

async function startOurs(dataDir: string): Promise<Contender> {
  const broker = await KafkaProcess.start(dataDir);
  const { address, pid, startMs } = broker;
  return { name: 'ours', address, pid, startMs, stop: () => broker.stop() };
}

async function startReal(dataDir: string): Promise<Contender> {
  const startedMs = performance.now();
  const real = await startRealKafka({ dataDir });
  const startMs = performance.now() - startedMs;
  const pid = real.jvm.pid;
  return { name: 'real', address: real.bootstrapServers, pid, startMs, stop: () => real.stop() };
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Proportional: shared pages count by their share. */
async function memoryMb(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

const measures = new Map<string, { ours: number[]; real: number[]; lessIsBetter: boolean }>();

function note(measure: string, { name }: Contender, value: number, lessIsBetter = false): void {
  const entry = measures.get(measure) ?? { ours: [], real: [], lessIsBetter };
  entry[name].push(value);
  measures.set(measure, entry);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const classpath = join(await downloadRealStack(), 'kafka', '*');
const java = (...args: string[]) =>
  run('java', ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classpath, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });

async function withCpu(contender: Contender, measure: string, millions: number, work: () => Promise<void>) {
  const before = await cpuSeconds(contender.pid);
  await work();
  note(measure, contender, ((await cpuSeconds(contender.pid)) - before) / millions, true);
}

async function createTopic({ address }: Contender, topic: string, numPartitions: number): Promise<void> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
  await admin.disconnect();
}

async function produce({ address }: Contender, topic: string, records: number, bytes: number): Promise<number> {
  const { stdout } = await java(
    'org.apache.kafka.tools.ProducerPerformance',
    ...['--topic', topic, '--num-records', String(records), '--record-size', String(bytes)],
    ...['--throughput', '-1', '--producer-props', `bootstrap.servers=${address}`, 'acks=all'],
  );
  return Number(/([\d.]+) records\/sec/.exec(stdout.trim().split('\n').at(-1) ?? '')?.[1]);
}

/** In microseconds. */
async function latency({ address }: Contender, topic: string): Promise<{ readonly p50: number; readonly p99: number }> {
  const sender = fileURLToPath(new URL('ProduceLatency.java', import.meta.url));
  const { stdout } = await java(sender, address, topic, '2000', '30000');
  const [p50, p99] = stdout.trim().split(' ').map(Number);
  return { p50: p50 ?? Number.NaN, p99: p99 ?? Number.NaN };
}

async function consume({ address }: Contender, topic: string, records: number): Promise<number> {
  const { stdout } = await java(
    'org.apache.kafka.tools.ConsumerPerformance',
    ...['--topic', topic, '--messages', String(records), '--bootstrap-server', address, '--group', `g-${topic}`],
  );
  return Number(stdout.trim().split('\n').at(-1)?.split(',')[9]);
}

/**
 * So many records, and no wait for the end of the partition, which is a fetch of half a second on any broker; and a
 * queue that holds them all: with its usual one librdkafka stops fetching for a second as soon as the broker is 100,000
 * records ahead of kcat's output, which then measures how often that happens.
 */
async function kcat({ address }: Contender, topic: string, records: number): Promise<number> {
  const startedMs = performance.now();
  const queue = `-X queued.min.messages=${2 * records}`;
  await run('sh', ['-c', `kcat -C -b ${address} -t ${topic} -o beginning -c ${records} ${queue} -q > /dev/null`]);
  return records / ((performance.now() - startedMs) / 1000);
}

async function kafkajs({ address }: Contender, topic: string, records: number): Promise<number> {
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

async function measure(contender: Contender, round: number): Promise<void> {
  const [small, large, wide] = [`small-${round}`, `large-${round}`, `wide-${round}`];
  await createTopic(contender, small, 1);
  await createTopic(contender, large, 1);
  await createTopic(contender, wide, 8);
  await withCpu(contender, 'CPU s per million produced', 1, async () => {
    note('produce 1M x 100 B, records/s', contender, await produce(contender, small, 1_000_000, 100));
  });
  await withCpu(contender, 'CPU s per million consumed', 1, async () => {
    note('consume 1M x 100 B, records/s', contender, await consume(contender, small, 1_000_000));
  });
  note('produce 200k x 1 KiB, records/s', contender, await produce(contender, large, 200_000, 1024));
  note('consume 200k x 1 KiB, records/s', contender, await consume(contender, large, 200_000));
  const four = await Promise.all([1, 2, 3, 4].map(() => produce(contender, wide, 250_000, 100)));
  note(
    '4 producers, 8 partitions, records/s',
    contender,
    four.reduce((sum, rate) => sum + rate, 0),
  );
  note('kcat -C, records/s', contender, await kcat(contender, small, 1_000_000));
  note('kafkajs consumer, records/s', contender, await kafkajs(contender, small, 1_000_000));
  const { p50, p99 } = await latency(contender, small);
  note('latency at 2,000/s p50, µs', contender, p50, true);
  note('latency at 2,000/s p99, µs', contender, p99, true);
  note('memory after the load, MB', contender, await memoryMb(contender.pid), true);
}

const folder = await mkdtemp(join(tmpdir(), 'evpipe-bench-kafka-'));
const contenders: Contender[] = [];
try {
  contenders.push(await startOurs(join(folder, 'ours')), await startReal(join(folder, 'real')));
  for (const contender of contenders) {
    note('start, ms', contender, contender.startMs, true);
    note('memory idle, MB', contender, await memoryMb(contender.pid), true);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) await measure(contender, round);
    console.error(`round ${round + 1} of ${rounds} done`);
  }
  for (const [measure, { ours, real, lessIsBetter }] of measures) {
    const [own, theirs] = [median(ours), median(real)];
    const figures = [own, theirs].map((value) =>
      value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2),
    );
    const ratio = (own / theirs).toFixed(2);
    console.log(
      `${measure.padEnd(38)} ours ${figures[0]?.padStart(10)}  real ${figures[1]?.padStart(10)}  ratio ${ratio}${lessIsBetter ? ' (less is better)' : ''}`,
    );
  }
  console.log(`appending to a file in batches of 16 KB: ${Math.round(diskFloor())} MB/s`);
  console.log(`one connection over loopback: ${Math.round(await loopbackFloor())} MB/s`);
  if (gigabytes > 0) {
    const { metadataMs, lastRecordsMs, afterKillMs } = await startsWithData(gigabytes);
    console.log(
      `start with ${gigabytes} GB: metadata after ${Math.round(metadataMs)} ms, each partition's last record after ` +
        `${Math.round(lastRecordsMs)} ms; after SIGKILL all ends known after ${Math.round(afterKillMs)} ms`,
    );
  }
} finally {
  for (const contender of contenders) await contender.stop();
  await rm(folder, { recursive: true, force: true });
}
