import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { metadata } from '../../../protocol/kafka/messages/metadata.js';
import { type ResponseInput, ZERO_UUID } from '../../../protocol/kafka/schema.js';
import { invalidTopicName } from '../../../protocol/kafka/topic-name.js';
import { LEADER_EPOCH } from '../log/partition-log.js';
import { CLUSTER_NAME } from '../security/acl.js';
import { authorizedOperations, clusterOperations, NO_OPERATIONS } from '../security/authorized-operations.js';
import { type Call, may } from '../server/call.js';
import { storageError } from '../storage-errors.js';
import { createTopic } from '../topics/create.js';
import type { Topic } from '../topics/topic.js';
import { handler } from './handler.js';

type TopicAnswer = NonNullable<NonNullable<ResponseInput<typeof metadata>['topics']>[number]>;

/**
 * Supports: all versions, by name and by topic id, auto creation.
 * Behaviour: a topic that is created by the request itself is there in the answer, with its leader.
 */
export const metadataHandler = handler(
  metadata,
  { supports: 'By name and by topic id; auto creation where auto.create.topics.enable allows it.' },
  (request, call) => {
    const { broker, version } = call;
    const operations = (name: string): number =>
      request.includeTopicAuthorizedOperations ? authorizedOperations(call, 'TOPIC', name) : NO_OPERATIONS;
    const all = request.topics === null || (version === 0 && request.topics.length === 0);
    const topics = all
      ? broker.topics.all().flatMap((topic) => (mayDescribe(call, topic.name) ? [described(topic, operations)] : []))
      : unique(request.topics ?? []).map(({ name, topicId }) =>
          asked(call, name, topicId, request.allowAutoTopicCreation, operations),
        );
    return {
      brokers: [{ nodeId: broker.nodeId, host: call.peer.listener.host, port: call.peer.listener.port }],
      clusterId: broker.clusterId,
      controllerId: broker.nodeId,
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations(call) : NO_OPERATIONS,
    };
  },
);

type OperationsOf = (name: string) => number;

const mayDescribe = (call: Call, name: string): boolean => may(call, 'DESCRIBE', 'TOPIC', name);

function asked(
  call: Call,
  name: string | null,
  topicId: string,
  mayCreate: boolean,
  operations: OperationsOf,
): TopicAnswer {
  const { broker, version } = call;
  if (name === null || (version >= 10 && topicId !== ZERO_UUID)) {
    const topic = broker.topics.getById(topicId);
    // An id does not give away the name of a topic.
    if (topic === undefined || !mayDescribe(call, topic.name)) {
      return failed('UNKNOWN_TOPIC_ID', version >= 12 ? null : '', topicId);
    }
    return described(topic, operations);
  }
  if (!mayDescribe(call, name)) return failed('TOPIC_AUTHORIZATION_FAILED', name);
  const known = broker.topics.get(name);
  if (known !== undefined) return described(known, operations);
  const missing = (error: ErrorName): TopicAnswer => ({
    ...failed(error, name),
    topicAuthorizedOperations: operations(name),
  });
  if (invalidTopicName(name) !== undefined) return missing('INVALID_TOPIC_EXCEPTION');
  const creates = (version < 4 || mayCreate) && broker.settings.flag('auto.create.topics.enable');
  if (!creates) return missing('UNKNOWN_TOPIC_OR_PARTITION');
  if (!may(call, 'CREATE', 'CLUSTER', CLUSTER_NAME) && !may(call, 'CREATE', 'TOPIC', name)) {
    return failed('TOPIC_AUTHORIZATION_FAILED', name);
  }
  try {
    return described(createTopic(broker, name, broker.settings.number('num.partitions'), {}), operations);
  } catch (failure) {
    return failed(storageError(failure), name);
  }
}

/** A topic that is named many times is answered once, as in Kafka. */
function unique<Topic extends { readonly name: string | null; readonly topicId: string }>(topics: readonly Topic[]) {
  return [...new Map(topics.map((topic) => [`${topic.topicId} ${topic.name}`, topic])).values()];
}

const failed = (error: ErrorName, name: string | null, topicId = ZERO_UUID): TopicAnswer => ({
  errorCode: errorCode(error),
  name,
  topicId,
});

function described(topic: Topic, operations: OperationsOf): TopicAnswer {
  return {
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: Array.from({ length: topic.partitions }, (_, partitionIndex) => ({
      partitionIndex,
      leaderId: 1,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: [1],
      isrNodes: [1],
    })),
    topicAuthorizedOperations: operations(topic.name),
  };
}
