import { expect, it } from 'vitest';
import { verifyLaggingReplica } from '../support/lagging-replica.js';

const SEED = Number(process.env.EVPIPE_SOAK_SEED ?? 1);
const MINUTES = Number(process.env.EVPIPE_SOAK_MINUTES ?? 10);

it('finds what is wrong and nothing else, at 1,000 transactions a second with 5 s of lag', async () => {
  const result = await verifyLaggingReplica({ seed: SEED, forMs: MINUTES * 60_000, perSecond: 1_200, lagMs: 5_000 });
  process.stderr.write(`${JSON.stringify({ ...result, seed: SEED })}\n`);
  expect(result.wrong).toEqual([]);
  expect(result.transactionsPerSecond).toBeGreaterThan(1_000);
});
