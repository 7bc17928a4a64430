import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { offsetFetch } from '../../../protocol/kafka/messages/offset-fetch.js';
import type { CommittedOffset } from '../groups/offset-store.js';
import { type Call, may } from '../server/call.js';
import { handler } from './handler.js';

interface WantedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

/** Supports: versions 1 to 9, one or several groups, all of a group's offsets. */
export const offsetFetchHandler = handler(
  offsetFetch,
  { supports: 'One or several groups; requireStable waits for pending transactions.' },
  (request, call) => {
    const { version } = call;
    if (version < 8) return { topics: offsetsOf(call, request.groupId, request.topics, request.requireStable) };
    return {
      groups: request.groups.map(({ groupId, memberId, memberEpoch, topics }) => {
        const error = call.broker.groups.checkOffsetFetch(groupId, memberId, memberEpoch);
        return {
          groupId,
          topics: error === undefined ? offsetsOf(call, groupId, topics, request.requireStable) : [],
          errorCode: error === undefined ? 0 : errorCode(error),
        };
      }),
    };
  },
);

function offsetsOf(call: Call, group: string, wanted: readonly WantedTopic[] | null, requireStable: boolean) {
  const { offsets } = call.broker.groups;
  const mayDescribe = (name: string): boolean => may(call, 'DESCRIBE', 'TOPIC', name);
  const topics =
    wanted ??
    [...offsets.of(group)]
      .filter(([name]) => mayDescribe(name))
      .map(([name, partitions]) => ({ name, partitionIndexes: [...partitions.keys()] }));
  return topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      if (!mayDescribe(name)) return answered(partitionIndex, undefined, 'TOPIC_AUTHORIZATION_FAILED');
      const unstable = requireStable && offsets.hasPending(group, name, partitionIndex);
      return answered(
        partitionIndex,
        unstable ? undefined : offsets.get(group, name, partitionIndex),
        unstable ? 'UNSTABLE_OFFSET_COMMIT' : undefined,
      );
    }),
  }));
}

const answered = (partitionIndex: number, committed: CommittedOffset | undefined, error: ErrorName | undefined) => ({
  partitionIndex,
  committedOffset: BigInt(committed?.offset ?? -1),
  committedLeaderEpoch: committed?.leaderEpoch ?? -1,
  metadata: committed?.metadata ?? '',
  errorCode: error === undefined ? 0 : errorCode(error),
});
