import { expect, it } from 'vitest';
import { bulk } from '../support/kafka-bulk.js';

it('passes 5 GB through in bounded memory', async () => {
  const { consumed, megabytesPerSecond, peakMegabytes } = await bulk(5000);
  process.stderr.write(`${megabytesPerSecond} MB/s consumed, the broker held ${peakMegabytes} MB at most\n`);
  expect(consumed).toBe(5_000_000);
  expect(peakMegabytes).toBeLessThan(500);
});
