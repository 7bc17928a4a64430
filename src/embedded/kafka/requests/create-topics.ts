import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { createTopics } from '../../../protocol/kafka/messages/create-topics.js';
import type { RequestOf, ResponseInput } from '../../../protocol/kafka/schema.js';
import { invalid, TOPIC_CONFIG_BY_NAME } from '../../../protocol/kafka/topic-configs.js';
import { invalidTopicName } from '../../../protocol/kafka/topic-name.js';
import { messageOf } from '../../../support/errors.js';
import { CONFIG_SOURCES, describedTopicConfig } from '../resources/described-config.js';
import { CLUSTER_NAME } from '../security/acl.js';
import { type Call, may } from '../server/call.js';
import { isOfFileSystem } from '../storage-errors.js';
import { createTopic } from '../topics/create.js';
import { handler } from './handler.js';
import { type Mutations, mutations, QUOTA_EXCEEDED } from './mutations.js';

type Wanted = RequestOf<typeof createTopics>['topics'][number];
type Answer = NonNullable<NonNullable<ResponseInput<typeof createTopics>['topics']>[number]>;

/** More would be a mistake: files, memory and start-up time grow with them. */
const PARTITIONS_MAX = 10_000;

/** From this version on clients know THROTTLING_QUOTA_EXCEEDED here. */
const REFUSES_FROM = 6;

class Refused extends Error {
  constructor(
    readonly error: ErrorName,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Supports: versions 2 to 7, validate-only, configs, manual assignments (to this one broker), defaults by -1.
 * Behaviour: topics are there, with their leaders, when the answer comes.
 */
export const createTopicsHandler = handler(
  createTopics,
  { supports: 'Configs, manual assignments, validate-only; at most 10,000 partitions a topic.' },
  (request, call) => {
    const quota = mutations(call, REFUSES_FROM);
    const byName = new Map(request.topics.map((topic) => [topic.name, topic]));
    const repeated = new Set(
      request.topics.filter((topic) => byName.get(topic.name) !== topic).map(({ name }) => name),
    );
    const topics = [...byName].map(([name, wanted]): Answer => {
      try {
        if (repeated.has(name)) throw new Refused('INVALID_REQUEST', 'Duplicate topic name.');
        if (!may(call, 'CREATE', 'CLUSTER', CLUSTER_NAME) && !may(call, 'CREATE', 'TOPIC', name)) {
          throw new Refused('TOPIC_AUTHORIZATION_FAILED', 'Authorization failed.');
        }
        return create(call, wanted, request.validateOnly, quota);
      } catch (failure) {
        const refused = refusalOf(failure);
        return {
          name,
          errorCode: errorCode(refused.error),
          errorMessage: refused.message,
          configs: call.version >= 5 ? null : [],
        };
      }
    });
    return { topics, throttleTimeMs: quota.throttleTimeMs() };
  },
);

/** Where there is no room for a topic, clients ask again. */
function refusalOf(failure: unknown): Refused {
  if (failure instanceof Refused) return failure;
  if (isOfFileSystem(failure)) return new Refused('KAFKA_STORAGE_ERROR', messageOf(failure));
  throw failure;
}

function create(call: Call, wanted: Wanted, validateOnly: boolean, quota: Mutations): Answer {
  const { broker } = call;
  const { name } = wanted;
  const badName = invalidTopicName(name);
  if (badName !== undefined) throw new Refused('INVALID_TOPIC_EXCEPTION', badName);
  if (broker.topics.get(name) !== undefined)
    throw new Refused('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
  const collides = broker.topics.collision(name);
  if (collides !== undefined) {
    throw new Refused('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${collides}`);
  }
  const partitions = partitionsOf(wanted, broker.settings.number('num.partitions'));
  const config = configOf(wanted);
  if (!quota.admit(partitions)) throw new Refused('THROTTLING_QUOTA_EXCEEDED', QUOTA_EXCEEDED.errorMessage);
  const topic = validateOnly ? undefined : createTopic(broker, name, partitions, config);
  const created = { name, ...(topic && { topicId: topic.id }), errorMessage: null };
  if (!may(call, 'DESCRIBE_CONFIGS', 'TOPIC', name)) {
    const topicConfigErrorCode = errorCode('TOPIC_AUTHORIZATION_FAILED');
    return { ...created, topicConfigErrorCode, numPartitions: -1, replicationFactor: -1, configs: [] };
  }
  const configs = describedTopicConfig(broker.settings, new Map(Object.entries(config))).map((entry) => ({
    name: entry.name,
    value: entry.value,
    readOnly: false,
    configSource: CONFIG_SOURCES[entry.source],
    isSensitive: false,
  }));
  return { ...created, numPartitions: partitions, replicationFactor: 1, configs };
}

function partitionsOf({ numPartitions, replicationFactor, assignments }: Wanted, defaultPartitions: number): number {
  if (assignments.length > 0) {
    if (numPartitions !== -1) {
      throw new Refused(
        'INVALID_REQUEST',
        'A manual partition assignment was specified, but numPartitions was not set to -1.',
      );
    }
    if (replicationFactor !== -1) {
      throw new Refused(
        'INVALID_REQUEST',
        'A manual partition assignment was specified, but replication factor was not set to -1.',
      );
    }
    return assignedPartitions(assignments);
  }
  if (replicationFactor !== -1 && replicationFactor !== 1) {
    throw new Refused(
      'INVALID_REPLICATION_FACTOR',
      replicationFactor <= 0
        ? 'Replication factor must be larger than 0, or -1 to use the default value.'
        : `Unable to replicate the partition ${replicationFactor} time(s): The target replication factor of ${replicationFactor} cannot be reached because only 1 broker(s) are registered.`,
    );
  }
  if (numPartitions === -1) return defaultPartitions;
  if (numPartitions <= 0) {
    throw new Refused('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.');
  }
  if (numPartitions > PARTITIONS_MAX) {
    throw new Refused('POLICY_VIOLATION', `Excessively large number of partitions per request: ${numPartitions}.`);
  }
  return numPartitions;
}

function assignedPartitions(assignments: Wanted['assignments']): number {
  const indexes = new Set(assignments.map(({ partitionIndex }) => partitionIndex));
  const consecutive = indexes.size === assignments.length && assignments.every((_, at) => indexes.has(at));
  if (!consecutive) {
    throw new Refused('INVALID_REPLICA_ASSIGNMENT', 'partitions should be a consecutive 0-based integer sequence');
  }
  for (const { partitionIndex, brokerIds } of assignments) {
    if (brokerIds.length !== 1 || brokerIds[0] !== 1) {
      throw new Refused(
        'INVALID_REPLICA_ASSIGNMENT',
        `The manual partition assignment of partition ${partitionIndex} names brokers ${brokerIds.join(', ')}; there is broker 1`,
      );
    }
  }
  return assignments.length;
}

function configOf({ configs }: Wanted): Record<string, string> {
  const accepted: Record<string, string> = {};
  for (const { name, value } of configs) {
    const definition = TOPIC_CONFIG_BY_NAME.get(name);
    if (definition === undefined) throw new Refused('INVALID_CONFIG', `Unknown topic config name: ${name}`);
    if (value === null) throw new Refused('INVALID_CONFIG', `Null value not supported for topic configs: ${name}`);
    const why = invalid(definition, value);
    if (why !== undefined) throw new Refused('INVALID_CONFIG', why);
    accepted[name] = value;
  }
  return accepted;
}
