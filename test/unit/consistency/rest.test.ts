import { expect, it } from 'vitest';
import { Rest } from '../../../src/consistency/rest.js';

/** What a server says of its transactions, of those that write, and how. */
type Reports = (ms: number) => readonly [ended: string, nextId: string];

const reading =
  (perSecond: number): Reports =>
  (ms) => [String(Math.round(1e9 + (ms * perSecond) / 1_000)), '700'];

const writing =
  (perSecond: number): Reports =>
  (ms) => ['1000000000', String(Math.round(700 + (ms * perSecond) / 1_000))];

/** What a reader rests after each of ten parts of 300 ms, to 50 ms, as counts are whole; it has asked once before the first. */
function restsBeside(reports: Reports): readonly number[] {
  const rest = new Rest();
  let nowMs = 0;
  rest.afterMs(0, reports(nowMs), nowMs);
  return Array.from({ length: 10 }, () => {
    nowMs += 300;
    const restMs = rest.afterMs(300, reports(nowMs), nowMs);
    nowMs += restMs;
    return Math.round(restMs / 50) * 50;
  });
}

it('reads without a rest where a server has nothing else to do', () => {
  for (const perSecond of [0, 15]) {
    expect(new Set(restsBeside(reading(perSecond)))).toEqual(new Set([0]));
    expect(new Set(restsBeside(writing(perSecond)))).toEqual(new Set([0]));
  }
});

it('rests the longer the more transactions others make, up to nineteen times as long as it reads', () => {
  for (const [kind, perSecond] of [
    [reading, 50],
    [writing, 25],
  ] as const) {
    expect(restsBeside(kind(20 + perSecond)).slice(-1)).toEqual([300]);
    expect(restsBeside(kind(20 + 5 * perSecond)).slice(-1)).toEqual([1_500]);
    expect(restsBeside(kind(5_000)).slice(-1)).toEqual([19 * 300]);
  }
});

it('rests after the first part already beside transactions that write, whose ids need no report', () => {
  expect(restsBeside(writing(5_000))[0]).toBe(19 * 300);
  expect(restsBeside(reading(5_000))[0]).toBe(0);
});

it('goes back to full speed once the others are done, and rests at no server that does not say what it does', () => {
  const rest = new Rest();
  const counts = [0, 2_000, 4_000, 4_000, 4_000].map((count, at) =>
    rest.afterMs(100, [String(count), String(count)], at * 1_100),
  );
  expect(counts).toEqual([0, 1_900, 1_900, 0, 0]);
  expect(rest.afterMs(100, undefined, 9_000)).toBe(0);
  expect(rest.afterMs(100, [null, '1'], 9_000)).toBe(0);
});
