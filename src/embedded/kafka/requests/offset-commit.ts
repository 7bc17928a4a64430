import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { offsetCommit } from '../../../protocol/kafka/messages/offset-commit.js';
import type { PartitionOffset } from '../groups/offset-store.js';
import { stored } from '../storage-errors.js';
import { handler } from './handler.js';

/** Supports: versions 2 to 9, members and commits from outside. Behaviour: on disk before the answer. */
export const offsetCommitHandler = handler(
  offsetCommit,
  { supports: 'Members of both group protocols, and commits from outside while a group is empty.' },
  (request, { broker }) => {
    const { groups, topics, clock, settings } = broker;
    const refusal = groups.checkCommit(
      request.groupId,
      request.memberId,
      request.groupInstanceId,
      request.generationIdOrMemberEpoch,
    );
    const metadataMax = settings.number('offset.metadata.max.bytes');
    const committedMs = clock.now();
    const retentionMs = Number(request.retentionTimeMs);
    const expiresMs = retentionMs < 0 ? undefined : committedMs + retentionMs;
    const accepted: PartitionOffset[] = [];
    const answers = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => {
        const { partitionIndex } = partition;
        const metadata = partition.committedMetadata ?? '';
        const known = topics.get(name)?.has(partitionIndex) === true;
        const error: ErrorName | undefined =
          (known ? undefined : 'UNKNOWN_TOPIC_OR_PARTITION') ??
          refusal ??
          (Buffer.byteLength(metadata) > metadataMax ? 'OFFSET_METADATA_TOO_LARGE' : undefined);
        if (error !== undefined) return { partitionIndex, errorCode: errorCode(error) };
        const offset = Number(partition.committedOffset);
        const { committedLeaderEpoch: leaderEpoch } = partition;
        const value = { offset, leaderEpoch, metadata, committedMs, ...(expiresMs !== undefined && { expiresMs }) };
        accepted.push({ topic: name, partition: partitionIndex, value });
        return { partitionIndex, errorCode: 0 };
      }),
    }));
    if (accepted.length === 0) return { topics: answers };
    const failed = stored(broker, 'offsets', (): undefined => {
      groups.offsets.commit(request.groupId, accepted);
    });
    if (failed !== undefined)
      return {
        topics: answers.map(({ name, partitions }) => ({ name, partitions: partitions.map(unstored(failed)) })),
      };
    groups.touch(request.groupId);
    return { topics: answers };
  },
);

/** Those that were refused for another reason keep it. */
const unstored =
  (error: ErrorName) =>
  <Answer extends { readonly errorCode: number }>(answer: Answer): Answer =>
    answer.errorCode === 0 ? { ...answer, errorCode: errorCode(error) } : answer;
