import type { Difference, DifferenceKind } from './compare.js';
import { differingColumns, kindOf } from './compare.js';
import { shownValue } from './rendering.js';
import type { Key } from './side.js';

export type Verdict = 'consistent' | 'inconsistent' | 'lagging' | 'inconclusive';

/** One key that differs. Values are text as the server prints them; null is SQL NULL. */
export interface Finding {
  readonly kind: DifferenceKind | 'duplicated' | 'dead-letter';
  readonly key: Key;
  readonly columns: ReadonlyArray<{
    readonly column: string;
    readonly source: string | null;
    readonly replica: string | null;
  }>;
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
  readonly compared: readonly string[];
  /** Columns of either side that were not compared. */
  readonly skipped: readonly string[];
  /** Where the source stood when the fence was taken; absent where none was needed. */
  readonly fence?: string;
  readonly way: readonly StageReport[];
  readonly findings: readonly Finding[];
  readonly elapsedMs: number;
}

export function findingOf(difference: Difference, columns: readonly string[]): Finding {
  return {
    kind: difference.duplicated ? 'duplicated' : kindOf(difference),
    key: difference.key.map(shownValue),
    columns: differingColumns(difference, columns).map(({ column, source, replica }) => ({
      column,
      source: shownValue(source),
      replica: shownValue(replica),
    })),
  };
}

export function countKinds(differences: readonly Difference[]): { missing: number; extra: number; different: number } {
  const counts = { missing: 0, extra: 0, different: 0 };
  for (const difference of differences) counts[kindOf(difference)] += 1;
  return counts;
}
