import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { alterPartitionReassignments } from '../../../protocol/kafka/messages/alter-partition-reassignments.js';
import { alterReplicaLogDirs } from '../../../protocol/kafka/messages/alter-replica-log-dirs.js';
import { electLeaders } from '../../../protocol/kafka/messages/elect-leaders.js';
import { listPartitionReassignments } from '../../../protocol/kafka/messages/list-partition-reassignments.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 2. Behaviour: the one broker leads already, which is what each partition is answered. */
export const electLeadersHandler = handler(
  electLeaders,
  { supports: 'Answered ELECTION_NOT_NEEDED: the one broker leads.' },
  ({ topicPartitions }, { broker }) => ({
    // Who asks for all partitions is told of those where something was to be done: none.
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => {
        const known = broker.topics.get(topic)?.has(partitionId) === true;
        const error: ErrorName = known ? 'ELECTION_NOT_NEEDED' : 'UNKNOWN_TOPIC_OR_PARTITION';
        const errorMessage = known ? 'Leader election not needed for topic partition.' : 'No such topic or partition';
        return { partitionId, errorCode: errorCode(error), errorMessage };
      }),
    })),
  }),
);

/** Supports: versions 0 and 1. Behaviour: the only possible assignment is the one there is; cancelling finds nothing in progress. */
export const alterPartitionReassignmentsHandler = handler(
  alterPartitionReassignments,
  { supports: 'The one assignment that is possible, to broker 1.' },
  ({ topics }, { broker }) => ({
    errorMessage: null,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }) => {
        const [error, errorMessage] = refusal(broker.topics.get(name)?.has(partitionIndex) === true, replicas);
        return { partitionIndex, errorCode: error === undefined ? 0 : errorCode(error), errorMessage };
      }),
    })),
  }),
);

function refusal(known: boolean, replicas: readonly number[] | null): readonly [ErrorName | undefined, string | null] {
  if (!known) return ['UNKNOWN_TOPIC_OR_PARTITION', 'Unable to find the partition.'];
  if (replicas === null) return ['NO_REASSIGNMENT_IN_PROGRESS', null];
  if (replicas.length === 1 && replicas[0] === 1) return [undefined, null];
  return ['INVALID_REPLICA_ASSIGNMENT', `The assignment names brokers ${replicas.join(', ')}; there is broker 1`];
}

/** Supports: version 0. Behaviour: none is ever in progress. */
export const listPartitionReassignmentsHandler = handler(
  listPartitionReassignments,
  { supports: 'Answered with none.' },
  () => ({ errorMessage: null }),
);

/** Supports: versions 1 and 2. Behaviour: there is one directory, where all replicas are and stay. */
export const alterReplicaLogDirsHandler = handler(
  alterReplicaLogDirs,
  { supports: 'The one directory that there is.' },
  ({ dirs }, { broker }) => ({
    results: dirs.flatMap(({ path, topics }) =>
      topics.map(({ name, partitions }) => ({
        topicName: name,
        partitions: partitions.map((partitionIndex) => {
          const isThere = broker.topics.get(name)?.has(partitionIndex) === true;
          const error: ErrorName | undefined =
            path !== broker.dataDir ? 'LOG_DIR_NOT_FOUND' : isThere ? undefined : 'UNKNOWN_TOPIC_OR_PARTITION';
          return { partitionIndex, errorCode: error === undefined ? 0 : errorCode(error) };
        }),
      })),
    ),
  }),
);
