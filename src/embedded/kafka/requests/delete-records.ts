import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { deleteRecords } from '../../../protocol/kafka/messages/delete-records.js';
import type { Broker } from '../broker.js';
import { storageError } from '../storage-errors.js';
import { handler } from './handler.js';

const HIGH_WATERMARK = -1n;

/** Supports: versions 0 to 2. Behaviour: moves the log's start; -1 means up to the end. */
export const deleteRecordsHandler = handler(
  deleteRecords,
  { supports: 'Up to an offset, or all (-1).' },
  (request, { broker }) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const result = deleteBefore(broker, name, partitionIndex, offset);
        if (typeof result === 'string') return { partitionIndex, lowWatermark: -1n, errorCode: errorCode(result) };
        return { partitionIndex, lowWatermark: BigInt(result), errorCode: 0 };
      }),
    })),
  }),
);

function deleteBefore(broker: Broker, name: string, partition: number, offset: bigint): number | ErrorName {
  const topic = broker.topics.get(name);
  const log = topic?.log(partition);
  if (topic === undefined || log === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  if (topic.internal) return 'INVALID_TOPIC_EXCEPTION';
  if (!topic.settings.deletes) return 'POLICY_VIOLATION';
  const target = offset === HIGH_WATERMARK ? log.endOffset : Number(offset);
  if (target < 0 || target > log.endOffset) return 'OFFSET_OUT_OF_RANGE';
  try {
    log.advanceStart(target);
  } catch (failure) {
    return storageError(failure);
  }
  return log.startOffset;
}
