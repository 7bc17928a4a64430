import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { listOffsets } from '../../../protocol/kafka/messages/list-offsets.js';
import type { RequestOf, ResponseInput } from '../../../protocol/kafka/schema.js';
import { timestampedRecord } from '../../../protocol/kafka/unpacked-records.js';
import { LEADER_EPOCH, type PartitionLog } from '../log/partition-log.js';
import type { Call } from '../server/call.js';
import { handler } from './handler.js';

type TopicAnswer = NonNullable<NonNullable<ResponseInput<typeof listOffsets>['topics']>[number]>;
type PartitionAnswer = NonNullable<TopicAnswer['partitions']>[number];

/** The special timestamps; without tiered storage the local log is the whole one. */
const [LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED] = [-1n, -2n, -3n, -4n, -5n] as const;

/** Supports: versions 1 to 10: earliest, latest (the last stable offset for readers of committed data), by time, the greatest timestamp. */
export const listOffsetsHandler = handler(
  listOffsets,
  { supports: 'Earliest, latest, by timestamp, the greatest timestamp; with both isolation levels.' },
  async (request, call) => {
    const topics: TopicAnswer[] = [];
    for (const { name, partitions } of request.topics) {
      const answers: PartitionAnswer[] = [];
      for (const wanted of partitions) answers.push(await answer(call, name, wanted, request.isolationLevel === 1));
      topics.push({ name, partitions: answers });
    }
    return { topics };
  },
);

async function answer(
  { broker }: Call,
  name: string,
  {
    partitionIndex,
    currentLeaderEpoch,
    timestamp,
  }: RequestOf<typeof listOffsets>['topics'][number]['partitions'][number],
  readCommitted: boolean,
): Promise<PartitionAnswer> {
  const log = broker.topics.get(name)?.log(partitionIndex);
  if (log === undefined) return failed(partitionIndex, 'UNKNOWN_TOPIC_OR_PARTITION');
  if (currentLeaderEpoch > LEADER_EPOCH) return failed(partitionIndex, 'UNKNOWN_LEADER_EPOCH');
  const found = await find(log, timestamp, readCommitted);
  return {
    partitionIndex,
    timestamp: BigInt(found?.timestampMs ?? -1),
    offset: BigInt(found?.offset ?? -1),
    leaderEpoch: found === undefined ? -1 : LEADER_EPOCH,
  };
}

const failed = (partitionIndex: number, error: ErrorName): PartitionAnswer => ({
  partitionIndex,
  errorCode: errorCode(error),
  timestamp: -1n,
  offset: -1n,
});

async function find(
  log: PartitionLog,
  timestamp: bigint,
  readCommitted: boolean,
): Promise<{ readonly offset: number; readonly timestampMs: number } | undefined> {
  const end = readCommitted ? log.lastStableOffset : log.endOffset;
  if (timestamp === LATEST) return { offset: end, timestampMs: -1 };
  if (timestamp === EARLIEST || timestamp === EARLIEST_LOCAL) return { offset: log.startOffset, timestampMs: -1 };
  if (timestamp === LATEST_TIERED || timestamp < LATEST_TIERED) return undefined;
  const batch = timestamp === MAX_TIMESTAMP ? log.findMaxTime() : log.findTime(Number(timestamp));
  if (batch === undefined) return undefined;
  const { place, segment } = batch;
  const wanted = timestamp === MAX_TIMESTAMP ? place.maxTimestamp : Number(timestamp);
  const record = await timestampedRecord(segment.read(place.position, place.size), wanted, log.startOffset);
  return record === undefined || record.offset >= end ? undefined : record;
}
