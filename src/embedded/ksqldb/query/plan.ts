import type { SourceKind } from '../../../protocol/ksql/ast.js';
import type { RowSchema } from '../metadata/schema.js';
import type { Source, SourceWindow } from '../metadata/source.js';
import type { Row } from '../runtime/row.js';

/** What becomes of one row; it calls `emit` once for every row that results, in order. */
export type Step = (row: Row, emit: (row: Row) => void) => void;

export interface PlannedInput {
  readonly source: Source;
  readonly alias: string;
}

/** Which clause a sink's output was made with, for EXPLAIN. */
export interface PlanNode {
  readonly name: string;
  readonly schema: string;
  readonly inputs: readonly PlanNode[];
}

/** A query ready to run: what it reads, what it makes of each row, and what its rows look like. */
export interface QueryPlan {
  readonly inputs: readonly PlannedInput[];
  readonly type: SourceKind;
  readonly output: RowSchema;
  /** Columns in the order of the projection: where each lies. */
  readonly order: ReadonlyArray<{ readonly name: string; readonly from: 'key' | 'value'; readonly at: number }>;
  readonly window: SourceWindow | undefined;
  /** Makes the steps with fresh state. */
  readonly build: (log: (failure: unknown) => void) => Step;
  readonly limit: number | undefined;
  readonly explain: PlanNode;
}
