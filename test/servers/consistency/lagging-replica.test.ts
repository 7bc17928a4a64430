import { expect, it } from 'vitest';
import { verifyLaggingReplica } from '../../support/lagging-replica.js';

it('finds what is wrong and nothing else, in a replica that lags, under kills and a new slot with a snapshot', async () => {
  const { wrong, newSlots } = await verifyLaggingReplica({ seed: 1, forMs: 0, perSecond: 300, lagMs: 200 });
  expect(wrong).toEqual([]);
  expect(newSlots).toBe(1);
});
