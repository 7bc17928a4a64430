import { expect, it } from 'vitest';
import { bulk } from '../../support/kafka-bulk.js';

it('passes 200 MB through in bounded memory', async () => {
  const { consumed, peakMegabytes } = await bulk(200);
  expect(consumed).toBe(200_000);
  expect(peakMegabytes).toBeLessThan(400);
});
