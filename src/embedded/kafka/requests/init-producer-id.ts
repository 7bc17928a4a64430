import { errorCode } from '../../../protocol/kafka/errors.js';
import { initProducerId } from '../../../protocol/kafka/messages/init-producer-id.js';
import { stored } from '../storage-errors.js';
import { forOldClients } from '../transactions/producer-errors.js';
import { handler } from './handler.js';

/** From this version on clients know PRODUCER_FENCED here. */
const KNOWS_FENCED = 4;

/**
 * Supports: versions 0 to 5, with and without transactional id, epoch bumps (KIP-360).
 * Behaviour: an id that is initialised again has its ongoing transaction aborted and its old producer fenced.
 */
export const initProducerIdHandler = handler(
  initProducerId,
  { supports: 'Idempotent and transactional producers, epoch bumps.', lacks: 'Two-phase commit (KIP-939).' },
  (request, { broker, version }) => {
    const { transactionalId } = request;
    if (transactionalId === null) {
      const id = stored(broker, 'producer ids', () => broker.producerIds.take());
      // Without transactional id there is no coordinator to look for: at this error clients just ask again.
      if (typeof id === 'string') return { errorCode: errorCode('COORDINATOR_LOAD_IN_PROGRESS'), producerEpoch: -1 };
      return { producerId: BigInt(id), producerEpoch: 0 };
    }
    if (transactionalId === '') return { errorCode: errorCode('INVALID_REQUEST'), producerEpoch: -1 };
    const known =
      request.producerId >= 0n ? { producerId: Number(request.producerId), epoch: request.producerEpoch } : undefined;
    const result = stored(broker, 'a transactional producer', () =>
      broker.transactions.initProducerId(transactionalId, request.transactionTimeoutMs, known),
    );
    if (typeof result === 'string') {
      return { errorCode: errorCode(forOldClients(result, version >= KNOWS_FENCED)), producerEpoch: -1 };
    }
    return { producerId: BigInt(result.producerId), producerEpoch: result.epoch };
  },
);
