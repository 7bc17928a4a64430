import { initProducerId } from '../../../protocol/kafka/messages/init-producer-id.js';
import { handler } from './handler.js';

/** Supports: versions 0 to 5. Behaviour: without transactional id every call gives a new id with epoch 0. */
export const initProducerIdHandler = handler(
  initProducerId,
  { supports: 'Idempotent producers.' },
  (_request, { broker }) => ({ producerId: BigInt(broker.producerIds.take()), producerEpoch: 0 }),
);
