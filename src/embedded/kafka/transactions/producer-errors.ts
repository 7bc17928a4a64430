import type { ErrorName } from '../../../protocol/kafka/errors.js';

/** Clients from before KIP-588 know PRODUCER_FENCED only as INVALID_PRODUCER_EPOCH. */
export const forOldClients = (error: ErrorName, knowsFenced: boolean): ErrorName =>
  error === 'PRODUCER_FENCED' && !knowsFenced ? 'INVALID_PRODUCER_EPOCH' : error;
