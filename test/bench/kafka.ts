/**
 * The embedded broker beside real Kafka: the same clients on the same machine, alternating in one run; what counts are
 * the ratios (rates ours ÷ real: more is better; CPU, latency, start and memory ours ÷ real: less is better).
 *
 *   npm run bench kafka [rounds] [gigabytes for the start with data, default 10; 0: none] [parts of the table below, a,b]
 *
 * Needs java, kcat, and Kafka's own tools from Maven Central (fetched once).
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRealKafka } from '../real/stack/kafka.js';
import { KafkaProcess } from '../support/kafka-process.js';
import { consume, createTopic, kafkajs, kcat, latency, produce, transactions } from './kafka-clients.js';
import { diskFloor, loopbackFloor } from './kafka-floor.js';
import { startsWithData } from './kafka-start.js';
import { manyTopics } from './kafka-topics.js';

const rounds = Number(process.argv[2] ?? 3);
const gigabytes = Number(process.argv[3] ?? 10);
const parts = process.argv[4]?.split(',');
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
  const real = await startRealKafka({ dataDir, asInProduction: true });
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

/** Of what is read, for each time that it is written. */
const REPEATS = 3;

const measures = new Map<string, { ours: number[]; real: number[]; lessIsBetter: boolean }>();

function note(measure: string, { name }: Contender, value: number, lessIsBetter = false): void {
  const entry = measures.get(measure) ?? { ours: [], real: [], lessIsBetter };
  entry[name].push(value);
  measures.set(measure, entry);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function withCpu(contender: Contender, measure: string, millions: number, work: () => Promise<void>) {
  const before = await cpuSeconds(contender.pid);
  await work();
  note(measure, contender, ((await cpuSeconds(contender.pid)) - before) / millions, true);
}

/**
 * How much of the machine's cores the broker takes meanwhile: what its clients, on the same cores, could gain from a broker that
 * costs nothing.
 */
async function withShare<T>(contender: Contender, what: string, work: () => Promise<T>): Promise<T> {
  const [before, startedMs] = [await cpuSeconds(contender.pid), performance.now()];
  const result = await work();
  const seconds = (performance.now() - startedMs) / 1000;
  const share = ((await cpuSeconds(contender.pid)) - before) / (seconds * availableParallelism());
  note(`of the cores, the broker's part, ${what}, %`, contender, 100 * share, true);
  return result;
}

/** What is measured in each round, one after the other; the third argument chooses among them. */
const PARTS: Readonly<Record<string, (contender: Contender, round: number) => Promise<void>>> = {
  async small(contender, round) {
    const topic = `small-${round}`;
    await createTopic(contender, topic, 1);
    await withCpu(contender, 'CPU s per million produced', 1, async () => {
      note('produce 1M x 100 B, records/s', contender, await produce(contender, topic, 1_000_000, 100));
    });
    await withCpu(contender, 'CPU s per million consumed', 1, async () => {
      note('consume 1M x 100 B, records/s', contender, await consume(contender, topic, 1_000_000));
    });
    note('kcat -C 1M x 100 B, records/s', contender, await kcat(contender, topic, 1_000_000));
    note('kafkajs consumer, records/s', contender, await kafkajs(contender, topic, 1_000_000));
  },
  async large(contender, round) {
    const topic = `large-${round}`;
    await createTopic(contender, topic, 1);
    const producing = () => produce(contender, topic, 200_000, 1024);
    note('produce 200k x 1 KiB, records/s', contender, await withShare(contender, 'producing 1 KiB', producing));
    // A second each, of which a client that has just started is half: what counts is the median of several.
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const consuming = () => consume(contender, topic, 200_000, `-${repeat}`);
      note('consume 200k x 1 KiB, records/s', contender, await withShare(contender, 'consuming 1 KiB', consuming));
      note('kcat -C 200k x 1 KiB, records/s', contender, await kcat(contender, topic, 200_000));
    }
  },
  async producers(contender, round) {
    await createTopic(contender, `eight-${round}`, 8);
    const four = await withShare(contender, '4 producers', () =>
      Promise.all([1, 2, 3, 4].map(() => produce(contender, `eight-${round}`, 250_000, 100))),
    );
    const rate = four.reduce((sum, one) => sum + one, 0);
    note('4 producers, 8 partitions, records/s', contender, rate);
    await createTopic(contender, `hundred-${round}`, 100);
    note(
      '1 producer, 100 partitions, records/s',
      contender,
      await produce(contender, `hundred-${round}`, 1_000_000, 100),
    );
  },
  async latency(contender, round) {
    await createTopic(contender, `latency-${round}`, 1);
    const { p50, p99 } = await latency(contender, `latency-${round}`, 'ProduceLatency', 2000, 30_000);
    note('latency at 2,000/s p50, µs', contender, p50, true);
    note('latency at 2,000/s p99, µs', contender, p99, true);
    note('memory after the load, MB', contender, await memoryMb(contender.pid), true);
  },
  async readers(contender, round) {
    const topic = `thousand-${round}`;
    await createTopic(contender, topic, 1000);
    for (const perSecond of [500, 2000]) {
      const { p50, p99 } = await latency(contender, topic, 'ReadLatency', perSecond, 6 * perSecond);
      note(`reader of 1,000 partitions, ${perSecond}/s p50, µs`, contender, p50, true);
      note(`reader of 1,000 partitions, ${perSecond}/s p99, µs`, contender, p99, true);
    }
  },
  async transactions(contender, round) {
    await createTopic(contender, `transactions-${round}`, 4);
    note('transactions of 10 records/s', contender, await transactions(contender, `transactions-${round}`, 3000));
  },
  async busy(contender, round) {
    await createTopic(contender, `busy-${round}`, 1);
    const processes = Array.from({ length: 8 }, () => spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }));
    try {
      const { p50, p99 } = await latency(contender, `busy-${round}`, 'ProduceLatency', 500, 3000);
      note('beside 8 busy processes, 500/s p50, µs', contender, p50, true);
      note('beside 8 busy processes, 500/s p99, µs', contender, p99, true);
    } finally {
      for (const one of processes) one.kill('SIGKILL');
    }
  },
};

const chosen = Object.entries(PARTS).filter(([name]) => parts === undefined || parts.includes(name));

const folder = await mkdtemp(join(tmpdir(), 'evpipe-bench-kafka-'));
const contenders: Contender[] = [];
try {
  contenders.push(await startOurs(join(folder, 'ours')), await startReal(join(folder, 'real')));
  for (const contender of contenders) {
    note('start, ms', contender, contender.startMs, true);
    note('memory idle, MB', contender, await memoryMb(contender.pid), true);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [part, measure] of chosen) {
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        await measure(contender, round).catch((cause: unknown) => {
          throw new Error(`${part} failed with ${contender.name}`, { cause });
        });
      }
    }
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
  if (parts?.includes('topics') ?? true) {
    const { createMs, startAfterKillMs, stopMs } = await manyTopics();
    console.log(
      `2,000 topics x 10 partitions: created in ${Math.round(createMs)} ms, described ${Math.round(startAfterKillMs)} ms ` +
        `after the start that follows SIGKILL, stopped in ${Math.round(stopMs)} ms`,
    );
  }
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
