import type { Source } from '../../../ksql/metadata/source.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import type { ResultRow } from '../runtime/transient-query.js';

/** How long a pull query waits for a table whose state is being restored, and how often it looks. */
export const RESTORED_WITHIN_MS = 20_000;
export const RESTORED_EVERY_MS = 10;

/** A pull query that has been checked. */
export interface Pull {
  readonly plan: QueryPlan;
  readonly source: Source;
  /** One key, whose rows are all in one task. */
  readonly isOneKey: boolean;
  /** What this engine holds of the answer. */
  local(): Promise<HeldRows>;
}

/** Part of an answer, of these tasks of the query that maintains the table. */
export interface HeldRows {
  readonly tasks: readonly number[];
  readonly of: number;
  readonly rows: readonly ResultRow[];
}
