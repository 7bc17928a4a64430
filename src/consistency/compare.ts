import { type Key, keyText, type Row, type Side } from './side.js';

/** One key on which the sides did not agree when they were read; no verdict yet. */
export interface Difference {
  readonly key: Key;
  readonly source: Row | undefined;
  readonly replica: Row | undefined;
  /** The replica holds this key more than once. */
  readonly duplicated: boolean;
}

export interface Comparison {
  readonly sourceRows: number;
  readonly replicaRows: number;
  /** At most DIFFERENCES_KEPT. */
  readonly differences: readonly Difference[];
  /** How many more keys differed than were kept. */
  readonly notKept: number;
}

export type DifferenceKind = 'missing' | 'extra' | 'different';

export function kindOf(difference: Difference): DifferenceKind {
  if (difference.replica === undefined) return 'missing';
  return difference.source === undefined ? 'extra' : 'different';
}

/** Rows held in memory for each side at once; a larger table is compared in portions of about this size. */
const PORTION_ROWS = 50_000;

/** Differences kept with their rows, and confirmed; beyond it they are only counted, and the report says so. */
const DIFFERENCES_KEPT = 100_000;

/** Reads both sides once, source first, and says where they differ. */
export async function compareSides(source: Side, replica: Side, signal: AbortSignal): Promise<Comparison> {
  const estimates = await Promise.all([source.estimateRows(signal), replica.estimateRows(signal)]);
  const portions = portionsFor(Math.max(...estimates));
  let sourceRows = 0;
  let replicaRows = 0;
  const differences: Difference[] = [];
  let notKept = 0;
  const keep = (difference: Difference): void => {
    if (differences.length < DIFFERENCES_KEPT) differences.push(difference);
    else notKept += 1;
  };
  for (let portion = 0; portion < portions; portion += 1) {
    // Source before replica: what is read later at the replica can only be newer, never a source row that is not yet there.
    const wanted = new Map<string, Row>();
    for await (const rows of source.portion(portion, portions, signal)) {
      for (const row of rows) wanted.set(keyText(row.key), row);
      sourceRows += rows.length;
    }
    const found = new Set<string>();
    for await (const rows of replica.portion(portion, portions, signal)) {
      replicaRows += rows.length;
      for (const row of rows) {
        const text = keyText(row.key);
        const duplicated = found.has(text);
        found.add(text);
        const expected = wanted.get(text);
        if (duplicated || expected === undefined || !sameValues(expected, row)) {
          keep({ key: row.key, source: expected, replica: row, duplicated });
        }
      }
    }
    for (const [text, row] of wanted) {
      if (!found.has(text)) keep({ key: row.key, source: row, replica: undefined, duplicated: false });
    }
  }
  return { sourceRows, replicaRows, differences, notKept };
}

/** Reads only these keys again: replica first, source after, so that an unchanged source row proves an old replica row wrong. */
export async function compareKeys(
  source: Side,
  replica: Side,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<readonly Difference[]> {
  const replicaRows = await replica.rows(keys, signal);
  const sourceRows = new Map((await source.rows(keys, signal)).map((row) => [keyText(row.key), row]));
  const byKey = new Map<string, Row[]>();
  for (const row of replicaRows) byKey.set(keyText(row.key), [...(byKey.get(keyText(row.key)) ?? []), row]);
  return keys.flatMap((key): Difference[] => {
    const expected = sourceRows.get(keyText(key));
    const [found, ...more] = byKey.get(keyText(key)) ?? [];
    const duplicated = more.length > 0;
    if (expected === undefined && found === undefined) return [];
    if (!duplicated && expected !== undefined && found !== undefined && sameValues(expected, found)) return [];
    return [{ key, source: expected, replica: found, duplicated }];
  });
}

export function sameValues(a: Row, b: Row): boolean {
  return a.values.length === b.values.length && a.values.every((value, index) => value === b.values[index]);
}

function portionsFor(rows: number): number {
  return Math.max(1, Math.ceil(rows / PORTION_ROWS));
}

/** Which compared columns differ, for a key that both sides have. */
export function differingColumns(
  difference: Difference,
  columns: readonly string[],
): ReadonlyArray<{ column: string; source: string | null; replica: string | null }> {
  const { source, replica } = difference;
  if (source === undefined || replica === undefined) return [];
  return columns.flatMap((column, index) => {
    const [wanted, found] = [source.values[index] ?? null, replica.values[index] ?? null];
    return wanted === found ? [] : [{ column, source: wanted, replica: found }];
  });
}
