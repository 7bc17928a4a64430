import { describe, expect, it } from 'vitest';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { addOffsetsToTxn } from '../../../../src/protocol/kafka/messages/add-offsets-to-txn.js';
import { addPartitionsToTxn } from '../../../../src/protocol/kafka/messages/add-partitions-to-txn.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { endTxn } from '../../../../src/protocol/kafka/messages/end-txn.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { initProducerId } from '../../../../src/protocol/kafka/messages/init-producer-id.js';
import { offsetFetch } from '../../../../src/protocol/kafka/messages/offset-fetch.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { txnOffsetCommit } from '../../../../src/protocol/kafka/messages/txn-offset-commit.js';
import { isControl, producerEpochOf, recordsOf, sizeOf } from '../../../../src/protocol/kafka/record-batch.js';
import { batchOf } from '../../../support/kafka-batch.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { seeded } from '../../../support/seeded.js';
import { TestBroker } from './running-broker.js';

const TOPIC = 't';
const PARTITIONS = 3;
const TRANSACTIONS = 150;
const ID = 'producer';
const GROUP = 'g';

/** Versions of requests by how transactions end: with the same epoch, or with the next one (KIP-890). */
const ENDS = {
  'with the same epoch': { produce: 11, add: 3, offsets: 3, end: 4 },
  'with the next epoch': { produce: 12, add: undefined, offsets: 5, end: 5 },
} as const;

/**
 * A producer whose every request may be sent again, as after an answer that was lost: nothing that it does is wrong, so
 * that no answer may say so.
 */
class RetryingProducer {
  private producerId = -1n;
  private epoch = -1;
  private sequences = new Map<number, number>();
  readonly errors: string[] = [];

  constructor(
    private client: RawClient,
    private readonly versions: (typeof ENDS)[keyof typeof ENDS],
    private readonly random: () => number,
  ) {}

  reconnect(client: RawClient): void {
    this.client = client;
  }

  /** Once or twice; the last answer counts. */
  private async sent<Answer>(what: string, send: () => Promise<Answer>, code: (answer: Answer) => number | undefined) {
    let answer = await send();
    if (this.random() < 0.3) answer = await send();
    const error = errorName(code(answer) ?? -1);
    if (error !== 'NONE') this.errors.push(`${what}: ${error}`);
    return answer;
  }

  private named = () => ({ transactionalId: ID, producerId: this.producerId, producerEpoch: this.epoch });

  async init(): Promise<void> {
    const request = { transactionalId: ID, transactionTimeoutMs: 60_000 };
    const answer = await this.client.send(initProducerId, 4, request);
    this.producerId = answer.producerId;
    this.epoch = answer.producerEpoch;
    this.sequences.clear();
  }

  async write(partition: number, value: string): Promise<void> {
    const { add } = this.versions;
    if (add !== undefined) {
      const request = {
        v3AndBelowTransactionalId: ID,
        v3AndBelowProducerId: this.producerId,
        v3AndBelowProducerEpoch: this.epoch,
        v3AndBelowTopics: [{ name: TOPIC, partitions: [partition] }],
      };
      await this.sent(
        'add',
        () => this.client.send(addPartitionsToTxn, add, request),
        ({ resultsByTopicV3AndBelow: topics }) => topics[0]?.resultsByPartition[0]?.partitionErrorCode,
      );
    }
    const baseSequence = this.sequences.get(partition) ?? 0;
    this.sequences.set(partition, baseSequence + 1);
    const attributes = { producerId: Number(this.producerId), producerEpoch: this.epoch, baseSequence };
    const send = () => {
      const records = batchOf([value], { ...attributes, transactional: true });
      const topicData = [{ name: TOPIC, partitionData: [{ index: partition, records }] }];
      const request = { transactionalId: ID, acks: -1, timeoutMs: 1000, topicData };
      return this.client.send(produce, this.versions.produce, request);
    };
    await this.sent('produce', send, ({ responses }) => responses[0]?.partitionResponses[0]?.errorCode);
  }

  async commitOffset(offset: number): Promise<void> {
    const added = { ...this.named(), groupId: GROUP };
    const topics = [{ name: TOPIC, partitions: [{ partitionIndex: 0, committedOffset: BigInt(offset) }] }];
    if (this.versions.add !== undefined) {
      const send = () => this.client.send(addOffsetsToTxn, 3, added);
      await this.sent('add offsets', send, ({ errorCode }) => errorCode);
    }
    const send = () => this.client.send(txnOffsetCommit, this.versions.offsets, { ...added, topics });
    await this.sent('offsets', send, (answer) => answer.topics[0]?.partitions[0]?.errorCode);
  }

  async end(committed: boolean): Promise<void> {
    const { end } = this.versions;
    const request = { ...this.named(), committed };
    const answer = await this.sent(
      committed ? 'commit' : 'abort',
      () => this.client.send(endTxn, end, request),
      ({ errorCode }) => errorCode,
    );
    if (end < 5) return;
    this.producerId = answer.producerId;
    this.epoch = answer.producerEpoch;
    this.sequences.clear();
  }
}

/** What a reader of committed data gets, without what the answer says was aborted. */
async function committedIn(client: RawClient, partition: number): Promise<string[]> {
  const partitions = [{ partition, fetchOffset: 0n, partitionMaxBytes: 10_000_000 }];
  const request = { maxWaitMs: 0, minBytes: 1, isolationLevel: 1, topics: [{ topic: TOPIC, partitions }] };
  const found = (await client.send(fetch, 12, request)).responses[0]?.partitions[0];
  const bytes = found?.records ?? Buffer.alloc(0);
  const aborted = (found?.abortedTransactions ?? [])
    .map(({ firstOffset }) => Number(firstOffset))
    .sort((a, b) => a - b);
  const values: string[] = [];
  let skips = false;
  for (let at = 0; at < bytes.length; at += sizeOf(bytes, at)) {
    const batch = bytes.subarray(at, at + sizeOf(bytes, at));
    expect(producerEpochOf(batch)).toBeGreaterThanOrEqual(0);
    const records = [...recordsOf(batch)];
    if (isControl(batch)) skips = false;
    else {
      if (aborted[0] === records[0]?.offset) {
        aborted.shift();
        skips = true;
      }
      if (!skips) values.push(...records.map(({ value }) => String(value)));
    }
  }
  return values;
}

describe.each(Object.entries(ENDS))('a transactional producer that ends %s and repeats its requests', (_, versions) => {
  it('is never told that its transaction is in another state, also where the broker is restarted between', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9);
    const random = seeded(seed);
    const broker = await TestBroker.start();
    let client = await broker.client();
    await client.send(createTopics, 5, {
      topics: [{ name: TOPIC, numPartitions: PARTITIONS, replicationFactor: 1 }],
    });
    const producer = new RetryingProducer(client, versions, random);
    await producer.init();
    const expected = Array.from({ length: PARTITIONS }, (): string[] => []);
    let offset = -1;
    for (let at = 0; at < TRANSACTIONS; at++) {
      const commits = random() < 0.6;
      const writes = 1 + Math.floor(random() * 4);
      for (let written = 0; written < writes; written++) {
        const partition = Math.floor(random() * PARTITIONS);
        await producer.write(partition, `${at}-${written}`);
        if (commits) expected[partition]?.push(`${at}-${written}`);
      }
      if (random() < 0.3) {
        await producer.commitOffset(at);
        if (commits) offset = at;
      }
      if (random() < 0.02) {
        await broker.restart();
        client = await broker.client();
        producer.reconnect(client);
      }
      await producer.end(commits);
    }
    const read = await Promise.all(expected.map((__, partition) => committedIn(client, partition)));
    const groups = [{ groupId: GROUP, topics: [{ name: TOPIC, partitionIndexes: [0] }] }];
    const fetched = await client.send(offsetFetch, 8, { groups });
    const committed = Number(fetched.groups[0]?.topics[0]?.partitions[0]?.committedOffset);
    expect({ seed, errors: producer.errors, read, committed }).toEqual({
      seed,
      errors: [],
      read: expected,
      committed: offset,
    });
  });
});
