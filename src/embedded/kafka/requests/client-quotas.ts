import { isIP } from 'node:net';
import { type ErrorName, errorCode } from '../../../protocol/kafka/errors.js';
import { alterClientQuotas } from '../../../protocol/kafka/messages/alter-client-quotas.js';
import { describeClientQuotas } from '../../../protocol/kafka/messages/describe-client-quotas.js';
import type { RequestOf } from '../../../protocol/kafka/schema.js';
import { messageOf } from '../../../support/errors.js';
import type { Quota, QuotaChange } from '../security/quotas.js';
import { storageError } from '../storage-errors.js';
import { handler } from './handler.js';

type Component = RequestOf<typeof describeClientQuotas>['components'][number];
type Entry = RequestOf<typeof alterClientQuotas>['entries'][number];

const CLIENT_KEYS: Readonly<Record<string, 'double' | 'long' | 'int'>> = {
  producer_byte_rate: 'long',
  consumer_byte_rate: 'long',
  request_percentage: 'double',
  controller_mutation_rate: 'double',
};
const IP_KEYS: typeof CLIENT_KEYS = { connection_creation_rate: 'int' };

const [USER, CLIENT, IP] = ['user', 'client-id', 'ip'] as const;
const ENTITY_TYPES: ReadonlySet<string> = new Set([USER, CLIENT, IP]);

const [EXACT, DEFAULT, ANY] = [0, 1, 2] as const;

/** Supports: versions 0 and 1. Behaviour: what was set is told; addresses cannot be looked for along with users or clients. */
export const describeClientQuotasHandler = handler(
  describeClientQuotas,
  { supports: 'Filters by user, client id and address.' },
  ({ components, strict }, { broker }) => {
    const refused = unfit(components);
    if (refused !== undefined) {
      const [error, errorMessage] = refused;
      return { errorCode: errorCode(error), errorMessage, entries: null };
    }
    const entries = broker.quotas.all().filter((quota) => fits(quota, components, strict));
    return {
      errorMessage: null,
      entries: entries.map(({ entity, values }) => ({
        entity,
        values: Object.entries(values).map(([key, value]) => ({ key, value })),
      })),
    };
  },
);

const fits = ({ entity }: Quota, components: readonly Component[], strict: boolean): boolean =>
  (!strict || entity.length === components.length) &&
  components.every(({ entityType, matchType, match }) => {
    const part = entity.find((one) => one.entityType === entityType);
    if (part === undefined || matchType === ANY) return part !== undefined;
    return part.entityName === (matchType === EXACT ? match : null);
  });

function unfit(components: readonly Component[]): readonly [ErrorName, string] | undefined {
  const types = components.map(({ entityType }) => entityType);
  for (const [at, { entityType, matchType, match }] of components.entries()) {
    if (entityType === '') return ['INVALID_REQUEST', 'Invalid empty entity type.'];
    if (types.indexOf(entityType) < at) {
      return ['INVALID_REQUEST', `Entity type ${entityType} cannot appear more than once in the filter.`];
    }
    if (!ENTITY_TYPES.has(entityType)) return ['UNSUPPORTED_VERSION', `Unsupported entity type ${entityType}.`];
    if (matchType === EXACT && match === null) {
      return ['INVALID_REQUEST', 'Request specified MATCH_TYPE_EXACT, but set match string to null.'];
    }
    if (matchType !== EXACT && match !== null) {
      const name = matchType === DEFAULT ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED';
      return ['INVALID_REQUEST', `Request specified ${name}, but also specified a match string.`];
    }
    if (matchType < EXACT || matchType > ANY) return ['INVALID_REQUEST', `Unknown match type ${matchType}`];
  }
  if (types.includes(IP) && types.length > 1) {
    return [
      'INVALID_REQUEST',
      'Invalid entity filter component combination, IP filter component should not be used with user or clientId filter component.',
    ];
  }
  return undefined;
}

/** Supports: versions 0 and 1, validate-only. */
export const alterClientQuotasHandler = handler(
  alterClientQuotas,
  { supports: 'Set and remove; validate-only. All five are enforced.' },
  ({ entries, validateOnly }, { broker }) => {
    const changes: QuotaChange[] = [];
    const answers = entries.map((entry) => {
      const { entity, ops } = entry;
      const errorMessage = invalid(entry);
      if (errorMessage !== null) return { errorCode: errorCode('INVALID_REQUEST'), errorMessage, entity };
      // Of a type that is named twice the last one counts, as in Kafka.
      const parts = [...new Map(entity.map((part) => [part.entityType, part])).values()];
      changes.push({ entity: parts, operations: ops });
      return { errorCode: 0, errorMessage, entity };
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

function invalid({ entity, ops }: Entry): string | null {
  if (entity.length === 0) return 'Invalid empty client quota entity';
  const types = entity.map(({ entityType }) => entityType);
  for (const { entityType, entityName } of entity) {
    if (!ENTITY_TYPES.has(entityType)) return `Unhandled client quota entity type: ${entityType}`;
    if (entityName === '') return `Empty ${entityType}`;
  }
  if (types.includes(IP) && types.some((type) => type !== IP))
    return 'Invalid quota entity combination: ip with others';
  const ip = entity.find(({ entityType }) => entityType === IP)?.entityName ?? null;
  if (ip !== null && isIP(ip) === 0 && ip !== 'localhost') return `${ip} is not a valid IP or resolvable host.`;
  const keys = types.includes(IP) ? IP_KEYS : CLIENT_KEYS;
  for (const { key, value, remove } of ops) {
    const type = keys[key];
    if (type === undefined) return `Invalid configuration key ${key}`;
    if (remove) continue;
    if (value <= 0) return `Quota ${key} must be greater than 0`;
    if (type !== 'double' && Math.abs(value - Math.round(value)) > 1e-6)
      return `${key} must be a ${type.toUpperCase()} value`;
  }
  return null;
}
