import type { Query } from '../../../protocol/ksql/ast.js';
import type { World } from '../expressions/compiled.js';
import type { Metastore } from '../metadata/metastore.js';
import { notSupported, StatementError } from '../statement-error.js';
import type { QueryPlan } from './plan.js';
import { planProjection, type QueryUse } from './plan-stream.js';

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
  if (query.groupBy.length > 0) throw notSupported('GROUP BY');
  if (query.window !== undefined) throw new StatementError('WINDOW clause requires a GROUP BY clause.');
  if (query.having !== undefined) throw new StatementError('HAVING clause requires a GROUP BY clause.');
  return planProjection({ query, source, use, sink, world, types: metastore.types });
}
