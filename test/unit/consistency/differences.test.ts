import { expect, it } from 'vitest';
import { Differences, versionMark } from '../../../src/consistency/differences.js';

const mark = versionMark('734 (12,7)');

it.each([
  { source: 1, replica: 1, version: mark },
  { source: 1, replica: 0, version: mark },
  { source: 0, replica: 1, version: 0 },
  { source: 0, replica: 1, version: 2 ** 48 - 1 },
  { source: 3, replica: 1, version: mark },
  { source: 0, replica: 2, version: mark },
])('gives back what was put in: %o', (difference) => {
  const differences = new Differences();
  differences.set('["1"]', difference);
  expect(differences.get('["1"]')).toEqual(difference);
  expect([...differences]).toEqual([['["1"]', difference]]);
  expect([...differences.values()]).toEqual([difference]);
});

it('marks each version of many rows with a number of its own', () => {
  const marks = new Set<number>();
  for (let page = 0; page < 1_000; page += 1)
    for (let item = 1; item <= 100; item += 1) marks.add(versionMark(`734 (${page},${item})`));
  expect(marks.size).toBe(100_000);
  expect([...marks].every(Number.isSafeInteger)).toBe(true);
});
