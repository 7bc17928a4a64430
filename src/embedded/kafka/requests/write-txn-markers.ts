import { encodeMarker } from '../../../protocol/kafka/encode-batch.js';
import { errorCode } from '../../../protocol/kafka/errors.js';
import { writeTxnMarkers } from '../../../protocol/kafka/messages/write-txn-markers.js';
import { storageError } from '../storage-errors.js';
import { CONSUMER_OFFSETS } from '../topics/topic.js';
import { handler } from './handler.js';

/** Supports: version 1, as administrators send it to end a hanging transaction. */
export const writeTxnMarkersHandler = handler(
  writeTxnMarkers,
  { supports: 'Ending a hanging transaction by hand.' },
  (request, { broker }) => ({
    markers: request.markers.map(({ producerId, producerEpoch, transactionResult, topics, coordinatorEpoch }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => {
          const topic = broker.topics.get(name);
          const log = topic?.log(partitionIndex);
          if (topic === undefined || log === undefined) {
            return { partitionIndex, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') };
          }
          const known = log.producers.entries.get(Number(producerId));
          if (known !== undefined && known.epoch > producerEpoch) {
            return { partitionIndex, errorCode: errorCode('INVALID_PRODUCER_EPOCH') };
          }
          const type = transactionResult ? 'commit' : 'abort';
          const producer = { producerId: Number(producerId), producerEpoch };
          try {
            log.append(encodeMarker(type, producer, coordinatorEpoch, broker.clock.now()), topic.settings);
            if (name === CONSUMER_OFFSETS) broker.groups.endTransaction(partitionIndex, producer.producerId, type);
            return { partitionIndex, errorCode: 0 };
          } catch (failure) {
            return { partitionIndex, errorCode: errorCode(storageError(failure)) };
          }
        }),
      })),
    })),
  }),
);
