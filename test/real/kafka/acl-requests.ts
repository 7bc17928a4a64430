import { errorName } from '../../../src/protocol/kafka/errors.js';
import { addOffsetsToTxn } from '../../../src/protocol/kafka/messages/add-offsets-to-txn.js';
import { addPartitionsToTxn } from '../../../src/protocol/kafka/messages/add-partitions-to-txn.js';
import { alterClientQuotas } from '../../../src/protocol/kafka/messages/alter-client-quotas.js';
import { alterConfigs } from '../../../src/protocol/kafka/messages/alter-configs.js';
import { alterPartitionReassignments } from '../../../src/protocol/kafka/messages/alter-partition-reassignments.js';
import { alterReplicaLogDirs } from '../../../src/protocol/kafka/messages/alter-replica-log-dirs.js';
import { alterUserScramCredentials } from '../../../src/protocol/kafka/messages/alter-user-scram-credentials.js';
import { consumerGroupDescribe } from '../../../src/protocol/kafka/messages/consumer-group-describe.js';
import { consumerGroupHeartbeat } from '../../../src/protocol/kafka/messages/consumer-group-heartbeat.js';
import { createAcls } from '../../../src/protocol/kafka/messages/create-acls.js';
import { createPartitions } from '../../../src/protocol/kafka/messages/create-partitions.js';
import { createTopics } from '../../../src/protocol/kafka/messages/create-topics.js';
import { deleteAcls } from '../../../src/protocol/kafka/messages/delete-acls.js';
import { deleteGroups } from '../../../src/protocol/kafka/messages/delete-groups.js';
import { deleteRecords } from '../../../src/protocol/kafka/messages/delete-records.js';
import { deleteTopics } from '../../../src/protocol/kafka/messages/delete-topics.js';
import { describeAcls } from '../../../src/protocol/kafka/messages/describe-acls.js';
import { describeClientQuotas } from '../../../src/protocol/kafka/messages/describe-client-quotas.js';
import { describeCluster } from '../../../src/protocol/kafka/messages/describe-cluster.js';
import { describeConfigs } from '../../../src/protocol/kafka/messages/describe-configs.js';
import { describeGroups } from '../../../src/protocol/kafka/messages/describe-groups.js';
import { describeLogDirs } from '../../../src/protocol/kafka/messages/describe-log-dirs.js';
import { describeProducers } from '../../../src/protocol/kafka/messages/describe-producers.js';
import { describeQuorum } from '../../../src/protocol/kafka/messages/describe-quorum.js';
import { describeTopicPartitions } from '../../../src/protocol/kafka/messages/describe-topic-partitions.js';
import { describeTransactions } from '../../../src/protocol/kafka/messages/describe-transactions.js';
import { describeUserScramCredentials } from '../../../src/protocol/kafka/messages/describe-user-scram-credentials.js';
import { electLeaders } from '../../../src/protocol/kafka/messages/elect-leaders.js';
import { endTxn } from '../../../src/protocol/kafka/messages/end-txn.js';
import { fetch } from '../../../src/protocol/kafka/messages/fetch.js';
import { findCoordinator } from '../../../src/protocol/kafka/messages/find-coordinator.js';
import { heartbeat } from '../../../src/protocol/kafka/messages/heartbeat.js';
import { incrementalAlterConfigs } from '../../../src/protocol/kafka/messages/incremental-alter-configs.js';
import { initProducerId } from '../../../src/protocol/kafka/messages/init-producer-id.js';
import { joinGroup } from '../../../src/protocol/kafka/messages/join-group.js';
import { leaveGroup } from '../../../src/protocol/kafka/messages/leave-group.js';
import { listConfigResources } from '../../../src/protocol/kafka/messages/list-config-resources.js';
import { listGroups } from '../../../src/protocol/kafka/messages/list-groups.js';
import { listOffsets } from '../../../src/protocol/kafka/messages/list-offsets.js';
import { listPartitionReassignments } from '../../../src/protocol/kafka/messages/list-partition-reassignments.js';
import { listTransactions } from '../../../src/protocol/kafka/messages/list-transactions.js';
import { metadata } from '../../../src/protocol/kafka/messages/metadata.js';
import { offsetCommit } from '../../../src/protocol/kafka/messages/offset-commit.js';
import { offsetDelete } from '../../../src/protocol/kafka/messages/offset-delete.js';
import { offsetFetch } from '../../../src/protocol/kafka/messages/offset-fetch.js';
import { offsetForLeaderEpoch } from '../../../src/protocol/kafka/messages/offset-for-leader-epoch.js';
import { produce } from '../../../src/protocol/kafka/messages/produce.js';
import { addRaftVoter } from '../../../src/protocol/kafka/messages/raft-voters.js';
import { saslAuthenticate } from '../../../src/protocol/kafka/messages/sasl-authenticate.js';
import { saslHandshake } from '../../../src/protocol/kafka/messages/sasl-handshake.js';
import { shareGroupHeartbeat } from '../../../src/protocol/kafka/messages/share-groups.js';
import { syncGroup } from '../../../src/protocol/kafka/messages/sync-group.js';
import { txnOffsetCommit } from '../../../src/protocol/kafka/messages/txn-offset-commit.js';
import { unregisterBroker } from '../../../src/protocol/kafka/messages/unregister-broker.js';
import { updateFeatures } from '../../../src/protocol/kafka/messages/update-features.js';
import { writeTxnMarkers } from '../../../src/protocol/kafka/messages/write-txn-markers.js';
import { batchOf } from '../../support/kafka-batch.js';
import { RawClient } from '../../support/kafka-raw-client.js';

/** By PLAIN; the password is the name and `-secret`. */
export async function login(address: string, user: string): Promise<RawClient> {
  const client = await RawClient.open(address);
  await client.send(saslHandshake, 1, { mechanism: 'PLAIN' });
  const authBytes = Buffer.from(`\0${user}\0${user}-secret`);
  const { errorCode } = await client.send(saslAuthenticate, 2, { authBytes });
  if (errorCode !== 0) throw new Error(errorName(errorCode));
  return client;
}

interface Names {
  /** A topic, a group, a transactional id. */
  readonly T: string;
  readonly G: string;
  readonly X: string;
}

type Send = (client: RawClient, names: Names) => Promise<object>;

const ANY_ACL = {
  resourceTypeFilter: 2,
  resourceNameFilter: 'nothing-of-this-name',
  patternTypeFilter: 3,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};

const partitionOf = <Partition>(topic: string, partition: Partition) => [{ name: topic, partitions: [partition] }];

const RANGE = { protocolType: 'consumer', protocolName: 'range' };

const configs = [{ name: 'retention.ms', value: '60000' }];
const resources = ({ T, G }: Names) => [
  { resourceType: 2, resourceName: T },
  { resourceType: 2, resourceName: 'missing' },
  { resourceType: 32, resourceName: G },
  { resourceType: 4, resourceName: '1' },
  { resourceType: 8, resourceName: '1' },
  { resourceType: 16, resourceName: 'metrics' },
];

/** In this order: what takes something away comes last. Names that are not there show what is told of them. */
export const ACL_REQUESTS: Readonly<Record<string, Send>> = {
  'Metadata of a topic': (client, { T }) =>
    client.send(metadata, 10, {
      topics: [{ name: T }, { name: 'missing' }],
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
      includeClusterAuthorizedOperations: true,
    }),
  'Metadata of all topics': async (client, { T }) => {
    const { topics } = await client.send(metadata, 10, { topics: null });
    return { topics: topics.filter(({ name }) => name === T) };
  },
  'Metadata that makes a topic': async (client, { T }) => {
    const wanted = [{ name: `${T}-by-metadata` }];
    const { topics } = await client.send(metadata, 9, { topics: wanted, allowAutoTopicCreation: true });
    // Real Kafka makes it after the answer.
    return topics.map(({ errorCode }) => ({ name: errorName(errorCode) === 'TOPIC_AUTHORIZATION_FAILED' }));
  },
  DescribeTopicPartitions: (client, { T }) =>
    client.send(describeTopicPartitions, 0, { topics: [{ name: T }, { name: 'missing' }] }),
  DescribeCluster: (client) => client.send(describeCluster, 2, { includeClusterAuthorizedOperations: true }),
  Produce: (client, { T }) => {
    const partitionData = [{ index: 0, records: batchOf(['value'], { timestampMs: 1_700_000_000_000 }) }];
    const topicData = [T, 'missing'].map((name) => ({ name, partitionData }));
    return client.send(produce, 9, { acks: -1, timeoutMs: 5000, topicData });
  },
  'Produce without an answer': async (client, { T }) => {
    const partitionData = [{ index: 0, records: batchOf(['value'], { timestampMs: 1_700_000_000_000 }) }];
    const topicData = [{ name: T, partitionData }];
    const produced = client.send(produce, 9, { acks: 0, timeoutMs: 5000, topicData });
    // It is not answered where it went well: the next request is, in its place.
    const next = client.send(metadata, 9, { topics: [] });
    return Promise.race([produced, next]).then(
      () => ({ name: 'connection kept' }),
      () => Promise.reject(new Error('connection closed')),
    );
  },
  'Fetch by name': (client, { T }) =>
    client.send(fetch, 12, {
      maxWaitMs: 0,
      topics: [T, 'missing'].map((topic) => ({ topic, partitions: [{ partition: 0, partitionMaxBytes: 1000 }] })),
    }),
  ListOffsets: (client, { T }) =>
    client.send(listOffsets, 7, {
      topics: [T, 'missing'].flatMap((name) => partitionOf(name, { partitionIndex: 0, timestamp: -1n })),
    }),
  OffsetForLeaderEpoch: (client, { T }) =>
    client.send(offsetForLeaderEpoch, 4, { topics: [{ topic: T, partitions: [{ partition: 0, leaderEpoch: 0 }] }] }),
  DescribeProducers: (client, { T }) =>
    client.send(describeProducers, 0, {
      topics: [T, 'missing'].map((name) => ({ name, partitionIndexes: [0] })),
    }),
  'FindCoordinator of groups': (client, { G }) =>
    client.send(findCoordinator, 4, { keyType: 0, coordinatorKeys: [G, 'missing'] }),
  'FindCoordinator of one group': (client, { G }) => client.send(findCoordinator, 3, { keyType: 0, key: G }),
  'FindCoordinator of transactional ids': (client, { X }) =>
    client.send(findCoordinator, 4, { keyType: 1, coordinatorKeys: [X, 'missing'] }),
  'OffsetCommit from outside': (client, { T, G }) =>
    client.send(offsetCommit, 8, {
      groupId: G,
      topics: [T, 'missing'].flatMap((name) => partitionOf(name, { partitionIndex: 0, committedOffset: 1n })),
    }),
  'OffsetFetch of topics': (client, { T, G }) =>
    client.send(offsetFetch, 8, {
      groups: [{ groupId: G, topics: [T, 'missing'].map((name) => ({ name, partitionIndexes: [0] })) }],
    }),
  'OffsetFetch of all': (client, { G }) =>
    client.send(offsetFetch, 8, { groups: [G, 'missing'].map((groupId) => ({ groupId, topics: null })) }),
  'OffsetFetch of one group': (client, { T, G }) =>
    client.send(offsetFetch, 7, { groupId: G, topics: [{ name: T, partitionIndexes: [0] }] }),
  DescribeGroups: (client, { G }) =>
    client.send(describeGroups, 6, { groups: [G, 'missing'], includeAuthorizedOperations: true }),
  ConsumerGroupDescribe: (client, { G }) => client.send(consumerGroupDescribe, 1, { groupIds: [G, 'missing'] }),
  ListGroups: async (client, { G }) => {
    const { errorCode, groups } = await client.send(listGroups, 5, {});
    return { errorCode, groups: groups.filter(({ groupId }) => groupId === G) };
  },
  JoinGroup: async (client, { G }) => {
    const protocols = [{ name: 'range', metadata: Buffer.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]) }];
    const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 };
    return client.send(joinGroup, 9, { groupId: G, ...timeouts, protocolType: 'consumer', protocols });
  },
  SyncGroup: (client, { G }) =>
    client.send(syncGroup, 5, { groupId: G, generationId: 1, memberId: 'nobody', ...RANGE }),
  Heartbeat: (client, { G }) => client.send(heartbeat, 4, { groupId: G, generationId: 1, memberId: 'nobody' }),
  LeaveGroup: (client, { G }) => client.send(leaveGroup, 5, { groupId: G, members: [{ memberId: 'nobody' }] }),
  ConsumerGroupHeartbeat: async (client, { T, G }) => {
    const member = { memberId: 'AAAAAAAAAAAAAAAAAAAAEg', rebalanceTimeoutMs: 10_000, subscribedTopicNames: [T] };
    const { errorCode } = await client.send(consumerGroupHeartbeat, 1, { groupId: G, memberEpoch: 7, ...member });
    // A group of the classic protocol that nobody is in is told otherwise here, so that the member joins again.
    return { name: errorName(errorCode) === 'UNKNOWN_MEMBER_ID' ? 'GROUP_ID_NOT_FOUND' : errorName(errorCode) };
  },
  'InitProducerId of an idempotent producer': async (client) => {
    for (;;) {
      const answer = await client.send(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 });
      // The first one makes real Kafka ask its controller for ids.
      if (errorName(answer.errorCode) !== 'COORDINATOR_LOAD_IN_PROGRESS') return answer;
    }
  },
  'InitProducerId of a transactional producer': (client, { X }) =>
    client.send(initProducerId, 4, { transactionalId: X, transactionTimeoutMs: 1000 }),
  AddPartitionsToTxn: (client, { T, X }) =>
    client.send(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: X,
      v3AndBelowProducerId: 123_456n,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: [T, 'missing'].map((name) => ({ name, partitions: [0] })),
    }),
  'AddPartitionsToTxn as a broker': (client, { T, X }) =>
    client.send(addPartitionsToTxn, 4, {
      transactions: [
        {
          ...{ transactionalId: X, producerId: 123_456n, producerEpoch: 0, verifyOnly: true },
          topics: [{ name: T, partitions: [0] }],
        },
      ],
    }),
  AddOffsetsToTxn: (client, { G, X }) =>
    client.send(addOffsetsToTxn, 3, { transactionalId: X, producerId: 123_456n, producerEpoch: 0, groupId: G }),
  TxnOffsetCommit: (client, { T, G, X }) =>
    client.send(txnOffsetCommit, 3, {
      ...{ transactionalId: X, groupId: G, producerId: 123_456n, producerEpoch: 0, generationId: -1, memberId: '' },
      topics: [T, 'missing'].flatMap((name) => partitionOf(name, { partitionIndex: 0, committedOffset: 1n })),
    }),
  EndTxn: (client, { X }) =>
    client.send(endTxn, 3, { transactionalId: X, producerId: 123_456n, producerEpoch: 0, committed: true }),
  WriteTxnMarkers: (client, { T }) =>
    client.send(writeTxnMarkers, 1, {
      markers: [
        {
          ...{ producerId: 123_456n, producerEpoch: 0, transactionResult: false, coordinatorEpoch: 0 },
          topics: [{ name: T, partitionIndexes: [0] }],
        },
      ],
    }),
  DescribeTransactions: (client, { X }) => client.send(describeTransactions, 0, { transactionalIds: [X, 'missing'] }),
  ListTransactions: async (client, { X }) => {
    const { errorCode, transactionStates } = await client.send(listTransactions, 1, {});
    return { errorCode, states: transactionStates.filter(({ transactionalId }) => transactionalId === X) };
  },
  DescribeAcls: (client) => client.send(describeAcls, 3, ANY_ACL),
  DescribeConfigs: (client, names) =>
    client.send(describeConfigs, 4, {
      resources: resources(names).map((resource) => ({ ...resource, configurationKeys: ['nothing'] })),
    }),
  IncrementalAlterConfigs: (client, { T }) =>
    client.send(incrementalAlterConfigs, 1, {
      resources: [T, 'missing'].map((resourceName) => ({
        ...{ resourceType: 2, resourceName },
        configs: configs.map((config) => ({ ...config, configOperation: 0 })),
      })),
    }),
  'IncrementalAlterConfigs of the broker, a group and metrics': (client, { G }) =>
    client.send(incrementalAlterConfigs, 1, {
      validateOnly: true,
      resources: [
        {
          resourceType: 4,
          resourceName: '1',
          configs: [{ name: 'log.retention.ms', configOperation: 1, value: null }],
        },
        {
          resourceType: 32,
          resourceName: G,
          configs: [{ name: 'consumer.session.timeout.ms', configOperation: 0, value: '46000' }],
        },
        { resourceType: 16, resourceName: 'm', configs: [{ name: 'interval.ms', configOperation: 0, value: '1000' }] },
      ],
    }),
  AlterConfigs: (client, { T }) =>
    client.send(alterConfigs, 2, {
      resources: [T, 'missing'].map((resourceName) => ({ resourceType: 2, resourceName, configs })),
    }),
  ListConfigResources: (client) => client.send(listConfigResources, 1, { resourceTypes: [16] }),
  DescribeLogDirs: (client, { T }) => client.send(describeLogDirs, 4, { topics: [{ topic: T, partitions: [0] }] }),
  AlterReplicaLogDirs: (client, { T }) =>
    client.send(alterReplicaLogDirs, 2, { dirs: [{ path: '/nowhere', topics: [{ name: T, partitions: [0] }] }] }),
  ElectLeaders: (client, { T }) =>
    client.send(electLeaders, 2, { electionType: 0, topicPartitions: [{ topic: T, partitions: [0] }] }),
  AlterPartitionReassignments: (client, { T }) =>
    client.send(alterPartitionReassignments, 0, { topics: partitionOf(T, { partitionIndex: 0, replicas: null }) }),
  ListPartitionReassignments: (client) => client.send(listPartitionReassignments, 0, { topics: null }),
  DescribeClientQuotas: (client) => client.send(describeClientQuotas, 1, { components: [], strict: false }),
  AlterClientQuotas: (client) =>
    client.send(alterClientQuotas, 1, {
      validateOnly: true,
      entries: [
        {
          entity: [{ entityType: 'user', entityName: 'ann' }],
          ops: [{ key: 'producer_byte_rate', value: 100, remove: false }],
        },
      ],
    }),
  DescribeUserScramCredentials: (client) => client.send(describeUserScramCredentials, 0, { users: [{ name: 'zoe' }] }),
  AlterUserScramCredentials: (client) =>
    client.send(alterUserScramCredentials, 0, { deletions: [{ name: 'zoe', mechanism: 1 }] }),
  DescribeQuorum: (client) =>
    client.send(describeQuorum, 2, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    }),
  UpdateFeatures: (client) =>
    client.send(updateFeatures, 1, {
      validateOnly: true,
      featureUpdates: [{ feature: 'transaction.version', maxVersionLevel: 2, upgradeType: 1 }],
    }),
  UnregisterBroker: (client) => client.send(unregisterBroker, 0, { brokerId: 77 }),
  AddRaftVoter: (client) =>
    client.send(addRaftVoter, 0, {
      voterId: 2,
      voterDirectoryId: 'AAAAAAAAAAAAAAAAAAAAEg',
      listeners: [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9 }],
    }),
  ShareGroupHeartbeat: (client, { G }) => client.send(shareGroupHeartbeat, 1, { groupId: G }),
  CreateTopics: (client, { T }) =>
    client.send(createTopics, 7, {
      topics: [{ name: `${T}-new`, numPartitions: 1, replicationFactor: 1 }],
      timeoutMs: 10_000,
    }),
  CreatePartitions: (client, { T }) =>
    client.send(createPartitions, 3, {
      topics: [T, 'missing'].map((name) => ({ name, count: 2, assignments: null })),
      timeoutMs: 10_000,
    }),
  DeleteRecords: (client, { T }) =>
    client.send(deleteRecords, 2, {
      topics: [T, 'missing'].flatMap((name) => partitionOf(name, { partitionIndex: 0, offset: 0n })),
      timeoutMs: 5000,
    }),
  OffsetDelete: (client, { T, G }) =>
    client.send(offsetDelete, 0, { groupId: G, topics: partitionOf(T, { partitionIndex: 0 }) }),
  DeleteGroups: (client, { G }) => client.send(deleteGroups, 2, { groupsNames: [G, 'missing'] }),
  'DeleteTopics by id': (client) =>
    client.send(deleteTopics, 6, { topics: [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAEg' }], timeoutMs: 10_000 }),
  DeleteTopics: (client, { T }) =>
    client.send(deleteTopics, 6, { topics: [{ name: T }, { name: 'missing' }], timeoutMs: 10_000 }),
  'CreateAcls and DeleteAcls': async (client) => {
    const acl = {
      resourceType: 2,
      resourceName: 'mine',
      principal: 'User:zoe',
      host: '*',
      operation: 3,
      permissionType: 3,
    };
    const wanted = [
      acl,
      { ...acl, resourceType: 4, resourceName: 'cluster' },
      { ...acl, resourceName: '' },
      { ...acl, resourceType: 1 },
      { ...acl, operation: 1 },
      { ...acl, permissionType: 1 },
      { ...acl, resourcePatternType: 2 },
      { ...acl, resourceType: 99 },
      { ...acl, resourceType: 3, operation: 9 },
    ];
    const said: unknown[] = [];
    for (const creation of wanted) said.push((await client.send(createAcls, 3, { creations: [creation] })).results);
    said.push(await client.send(deleteAcls, 3, { filters: [ANY_ACL] }));
    said.push(await client.send(deleteAcls, 3, { filters: [{ ...ANY_ACL, operation: 99 }] }));
    said.push(await client.send(describeAcls, 3, { ...ANY_ACL, operation: 99 }));
    return said.map((errors, at) => ({ index: at, errors }));
  },
};

/** What says which thing an answer is about, and what is of interest of it. */
const SHOWN: ReadonlySet<string> = new Set([
  ...[
    'name',
    'topicName',
    'topic',
    'groupId',
    'key',
    'transactionalId',
    'user',
    'resourceType',
    'resourceName',
    'feature',
  ],
  ...['partitionIndex', 'partition', 'index', 'partitionId', 'numPartitions', 'replicationFactor'],
  ...['topicAuthorizedOperations', 'clusterAuthorizedOperations', 'authorizedOperations'],
]);

/** An answer's errors, and what they are about; in an order that no hash table decides. */
export function errorsOf(answer: unknown): unknown {
  if (Array.isArray(answer)) {
    const all = answer.map(errorsOf).filter((one) => one !== undefined);
    return all.length === 0 ? undefined : all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof answer !== 'object' || answer === null || Buffer.isBuffer(answer)) return undefined;
  const shown = Object.entries(answer).flatMap(([name, value]) => {
    if (/errorCode$/i.test(name)) return [[name, errorName(Number(value))]];
    if (SHOWN.has(name)) return [[name, value]];
    const inner = errorsOf(value);
    return inner === undefined ? [] : [[name, inner]];
  });
  return shown.length === 0 ? undefined : Object.fromEntries(shown);
}
