import { errorCode } from '../../../protocol/kafka/errors.js';
import { addOffsetsToTxn } from '../../../protocol/kafka/messages/add-offsets-to-txn.js';
import { stored } from '../storage-errors.js';
import { forOldClients } from '../transactions/producer-errors.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 4. */
export const addOffsetsToTxnHandler = handler(
  addOffsetsToTxn,
  { supports: 'Consumer offsets within transactions.' },
  (request, { broker, version }) => {
    const producer = { producerId: Number(request.producerId), epoch: request.producerEpoch };
    const error = stored(broker, "a transaction's group", () =>
      broker.transactions.addGroup(request.transactionalId, producer, request.groupId),
    );
    return { errorCode: error === undefined ? 0 : errorCode(forOldClients(error, version >= 2)) };
  },
);
