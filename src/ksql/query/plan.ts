import type { SourceKind } from '../../protocol/ksql/ast.js';
import type { RowSchema } from '../metadata/schema.js';
import type { Source, SourceWindow } from '../metadata/source.js';
import type { Row } from '../rows/row.js';
import type { Store, StoreSpec } from '../rows/store.js';

import type { TableRows } from './table-results.js';

/** What becomes of one row of an input; it calls `emit` once for every row that results, in order. */
export type Step = (row: Row, emit: (row: Row) => void) => void;

/** Names of a source's columns that a query reads; `all`: its rows are kept as a whole, for queries that may replace it. */
export interface ColumnsRead {
  readonly names: Set<string>;
  all: boolean;
}

export interface PlannedInput {
  readonly source: Source;
  readonly alias: string;
  /** Filled while the query is planned; values of other columns are not made. */
  readonly read: ColumnsRead;
}

export interface PlanNode {
  readonly name: string;
  readonly schema: string;
  readonly inputs: readonly PlanNode[];
}

/** What a plan's steps work with. */
export interface StepContext {
  /** The stores that the plan asked for, restored. */
  readonly store: (name: string) => Store;
  /** An expression failed: its column is null, its condition false. */
  readonly failed: (failure: unknown) => void;
  /** Which partition a row with this key would be in, were its stream repartitioned: stream time is kept per partition. */
  readonly partitionOf: (key: readonly unknown[]) => number;
}

/** A running plan: a step for each input, and what it holds of its table for pull queries. */
export interface BuiltPlan {
  /** In order of the plan's inputs. */
  readonly steps: readonly Step[];
  /** Rows of the table that the query maintains. */
  readonly rows?: TableRows;
}

/** A query ready to run: what it reads, what it makes of each row, and what its rows look like. */
export interface QueryPlan {
  readonly inputs: readonly PlannedInput[];
  readonly type: SourceKind;
  readonly output: RowSchema;
  /** Columns in the order of the projection: where each is. */
  readonly order: ReadonlyArray<{ readonly name: string; readonly from: 'key' | 'value'; readonly at: number }>;
  readonly window: SourceWindow | undefined;
  readonly stores: readonly StoreSpec[];
  /** Sources that need the same number of partitions. */
  readonly copartitioned: ReadonlyArray<readonly [Source, Source]>;
  readonly build: (context: StepContext) => BuiltPlan;
  readonly limit: number | undefined;
  readonly explain: PlanNode;
}
