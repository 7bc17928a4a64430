import { expect, it } from 'vitest';
import { OpenTransaction } from '../../../../src/embedded/connect/postgresql/open-transaction.js';
import type { Position } from '../../../../src/embedded/connect/postgresql/position.js';
import { SourceInfo } from '../../../../src/embedded/connect/postgresql/source-info.js';

const AFTER_COMMIT: Position = {
  lsn: 300n,
  doneLsn: 300n,
  commitLsn: 300n,
  txId: 6,
  timeUs: 1,
  messageType: 'COMMIT',
};

const open = (resume: Position, commitLsn = 300n): OpenTransaction => {
  const source = new SourceInfo('prefix', 'database', 1, 7, commitLsn);
  return new OpenTransaction({ xid: 7, commitTimeUs: 1 }, resume, commitLsn, source, undefined);
};

it('a change is done with once a later one shows that no other is at its place', () => {
  const transaction = open(AFTER_COMMIT);
  const positions = [400n, 500n, 500n].map((lsn) => transaction.advance(lsn, 'INSERT', undefined));
  expect(positions.map(({ doneLsn }) => doneLsn)).toEqual([400n, 400n, 400n]);
  transaction.closePlace();
  // The first of two rows of a COPY stays open: who resumes there is told both again.
  expect(positions.map(({ doneLsn }) => doneLsn)).toEqual([400n, 400n, 500n]);
});

it('a first change where the commit before it ends is not yet done with', () => {
  const transaction = open(AFTER_COMMIT);
  const position = transaction.advance(300n, 'INSERT', undefined);
  expect(position.doneLsn).toBe(299n);
  transaction.closePlace();
  expect(position.doneLsn).toBe(300n);
});

it('what was told before a restart is passed over, and stays done with', () => {
  const resume: Position = { ...AFTER_COMMIT, lsn: 400n, doneLsn: 400n, txId: 7, messageType: 'DELETE' };
  const transaction = open(resume);
  expect([350n, 400n, 450n].map((lsn) => transaction.wasTold(lsn))).toEqual([true, true, false]);
  expect(transaction.tellsBegin(350n)).toBe(true);
  expect(transaction.advance(450n, 'INSERT', undefined).doneLsn).toBe(400n);
});

it('where changes are counted, so many at the place of the last one are passed over, and so is the begin', () => {
  const resume: Position = { ...AFTER_COMMIT, lsn: 400n, doneLsn: 300n, told: 2, txId: 7, messageType: 'INSERT' };
  const transaction = open(resume);
  expect(transaction.tellsBegin(350n)).toBe(false);
  expect([400n, 400n, 400n].map((lsn) => transaction.wasTold(lsn))).toEqual([true, true, false]);
});
