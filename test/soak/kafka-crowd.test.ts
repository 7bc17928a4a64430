import { expect, it } from 'vitest';
import { crowd } from '../support/kafka-crowd.js';

it('costs little: 2,000 topics of three partitions that were all written to, 2,000 idle connections', async () => {
  const costs = await crowd({ topics: 2_000, connections: 2_000, idleMs: 60_000 });
  process.stderr.write(`${JSON.stringify(costs)}\n`);
  expect(costs.memoryBytes).toBeLessThan(150 * 1024 * 1024);
  expect(costs.descriptors).toBeLessThan(2_000 + 1_200);
  expect(costs.idleCpuPercent).toBeLessThan(1);
});
