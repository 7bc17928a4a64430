import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeTransactions } from '../../../protocol/kafka/messages/describe-transactions.js';
import { may } from '../server/call.js';
import { handler } from './handler.js';

/** Supports: version 0. */
export const describeTransactionsHandler = handler(
  describeTransactions,
  { supports: 'State, timeout, producer and partitions of transactional ids.' },
  (request, call) => ({
    transactionStates: request.transactionalIds.map((transactionalId) => {
      const found = call.broker.transactions.get(transactionalId);
      if (found === undefined) return { transactionalId, errorCode: errorCode('TRANSACTIONAL_ID_NOT_FOUND') };
      return {
        transactionalId,
        transactionState: found.state,
        transactionTimeoutMs: found.timeoutMs,
        transactionStartTimeMs: BigInt(found.startMs),
        producerId: BigInt(found.producerId),
        producerEpoch: found.epoch,
        topics: Object.entries(found.partitions)
          .filter(([topic]) => may(call, 'DESCRIBE', 'TOPIC', topic))
          .map(([topic, partitions]) => ({ topic, partitions })),
      };
    }),
  }),
);
