import { expect, it } from 'vitest';
import { type ScanProgress, watchScan } from '../../../src/kinds/check/scan-progress.js';

function watched(maxRate?: number) {
  const told: ScanProgress[] = [];
  const abort = new AbortController();
  const scan = watchScan({
    check: 'persons',
    signal: abort.signal,
    maxRate,
    progress: (progress) => told.push(progress),
    waitingFor: () => {},
  });
  return { scan, told, abort };
}

it('tells rows, their estimated number, rate and what is left, and never more than all of them', async () => {
  const { scan, told } = watched(10_000);
  scan.expect(6_000);
  await scan.read('source', 1, 4_000);
  await scan.read('replica', 1, 4_000);
  expect(told).toMatchObject([{ check: 'persons', done: 8_000, total: 8_000, leftMs: 0 }]);
  expect(told[0]?.perSecond).toBeGreaterThan(0);
});

it('tells nothing where nobody knows how many rows there are', async () => {
  const { scan, told } = watched(10_000);
  await scan.read('source', 1, 4_000);
  await scan.read('source', 1, 4_000);
  expect(told).toEqual([]);
});

it('holds a side back that reads faster than it may, and a cancellation ends the wait', async () => {
  const { scan, abort } = watched(1);
  const held = scan.read('source', 1, 1_000_000);
  abort.abort(new Error('cancelled'));
  await expect(held).rejects.toThrow('cancelled');
});
