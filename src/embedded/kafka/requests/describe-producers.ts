import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeProducers } from '../../../protocol/kafka/messages/describe-producers.js';
import { handler } from './handler.js';

/** Supports: version 0. */
export const describeProducersHandler = handler(
  describeProducers,
  { supports: 'The idempotent producers that a partition remembers.' },
  (request, { broker }) => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const log = broker.topics.get(name)?.log(partitionIndex);
        if (log === undefined) return { partitionIndex, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') };
        const activeProducers = [...log.producers.entries].map(([id, entry]) => ({
          producerId: BigInt(id),
          producerEpoch: entry.epoch,
          lastSequence: entry.batches.at(-1)?.lastSequence ?? -1,
          lastTimestamp: BigInt(entry.lastTimestampMs),
          coordinatorEpoch: entry.coordinatorEpoch,
          currentTxnStartOffset: BigInt(entry.transactionStart ?? -1),
        }));
        return { partitionIndex, activeProducers };
      }),
    })),
  }),
);
