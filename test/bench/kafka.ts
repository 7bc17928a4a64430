/**
 * The embedded broker beside real Kafka: the same clients on the same machine, alternating in one run; what counts are
 * the ratios (rates ours ÷ real: more is better; CPU, latency, start and memory ours ÷ real: less is better).
 *
 *   npm run bench kafka [rounds]
 *
 * Needs java, kcat, and Kafka's own tools from Maven Central (fetched once).
 */
import { execFile, fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { downloadRealStack } from '../real/stack/download.js';
import { startRealKafka } from '../real/stack/kafka.js';

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 3);
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
  const startedMs = performance.now();
  const child = fork(fileURLToPath(new URL('../../dist/embedded/kafka/process.js', import.meta.url)), {
    env: { ...process.env, EVPIPE_SERVER_OPTIONS: JSON.stringify({ dataDir }) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
  });
  const startMs = performance.now() - startedMs;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { name: 'ours', address: `127.0.0.1:${port}`, pid: child.pid ?? 0, startMs, stop };
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
  await admin.createTopics({ topics: [{ topic, numPartitions }] });
  await admin.disconnect();
}

async function produce({ address }: Contender, topic: string, records: number, bytes: number, throughput = -1) {
  const { stdout } = await java(
    'org.apache.kafka.tools.ProducerPerformance',
    ...['--topic', topic, '--num-records', String(records), '--record-size', String(bytes)],
    ...['--throughput', String(throughput), '--producer-props', `bootstrap.servers=${address}`, 'acks=all'],
    ...(throughput > 0 ? ['linger.ms=0'] : []),
  );
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const number = (pattern: RegExp) => Number(pattern.exec(last)?.[1]);
  return { rate: number(/([\d.]+) records\/sec/), p50: number(/(\d+) ms 50th/), p99: number(/(\d+) ms 99th/) };
}

async function consume({ address }: Contender, topic: string, records: number): Promise<number> {
  const { stdout } = await java(
    'org.apache.kafka.tools.ConsumerPerformance',
    ...['--topic', topic, '--messages', String(records), '--bootstrap-server', address, '--group', `g-${topic}`],
  );
  return Number(stdout.trim().split('\n').at(-1)?.split(',')[9]);
}

async function kcat({ address }: Contender, topic: string, records: number): Promise<number> {
  const startedMs = performance.now();
  await run('sh', ['-c', `kcat -C -b ${address} -t ${topic} -e -q > /dev/null`]);
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
    note('produce 1M x 100 B, records/s', contender, (await produce(contender, small, 1_000_000, 100)).rate);
  });
  await withCpu(contender, 'CPU s per million consumed', 1, async () => {
    note('consume 1M x 100 B, records/s', contender, await consume(contender, small, 1_000_000));
  });
  note('produce 200k x 1 KiB, records/s', contender, (await produce(contender, large, 200_000, 1024)).rate);
  note('consume 200k x 1 KiB, records/s', contender, await consume(contender, large, 200_000));
  const four = await Promise.all([1, 2, 3, 4].map(() => produce(contender, wide, 250_000, 100)));
  note(
    '4 producers, 8 partitions, records/s',
    contender,
    four.reduce((sum, { rate }) => sum + rate, 0),
  );
  note('kcat -C, records/s', contender, await kcat(contender, small, 1_000_000));
  note('kafkajs consumer, records/s', contender, await kafkajs(contender, small, 1_000_000));
  const latency = await produce(contender, small, 20_000, 100, 2000);
  note('latency at 2,000/s p50, ms', contender, latency.p50, true);
  note('latency at 2,000/s p99, ms', contender, latency.p99, true);
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
} finally {
  for (const contender of contenders) await contender.stop();
  await rm(folder, { recursive: true, force: true });
}
