import { errorCode } from '../../../protocol/kafka/errors.js';
import { alterClientQuotas } from '../../../protocol/kafka/messages/alter-client-quotas.js';
import { describeClientQuotas } from '../../../protocol/kafka/messages/describe-client-quotas.js';
import { messageOf } from '../../../support/errors.js';
import type { QuotaChange } from '../security/quotas.js';
import { storageError } from '../storage-errors.js';
import { handler } from './handler.js';

const KEYS: ReadonlySet<string> = new Set([
  'producer_byte_rate',
  'consumer_byte_rate',
  'request_percentage',
  'controller_mutation_rate',
  'connection_creation_rate',
]);

const [EXACT, DEFAULT] = [0, 1] as const;

/** Supports: versions 0 and 1. Behaviour: what was set is told. */
export const describeClientQuotasHandler = handler(
  describeClientQuotas,
  {
    supports: 'Filters by user, client id and address.',
    lacks: 'Only producer_byte_rate and consumer_byte_rate are enforced.',
  },
  ({ components, strict }, { broker }) => {
    const entries = broker.quotas.all().filter(
      ({ entity }) =>
        components.every(({ entityType, matchType, match }) => {
          const part = entity.find((one) => one.entityType === entityType);
          if (part === undefined) return false;
          return matchType === EXACT
            ? part.entityName === match
            : matchType === DEFAULT
              ? part.entityName === null
              : true;
        }) &&
        (!strict || entity.length === components.length),
    );
    return {
      errorMessage: null,
      entries: entries.map(({ entity, values }) => ({
        entity,
        values: Object.entries(values).map(([key, value]) => ({ key, value })),
      })),
    };
  },
);

/** Supports: versions 0 and 1, validate-only. */
export const alterClientQuotasHandler = handler(
  alterClientQuotas,
  { supports: 'Set and remove; validate-only.', lacks: 'Only producer_byte_rate and consumer_byte_rate are enforced.' },
  ({ entries, validateOnly }, { broker }) => {
    const changes: QuotaChange[] = [];
    const answers = entries.map(({ entity, ops }) => {
      const unknown = ops.find(({ key }) => !KEYS.has(key));
      const wrong = ops.find(({ value, remove }) => !remove && value <= 0);
      if (unknown !== undefined || wrong !== undefined || entity.length === 0) {
        const errorMessage =
          entity.length === 0
            ? 'Invalid empty client quota entity'
            : unknown !== undefined
              ? `Invalid configuration key ${unknown.key}`
              : `Quota ${wrong?.key} must be greater than 0`;
        return { errorCode: errorCode('INVALID_REQUEST'), errorMessage, entity };
      }
      changes.push({ entity, operations: ops });
      return { errorCode: 0, errorMessage: null, entity };
    });
    if (validateOnly || changes.length === 0) return { entries: answers };
    try {
      broker.quotas.change(changes);
      return { entries: answers };
    } catch (failure) {
      const refused = { errorCode: errorCode(storageError(failure)), errorMessage: messageOf(failure) };
      return { entries: answers.map((answer) => (answer.errorCode === 0 ? { ...answer, ...refused } : answer)) };
    }
  },
);
