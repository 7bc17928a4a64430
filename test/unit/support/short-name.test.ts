import { expect, it } from 'vitest';
import { shortName } from '../../../src/support/short-name.js';

it('leaves a name that fits as it is', () => {
  expect(shortName('a'.repeat(63), 63, '_')).toBe('a'.repeat(63));
});

it('keeps the beginning of a longer one, and tells two that begin alike apart', () => {
  const [one, other] = ['1', '2'].map((end) => shortName(`${'a'.repeat(70)}${end}`, 63, '_'));
  expect(one).toMatch(/^a{46}_[0-9a-f]{16}$/);
  expect(other).not.toBe(one);
});
