import { expect, it } from 'vitest';
import { TokenBucket } from '../../../../src/embedded/kafka/security/token-bucket.js';

it('lets one go beyond what is left, and the next wait until that is paid back', () => {
  const bucket = new TokenBucket(11);
  expect(bucket.waitMs(2, 0)).toBe(0);
  bucket.take(22, 2, 0);
  expect(bucket.waitMs(2, 0)).toBe(0);
  bucket.take(5, 2, 0);
  expect(bucket.waitMs(2, 0)).toBe(2500);
  expect(bucket.waitMs(2, 2000)).toBe(500);
  expect(bucket.waitMs(2, 2500)).toBe(0);
});

it('keeps no more than what comes in all windows', () => {
  const bucket = new TokenBucket(11);
  bucket.take(1, 1, 0);
  bucket.take(20, 1, 1_000_000);
  expect(bucket.waitMs(1, 1_000_000)).toBe(9000);
});
