import { compareValues, identityOf, type Value } from '../values/value.js';
import type { RowWindow } from './row.js';

/**
 * Rows of a table between two places of its order, both included: the beginnings of the columns of a key and the start of
 * the window behind them. What has the beginning `from` or `to` is at that place.
 */
export interface KeyRange {
  readonly from: readonly Value[];
  readonly to: readonly Value[];
}

interface Keyed {
  readonly key: readonly Value[];
  readonly window: RowWindow | undefined;
}

/** Where a row stands to the beginning of a key, window start included: before it, at it, behind it. */
export function compareToPlace({ key, window }: Keyed, place: readonly Value[]): number {
  for (const [at, wanted] of place.entries()) {
    const order = at < key.length ? compareKeys(key[at] ?? null, wanted) : compareValues(window?.startMs ?? 0, wanted);
    if (order !== 0) return order;
  }
  return 0;
}

export function compareKeyed(left: Keyed, right: Keyed): number {
  const order = compareToPlace(left, right.key);
  if (order !== 0 || left.window === undefined || right.window === undefined) return order;
  return left.window.startMs - right.window.startMs || left.window.endMs - right.window.endMs;
}

/** Null first; what has no order of its own by what tells it apart. */
function compareKeys(left: Value, right: Value): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  return isNested(left) || isNested(right)
    ? compareValues(String(identityOf(left)), String(identityOf(right)))
    : compareValues(left, right);
}

const isNested = (value: Value): boolean => Array.isArray(value) || value instanceof Map;
