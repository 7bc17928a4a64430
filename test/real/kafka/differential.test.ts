import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningKafka, startKafka } from '../../../src/embedded/kafka/index.js';
import { errorName } from '../../../src/protocol/kafka/errors.js';
import { addPartitionsToTxn } from '../../../src/protocol/kafka/messages/add-partitions-to-txn.js';
import { alterClientQuotas } from '../../../src/protocol/kafka/messages/alter-client-quotas.js';
import { apiVersions } from '../../../src/protocol/kafka/messages/api-versions.js';
import { consumerGroupDescribe } from '../../../src/protocol/kafka/messages/consumer-group-describe.js';
import { consumerGroupHeartbeat } from '../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createAcls } from '../../../src/protocol/kafka/messages/create-acls.js';
import { createPartitions } from '../../../src/protocol/kafka/messages/create-partitions.js';
import { createTopics } from '../../../src/protocol/kafka/messages/create-topics.js';
import { deleteGroups } from '../../../src/protocol/kafka/messages/delete-groups.js';
import { deleteRecords } from '../../../src/protocol/kafka/messages/delete-records.js';
import { deleteTopics } from '../../../src/protocol/kafka/messages/delete-topics.js';
import { describeClientQuotas } from '../../../src/protocol/kafka/messages/describe-client-quotas.js';
import { describeCluster } from '../../../src/protocol/kafka/messages/describe-cluster.js';
import { describeConfigs } from '../../../src/protocol/kafka/messages/describe-configs.js';
import { describeGroups } from '../../../src/protocol/kafka/messages/describe-groups.js';
import { describeTransactions } from '../../../src/protocol/kafka/messages/describe-transactions.js';
import { electLeaders } from '../../../src/protocol/kafka/messages/elect-leaders.js';
import { endTxn } from '../../../src/protocol/kafka/messages/end-txn.js';
import { fetch } from '../../../src/protocol/kafka/messages/fetch.js';
import { findCoordinator } from '../../../src/protocol/kafka/messages/find-coordinator.js';
import { heartbeat } from '../../../src/protocol/kafka/messages/heartbeat.js';
import { incrementalAlterConfigs } from '../../../src/protocol/kafka/messages/incremental-alter-configs.js';
import { initProducerId } from '../../../src/protocol/kafka/messages/init-producer-id.js';
import { joinGroup } from '../../../src/protocol/kafka/messages/join-group.js';
import { leaveGroup } from '../../../src/protocol/kafka/messages/leave-group.js';
import { listOffsets } from '../../../src/protocol/kafka/messages/list-offsets.js';
import { metadata } from '../../../src/protocol/kafka/messages/metadata.js';
import { offsetCommit } from '../../../src/protocol/kafka/messages/offset-commit.js';
import { offsetDelete } from '../../../src/protocol/kafka/messages/offset-delete.js';
import { offsetFetch } from '../../../src/protocol/kafka/messages/offset-fetch.js';
import { offsetForLeaderEpoch } from '../../../src/protocol/kafka/messages/offset-for-leader-epoch.js';
import { produce } from '../../../src/protocol/kafka/messages/produce.js';
import { syncGroup } from '../../../src/protocol/kafka/messages/sync-group.js';
import { txnOffsetCommit } from '../../../src/protocol/kafka/messages/txn-offset-commit.js';
import { updateFeatures } from '../../../src/protocol/kafka/messages/update-features.js';
import { batchOf } from '../../support/kafka-batch.js';
import { RawClient } from '../../support/kafka-raw-client.js';
import { type RealKafka, startRealKafka } from '../stack/kafka.js';

let folder: string;
let ours: RunningKafka;
let real: RealKafka;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-differential-'));
  const config = { 'auto.create.topics.enable': 'false' };
  [ours, real] = await Promise.all([
    startKafka({ dataDir: join(folder, 'ours'), config }),
    startRealKafka({ dataDir: join(folder, 'real'), config }),
  ]);
  // Makes both create the coordinators' topics, which takes the real one a moment.
  for (const { bootstrapServers } of [ours, real]) {
    const client = await RawClient.open(bootstrapServers);
    for (const keyType of [0, 1]) {
      await settled(
        () => client.send(findCoordinator, 4, { keyType, coordinatorKeys: ['any'] }),
        ({ coordinators }) => coordinators[0]?.errorCode ?? 0,
      );
    }
    client.close();
  }
});

afterAll(async () => {
  await ours?.stop();
  await real?.stop();
  await rm(folder, { recursive: true, force: true });
});

const TOPIC = 'orders';
let names = 0;

async function topic(client: RawClient, config: Record<string, string> = {}, name = TOPIC): Promise<string> {
  const configs = Object.entries(config).map(([key, value]) => ({ name: key, value }));
  const unique = `${name}-${names}`;
  await client.send(createTopics, 7, { topics: [{ name: unique, numPartitions: 2, replicationFactor: 1, configs }] });
  // A topic that real Kafka has just made gets its leaders in a moment.
  for (;;) {
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1n }));
    const { topics } = await client.send(listOffsets, 7, { topics: [{ name: unique, partitions }] });
    if (topics[0]?.partitions.every(({ errorCode }) => errorCode === 0)) return unique;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function send(
  client: RawClient,
  name: string,
  records: Buffer,
  version = 9,
  transactionalId: string | null = null,
) {
  const topicData = [{ name, partitionData: [{ index: 0, records }] }];
  const answer = await client.send(produce, version, { transactionalId, acks: -1, timeoutMs: 1000, topicData });
  const partition = answer.responses[0]?.partitionResponses[0];
  return [errorName(partition?.errorCode ?? -2), partition?.baseOffset];
}

/** Coordinators of real Kafka need a moment until their topic is there. */
async function settled<T>(attempt: () => Promise<T>, error: (answer: T) => number): Promise<T> {
  for (;;) {
    const answer = await attempt();
    const name = errorName(error(answer));
    const loading = [
      'COORDINATOR_NOT_AVAILABLE',
      'NOT_COORDINATOR',
      'COORDINATOR_LOAD_IN_PROGRESS',
      'CONCURRENT_TRANSACTIONS',
    ];
    if (!loading.includes(name)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const join1 = (client: RawClient, groupId: string, more: object = {}) =>
  settled(
    () =>
      client.send(joinGroup, 9, {
        groupId,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]) }],
        ...more,
      }),
    ({ errorCode }) => errorCode,
  );

/** Features that a real node could raise to 1 and this one cannot: it has no share groups, and one voter for good. */
const OFF = ['share.version', 'kraft.version'];

/** What both have to answer alike: anything that two brokers can have in common. */
const scenarios: Record<string, (client: RawClient) => Promise<unknown>> = {
  'requests with their versions, and features with their levels': async (client) => {
    const known = { clientSoftwareName: 'a-client', clientSoftwareVersion: '1.0' };
    const unknown = { clientSoftwareName: 'a client', clientSoftwareVersion: '' };
    const asked = [
      { version: 0, names: {} },
      { version: 3, names: known },
      { version: 4, names: known },
      { version: 4, names: unknown },
    ];
    const told = await Promise.all(asked.map(({ version, names: own }) => client.send(apiVersions, version, own)));
    return told.map(({ errorCode, apiKeys, supportedFeatures, finalizedFeatures }) => [
      errorName(errorCode),
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => `${apiKey}: ${minVersion}-${maxVersion}`).sort(),
      supportedFeatures
        .map(({ name, minVersion, maxVersion }) => `${name} ${minVersion}-${OFF.includes(name) ? 'off' : maxVersion}`)
        .sort(),
      finalizedFeatures
        .map(({ name, minVersionLevel, maxVersionLevel }) => `${name} ${minVersionLevel}-${maxVersionLevel}`)
        .sort(),
    ]);
  },
  'other levels of features': async (client) => {
    const wanted = [
      ['group.version', 1],
      ['group.version', 2],
      ['group.version', 0],
      ['share.version', 0],
      ['kraft.version', 0],
      ['unknown.version', 1],
    ] as const;
    const answers: unknown[] = [];
    for (const [feature, maxVersionLevel] of wanted) {
      const featureUpdates = [{ feature, maxVersionLevel, upgradeType: 1 }];
      const { errorCode, errorMessage } = await client.send(updateFeatures, 1, { featureUpdates, validateOnly: true });
      answers.push([feature, maxVersionLevel, errorName(errorCode), errorMessage]);
    }
    return answers;
  },
  'creating topics': async (client) => {
    const base = { name: 'x', numPartitions: 1, replicationFactor: 1 };
    const wanted = [
      { ...base, name: 'fine.name' },
      { ...base, name: 'fine_name' },
      { ...base, name: 'bad name' },
      { ...base, name: '..' },
      { ...base, name: '' },
      { ...base, name: 'p0', numPartitions: 0 },
      { ...base, name: 'rf', replicationFactor: 3 },
      { ...base, name: 'rf0', replicationFactor: 0 },
      { ...base, name: 'config', configs: [{ name: 'no.such', value: '1' }] },
      { ...base, name: 'value', configs: [{ name: 'retention.ms', value: 'soon' }] },
      { ...base, name: 'policy', configs: [{ name: 'cleanup.policy', value: 'compact,shrink' }] },
      { ...base, name: 'null', configs: [{ name: 'retention.ms', value: null }] },
      {
        ...base,
        name: 'assigned',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [1] }],
      },
      {
        ...base,
        name: 'elsewhere',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [9] }],
      },
      {
        ...base,
        name: 'gap',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 1, brokerIds: [1] }],
      },
      { ...base, name: 'both', assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
    ];
    const results: unknown[] = [];
    for (const one of wanted) {
      const { topics } = await client.send(createTopics, 7, { topics: [one], timeoutMs: 5000 });
      results.push(topics.map(({ name, errorCode, numPartitions }) => [name, errorName(errorCode), numPartitions]));
    }
    const twice = await client.send(createTopics, 7, { topics: [base, base] });
    return [...results, twice.topics.map(({ errorCode }) => errorName(errorCode))];
  },
  'quotas of clients': async (client) => {
    const part = (entityType: string, entityName: string | null) => ({ entityType, entityName });
    const alter = async (entity: Array<ReturnType<typeof part>>, key: string, value: number) => {
      const entries = [{ entity, ops: [{ key, value, remove: false }] }];
      const altered = await client.send(alterClientQuotas, 1, { entries, validateOnly: true });
      return altered.entries.map(({ errorCode }) => errorName(errorCode));
    };
    const describeBy = async (components: Array<{ entityType: string; matchType: number; match: string | null }>) => {
      const { errorCode, entries } = await client.send(describeClientQuotas, 1, { components, strict: false });
      return [errorName(errorCode), entries?.length ?? null];
    };
    const [user, client1, ip] = [part('user', 'ann'), part('client-id', 'one'), part('ip', '127.0.0.1')];
    return [
      await alter([user], 'producer_byte_rate', 100),
      await alter([user, client1], 'consumer_byte_rate', 100),
      await alter([user], 'producer_byte_rate', 0),
      await alter([user], 'producer_byte_rate', 1.5),
      await alter([user], 'request_percentage', 1.5),
      await alter([part('user', null)], 'controller_mutation_rate', 1.5),
      await alter([user], 'connection_creation_rate', 5),
      await alter([user], 'nothing', 5),
      await alter([ip], 'connection_creation_rate', 5),
      await alter([part('ip', null)], 'connection_creation_rate', 5),
      await alter([ip], 'connection_creation_rate', 5.5),
      await alter([ip], 'producer_byte_rate', 5),
      await alter([ip, user], 'connection_creation_rate', 5),
      await alter([part('ip', 'not an address')], 'connection_creation_rate', 5),
      await alter([user, user], 'producer_byte_rate', 5),
      await alter([part('user', '')], 'producer_byte_rate', 5),
      await alter([part('team', 'a')], 'producer_byte_rate', 5),
      await alter([], 'producer_byte_rate', 5),
      await describeBy([]),
      await describeBy([{ entityType: 'user', matchType: 0, match: 'nobody' }]),
      await describeBy([{ entityType: 'user', matchType: 0, match: null }]),
      await describeBy([{ entityType: 'user', matchType: 1, match: 'nobody' }]),
      await describeBy([{ entityType: 'user', matchType: 7, match: null }]),
      await describeBy([{ entityType: '', matchType: 2, match: null }]),
      await describeBy([{ entityType: 'team', matchType: 2, match: null }]),
      await describeBy([
        { entityType: 'user', matchType: 2, match: null },
        { entityType: 'user', matchType: 2, match: null },
      ]),
      await describeBy([
        { entityType: 'user', matchType: 2, match: null },
        { entityType: 'ip', matchType: 2, match: null },
      ]),
    ];
  },
  'a topic’s settings': async (client) => {
    const name = await topic(client, { 'retention.ms': '5000', 'cleanup.policy': 'compact,delete' });
    const { results } = await client.send(describeConfigs, 4, {
      resources: [
        { resourceType: 2, resourceName: name, configurationKeys: null },
        { resourceType: 2, resourceName: 'missing', configurationKeys: null },
        { resourceType: 4, resourceName: '77', configurationKeys: null },
      ],
    });
    return results.map(({ errorCode, configs }) => [
      errorName(errorCode),
      configs.map((one) => [one.name, one.value, one.configSource, one.configType, one.readOnly]).sort(),
    ]);
  },
  'altering settings': async (client) => {
    const name = await topic(client);
    const change = async (
      configs: Array<{ name: string; configOperation: number; value: string | null }>,
      resourceName = name,
    ) => {
      const resources = [{ resourceType: 2, resourceName, configs }];
      const { responses } = await client.send(incrementalAlterConfigs, 1, { resources });
      return responses.map(({ errorCode }) => errorName(errorCode));
    };
    return [
      await change([{ name: 'retention.ms', configOperation: 0, value: '77' }]),
      await change([{ name: 'retention.ms', configOperation: 0, value: 'x' }]),
      await change([{ name: 'no.such', configOperation: 0, value: 'x' }]),
      await change([{ name: 'cleanup.policy', configOperation: 2, value: 'compact' }]),
      await change([{ name: 'retention.ms', configOperation: 2, value: '1' }]),
      await change([{ name: 'retention.ms', configOperation: 0, value: null }]),
      await change([{ name: 'retention.ms', configOperation: 1, value: null }]),
      await change([{ name: 'retention.ms', configOperation: 0, value: '77' }], 'missing'),
    ];
  },
  'more partitions, fewer, deleting': async (client) => {
    const name = await topic(client);
    const grow = async (count: number, of = name) => {
      const { results } = await client.send(createPartitions, 3, {
        topics: [{ name: of, count, assignments: null }],
        timeoutMs: 5000,
      });
      return results.map(({ errorCode }) => errorName(errorCode));
    };
    const remove = async (of: string) => {
      const { responses } = await client.send(deleteTopics, 6, { topics: [{ name: of }], timeoutMs: 5000 });
      return responses.map(({ errorCode }) => errorName(errorCode));
    };
    return [
      await grow(4),
      await grow(4),
      await grow(1),
      await grow(2, 'missing'),
      await remove(name),
      await remove(name),
    ];
  },
  'metadata of what is missing or badly named': async (client) => {
    const answer = await client.send(metadata, 12, {
      topics: [{ name: 'missing' }, { name: 'bad name' }],
      allowAutoTopicCreation: false,
    });
    const byId = await client.send(metadata, 12, { topics: [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAEg' }] });
    return [...answer.topics, ...byId.topics].map(({ name, errorCode }) => [name, errorName(errorCode)]);
  },
  'damaged batches': async (client) => {
    const name = await topic(client, { 'max.message.bytes': '2000' });
    const damaged = (change: (batch: Buffer) => void) => {
      const batch = batchOf(['value one', 'value two']);
      change(batch);
      return batch;
    };
    return [
      await send(
        client,
        name,
        damaged((b) => b.writeUInt32BE(1, 17)),
      ),
      await send(client, name, batchOf(['a', 'b'], { lastOffsetDelta: 7 })),
      await send(client, name, batchOf(['x'.repeat(3000)])),
      await send(client, name, batchOf(['a'], { timestampMs: Date.now() + 1e9 })),
      await send(client, name, batchOf(['fine'])),
      await send(client, 'missing', batchOf(['a'])),
    ];
  },
  'keys in compacted topics': async (client) => {
    const name = await topic(client, { 'cleanup.policy': 'compact' });
    return [await send(client, name, batchOf(['a'])), await send(client, name, batchOf(['a'], { key: 'k' }))];
  },
  'sequences of idempotent producers': async (client) => {
    const name = await topic(client);
    const { producerId } = await settled(
      () => client.send(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 }),
      ({ errorCode }) => errorCode,
    );
    const from = (baseSequence: number, producerEpoch = 1) =>
      send(client, name, batchOf(['a', 'b'], { producerId: Number(producerId), producerEpoch, baseSequence }));
    return [
      await from(0),
      await from(2),
      await from(0),
      await from(6),
      await from(4, 0),
      await from(5, 2),
      await from(0, 2),
    ];
  },
  'offsets by time and their bounds': async (client) => {
    const name = await topic(client, { 'retention.ms': '-1' }); // the records are of 1970
    await send(client, name, batchOf(['a', 'b'], { timestampMs: 1000 }));
    await send(client, name, batchOf(['c'], { timestampMs: 5000 }));
    const results: unknown[] = [];
    for (const timestamp of [-1n, -2n, -3n, -4n, -5n, 0n, 1000n, 1001n, 5000n, 5001n]) {
      const { topics } = await client.send(listOffsets, 9, {
        topics: [{ name, partitions: [{ partitionIndex: 0, timestamp }] }],
      });
      const partition = topics[0]?.partitions[0];
      results.push([timestamp, errorName(partition?.errorCode ?? -2), partition?.offset, partition?.timestamp]);
    }
    const epochs = await client.send(offsetForLeaderEpoch, 4, {
      topics: [
        {
          topic: name,
          partitions: [
            { partition: 0, leaderEpoch: 0 },
            { partition: 9, leaderEpoch: 0 },
          ],
        },
      ],
    });
    return [results, epochs.topics[0]?.partitions.map(({ errorCode, endOffset }) => [errorName(errorCode), endOffset])];
  },
  'fetching beyond the ends, and sessions': async (client) => {
    const name = await topic(client);
    await send(client, name, batchOf(['a', 'b']));
    const read = async (fetchOffset: bigint, more: object = {}, partition = 0) => {
      const topics = [{ topic: name, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1000 }] }];
      const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 1, topics, ...more });
      return [
        errorName(answer.errorCode),
        answer.responses.flatMap(({ partitions }) =>
          partitions.map((one) => [
            errorName(one.errorCode),
            one.highWatermark,
            one.logStartOffset,
            one.lastStableOffset,
            one.records?.length,
          ]),
        ),
      ];
    };
    return [
      await read(0n),
      await read(2n),
      await read(3n),
      await read(-1n),
      await read(0n, {}, 9),
      await read(0n, { sessionId: 12345, sessionEpoch: 7 }),
      await read(0n, { sessionId: 0, sessionEpoch: 7 }),
    ];
  },
  'deleting records': async (client) => {
    const name = await topic(client);
    const compacted = await topic(client, { 'cleanup.policy': 'compact' }, 'compacted');
    await send(client, name, batchOf(['a', 'b']));
    const remove = async (offset: bigint, of = name) => {
      const { topics } = await client.send(deleteRecords, 2, {
        topics: [{ name: of, partitions: [{ partitionIndex: 0, offset }] }],
        timeoutMs: 5000,
      });
      return topics[0]?.partitions.map(({ errorCode, lowWatermark }) => [errorName(errorCode), lowWatermark]);
    };
    return [
      await remove(1n),
      await remove(9n),
      await remove(-1n),
      await remove(0n, compacted),
      await remove(0n, 'missing'),
    ];
  },
  'a classic group’s life': async (client) => {
    const name = await topic(client);
    const groupId = `g-${names}`;
    const asked = await join1(client, groupId);
    const joined = await join1(client, groupId, { memberId: asked.memberId });
    const { memberId, generationId } = joined;
    const beat = async (more: object = {}) =>
      errorName((await client.send(heartbeat, 4, { groupId, memberId, generationId, ...more })).errorCode);
    const commit = async (more: object = {}) => {
      const topics = [
        {
          name,
          partitions: [
            { partitionIndex: 0, committedOffset: 5n, committedMetadata: 'm' },
            { partitionIndex: 9, committedOffset: 1n },
          ],
        },
      ];
      const answer = await client.send(offsetCommit, 8, {
        groupId,
        memberId,
        generationIdOrMemberEpoch: generationId,
        topics,
        ...more,
      });
      return answer.topics[0]?.partitions.map(({ errorCode }) => errorName(errorCode)).sort();
    };
    const before = [await beat(), await commit()];
    const synced = await client.send(syncGroup, 5, {
      groupId,
      memberId,
      generationId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [{ memberId, assignment: Buffer.from('mine') }],
    });
    const during = [
      await beat(),
      await beat({ generationId: 99 }),
      await beat({ memberId: 'nobody' }),
      await commit(),
      await commit({ memberId: '', generationIdOrMemberEpoch: -1 }),
      await commit({ generationIdOrMemberEpoch: 7 }),
    ];
    const wrong = await join1(client, groupId, { protocolType: 'connect' });
    const short = await join1(client, groupId, { sessionTimeoutMs: 1 });
    const described = (await client.send(describeGroups, 6, { groups: [groupId, 'missing'] })).groups;
    const busy = (await client.send(deleteGroups, 2, { groupsNames: [groupId, 'missing'] })).results.map(
      ({ errorCode }) => errorName(errorCode),
    );
    const kept = (
      await client.send(offsetDelete, 0, { groupId, topics: [{ name, partitions: [{ partitionIndex: 0 }] }] })
    ).errorCode;
    const left = await client.send(leaveGroup, 5, { groupId, members: [{ memberId }, { memberId: 'nobody' }] });
    const fetched = await client.send(offsetFetch, 8, {
      groups: [
        { groupId, topics: null },
        { groupId: 'missing', topics: [{ name, partitionIndexes: [0] }] },
      ],
    });
    const after = [await commit({ memberId: '', generationIdOrMemberEpoch: -1 }), await commit()];
    const gone = (await client.send(deleteGroups, 2, { groupsNames: [groupId] })).results.map(({ errorCode }) =>
      errorName(errorCode),
    );
    return [
      [
        errorName(asked.errorCode),
        errorName(joined.errorCode),
        generationId,
        joined.protocolName,
        joined.members.length,
      ],
      before,
      [errorName(synced.errorCode), String(synced.assignment)],
      during,
      [errorName(wrong.errorCode), errorName(short.errorCode)],
      described.map((one) => [
        errorName(one.errorCode),
        one.groupState,
        one.protocolType,
        one.protocolData,
        one.members.length,
      ]),
      [busy, errorName(kept)],
      left.members.map(({ errorCode }) => errorName(errorCode)),
      fetched.groups.map(({ errorCode, topics }) => [
        errorName(errorCode),
        topics.map(({ partitions }) => partitions.map((one) => [one.committedOffset, one.metadata])),
      ]),
      after,
      gone,
    ];
  },
  'a group of the consumer protocol': async (client) => {
    const name = await topic(client);
    const groupId = `cg-${names}`;
    const memberId = 'AAAAAAAAAAAAAAAAAAAAAA';
    const beat = (memberEpoch: number, more: object = {}) =>
      settled(
        () =>
          client.send(consumerGroupHeartbeat, 1, {
            groupId,
            memberId,
            memberEpoch,
            rebalanceTimeoutMs: memberEpoch === 0 ? 10_000 : -1,
            subscribedTopicNames: memberEpoch === 0 ? [name] : null,
            subscribedTopicRegex: null,
            serverAssignor: null,
            instanceId: null,
            rackId: null,
            topicPartitions: memberEpoch === 0 ? [] : null,
            ...more,
          }),
        ({ errorCode }) => errorCode,
      );
    const first = await beat(0);
    const answers = [
      first,
      await beat(first.memberEpoch),
      await beat(99),
      await beat(0, { serverAssignor: 'magic' }),
      await beat(1, { memberId: 'nobody' }),
    ];
    const described = (await client.send(consumerGroupDescribe, 1, { groupIds: [groupId, 'missing'] })).groups;
    const left = await beat(-1);
    return [
      // Real Kafka gives a first assignment with the second heartbeat, ours with the first.
      answers.map((one) => errorName(one.errorCode)),
      described.map((one) => [errorName(one.errorCode), one.groupState, one.assignorName, one.members.length]),
      [errorName(left.errorCode), left.memberEpoch],
    ];
  },
  'transactions and their errors': async (client) => {
    const name = await topic(client);
    const transactionalId = `tx-${names}`;
    const init = (more: object = {}) =>
      settled(
        () => client.send(initProducerId, 5, { transactionalId, transactionTimeoutMs: 60_000, ...more }),
        ({ errorCode }) => errorCode,
      );
    const { producerId, producerEpoch } = await init();
    const own = { producerId: Number(producerId), producerEpoch, transactional: true };
    const end = async (committed: boolean, more: object = {}, version = 4) => {
      const answer = await settled(
        () => client.send(endTxn, version, { transactionalId, producerId, producerEpoch, committed, ...more }),
        ({ errorCode }) => errorCode,
      );
      return errorName(answer.errorCode);
    };
    const add = async (topics: Array<{ name: string; partitions: number[] }>, more: object = {}) => {
      const answer = await settled(
        () =>
          client.send(addPartitionsToTxn, 3, {
            v3AndBelowTransactionalId: transactionalId,
            v3AndBelowProducerId: producerId,
            v3AndBelowProducerEpoch: producerEpoch,
            v3AndBelowTopics: topics,
            ...more,
          }),
        ({ resultsByTopicV3AndBelow }) => resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? 0,
      );
      return answer.resultsByTopicV3AndBelow
        .flatMap(({ resultsByPartition }) =>
          resultsByPartition.map(({ partitionErrorCode }) => errorName(partitionErrorCode)),
        )
        .sort();
    };
    const commitOffsets = async (more: object = {}) => {
      const topics = [{ name, partitions: [{ partitionIndex: 0, committedOffset: 3n, committedMetadata: null }] }];
      const answer = await client.send(txnOffsetCommit, 3, {
        transactionalId,
        groupId: 'g',
        producerId,
        producerEpoch,
        topics,
        ...more,
      });
      return answer.topics[0]?.partitions.map(({ errorCode }) => errorName(errorCode)).sort();
    };
    return [
      await end(true),
      await add([
        { name, partitions: [0, 1] },
        { name: 'missing', partitions: [0] },
      ]),
      await add([{ name, partitions: [0] }]),
      await send(client, name, batchOf(['a'], { ...own, baseSequence: 0 }), 11, transactionalId),
      await end(true, { producerEpoch: producerEpoch + 5 }),
      await end(true, { producerId: producerId + 999n }),
      await end(true),
      await end(true),
      await end(false),
      (await commitOffsets({ producerId: producerId + 999n }))?.length,
      errorName((await init({ transactionTimeoutMs: 1_000_000_000 })).errorCode),
      errorName((await init({ transactionalId: '' })).errorCode),
      (
        await client.send(describeTransactions, 0, { transactionalIds: [transactionalId, 'missing'] })
      ).transactionStates.map((one) => [errorName(one.errorCode), one.transactionState]),
    ];
  },
  'the rest': async (client) => {
    const name = await topic(client);
    const cluster = await client.send(describeCluster, 1, { endpointType: 2 });
    const leaders = await client.send(electLeaders, 2, {
      electionType: 0,
      topicPartitions: [{ topic: name, partitions: [0] }],
    });
    const acls = await client.send(createAcls, 3, {
      creations: [
        { resourceType: 2, resourceName: name, principal: 'User:a', host: '*', operation: 2, permissionType: 3 },
      ],
    });
    return [
      errorName(cluster.errorCode),
      leaders.replicaElectionResults.flatMap(({ partitionResult }) =>
        partitionResult.map(({ errorCode }) => errorName(errorCode)),
      ),
      acls.results.map(({ errorCode }) => errorName(errorCode)),
    ];
  },
  'the coordinators’ topics': async (client) => {
    const name = '__consumer_offsets';
    const partitions = [{ partitionIndex: 0, offset: -1n }];
    const removed = await client.send(deleteRecords, 2, { topics: [{ name, partitions }], timeoutMs: 5000 });
    const { results } = await client.send(describeConfigs, 4, {
      resources: [name, '__transaction_state'].map((resourceName) => ({
        resourceType: 2,
        resourceName,
        configurationKeys: null,
      })),
    });
    const settings = results.map(({ configs }) =>
      configs.filter(({ configSource }) => configSource === 1).map((one) => [one.name, one.value]),
    );
    const { topics } = await client.send(metadata, 12, { topics: [{ name }, { name: '__transaction_state' }] });
    return [
      await send(client, name, batchOf(['x'], { key: 'k' })),
      removed.topics[0]?.partitions.map(({ errorCode }) => errorName(errorCode)),
      settings.map((own) => own.sort()),
      topics.map((one) => [one.name, one.isInternal]),
    ];
  },
  'what becomes of groups whose topic is deleted': async (client) => {
    const { responses } = await client.send(deleteTopics, 6, {
      topics: [{ name: '__consumer_offsets' }],
      timeoutMs: 5000,
    });
    return responses.map(({ errorCode }) => errorName(errorCode));
  },
};

describe('the embedded broker answers what real Kafka answers', () => {
  for (const [what, scenario] of Object.entries(scenarios)) {
    it(what, async () => {
      names++;
      const clients = [
        await RawClient.open(ours.bootstrapServers),
        await RawClient.open(real.bootstrapServers),
      ] as const;
      const [own, theirs] = await Promise.all(clients.map((client) => scenario(client)));
      for (const client of clients) client.close();
      expect(own).toEqual(theirs);
    });
  }
});
