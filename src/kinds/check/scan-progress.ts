import type { CompareOptions } from '../../consistency/compare.js';
import { pause } from '../../support/retry.js';

/** How far the reading of a check's two sides is. */
export interface ScanProgress {
  readonly check: string;
  /** Rows of both sides. */
  readonly done: number;
  /** As the database estimates them; never less than `done`. */
  readonly total: number;
  readonly perSecond: number;
  readonly leftMs: number;
}

export interface ScanOptions {
  readonly check: string;
  readonly signal: AbortSignal;
  /** Rows of each side that may be read in a second. */
  readonly maxRate?: number | undefined;
  progress(progress: ScanProgress): void;
  waitingFor(what: string): void;
}

/** Progress is told this often at most. */
const TELL_EVERY_MS = 250;

/** Tells how far a scan is, and slows it down to the rate that is allowed. */
export function watchScan({
  check,
  signal,
  maxRate,
  progress,
  waitingFor,
}: ScanOptions): Pick<CompareOptions, 'expect' | 'read'> {
  const startedMs = performance.now();
  const read = { source: 0, replica: 0 };
  let expected = 0;
  let toldMs = startedMs;
  const tell = (): void => {
    const nowMs = performance.now();
    if (expected === 0 || nowMs - toldMs < TELL_EVERY_MS) return;
    toldMs = nowMs;
    const done = read.source + read.replica;
    const perSecond = (done * 1_000) / (nowMs - startedMs);
    const total = Math.max(expected, done);
    progress({
      check,
      done,
      total,
      perSecond: Math.round(perSecond),
      leftMs: Math.round(((total - done) * 1_000) / perSecond),
    });
  };
  const paced = { source: 0, replica: 0 };
  return {
    expect: (rows) => {
      expected = rows;
    },
    read: async (side, pass, rows) => {
      paced[side] += rows;
      if (pass === 1) {
        read[side] += rows;
        tell();
      } else waitingFor(`${check}: the rows of parts that differ`);
      if (maxRate === undefined) return;
      const aheadMs = (paced[side] * 1_000) / maxRate - (performance.now() - startedMs);
      if (aheadMs > 0) await pause(aheadMs, signal);
    },
  };
}
