import type { KindOperations } from '../kind.js';
import { readCheckFlows } from './flows.js';
import { verifyConsistency } from './verify-consistency.js';

export const operations: KindOperations = {
  proof: (session) =>
    session.pipeline.checks.length === 0
      ? undefined
      : (options) => verifyConsistency(session, { ...options, alongTheFlow: true }),

  flows: readCheckFlows,
};
