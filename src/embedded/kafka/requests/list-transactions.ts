import { errorCode } from '../../../protocol/kafka/errors.js';
import { listTransactions } from '../../../protocol/kafka/messages/list-transactions.js';
import { compileNamePattern } from '../name-pattern.js';
import { may } from '../server/call.js';
import type { TransactionState } from '../transactions/transaction.js';
import { handler } from './handler.js';

const STATES: ReadonlySet<string> = new Set<TransactionState | 'Dead' | 'PrepareEpochFence'>([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
]);

/** Supports: versions 0 to 2: filters by state, producer id, duration and pattern (RE2 syntax) of the transactional id. */
export const listTransactionsHandler = handler(
  listTransactions,
  { supports: 'Filters by state, producer id, duration and pattern.' },
  async (request, call) => {
    const { broker } = call;
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request;
    const pattern = transactionalIdPattern ? await compileNamePattern(transactionalIdPattern) : undefined;
    if (typeof pattern === 'string') return { errorCode: errorCode('INVALID_REGULAR_EXPRESSION') };
    const now = broker.clock.now();
    const known = stateFilters.filter((state) => STATES.has(state));
    const transactionStates = [...broker.transactions.all()]
      .filter(([, { state }]) => stateFilters.length === 0 || known.includes(state))
      .filter(([, { producerId }]) => producerIdFilters.length === 0 || producerIdFilters.includes(BigInt(producerId)))
      .filter(([, { startMs }]) => durationFilter < 0n || (startMs >= 0 && now - startMs > durationFilter))
      .filter(([id]) => pattern?.matches(id) !== false)
      .filter(([id]) => may(call, 'DESCRIBE', 'TRANSACTIONAL_ID', id))
      .map(([transactionalId, { producerId, state }]) => ({
        transactionalId,
        producerId: BigInt(producerId),
        transactionState: state,
      }));
    return { unknownStateFilters: stateFilters.filter((state) => !STATES.has(state)), transactionStates };
  },
);
