import { expect, it } from 'vitest';
import { Rest } from '../../../src/consistency/rest.js';

/** What a reader rests after each of ten parts of 300 ms, beside so many transactions a second of others. */
function restsBeside(perSecond: number): readonly number[] {
  const rest = new Rest();
  let nowMs = 0;
  return Array.from({ length: 10 }, () => {
    nowMs += 300;
    const restMs = rest.afterMs(300, Math.round(1e9 + (nowMs * perSecond) / 1_000), nowMs);
    nowMs += restMs;
    return Math.round(restMs);
  });
}

it('reads without a rest where a server has nothing else to do', () => {
  expect(new Set(restsBeside(0))).toEqual(new Set([0]));
  expect(new Set(restsBeside(15))).toEqual(new Set([0]));
});

it('rests the longer the more transactions others make, up to fourteen times as long as it reads', () => {
  expect(restsBeside(70).slice(-1)).toEqual([300]);
  expect(restsBeside(270).slice(-1)).toEqual([1_500]);
  expect(restsBeside(5_000).slice(-1)).toEqual([14 * 300]);
});

it('goes back to full speed once the others are done, and rests at no server that does not say what it does', () => {
  const rest = new Rest();
  const counts = [0, 2_000, 4_000, 4_000, 4_000].map((transactions, at) => rest.afterMs(100, transactions, at * 1_100));
  expect(counts).toEqual([0, 1_400, 1_400, 0, 0]);
  expect(rest.afterMs(100, undefined, 9_000)).toBe(0);
});
