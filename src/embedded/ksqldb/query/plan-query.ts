import type { Query } from '../../../protocol/ksql/ast.js';
import type { CompileContext, World } from '../expressions/compiled.js';
import { AGGREGATES } from '../functions/aggregates.js';
import type { Metastore } from '../metadata/metastore.js';
import { formatSchema } from '../metadata/schema.js';
import { notSupported, StatementError } from '../statement-error.js';
import { containsAggregate } from './aggregate-calls.js';
import { PREVIOUS_ROWS } from './aggregate-steps.js';
import type { QueryPlan } from './plan.js';
import { type GroupInput, planAggregate } from './plan-aggregate.js';
import { type PlanRequest, planProjection, type QueryUse, starColumns } from './plan-stream.js';
import { sourceScope } from './scope.js';

export interface QueryRequest {
  readonly query: Query;
  readonly use: QueryUse;
  readonly sink: string;
  readonly metastore: Metastore;
  readonly world: World;
}

/** Chooses the kind of plan that a query's clauses ask for. Throws StatementError. */
export function planQuery({ query, use, sink, metastore, world }: QueryRequest): QueryPlan {
  const source = metastore.source(query.from.name);
  if (query.joins.length > 0) throw notSupported('JOIN');
  const request: PlanRequest = { query, source, use, sink, world, types: metastore.types };
  if (query.groupBy.length > 0) return planAggregate(request, groupInput(request));
  if (query.window !== undefined) throw new StatementError('WINDOW clause requires a GROUP BY clause.');
  if (query.having !== undefined) throw new StatementError('HAVING clause requires a GROUP BY clause.');
  if (query.emit === 'FINAL') throw new StatementError('EMIT FINAL is only supported for windowed aggregations.');
  for (const item of query.select) {
    if (item.kind === 'expression' && containsAggregate(item.expression)) {
      throw new StatementError(
        `Use of aggregate function ${[...AGGREGATES.keys()].find((name) => JSON.stringify(item.expression, bigintText).includes(`"${name}"`)) ?? ''} requires a GROUP BY clause.`.replace(
          '  ',
          ' ',
        ),
      );
    }
  }
  return planProjection(request);
}

const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** One source's rows are grouped as they are. */
function groupInput({ query, source, world, types }: PlanRequest): GroupInput {
  const alias = query.from.alias ?? query.from.name;
  const context: CompileContext = { scope: sourceScope(source, alias), world, types };
  const previous = {
    name: PREVIOUS_ROWS,
    key: source.schema.key.map(({ type }) => type),
    state: { kind: 'STRUCT' as const, fields: source.schema.value },
  };
  return {
    inputs: [{ source, alias }],
    type: source.type,
    context,
    stars: [{ alias, columns: starColumns(source, 'persistent'), prefixed: false }],
    stores: source.type === 'TABLE' ? [previous] : [],
    build: (_, emit) => [emit],
    explain: { name: 'SOURCE', schema: formatSchema(source.schema), inputs: [] },
  };
}
