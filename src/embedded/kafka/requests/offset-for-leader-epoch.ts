import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { offsetForLeaderEpoch } from '../../../protocol/kafka/messages/offset-for-leader-epoch.js';
import { LEADER_EPOCH } from '../log/partition-log.js';
import type { Call } from '../server/call.js';
import { handler } from './handler.js';

/** Supports: versions 2 to 4. Behaviour: leadership never moves, so every log has one epoch, which ends at its end. */
export const offsetForLeaderEpochHandler = handler(
  offsetForLeaderEpoch,
  { supports: 'The one leader epoch that a single node has.' },
  (request, call) => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
        const [error, endOffset] = epochEnd(call, topic, partition, currentLeaderEpoch);
        const known = error === undefined && leaderEpoch >= LEADER_EPOCH && endOffset >= 0;
        return {
          partition,
          errorCode: error === undefined ? 0 : errorCode(error),
          leaderEpoch: known ? LEADER_EPOCH : -1,
          endOffset: BigInt(known ? endOffset : -1),
        };
      }),
    })),
  }),
);

function epochEnd(
  { broker }: Call,
  topic: string,
  partition: number,
  currentLeaderEpoch: number,
): readonly [ErrorName | undefined, number] {
  const log = broker.topics.get(topic)?.log(partition);
  if (log === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', -1];
  if (currentLeaderEpoch > LEADER_EPOCH) return ['UNKNOWN_LEADER_EPOCH', -1];
  return [undefined, log.endOffset];
}
