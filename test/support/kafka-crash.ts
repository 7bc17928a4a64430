import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import getPort from 'get-port';
import { errorName } from '../../src/protocol/kafka/errors.js';
import { addOffsetsToTxn } from '../../src/protocol/kafka/messages/add-offsets-to-txn.js';
import { addPartitionsToTxn } from '../../src/protocol/kafka/messages/add-partitions-to-txn.js';
import { createTopics } from '../../src/protocol/kafka/messages/create-topics.js';
import { endTxn } from '../../src/protocol/kafka/messages/end-txn.js';
import { fetch } from '../../src/protocol/kafka/messages/fetch.js';
import { initProducerId } from '../../src/protocol/kafka/messages/init-producer-id.js';
import { offsetFetch } from '../../src/protocol/kafka/messages/offset-fetch.js';
import { produce } from '../../src/protocol/kafka/messages/produce.js';
import { txnOffsetCommit } from '../../src/protocol/kafka/messages/txn-offset-commit.js';
import {
  isControl,
  isTransactional,
  lastOffsetOf,
  markerTypeOf,
  producerIdOf,
  recordsOf,
  sizeOf,
} from '../../src/protocol/kafka/record-batch.js';
import { pause } from '../../src/support/retry.js';
import { forkServer } from './fork-server.js';
import { batchOf } from './kafka-batch.js';
import { RawClient } from './kafka-raw-client.js';
import { seeded } from './seeded.js';

const ENTRY = fileURLToPath(new URL('../../dist/embedded/kafka/process.js', import.meta.url));
const [PLAIN, TRANSACTIONAL] = ['plain', 'transactional'] as const;
const PLAIN_PRODUCERS = 3;
const TRANSACTIONAL_PRODUCERS = 3;
const PARTITIONS = 2;
const RECORDS_PER_BATCH = 20;

export interface CrashReport {
  readonly acknowledged: number;
  readonly committed: number;
  readonly aborted: number;
  /** What must not be, in words; none is what a broker owes. */
  readonly violations: readonly string[];
}

/**
 * Kills a broker (`kills` times, at points that `seed` chooses) while idempotent producers and transactional ones with
 * consumer offsets write to it, each going on until it is acknowledged, as real clients do. Then compares what readers
 * see with what was acknowledged.
 */
export async function crash(options: { readonly kills: number; readonly seed: number }): Promise<CrashReport> {
  const random = seeded(options.seed);
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-crash-'));
  const port = await getPort({ host: '127.0.0.1' });
  const load = new Load(`127.0.0.1:${port}`);
  let child = await start(dataDir, port);
  try {
    await load.createTopics();
    const plain = Array.from({ length: PLAIN_PRODUCERS }, (_, at) => new IdempotentProducer(load, at));
    const transactional = Array.from(
      { length: TRANSACTIONAL_PRODUCERS },
      (_, at) => new TransactionalProducer(load, at, seeded(options.seed * 1000 + at)),
    );
    const working = Promise.all([...plain, ...transactional].map((producer) => producer.work()));
    working.catch(() => load.stop()); // the failure itself is awaited below
    for (let kills = 0; kills < options.kills && load.running; kills++) {
      await load.progress(20 + Math.floor(random() * 60));
      await pause(random() * 30);
      await kill(child);
      if (random() < 0.2) {
        // It dies again while it recovers.
        child = spawned(dataDir, port);
        await pause(random() * 300);
        await kill(child);
      }
      child = await start(dataDir, port);
    }
    await load.progress(40);
    load.stop();
    await working;
    return await compare(load, plain, transactional);
  } finally {
    load.stop();
    await kill(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function spawned(dataDir: string, port: number): ChildProcess {
  return forkServer(ENTRY, { dataDir, port });
}

async function start(dataDir: string, port: number): Promise<ChildProcess> {
  const child = spawned(dataDir, port);
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}`)));
  });
  return child;
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  return ended;
}

class ConnectionLost extends Error {}

/** What all producers share: the address, and how far they are. */
class Load {
  running = true;
  private steps = 0;

  constructor(readonly address: string) {}

  stop(): void {
    this.running = false;
  }

  step(): void {
    this.steps++;
  }

  /** Waits until this many batches or transactions more are done. */
  async progress(count: number): Promise<void> {
    const until = this.steps + count;
    while (this.steps < until && this.running) await pause(5);
  }

  async createTopics(): Promise<void> {
    const client = await this.connect();
    await client.send(createTopics, 5, {
      topics: [
        { name: PLAIN, numPartitions: PLAIN_PRODUCERS, replicationFactor: 1 },
        { name: TRANSACTIONAL, numPartitions: PARTITIONS, replicationFactor: 1 },
      ],
    });
    client.close();
  }

  /** Tries again and again until the broker is back. */
  async connect(): Promise<RawClient> {
    for (;;) {
      try {
        return await RawClient.open(this.address);
      } catch {
        await pause(10);
      }
    }
  }
}

/** A failure that is no lost connection is a broken promise of the broker, and ends the test. */
async function orLost<T>(sent: Promise<T>): Promise<T> {
  try {
    return await sent;
  } catch (failure) {
    if (failure instanceof Error && failure.message.includes('closed the connection')) throw new ConnectionLost();
    throw failure;
  }
}

/** Repeats what was interrupted by a lost connection, on a new one. */
async function persist<T>(load: Load, work: (client: RawClient) => Promise<T>, client?: RawClient) {
  let current = client ?? (await load.connect());
  for (;;) {
    try {
      return { answer: await orLost(work(current)), client: current };
    } catch (failure) {
      if (!(failure instanceof ConnectionLost)) throw failure;
      current = await load.connect();
    }
  }
}

function mustBeFine(what: string, code: number | undefined): void {
  if (code !== 0) throw new Error(`${what} was answered ${code === undefined ? 'nothing' : errorName(code)}`);
}

/** Writes numbers to a partition of its own, each batch until it is acknowledged. */
class IdempotentProducer {
  count = 0;

  constructor(
    private readonly load: Load,
    readonly partition: number,
  ) {}

  async work(): Promise<void> {
    const init = { transactionalId: null, transactionTimeoutMs: 1000 };
    const begun = await persist(this.load, (client) => client.send(initProducerId, 4, init));
    const own = { producerId: Number(begun.answer.producerId), producerEpoch: begun.answer.producerEpoch };
    let { client } = begun;
    while (this.load.running) {
      const values = Array.from({ length: RECORDS_PER_BATCH }, (_, at) => String(this.count + at));
      const records = batchOf(values, { ...own, baseSequence: this.count });
      const topicData = [{ name: PLAIN, partitionData: [{ index: this.partition, records }] }];
      const request = { acks: -1, timeoutMs: 1000, topicData };
      const sent = await persist(this.load, (one) => one.send(produce, 9, request), client);
      client = sent.client;
      mustBeFine('an idempotent batch', sent.answer.responses[0]?.partitionResponses[0]?.errorCode);
      this.count += values.length;
      this.load.step();
    }
    client.close();
  }
}

type Outcome = 'committed' | 'aborted' | 'unknown';

/**
 * Transaction n writes `producer:n:0…` to both partitions and commits n as an offset of its own group. Where the
 * connection is lost before the end was asked for, the transaction counts as aborted: a new epoch aborts it. Where it is lost
 * with the end under way, it either asks again, as clients do, or leaves it and only whole or nothing is expected.
 */
class TransactionalProducer {
  readonly outcomes: Outcome[] = [];
  private producerId = 0n;
  private producerEpoch = 0;
  private sequences = new Map<number, number>();

  constructor(
    private readonly load: Load,
    readonly number: number,
    private readonly random: () => number,
  ) {}

  get transactionalId(): string {
    return `tx-${this.number}`;
  }

  get group(): string {
    return `group-${this.number}`;
  }

  async work(): Promise<void> {
    let client = await this.begin();
    while (this.load.running) {
      const outcome = await this.transaction(client);
      this.outcomes.push(outcome.outcome);
      this.load.step();
      client = outcome.lost ? await this.begin() : client;
    }
    client.close();
    // Nothing stays open: what was lost last is aborted.
    (await this.begin()).close();
  }

  /** A new epoch, which fences and aborts whatever was under way. */
  private async begin(): Promise<RawClient> {
    const init = { transactionalId: this.transactionalId, transactionTimeoutMs: 60_000 };
    const { answer, client } = await persist(this.load, (one) => one.send(initProducerId, 4, init));
    mustBeFine('InitProducerId', answer.errorCode);
    this.adopt(answer.producerId, answer.producerEpoch);
    return client;
  }

  private adopt(producerId: bigint, producerEpoch: number): void {
    if (producerId === this.producerId && producerEpoch === this.producerEpoch) return;
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
    this.sequences = new Map();
  }

  private async transaction(client: RawClient): Promise<{ readonly outcome: Outcome; readonly lost: boolean }> {
    const commits = this.random() < 0.8;
    try {
      await this.write(client);
    } catch (failure) {
      if (failure instanceof ConnectionLost) return { outcome: 'aborted', lost: true };
      throw failure;
    }
    const outcome = commits ? 'committed' : 'aborted';
    const ending = this.ending(commits);
    try {
      await orLost(ending(client));
      return { outcome, lost: false };
    } catch (failure) {
      if (!(failure instanceof ConnectionLost)) throw failure;
    }
    if (this.random() < 0.5) return { outcome: commits ? 'unknown' : 'aborted', lost: true };
    const again = await persist(this.load, ending);
    again.client.close();
    return { outcome, lost: true };
  }

  private async write(client: RawClient): Promise<void> {
    const own = {
      transactionalId: this.transactionalId,
      producerId: this.producerId,
      producerEpoch: this.producerEpoch,
    };
    const explicit = this.random() < 0.5;
    const partitions = Array.from({ length: PARTITIONS }, (_, at) => at);
    if (explicit) {
      const { resultsByTopicV3AndBelow: results } = await orLost(
        client.send(addPartitionsToTxn, 3, {
          v3AndBelowTransactionalId: own.transactionalId,
          v3AndBelowProducerId: own.producerId,
          v3AndBelowProducerEpoch: own.producerEpoch,
          v3AndBelowTopics: [{ name: TRANSACTIONAL, partitions }],
        }),
      );
      for (const one of results[0]?.resultsByPartition ?? []) mustBeFine('AddPartitionsToTxn', one.partitionErrorCode);
    }
    for (const index of partitions) {
      const count = 1 + Math.floor(this.random() * 5);
      const values = Array.from({ length: count }, (_, at) => `${this.number}:${this.outcomes.length}:${at}/${count}`);
      const baseSequence = this.sequences.get(index) ?? 0;
      const batch = { producerId: Number(own.producerId), producerEpoch: own.producerEpoch, baseSequence };
      const records = batchOf(values, { ...batch, transactional: true });
      // From version 12 on a produce adds its partition to the transaction by itself (KIP-890).
      const answer = await orLost(
        client.send(produce, explicit ? 11 : 12, {
          transactionalId: own.transactionalId,
          acks: -1,
          timeoutMs: 1000,
          topicData: [{ name: TRANSACTIONAL, partitionData: [{ index, records }] }],
        }),
      );
      mustBeFine('a transactional batch', answer.responses[0]?.partitionResponses[0]?.errorCode);
      this.sequences.set(index, baseSequence + count);
    }
    const added = await orLost(client.send(addOffsetsToTxn, 3, { ...own, groupId: this.group }));
    mustBeFine('AddOffsetsToTxn', added.errorCode);
    const committedOffset = BigInt(this.outcomes.length);
    const offsets = [{ partitionIndex: 0, committedOffset, committedMetadata: null }];
    const { topics } = await orLost(
      client.send(txnOffsetCommit, 3, { ...own, groupId: this.group, topics: [{ name: PLAIN, partitions: offsets }] }),
    );
    mustBeFine('TxnOffsetCommit', topics[0]?.partitions[0]?.errorCode);
  }

  private ending(committed: boolean): (client: RawClient) => Promise<void> {
    const { transactionalId, producerId, producerEpoch } = this;
    const version = this.random() < 0.5 ? 4 : 5;
    return async (client) => {
      const answer = await client.send(endTxn, version, { transactionalId, producerId, producerEpoch, committed });
      mustBeFine(`EndTxn ${version}`, answer.errorCode);
      if (version >= 5) this.adopt(answer.producerId, answer.producerEpoch);
    };
  }
}

/** What a reader of committed data gets: whole batches, without those of aborted transactions. */
async function readCommitted(client: RawClient, topic: string, partition: number): Promise<string[]> {
  const values: string[] = [];
  const aborting = new Set<number>();
  let next = 0n;
  for (;;) {
    const partitions = [{ partition, fetchOffset: next, partitionMaxBytes: 1_000_000 }];
    const request = { maxWaitMs: 0, minBytes: 1, isolationLevel: 1, topics: [{ topic, partitions }] };
    const answer = (await client.send(fetch, 12, request)).responses[0]?.partitions[0];
    const bytes = answer?.records ?? Buffer.alloc(0);
    if (answer === undefined || bytes.length === 0) {
      if (answer?.lastStableOffset !== answer?.highWatermark) values.push('a transaction is still open');
      return values;
    }
    const aborted = [...(answer.abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset - b.firstOffset));
    for (let at = 0; at + 61 <= bytes.length && at + sizeOf(bytes, at) <= bytes.length; at += sizeOf(bytes, at)) {
      const batch = bytes.subarray(at, at + sizeOf(bytes, at));
      const last = BigInt(lastOffsetOf(batch));
      // Each of the list begins at its offset and ends with the next abort marker of its producer.
      while ((aborted[0]?.firstOffset ?? last + 1n) <= last) aborting.add(Number(aborted.shift()?.producerId));
      const producer = producerIdOf(batch);
      if (isControl(batch)) {
        if (markerTypeOf(batch) === 'abort') aborting.delete(producer);
      } else if (!isTransactional(batch) || !aborting.has(producer)) {
        for (const { offset, value } of recordsOf(batch)) if (BigInt(offset) >= next) values.push(String(value));
      }
      next = last + 1n;
    }
  }
}

async function compare(
  load: Load,
  plain: readonly IdempotentProducer[],
  transactional: readonly TransactionalProducer[],
): Promise<CrashReport> {
  const violations: string[] = [];
  const client = await load.connect();
  for (const { partition, count } of plain) {
    const values = await readCommitted(client, PLAIN, partition);
    const wrong = values.findIndex((value, at) => Number(value) !== at);
    if (values.length !== count) violations.push(`${PLAIN}-${partition}: ${values.length} of ${count} records`);
    if (wrong >= 0) violations.push(`${PLAIN}-${partition}: ${values[wrong]} at place ${wrong}`);
  }
  const seen = new Map<number, Set<number>>();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const values = await readCommitted(client, TRANSACTIONAL, partition);
    for (const { number, outcomes } of transactional) {
      const own = values.filter((value) => value.startsWith(`${number}:`) || !value.includes(':'));
      const visible = new Set(own.map((value) => Number(value.split(':')[1])));
      const expected = outcomes.flatMap((outcome, at) =>
        outcome === 'committed' || (outcome === 'unknown' && (seen.get(number) ?? visible).has(at)) ? [at] : [],
      );
      violations.push(...disorder(`producer ${number} in partition ${partition}`, own, expected));
      seen.set(number, visible);
    }
  }
  for (const { group, number } of transactional) {
    const last = Math.max(-1, ...(seen.get(number) ?? []));
    const { groups } = await client.send(offsetFetch, 8, {
      requireStable: true,
      groups: [{ groupId: group, topics: [{ name: PLAIN, partitionIndexes: [0] }] }],
    });
    const offset = Number(groups[0]?.topics[0]?.partitions[0]?.committedOffset ?? -1n);
    if (offset !== last) violations.push(`${group} has offset ${offset}, its last committed transaction is ${last}`);
  }
  client.close();
  const outcomes = transactional.flatMap((producer) => producer.outcomes);
  const of = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
  const acknowledged = plain.reduce((sum, { count }) => sum + count, 0);
  return { acknowledged, committed: of('committed'), aborted: of('aborted'), violations };
}

/** Each expected transaction whole, once and in order, and nothing else. */
function disorder(where: string, values: readonly string[], expected: readonly number[]): string[] {
  const problems: string[] = [];
  let at = 0;
  for (const transaction of expected) {
    const count = Number(values[at]?.split('/')[1] ?? 1);
    for (let record = 0; record < count; record++, at++) {
      if (!values[at]?.includes(`:${transaction}:${record}/`)) {
        problems.push(`${where}: record ${record} of transaction ${transaction} expected, ${values[at]} found`);
        return problems;
      }
    }
  }
  if (at < values.length) problems.push(`${where}: ${values[at]} should not be there`);
  return problems;
}
