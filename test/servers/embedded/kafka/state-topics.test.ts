import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Broker } from '../../../../src/embedded/kafka/broker.js';
import { errorName } from '../../../../src/protocol/kafka/errors.js';
import { addOffsetsToTxn } from '../../../../src/protocol/kafka/messages/add-offsets-to-txn.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteRecords } from '../../../../src/protocol/kafka/messages/delete-records.js';
import { describeGroups } from '../../../../src/protocol/kafka/messages/describe-groups.js';
import { describeTransactions } from '../../../../src/protocol/kafka/messages/describe-transactions.js';
import { endTxn } from '../../../../src/protocol/kafka/messages/end-txn.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { findCoordinator } from '../../../../src/protocol/kafka/messages/find-coordinator.js';
import { initProducerId } from '../../../../src/protocol/kafka/messages/init-producer-id.js';
import { listGroups } from '../../../../src/protocol/kafka/messages/list-groups.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { offsetCommit } from '../../../../src/protocol/kafka/messages/offset-commit.js';
import { offsetFetch } from '../../../../src/protocol/kafka/messages/offset-fetch.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { txnOffsetCommit } from '../../../../src/protocol/kafka/messages/txn-offset-commit.js';
import { isControl, type LoggedRecord, recordsOf, sizeOf } from '../../../../src/protocol/kafka/record-batch.js';
import { OFFSET_COMMIT, TRANSACTION, typeOf } from '../../../../src/protocol/kafka/state-records.js';
import { lineLog } from '../../../../src/support/log.js';
import { batchOf } from '../../../support/kafka-batch.js';
import type { RawClient } from '../../../support/kafka-raw-client.js';
import { TestBroker } from './running-broker.js';

const ONE_PARTITION = { 'offsets.topic.num.partitions': '1', 'transaction.state.log.num.partitions': '1' };

/** What a reader of these topics gets. */
async function recordsIn(client: RawClient, topic: string, isolationLevel = 0): Promise<LoggedRecord[]> {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 10_000_000 }];
  const request = { maxWaitMs: 0, minBytes: 1, isolationLevel, topics: [{ topic, partitions }] };
  const bytes = (await client.send(fetch, 12, request)).responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
  const found: LoggedRecord[] = [];
  for (let at = 0; at < bytes.length; at += sizeOf(bytes, at)) {
    const batch = bytes.subarray(at, at + sizeOf(bytes, at));
    if (!isControl(batch)) found.push(...recordsOf(batch));
  }
  return found;
}

const offsetsIn = async (client: RawClient, isolationLevel = 0) =>
  (await recordsIn(client, '__consumer_offsets', isolationLevel)).map(({ key, value }) => {
    if (key === null || typeOf(key) !== OFFSET_COMMIT.type) return undefined;
    const { group, topic, partition } = OFFSET_COMMIT.keyOf(key);
    return [group, topic, partition, value === null ? null : Number(OFFSET_COMMIT.valueOf(value).offset)];
  });

async function begin(config: Record<string, string> = ONE_PARTITION): Promise<[TestBroker, RawClient]> {
  const broker = await TestBroker.start({ config });
  const client = await broker.client();
  await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
  return [broker, client];
}

const COMMITTED = { offset: 3n, leaderEpoch: 0, metadata: '', commitTimestamp: BigInt(Date.now()) };

const at = (committedOffset: bigint) => [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset }] }];

async function committed(client: RawClient, groupId = 'g'): Promise<number> {
  const groups = [{ groupId, topics: [{ name: 't', partitionIndexes: [0] }] }];
  const answer = await client.send(offsetFetch, 8, { groups });
  return Number(answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset);
}

async function beginTransaction(client: RawClient, offset: bigint) {
  const transactionalId = 'tx';
  const { producerId, producerEpoch } = await client.send(initProducerId, 4, {
    transactionalId,
    transactionTimeoutMs: 60_000,
  });
  const producer = { transactionalId, producerId, producerEpoch, groupId: 'g' };
  await client.send(addOffsetsToTxn, 3, producer);
  await client.send(txnOffsetCommit, 3, { ...producer, topics: at(offset) });
  return producer;
}

describe('the topics of the coordinators', () => {
  it('are made when a coordinator is first looked for, are internal, and take nothing from clients', async () => {
    const [, client] = await begin({});
    const internal = async () =>
      (await client.send(metadata, 12, { topics: null })).topics
        .filter(({ isInternal }) => isInternal)
        .map(({ name, partitions }) => [name, partitions.length]);
    expect(await internal()).toEqual([]);
    for (const keyType of [0, 1]) await client.send(findCoordinator, 4, { keyType, coordinatorKeys: ['g'] });
    expect(await internal()).toEqual([
      ['__consumer_offsets', 50],
      ['__transaction_state', 50],
    ]);
    const topicData = [
      { name: '__consumer_offsets', partitionData: [{ index: 0, records: batchOf(['x'], { key: 'k' }) }] },
    ];
    const { responses } = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
    const topics = [{ name: '__consumer_offsets', partitions: [{ partitionIndex: 0, offset: -1n }] }];
    const deleted = await client.send(deleteRecords, 2, { topics, timeoutMs: 1000 });
    const codes = [responses[0]?.partitionResponses[0]?.errorCode, deleted.topics[0]?.partitions[0]?.errorCode];
    expect(codes.map((code) => errorName(code ?? -2))).toEqual(['INVALID_TOPIC_EXCEPTION', 'INVALID_TOPIC_EXCEPTION']);
  });

  it('hold commits, which count in a transaction once it is committed, to readers of committed data too', async () => {
    const [broker, first] = await begin();
    await first.send(offsetCommit, 8, { groupId: 'g', topics: at(5n) });
    const producer = await beginTransaction(first, 9n);
    expect(await offsetsIn(first)).toEqual([
      ['g', 't', 0, 5],
      ['g', 't', 0, 9],
    ]);
    expect(await offsetsIn(first, 1)).toEqual([['g', 't', 0, 5]]);
    await broker.restart();
    const client = await broker.client();
    expect(await committed(client)).toBe(5);
    const pending = await client.send(offsetFetch, 8, {
      groups: [{ groupId: 'g', topics: null }],
      requireStable: true,
    });
    expect(errorName(pending.groups[0]?.topics[0]?.partitions[0]?.errorCode ?? -2)).toBe('UNSTABLE_OFFSET_COMMIT');
    await client.send(endTxn, 3, { ...producer, committed: true });
    expect(await committed(client)).toBe(9);
    expect(await offsetsIn(client, 1)).toHaveLength(2);
    await broker.restart();
    const states = (await recordsIn(await broker.client(), '__transaction_state')).map(({ value }) =>
      value === null ? null : TRANSACTION.valueOf(value).transactionStatus,
    );
    expect(states).toEqual([0, 1, 2, 4]); // Empty, Ongoing, PrepareCommit, CompleteCommit
    expect(await committed(await broker.client())).toBe(9);
  });

  it('let a commit that came after those of an open transaction stand when that commits', async () => {
    const [broker, client] = await begin();
    const producer = await beginTransaction(client, 9n);
    await client.send(offsetCommit, 8, { groupId: 'g', topics: at(11n) });
    await client.send(endTxn, 3, { ...producer, committed: true });
    expect(await committed(client)).toBe(11);
    await broker.restart();
    expect(await committed(await broker.client())).toBe(11);
  });

  it('are closed in small segments and compacted, so that a start has little to read', async () => {
    const [broker, client] = await begin({
      ...ONE_PARTITION,
      'log.cleaner.backoff.ms': '20',
      'offset.metadata.max.bytes': '30000',
    });
    const committedMetadata = 'x'.repeat(30_000);
    const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata }];
    for (let round = 0; round < 80; round++) {
      await client.send(offsetCommit, 8, { groupId: 'g', topics: [{ name: 't', partitions }] });
    }
    await expect.poll(async () => (await offsetsIn(client)).length, { timeout: 20_000 }).toBeLessThan(50);
    await broker.restart();
    expect(await committed(await broker.client())).toBe(1);
  });

  it('leave out what cannot be read, and the rest goes on after a restart', async () => {
    const lines: string[] = [];
    const log = lineLog((line) => lines.push(line), 'warn');
    const broker = await TestBroker.start({ config: ONE_PARTITION, log });
    const client = await broker.client();
    await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
    await client.send(offsetCommit, 8, { groupId: 'g', topics: at(5n) });
    await beginTransaction(client, 9n);
    const group = OFFSET_COMMIT.record({ group: 'h', topic: 't', partition: 0 }, null).key;
    const transaction = TRANSACTION.record({ transactionalId: 'other' }, null).key;
    const bad: ReadonlyArray<readonly [key: Buffer, value: Buffer | null]> = [
      [Buffer.alloc(0), null],
      [Buffer.from([0, 99, 1]), Buffer.from('x')],
      [Buffer.from([0, 1, 0x7f, 0xff]), Buffer.from('x')],
      [group, Buffer.from([0, 77])],
      [group, Buffer.from([0, 4, 0])],
      [transaction, Buffer.from([0, 1, 0xff])],
    ];
    await broker.restart(() => {
      const other = new Broker({ dataDir: broker.dataDir, config: ONE_PARTITION });
      for (const [key, value] of bad) {
        for (const { state } of [other.groups, other.transactions]) state.append('g', [{ key, value }]);
      }
      other.groups.state.append('g', [OFFSET_COMMIT.record({ group: 'after', topic: 't', partition: 0 }, COMMITTED)]);
      other.close();
    });
    const again = await broker.client();
    expect(await committed(again)).toBe(5);
    expect(await committed(again, 'after')).toBe(3);
    const { transactionStates } = await again.send(describeTransactions, 0, { transactionalIds: ['tx'] });
    expect(transactionStates[0]?.transactionState).toBe('Ongoing');
    const places = (topic: string) => lines.filter((line) => line.includes(`skipped a record`) && line.includes(topic));
    expect([places('__consumer_offsets-0@').length, places('__transaction_state-0@').length]).toEqual([6, 6]);
  });
});

describe('a broker on a folder of an older version', () => {
  it('takes groups, offsets and transactions over from its journals, once', async () => {
    const [broker] = await begin();
    const lines = (...entries: unknown[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    const value = { offset: 7, leaderEpoch: 0, metadata: '', committedMs: Date.now() };
    const member = { instanceId: 'i', clientId: 'c', clientHost: '/h', sessionTimeoutMs: 60_000 };
    const protocols = [['range', Buffer.from('mine').toString('base64')]];
    const members = [{ ...member, id: 'm', rebalanceTimeoutMs: 60_000, protocols, assignment: '' }];
    const offsets = [{ group: 'g', topic: 't', partition: 0, value: { ...value, offset: 8 } }];
    const times = { timeoutMs: 60_000, startMs: Date.now(), updatedMs: Date.now() };
    await broker.restart(() => {
      for (const folder of ['groups', 'transactions']) mkdirSync(join(broker.dataDir, folder), { recursive: true });
      writeFileSync(join(broker.dataDir, 'groups', 'offsets.jsonl'), lines([['g', 't', '0'].join('\u0000'), value]));
      writeFileSync(
        join(broker.dataDir, 'groups', 'groups.jsonl'),
        lines(['members', { protocolType: 'consumer', generation: 3, protocol: 'range', leader: 'm', members }]),
      );
      writeFileSync(
        join(broker.dataDir, 'transactions', 'transactions.jsonl'),
        lines([
          'tx',
          {
            producerId: 4,
            epoch: 1,
            ...times,
            state: 'Ongoing',
            partitions: {},
            groups: ['g'],
            offsets,
            previous: null,
          },
        ]),
      );
    });
    const client = await broker.client();
    expect(await committed(client)).toBe(7);
    const { groups } = await client.send(describeGroups, 5, { groups: ['members'] });
    expect(groups.map((one) => [one.groupState, one.members.map(({ memberId }) => memberId)])).toEqual([
      ['Stable', ['m']],
    ]);
    const { transactionStates } = await client.send(describeTransactions, 0, { transactionalIds: ['tx'] });
    expect(transactionStates[0]?.topics).toEqual([{ topic: '__consumer_offsets', partitions: [0] }]);
    const producer = { transactionalId: 'tx', producerId: 4n, producerEpoch: 1 };
    await client.send(endTxn, 3, { ...producer, committed: true });
    await broker.restart();
    const later = await broker.client();
    expect(await committed(later)).toBe(8);
    expect((await later.send(listGroups, 5, {})).groups.map(({ groupId }) => groupId).sort()).toEqual(['g', 'members']);
  });
});
