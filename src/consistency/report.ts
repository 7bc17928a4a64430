import type { SourceLocation } from '../support/errors.js';
import type { DifferenceKind } from './compare.js';
import type { Key } from './side.js';

/**
 * `empty`: both sides agree because neither holds a row, which proves nothing. `refused`: what the file or an option asks
 * for can't be compared, so nothing was.
 */
export const VERDICTS = ['consistent', 'empty', 'inconsistent', 'lagging', 'inconclusive', 'refused'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One key that differs. Values are text as the server prints them; null is SQL NULL. */
export interface Finding {
  /** `stale`: the replica's row is an older one than the source's, as the declared column of changes tells. */
  readonly kind: DifferenceKind | 'stale' | 'duplicated' | 'dead-letter';
  /** Why it is no proven difference: it may be under way, it kept changing while it was compared, or nothing could tell. */
  readonly unproven?: 'lagging' | 'volatile' | 'inconclusive';
  readonly key: Key;
  readonly columns: readonly ColumnDifference[];
  /** How often each side holds the key, where one of them holds it more than once. */
  readonly rows?: { readonly source: number; readonly replica: number };
}

export interface ColumnDifference {
  readonly column: string;
  readonly source: string | null;
  readonly replica: string | null;
}

/** How the fence fared at one stage. */
export interface StageReport {
  readonly kind: string;
  readonly name: string;
  readonly passed: boolean;
  /** Where it has not passed: how far behind, for how long, whether it moves, and what its component says. */
  readonly behind?: string;
  readonly forMs?: number;
  readonly moving?: boolean;
  readonly trouble?: string;
}

export interface CheckReport {
  readonly check: string;
  readonly kind: 'compare' | 'rows' | 'stages' | 'conservation';
  readonly verdict: Verdict;
  /** One sentence where the verdict is not `consistent`. */
  readonly why?: string;
  /** Of a check that has no verdict of its own: what to do, and which place of the file is wrong. */
  readonly todo?: string;
  readonly location?: SourceLocation;
  /** What part of the data the verdict is of, where it is not all: `a sample of 10 %`. */
  readonly part?: string;
  /** No column was compared but the key. */
  readonly keysOnly?: boolean;
  /** What was compared with what, where the numbers of rows don't say it. */
  readonly summary?: string;
  /** Inconclusive because a server did not answer. */
  readonly unreachable?: boolean;
  readonly source: string;
  readonly replica: string;
  readonly sourceRows: number;
  readonly replicaRows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** Differences listed in `findings`, where those are fewer than there are. */
  readonly listed?: number;
  readonly compared: readonly string[];
  /** Columns of either side that were not compared. */
  readonly skipped: readonly string[];
  /** Where the source stood when the fence was taken; absent where none was needed. */
  readonly fence?: string;
  readonly way: readonly StageReport[];
  readonly findings: readonly Finding[];
  readonly elapsedMs: number;
}
