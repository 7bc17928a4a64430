import { addOffsetsToTxn } from '../../../protocol/kafka/messages/add-offsets-to-txn.js';
import { addPartitionsToTxn } from '../../../protocol/kafka/messages/add-partitions-to-txn.js';
import { alterClientQuotas } from '../../../protocol/kafka/messages/alter-client-quotas.js';
import { alterConfigs } from '../../../protocol/kafka/messages/alter-configs.js';
import { alterPartitionReassignments } from '../../../protocol/kafka/messages/alter-partition-reassignments.js';
import { alterReplicaLogDirs } from '../../../protocol/kafka/messages/alter-replica-log-dirs.js';
import { alterUserScramCredentials } from '../../../protocol/kafka/messages/alter-user-scram-credentials.js';
import { consumerGroupDescribe } from '../../../protocol/kafka/messages/consumer-group-describe.js';
import { consumerGroupHeartbeat } from '../../../protocol/kafka/messages/consumer-group-heartbeat.js';
import { createAcls } from '../../../protocol/kafka/messages/create-acls.js';
import { createPartitions } from '../../../protocol/kafka/messages/create-partitions.js';
import { createTopics } from '../../../protocol/kafka/messages/create-topics.js';
import { deleteAcls } from '../../../protocol/kafka/messages/delete-acls.js';
import { deleteGroups } from '../../../protocol/kafka/messages/delete-groups.js';
import { deleteRecords } from '../../../protocol/kafka/messages/delete-records.js';
import { deleteTopics } from '../../../protocol/kafka/messages/delete-topics.js';
import { describeAcls } from '../../../protocol/kafka/messages/describe-acls.js';
import { describeClientQuotas } from '../../../protocol/kafka/messages/describe-client-quotas.js';
import { describeConfigs } from '../../../protocol/kafka/messages/describe-configs.js';
import { describeGroups } from '../../../protocol/kafka/messages/describe-groups.js';
import { describeLogDirs } from '../../../protocol/kafka/messages/describe-log-dirs.js';
import { describeProducers } from '../../../protocol/kafka/messages/describe-producers.js';
import { describeQuorum } from '../../../protocol/kafka/messages/describe-quorum.js';
import { describeTopicPartitions } from '../../../protocol/kafka/messages/describe-topic-partitions.js';
import { describeTransactions } from '../../../protocol/kafka/messages/describe-transactions.js';
import { describeUserScramCredentials } from '../../../protocol/kafka/messages/describe-user-scram-credentials.js';
import { electLeaders } from '../../../protocol/kafka/messages/elect-leaders.js';
import { endTxn } from '../../../protocol/kafka/messages/end-txn.js';
import { fetch } from '../../../protocol/kafka/messages/fetch.js';
import { findCoordinator } from '../../../protocol/kafka/messages/find-coordinator.js';
import { heartbeat } from '../../../protocol/kafka/messages/heartbeat.js';
import { incrementalAlterConfigs } from '../../../protocol/kafka/messages/incremental-alter-configs.js';
import { initProducerId } from '../../../protocol/kafka/messages/init-producer-id.js';
import { joinGroup } from '../../../protocol/kafka/messages/join-group.js';
import { leaveGroup } from '../../../protocol/kafka/messages/leave-group.js';
import { listConfigResources } from '../../../protocol/kafka/messages/list-config-resources.js';
import { listGroups } from '../../../protocol/kafka/messages/list-groups.js';
import { listOffsets } from '../../../protocol/kafka/messages/list-offsets.js';
import { listPartitionReassignments } from '../../../protocol/kafka/messages/list-partition-reassignments.js';
import { listTransactions } from '../../../protocol/kafka/messages/list-transactions.js';
import { metadata } from '../../../protocol/kafka/messages/metadata.js';
import { offsetCommit } from '../../../protocol/kafka/messages/offset-commit.js';
import { offsetDelete } from '../../../protocol/kafka/messages/offset-delete.js';
import { offsetFetch } from '../../../protocol/kafka/messages/offset-fetch.js';
import { offsetForLeaderEpoch } from '../../../protocol/kafka/messages/offset-for-leader-epoch.js';
import { produce } from '../../../protocol/kafka/messages/produce.js';
import { addRaftVoter, removeRaftVoter } from '../../../protocol/kafka/messages/raft-voters.js';
import { syncGroup } from '../../../protocol/kafka/messages/sync-group.js';
import { txnOffsetCommit } from '../../../protocol/kafka/messages/txn-offset-commit.js';
import { unregisterBroker } from '../../../protocol/kafka/messages/unregister-broker.js';
import { updateFeatures } from '../../../protocol/kafka/messages/update-features.js';
import { writeTxnMarkers } from '../../../protocol/kafka/messages/write-txn-markers.js';
import { CLUSTER_NAME, type Operation } from '../security/acl.js';
import { type Call, may, mayOnSome } from '../server/call.js';
import { type AccessRule, cluster, each, many, one, rule, whole } from './rules.js';

/**
 * What every request needs where there is an authorizer. Requests that are answered with less than was asked for (a list
 * of what may be seen), or whose needs depend on what is there, look themselves: of those only the words are here.
 * ApiVersions, SaslHandshake, SaslAuthenticate and DescribeCluster need nothing; requests of features that are off are
 * refused anyhow.
 */
export const ACCESS_RULES: readonly AccessRule[] = [
  rule(
    produce,
    'WRITE on each topic; WRITE on the transactional id',
    whole('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', (call, { transactionalId: id }) => {
      return id === null || may(call, 'WRITE', 'TRANSACTIONAL_ID', id);
    }),
    each('topicData', 'TOPIC_AUTHORIZATION_FAILED', (call, { name, topicId }) => {
      const topic = call.version >= 13 ? call.broker.topics.getById(topicId)?.name : name;
      return topic === undefined || may(call, 'WRITE', 'TOPIC', topic);
    }),
  ),
  rule(fetch, 'READ on each topic'),
  rule(
    listOffsets,
    'DESCRIBE on each topic',
    many('DESCRIBE', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(
    metadata,
    'DESCRIBE on each topic, CREATE on those it makes or on the cluster; others are left out of all topics',
  ),
  rule(
    offsetCommit,
    'READ on the group and on each topic',
    one('READ', 'GROUP', ({ groupId }) => groupId),
    many('READ', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(
    offsetFetch,
    'DESCRIBE on each group and topic',
    whole(
      'GROUP_AUTHORIZATION_FAILED',
      (call, { groupId }) => call.version >= 8 || may(call, 'DESCRIBE', 'GROUP', groupId),
    ),
    many('DESCRIBE', 'GROUP', 'groups', ({ groupId }) => groupId),
  ),
  rule(findCoordinator, 'DESCRIBE on each group or transactional id'),
  rule(
    joinGroup,
    'READ on the group',
    one('READ', 'GROUP', ({ groupId }) => groupId),
  ),
  rule(
    heartbeat,
    'READ on the group',
    one('READ', 'GROUP', ({ groupId }) => groupId),
  ),
  rule(
    leaveGroup,
    'READ on the group',
    one('READ', 'GROUP', ({ groupId }) => groupId),
  ),
  rule(
    syncGroup,
    'READ on the group',
    one('READ', 'GROUP', ({ groupId }) => groupId),
  ),
  rule(
    describeGroups,
    'DESCRIBE on each group',
    many('DESCRIBE', 'GROUP', 'groups', (groupId) => groupId),
  ),
  rule(listGroups, 'DESCRIBE on the cluster, or on the groups that are listed'),
  rule(createTopics, 'CREATE on the cluster or on each topic; DESCRIBE_CONFIGS to be told its settings'),
  rule(deleteTopics, 'DELETE and DESCRIBE on each topic, or DELETE on the cluster'),
  rule(
    deleteRecords,
    'DELETE on each topic',
    many('DELETE', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(
    initProducerId,
    'WRITE on the transactional id; without one IDEMPOTENT_WRITE on the cluster, or WRITE on any topic',
    whole('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', (call, { transactionalId: id }) => {
      return id === null || may(call, 'WRITE', 'TRANSACTIONAL_ID', id);
    }),
    whole('CLUSTER_AUTHORIZATION_FAILED', (call, { transactionalId }) => {
      return transactionalId !== null || mayBeIdempotent(call);
    }),
  ),
  rule(
    offsetForLeaderEpoch,
    'DESCRIBE on each topic, or CLUSTER_ACTION on the cluster',
    each(
      'topics',
      'TOPIC_AUTHORIZATION_FAILED',
      (call, { topic }) =>
        may(call, 'CLUSTER_ACTION', 'CLUSTER', CLUSTER_NAME) || may(call, 'DESCRIBE', 'TOPIC', topic),
    ),
  ),
  rule(
    addPartitionsToTxn,
    'WRITE on the transactional id and on each topic; from version 4 on CLUSTER_ACTION on the cluster',
    whole(
      'CLUSTER_AUTHORIZATION_FAILED',
      (call) => call.version < 4 || may(call, 'CLUSTER_ACTION', 'CLUSTER', CLUSTER_NAME),
    ),
  ),
  rule(
    addOffsetsToTxn,
    'WRITE on the transactional id, READ on the group',
    one('WRITE', 'TRANSACTIONAL_ID', ({ transactionalId }) => transactionalId),
    one('READ', 'GROUP', ({ groupId }) => groupId),
  ),
  rule(
    endTxn,
    'WRITE on the transactional id',
    one('WRITE', 'TRANSACTIONAL_ID', ({ transactionalId }) => transactionalId),
  ),
  rule(writeTxnMarkers, 'ALTER or CLUSTER_ACTION on the cluster', cluster(['ALTER', 'CLUSTER_ACTION'])),
  rule(
    txnOffsetCommit,
    'WRITE on the transactional id, READ on the group and on each topic',
    one('WRITE', 'TRANSACTIONAL_ID', ({ transactionalId }) => transactionalId),
    one('READ', 'GROUP', ({ groupId }) => groupId),
    many('READ', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(describeAcls, 'DESCRIBE on the cluster', cluster(['DESCRIBE'])),
  rule(
    createAcls,
    'ALTER on the cluster',
    cluster(['ALTER'], ({ creations }, refused) => ({ results: creations.map(() => refused) })),
  ),
  rule(
    deleteAcls,
    'ALTER on the cluster',
    cluster(['ALTER'], ({ filters }, refused) => ({ filterResults: filters.map(() => refused) })),
  ),
  rule(
    describeConfigs,
    'DESCRIBE_CONFIGS on each topic or group; on the cluster for all else',
    each('resources', deniedConfigs, (call, resource) => mayConfigure(call, 'DESCRIBE_CONFIGS', resource)),
  ),
  rule(
    alterConfigs,
    'ALTER_CONFIGS on each topic or group; on the cluster for all else',
    each('resources', deniedConfigs, (call, resource) => mayConfigure(call, 'ALTER_CONFIGS', resource)),
  ),
  rule(
    alterReplicaLogDirs,
    'ALTER on the cluster',
    cluster(['ALTER'], ({ dirs }, { errorCode }) => ({
      results: dirs.flatMap(({ topics }) =>
        topics.map(({ name, partitions }) => ({
          topicName: name,
          partitions: partitions.map((partitionIndex) => ({ partitionIndex, errorCode })),
        })),
      ),
    })),
  ),
  rule(
    describeLogDirs,
    'DESCRIBE on the cluster',
    cluster(['DESCRIBE'], (_, { errorCode }) => ({ errorCode })),
  ),
  rule(
    createPartitions,
    'ALTER on each topic',
    many('ALTER', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(
    deleteGroups,
    'DELETE on each group',
    many('DELETE', 'GROUP', 'groupsNames', (groupId) => groupId),
  ),
  rule(
    electLeaders,
    'ALTER on the cluster',
    cluster(['ALTER'], ({ topicPartitions }, refused) => ({
      ...refused,
      replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, ...refused })),
      })),
    })),
  ),
  rule(
    incrementalAlterConfigs,
    'ALTER_CONFIGS on each topic or group; on the cluster for all else',
    each('resources', deniedConfigs, (call, resource) => mayConfigure(call, 'ALTER_CONFIGS', resource)),
  ),
  rule(
    alterPartitionReassignments,
    'ALTER on the cluster',
    cluster(['ALTER'], ({ topics }, refused) => ({
      ...refused,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...refused })),
      })),
    })),
  ),
  rule(listPartitionReassignments, 'DESCRIBE on the cluster', cluster(['DESCRIBE'])),
  rule(
    offsetDelete,
    'DELETE on the group, READ on each topic',
    one('DELETE', 'GROUP', ({ groupId }) => groupId),
    many('READ', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(describeClientQuotas, 'DESCRIBE_CONFIGS on the cluster', cluster(['DESCRIBE_CONFIGS'])),
  rule(
    alterClientQuotas,
    'ALTER_CONFIGS on the cluster',
    cluster(['ALTER_CONFIGS'], ({ entries }, refused) => ({
      entries: entries.map(({ entity }) => ({ entity, ...refused })),
    })),
  ),
  rule(
    describeUserScramCredentials,
    'DESCRIBE on the cluster',
    // Without the names, as Kafka has it.
    cluster(['DESCRIBE'], ({ users }, refused) => ({ ...refused, results: (users ?? []).map(() => refused) })),
  ),
  rule(
    alterUserScramCredentials,
    'ALTER on the cluster',
    cluster(['ALTER'], ({ deletions, upsertions }, refused) => ({
      results: [...new Set([...deletions, ...upsertions].map(({ name }) => name))].map((user) => ({
        user,
        ...refused,
      })),
    })),
  ),
  rule(describeQuorum, 'DESCRIBE on the cluster', cluster(['DESCRIBE'])),
  rule(updateFeatures, 'ALTER on the cluster', cluster(['ALTER'])),
  rule(
    describeProducers,
    'READ on each topic',
    many('READ', 'TOPIC', 'topics', ({ name }) => name),
  ),
  rule(unregisterBroker, 'ALTER on the cluster', cluster(['ALTER'])),
  rule(
    describeTransactions,
    'DESCRIBE on each transactional id; topics that may not be described are left out',
    many('DESCRIBE', 'TRANSACTIONAL_ID', 'transactionalIds', (id) => id),
  ),
  rule(listTransactions, 'DESCRIBE on the transactional ids that are listed'),
  rule(
    consumerGroupHeartbeat,
    'READ on the group; DESCRIBE on each topic that is named, and on those that a pattern finds',
    one('READ', 'GROUP', ({ groupId }) => groupId),
    whole('TOPIC_AUTHORIZATION_FAILED', (call, { subscribedTopicNames: names }) => {
      return names === null || names.every((name) => may(call, 'DESCRIBE', 'TOPIC', name));
    }),
  ),
  rule(
    consumerGroupDescribe,
    'DESCRIBE on each group and on the topics of its members',
    many('DESCRIBE', 'GROUP', 'groupIds', (groupId) => groupId),
  ),
  rule(listConfigResources, 'DESCRIBE_CONFIGS on the cluster', cluster(['DESCRIBE_CONFIGS'])),
  rule(describeTopicPartitions, 'DESCRIBE on each topic; where all are asked for, others are left out'),
  rule(addRaftVoter, 'ALTER on the cluster', cluster(['ALTER'])),
  rule(removeRaftVoter, 'ALTER on the cluster', cluster(['ALTER'])),
];

export const ACCESS_RULE_BY_KEY: ReadonlyMap<number, AccessRule> = new Map(
  ACCESS_RULES.map((entry) => [entry.api.key, entry]),
);

const mayBeIdempotent = (call: Call): boolean =>
  may(call, 'IDEMPOTENT_WRITE', 'CLUSTER', CLUSTER_NAME) || mayOnSome(call, 'WRITE', 'TOPIC');

/** Types of resources that can be configured, by the protocol's numbers. */
const [TOPIC, GROUP] = [2, 32] as const;

interface ConfiguredResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

function mayConfigure(call: Call, operation: Operation, { resourceType, resourceName }: ConfiguredResource): boolean {
  if (resourceType === TOPIC) return may(call, operation, 'TOPIC', resourceName);
  if (resourceType === GROUP) return may(call, operation, 'GROUP', resourceName);
  return may(call, operation, 'CLUSTER', CLUSTER_NAME);
}

function deniedConfigs({ resourceType }: ConfiguredResource) {
  if (resourceType === TOPIC) return 'TOPIC_AUTHORIZATION_FAILED';
  return resourceType === GROUP ? 'GROUP_AUTHORIZATION_FAILED' : 'CLUSTER_AUTHORIZATION_FAILED';
}
