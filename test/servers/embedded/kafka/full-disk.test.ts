import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { type ErrorName, errorName } from '../../../../src/protocol/kafka/errors.js';
import { addPartitionsToTxn } from '../../../../src/protocol/kafka/messages/add-partitions-to-txn.js';
import { alterClientQuotas } from '../../../../src/protocol/kafka/messages/alter-client-quotas.js';
import { alterUserScramCredentials } from '../../../../src/protocol/kafka/messages/alter-user-scram-credentials.js';
import { createPartitions } from '../../../../src/protocol/kafka/messages/create-partitions.js';
import { createTopics } from '../../../../src/protocol/kafka/messages/create-topics.js';
import { deleteRecords } from '../../../../src/protocol/kafka/messages/delete-records.js';
import { describeClientQuotas } from '../../../../src/protocol/kafka/messages/describe-client-quotas.js';
import { describeConfigs } from '../../../../src/protocol/kafka/messages/describe-configs.js';
import { describeUserScramCredentials } from '../../../../src/protocol/kafka/messages/describe-user-scram-credentials.js';
import { endTxn } from '../../../../src/protocol/kafka/messages/end-txn.js';
import { fetch } from '../../../../src/protocol/kafka/messages/fetch.js';
import { incrementalAlterConfigs } from '../../../../src/protocol/kafka/messages/incremental-alter-configs.js';
import { initProducerId } from '../../../../src/protocol/kafka/messages/init-producer-id.js';
import { joinGroup } from '../../../../src/protocol/kafka/messages/join-group.js';
import { metadata } from '../../../../src/protocol/kafka/messages/metadata.js';
import { offsetCommit } from '../../../../src/protocol/kafka/messages/offset-commit.js';
import { offsetFetch } from '../../../../src/protocol/kafka/messages/offset-fetch.js';
import { produce } from '../../../../src/protocol/kafka/messages/produce.js';
import { syncGroup } from '../../../../src/protocol/kafka/messages/sync-group.js';
import { txnOffsetCommit } from '../../../../src/protocol/kafka/messages/txn-offset-commit.js';
import { writeTxnMarkers } from '../../../../src/protocol/kafka/messages/write-txn-markers.js';
import { recordsOf, sizeOf } from '../../../../src/protocol/kafka/record-batch.js';
import { batchOf } from '../../../support/kafka-batch.js';
import { RawClient } from '../../../support/kafka-raw-client.js';

/** Only root may mount a disk of a few MB. */
const MAY_MOUNT = process.platform === 'linux' && process.getuid?.() === 0;

let disk: string;

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'evpipe-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', disk]);
});

afterEach(() => {
  execFileSync('umount', ['--lazy', disk]); // also where a test that failed left a file open
  rmSync(disk, { recursive: true });
});

async function send(client: RawClient, value: string): Promise<ErrorName | undefined> {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf([value]) }] }];
  const { responses } = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return errorName(responses[0]?.partitionResponses[0]?.errorCode ?? -1);
}

async function values(client: RawClient): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 4_000_000 }];
  const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 1, topics: [{ topic: 't', partitions }] });
  const bytes = answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += sizeOf(bytes, at)) {
    const records = recordsOf(bytes.subarray(at, at + sizeOf(bytes, at)));
    found.push(...records.map(({ offset, value }) => `${offset}:${value?.subarray(0, 6).toString()}`));
  }
  return found;
}

async function commit(client: RawClient, committedOffset: bigint): Promise<ErrorName | undefined> {
  const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset }] }];
  const answer = await client.send(offsetCommit, 8, { groupId: 'g', topics });
  return errorName(answer.topics[0]?.partitions[0]?.errorCode ?? -2);
}

async function committed(client: RawClient): Promise<bigint | undefined> {
  const groups = [{ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0] }] }];
  const answer = await client.send(offsetFetch, 8, { groups });
  return answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset;
}

const filler = (): string => join(disk, 'filler');

function fill(): void {
  try {
    writeFileSync(filler(), Buffer.alloc(4 * 1024 * 1024, 1), { flag: 'a' });
  } catch (failure) {
    expect((failure as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

const transactionalId = 'tx';

async function takeProducer(client: RawClient, id = transactionalId) {
  const answer = await client.send(initProducerId, 5, { transactionalId: id, transactionTimeoutMs: 60_000 });
  return { ...answer, error: errorName(answer.errorCode) };
}

describe.runIf(MAY_MOUNT)('a broker whose disk is full', () => {
  it('refuses what it cannot store, goes on by itself when there is room, and starts on a full one', async () => {
    const dataDir = join(disk, 'data');
    let kafka = await startKafka({ dataDir });
    let client = await RawClient.open(kafka.bootstrapServers);
    await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
    expect(await send(client, 'first')).toBe('NONE');
    await commit(client, 1n);
    fill();
    // Some fit into the last page that the file has; a large one doesn't.
    expect(await send(client, `lost${'x'.repeat(20_000)}`)).toBe('KAFKA_STORAGE_ERROR');
    expect(await send(client, `lost${'x'.repeat(20_000)}`)).toBe('KAFKA_STORAGE_ERROR');
    expect(await values(client)).toEqual(['0:first']);
    let commits = 1;
    while (commits < 200 && (await commit(client, BigInt(commits + 1))) === 'NONE') commits++;
    expect(commits).toBeLessThan(200);
    expect(await commit(client, 777n)).toBe('NOT_COORDINATOR');
    expect(await committed(client)).toBe(BigInt(commits));

    await kafka.stop();
    kafka = await startKafka({ dataDir });
    client.close();
    client = await RawClient.open(kafka.bootstrapServers);
    expect(await values(client)).toEqual(['0:first']);
    expect(await committed(client)).toBe(BigInt(commits));
    expect(await send(client, `lost${'x'.repeat(20_000)}`)).toBe('KAFKA_STORAGE_ERROR');

    rmSync(filler());
    expect(await send(client, `second${'x'.repeat(20_000)}`)).toBe('NONE');
    expect(await commit(client, 999n)).toBe('NONE');
    await kafka.stop();
    client.close();
    kafka = await startKafka({ dataDir });
    client = await RawClient.open(kafka.bootstrapServers);
    expect(await values(client)).toEqual(['0:first', '1:second']);
    expect(await committed(client)).toBe(999n);
    client.close();
    await kafka.stop();
  });

  it('has clients look for the coordinator again while transactions and groups cannot be stored, and loses none', async () => {
    const kafka = await startKafka({
      dataDir: join(disk, 'data'),
      config: { 'offsets.topic.num.partitions': '1', 'transaction.state.log.num.partitions': '1' },
    });
    const client = await RawClient.open(kafka.bootstrapServers);
    await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
    const { producerId, producerEpoch } = await takeProducer(client);
    const producer = { transactionalId, producerId, producerEpoch };
    await client.send(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: 't', partitions: [0] }],
    });
    const records = batchOf(['mine'], {
      producerId: Number(producerId),
      producerEpoch,
      baseSequence: 0,
      transactional: true,
    });
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    await client.send(produce, 9, { transactionalId, acks: -1, timeoutMs: 1000, topicData });
    fill();
    // Whatever room is left in the last pages of the files goes first.
    while ((await commit(client, 1n)) === 'NONE');
    for (let more = 0; (await takeProducer(client, `another-${more}`)).error === 'NONE'; more++);
    const offsets = async (): Promise<ErrorName | undefined> => {
      const topics = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 7n }] }];
      const answer = await client.send(txnOffsetCommit, 5, { ...producer, groupId: 'g', topics });
      return errorName(answer.topics[0]?.partitions[0]?.errorCode ?? -2);
    };
    for (let more = 0; more < 200 && (await offsets()) === 'NONE'; more++);
    expect(await offsets()).toBe('NOT_COORDINATOR');
    const end = async (): Promise<ErrorName | undefined> =>
      errorName((await client.send(endTxn, 5, { ...producer, committed: true })).errorCode);
    expect(await end()).toBe('NOT_COORDINATOR');

    const join1 = {
      groupId: 'members',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      protocolType: 'consumer',
    };
    const protocols = [{ name: 'range', metadata: Buffer.alloc(20_000) }];
    const { memberId } = await client.send(joinGroup, 9, { ...join1, protocols });
    const { generationId } = await client.send(joinGroup, 9, { ...join1, memberId, protocols });
    const assignments = [{ memberId, assignment: Buffer.from('mine') }];
    const sync = {
      groupId: 'members',
      memberId,
      generationId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    };
    expect(errorName((await client.send(syncGroup, 5, sync)).errorCode)).toBe('NOT_COORDINATOR');
    const full = await client.send(createTopics, 5, {
      topics: [{ name: 'another', numPartitions: 1, replicationFactor: 1 }],
    });
    expect(full.topics.map(({ errorCode }) => errorName(errorCode))).toEqual(['KAFKA_STORAGE_ERROR']);

    rmSync(filler());
    expect(await offsets()).toBe('NONE');
    expect(await end()).toBe('NONE');
    expect(await end()).toBe('NONE'); // as where the first answer was lost
    expect(await committed(client)).toBe(7n);
    const again = await client.send(joinGroup, 9, { ...join1, memberId, protocols });
    const synced = await client.send(syncGroup, 5, { ...sync, generationId: again.generationId });
    expect([again.generationId > generationId, String(synced.assignment)]).toEqual([true, 'mine']);
    client.close();
    await kafka.stop();
  });

  it('refuses whatever has to be stored, changes nothing by it, and does it once there is room', async () => {
    const kafka = await startKafka({ dataDir: join(disk, 'data') });
    const client = await RawClient.open(kafka.bootstrapServers);
    const [topicResource, brokerResource] = [
      { resourceType: 2, resourceName: 't' },
      { resourceType: 4, resourceName: '1' },
    ];
    await client.send(createTopics, 5, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] });
    for (const value of ['a', 'b']) await send(client, value);
    const alter = (resource: { resourceType: number; resourceName: string }, name: string, value: string) =>
      client.send(incrementalAlterConfigs, 1, {
        resources: [{ ...resource, configs: [{ name, configOperation: 0, value }] }],
      });
    const requests: Record<string, () => Promise<number | undefined>> = {
      "a topic's setting": async () => (await alter(topicResource, 'retention.ms', '777')).responses[0]?.errorCode,
      "the broker's setting": async () =>
        (await alter(brokerResource, 'log.cleaner.backoff.ms', '777')).responses[0]?.errorCode,
      'a SCRAM password': async () => {
        const [salt, saltedPassword] = [Buffer.alloc(16, 1), Buffer.alloc(32, 2)];
        const upsertions = [{ name: 'alice', mechanism: 1, iterations: 4096, salt, saltedPassword }];
        return (await client.send(alterUserScramCredentials, 0, { deletions: [], upsertions })).results[0]?.errorCode;
      },
      'a quota': async () => {
        const entity = [{ entityType: 'user', entityName: 'alice' }];
        const entries = [{ entity, ops: [{ key: 'producer_byte_rate', value: 777, remove: false }] }];
        return (await client.send(alterClientQuotas, 1, { entries, validateOnly: false })).entries[0]?.errorCode;
      },
      'auto-creation': async () => {
        const topics = [{ name: 'auto' }];
        return (await client.send(metadata, 9, { topics, allowAutoTopicCreation: true })).topics[0]?.errorCode;
      },
      'more partitions': async () => {
        const topics = [{ name: 't', count: 3, assignments: null }];
        return (await client.send(createPartitions, 1, { topics, timeoutMs: 1000 })).results[0]?.errorCode;
      },
      'a marker': async () => {
        const partitions = Array.from({ length: 1 }, () => 0);
        const markers = Array.from({ length: 50 }, () => ({
          producerId: 7n,
          producerEpoch: 0,
          transactionResult: true,
          topics: [{ name: 't', partitionIndexes: partitions }],
          coordinatorEpoch: 0,
        }));
        const answer = await client.send(writeTxnMarkers, 1, { markers });
        return answer.markers.at(-1)?.topics[0]?.partitions[0]?.errorCode;
      },
      'a new start of a partition': async () => {
        const topics = [{ name: 't', partitions: [{ partitionIndex: 0, offset: 1n }] }];
        const answer = await client.send(deleteRecords, 1, { topics, timeoutMs: 1000 });
        return answer.topics[0]?.partitions[0]?.errorCode;
      },
    };
    const answers = async (): Promise<Record<string, ErrorName | undefined>> => {
      const found: Record<string, ErrorName | undefined> = {};
      for (const [what, ask] of Object.entries(requests)) found[what] = errorName((await ask()) ?? -2);
      return found;
    };
    const expected = (error: ErrorName) => Object.fromEntries(Object.keys(requests).map((what) => [what, error]));
    const configured = async () => {
      const resources = [topicResource, brokerResource].map((resource) => ({ ...resource, configurationKeys: null }));
      const { results } = await client.send(describeConfigs, 4, { resources });
      return results.flatMap(({ configs }) => configs.filter(({ value }) => value === '777').map(({ name }) => name));
    };
    fill();
    // The last pages of the log's file take some markers more.
    for (let more = 0; more < 200 && errorName((await requests['a marker']?.()) ?? -2) === 'NONE'; more++);
    expect(await answers()).toEqual(expected('KAFKA_STORAGE_ERROR'));
    expect(await configured()).toEqual([]);
    const quotas = { components: [], strict: false };
    expect((await client.send(describeClientQuotas, 1, quotas)).entries).toEqual([]);
    expect((await client.send(describeUserScramCredentials, 0, { users: null })).results).toEqual([]);
    expect((await client.send(metadata, 9, { topics: null })).topics.map(({ name }) => name)).toEqual(['t']);

    rmSync(filler());
    expect(await answers()).toEqual(expected('NONE'));
    expect(await configured()).toEqual(['retention.ms', 'log.cleaner.backoff.ms']);
    expect((await client.send(describeClientQuotas, 1, quotas)).entries).toHaveLength(1);
    client.close();
    await kafka.stop();
  });
});
