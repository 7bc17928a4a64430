import { expect, it } from 'vitest';
import {
  doneOfTransaction,
  offsetOf,
  type Position,
  positionOf,
} from '../../../../src/embedded/connect/postgresql/position.js';

const WITHIN: Position = {
  lsn: 500n,
  doneLsn: 400n,
  commitLsn: 300n,
  told: 2,
  txId: 7,
  timeUs: 1,
  messageType: 'INSERT',
  incremental: undefined,
};

it('counts what was told at one place only where a source delivers exactly once: Debezium stores no count', () => {
  expect(positionOf(offsetOf(WITHIN, true))).toEqual(WITHIN);
  expect(positionOf(offsetOf(WITHIN))).toMatchObject({ lsn: 500n, told: undefined });
  expect(Object.keys(offsetOf(WITHIN))).not.toContain('evpipe_told_at_lsn');
});

it.each([
  ['not counted', { told: undefined }, 400n],
  ['not counted, its first change where the last commit ended', { told: undefined, lsn: 300n, doneLsn: 300n }, 300n],
  ['only begun where the last commit ended', { told: undefined, doneLsn: 300n, messageType: 'BEGIN' }, 0n],
  ['counted: all before its place', {}, 499n],
  ['counted, its first change where the last commit ended', { lsn: 300n, doneLsn: 300n }, 299n],
])('of a transaction that was told in part is done with, %s', (_, more, done) => {
  expect(doneOfTransaction({ ...WITHIN, ...more })).toBe(done);
});
