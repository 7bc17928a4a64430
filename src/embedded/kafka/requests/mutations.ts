import { errorCode } from '../../../protocol/kafka/errors.js';
import { type Call, mutationQuota } from '../server/call.js';

/** How many partitions are made or deleted is counted against `controller_mutation_rate` (KIP-599). */
export interface Mutations {
  /** Counts a change; false where it has to be refused. */
  admit(partitions: number): boolean;
  /** Throttles the client where it has gone beyond its quota; what the answer has to tell. */
  throttleTimeMs(): number;
}

/** Clients that know the error have what is too much refused; it is done for older ones, which wait afterwards. */
export function mutations(call: Call, refusesFrom: number): Mutations {
  const quota = mutationQuota(call);
  return {
    admit(partitions) {
      if (quota === undefined) return true;
      if (call.version >= refusesFrom && quota.waitMs() > 0) return false;
      quota.take(partitions);
      return true;
    },
    throttleTimeMs() {
      const ms = quota?.waitMs() ?? 0;
      if (ms > 0) call.peer.throttle(ms);
      return ms;
    },
  };
}

export const QUOTA_EXCEEDED = {
  errorCode: errorCode('THROTTLING_QUOTA_EXCEEDED'),
  errorMessage: 'The throttling quota has been exceeded.',
};
