import { errorCode } from '../../../protocol/kafka/errors.js';
import { endTxn } from '../../../protocol/kafka/messages/end-txn.js';
import { stored } from '../storage-errors.js';
import { forOldClients } from '../transactions/producer-errors.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 5. Behaviour: from version 5 on every transaction ends with a new epoch (KIP-890). */
export const endTxnHandler = handler(
  endTxn,
  { supports: 'Commit and abort; the markers are in the partitions when the answer comes.' },
  (request, { broker, version }) => {
    const producer = { producerId: Number(request.producerId), epoch: request.producerEpoch };
    const result = request.committed ? 'commit' : 'abort';
    const ended = stored(broker, "a transaction's end", () =>
      broker.transactions.endTransaction(request.transactionalId, producer, result, version >= 5),
    );
    if (typeof ended === 'string') return { errorCode: errorCode(forOldClients(ended, version >= 2)) };
    return { producerId: BigInt(ended.producerId), producerEpoch: ended.epoch };
  },
);
