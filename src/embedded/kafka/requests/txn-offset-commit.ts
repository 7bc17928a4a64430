import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { txnOffsetCommit } from '../../../protocol/kafka/messages/txn-offset-commit.js';
import type { RequestOf } from '../../../protocol/kafka/schema.js';
import type { PartitionOffset } from '../groups/offset-store.js';
import type { Call } from '../server/call.js';
import { stored } from '../storage-errors.js';
import { forOldClients } from '../transactions/producer-errors.js';
import { handler } from './handler.js';

type Request = RequestOf<typeof txnOffsetCommit>;

/** Supports: versions 0 to 5. Behaviour: the offsets count when the transaction commits; until then they are pending. */
export const txnOffsetCommitHandler = handler(
  txnOffsetCommit,
  { supports: 'Offsets of a group’s member within a transaction.' },
  (request, call) => {
    const { topics } = call.broker;
    const isThere = (name: string, partition: number): boolean => topics.get(name)?.has(partition) === true;
    const known = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.filter(({ partitionIndex }) => isThere(name, partitionIndex)),
    }));
    const error = stored(call.broker, 'offsets of a transaction', () => commit({ ...request, topics: known }, call));
    const code = error === undefined ? 0 : errorCode(forOldClients(error, call.version >= 2));
    const missing = errorCode('UNKNOWN_TOPIC_OR_PARTITION');
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: isThere(name, partitionIndex) ? code : missing,
        })),
      })),
    };
  },
);

function commit(request: Request, { broker, version }: Call): ErrorName | undefined {
  const { transactions, groups, clock } = broker;
  const { transactionalId, groupId } = request;
  const producer = { producerId: Number(request.producerId), epoch: request.producerEpoch };
  if (request.generationId >= 0 || request.memberId !== '') {
    const { memberId, groupInstanceId, generationId } = request;
    const refused = groups.checkCommit(groupId, memberId, groupInstanceId, generationId);
    if (refused !== undefined && refused !== 'REBALANCE_IN_PROGRESS') return refused;
  }
  // From version 5 on the offsets themselves add the group (KIP-890).
  const added = version >= 5 ? transactions.addGroup(transactionalId, producer, groupId) : undefined;
  if (added !== undefined) return added;
  const committedMs = clock.now();
  const offsets = request.topics.flatMap(({ name, partitions }) =>
    partitions.map(
      (partition): PartitionOffset => ({
        topic: name,
        partition: partition.partitionIndex,
        value: {
          offset: Number(partition.committedOffset),
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata ?? '',
          committedMs,
        },
      }),
    ),
  );
  return transactions.addOffsets(transactionalId, producer, groupId, offsets);
}
