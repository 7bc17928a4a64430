import type { SourceKind } from '../../protocol/ksql/ast.js';
import type { RowSchema } from '../metadata/schema.js';
import type { Source, SourceWindow } from '../metadata/source.js';
import type { StoreSpec } from '../rows/store.js';
import type { LogicalNode, PlannedInput, ProjectNode } from './logical-plan.js';
import { lower } from './lower.js';
import { copartitionedOf, isDivisible, type PhysicalStep, plannedInputs, storesOf } from './physical-plan.js';

/** Columns in the order of the projection: where each is. */
export type ColumnOrder = ReadonlyArray<{
  readonly name: string;
  readonly from: 'key' | 'value';
  readonly at: number;
}>;

/** Steps that run together, and what follows from them: all of a query, or a part that it is cut into. */
export interface PlanPart {
  readonly physical: PhysicalStep;
  readonly inputs: readonly PlannedInput[];
  readonly stores: readonly StoreSpec[];
}

/** A query as values: what it asks for, the steps that run it, and what follows from both. */
export interface QueryPlan extends PlanPart {
  readonly logical: LogicalNode;
  readonly type: SourceKind;
  readonly output: RowSchema;
  readonly order: ColumnOrder;
  readonly window: SourceWindow | undefined;
  /** Sources that need the same number of partitions. */
  readonly copartitioned: ReadonlyArray<readonly [Source, Source]>;
  /** Rows that meet in its state come from partitions of one number. */
  readonly divisible: boolean;
  readonly limit: number | undefined;
}

export const planPart = (physical: PhysicalStep): PlanPart => ({
  physical,
  inputs: plannedInputs(physical),
  stores: storesOf(physical),
});

export function makePlan(logical: ProjectNode, rest: Pick<QueryPlan, 'order' | 'window' | 'limit'>): QueryPlan {
  const physical = lower(logical);
  return {
    ...planPart(physical),
    logical,
    type: logical.type,
    output: logical.schema,
    copartitioned: copartitionedOf(physical),
    divisible: isDivisible(physical),
    ...rest,
  };
}

/** The plan with its results as the values of a stream that has wider types. */
export function widened(plan: QueryPlan, schema: RowSchema): QueryPlan {
  const logical: LogicalNode = { kind: 'widen', type: plan.type, schema, input: plan.logical };
  return { ...plan, logical, physical: lower(logical) };
}
