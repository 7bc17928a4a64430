import type { Query } from '../../../protocol/ksql/ast.js';
import { formatExpression } from '../../../protocol/ksql/format.js';
import type { World } from '../expressions/compiled.js';
import type { Metastore } from '../metadata/metastore.js';
import { StatementError } from '../statement-error.js';
import { containsAggregate } from './aggregate-calls.js';
import { explode } from './explode.js';
import { joinRelations } from './join-relation.js';
import type { QueryPlan } from './plan.js';
import { planAggregate } from './plan-aggregate.js';
import { type PlanRequest, planProjection, type QueryUse } from './plan-stream.js';
import { sourceRelation } from './relation.js';

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
  const alias = query.from.alias ?? query.from.name;
  const base = { world, types: metastore.types };
  const grouped = query.groupBy.length > 0;
  const relation =
    query.joins.length === 0
      ? sourceRelation(source, alias, use === 'transient' && !grouped)
      : joinRelations({ source, alias }, query.joins, (name) => metastore.source(name), base);
  const exploded = explode(query, relation, { ...base, scope: relation.scope });
  const request: PlanRequest = { ...exploded, use, sink, context: { ...base, scope: exploded.relation.scope } };
  if (use === 'persistent' && query.joins.length === 0 && source.type === 'TABLE' && source.window !== undefined) {
    throw new StatementError('KSQL does not support persistent queries on windowed tables.');
  }
  if (grouped) return planAggregate(request);
  if (query.window !== undefined) throw new StatementError('WINDOW clause requires a GROUP BY clause.');
  if (query.having !== undefined) throw new StatementError('HAVING clause requires a GROUP BY clause.');
  if (query.emit === 'FINAL') throw new StatementError('EMIT FINAL is only supported for windowed aggregations.');
  for (const item of query.select) {
    if (item.kind !== 'expression' || !containsAggregate(item.expression)) continue;
    throw new StatementError(
      `Use of aggregate function requires a GROUP BY clause. Aggregate: ${formatExpression(item.expression)}`,
    );
  }
  return planProjection(request);
}
