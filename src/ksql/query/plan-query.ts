import type { Expression, Query, SourceRef } from '../../protocol/ksql/ast.js';
import type { World } from '../expressions/compiled.js';
import type { Metastore } from '../metadata/metastore.js';
import { placedAt, StatementError } from '../statement-error.js';
import type { Properties } from '../statements/properties.js';
import { aggregatesIn } from './aggregate-calls.js';
import { explode } from './explode.js';
import { joinRelations } from './join-relation.js';
import { checkNames, type NamedSource } from './names.js';
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
  /** Of the request or session. */
  readonly properties: Properties;
}

/** Where there is no GROUP BY, all rows are one group. */
const EVERYTHING: Expression = { kind: 'integer', value: 1n, at: { offset: 0, line: 1, column: 1 } };

const aggregates = ({ select, having }: Query): string[] => [
  ...new Set(
    [
      ...select.flatMap((item) => (item.kind === 'expression' ? [item.expression] : [])),
      ...(having ? [having] : []),
    ].flatMap(aggregatesIn),
  ),
];

/** A push query may aggregate without GROUP BY. */
const aggregatesAll = ({ query, use }: QueryRequest): boolean =>
  use === 'transient' && query.groupBy.length === 0 && query.emit !== undefined && aggregates(query).length > 0;

/** What the query's FROM gives, and the query over it: its table functions are columns of that. */
export function readFrom(asked: QueryRequest): PlanRequest {
  const { query, use, sink, metastore, world, properties } = asked;
  const named = ({ name, alias, at }: SourceRef): NamedSource => ({
    source: placedAt(at, () => metastore.queried(name)),
    alias: alias ?? name,
  });
  const first = named(query.from);
  const joined = query.joins.map((join) => named(join.source));
  checkNames(query, [first, ...joined]);
  const { source, alias } = first;
  const base = { world, types: metastore.types };
  const grouped = query.groupBy.length > 0 || aggregatesAll(asked);
  const relation =
    query.joins.length === 0
      ? sourceRelation(source, alias, use === 'transient' && !grouped)
      : joinRelations(first, joined, query.joins, base);
  const exploded = explode(query, relation, { ...base, scope: relation.scope });
  return { ...exploded, use, sink, properties, context: { ...base, scope: exploded.relation.scope } };
}

/** Chooses the kind of plan that a query's clauses ask for. Throws StatementError. */
export function planQuery(asked: QueryRequest): QueryPlan {
  const { query, use, metastore } = asked;
  const request = readFrom(asked);
  const source = metastore.source(query.from.name);
  if (use === 'persistent' && query.joins.length === 0 && source.type === 'TABLE' && source.window !== undefined) {
    throw new StatementError('KSQL does not support persistent queries on windowed tables.');
  }
  if (use === 'persistent' && query.limit !== undefined) {
    throw new StatementError('LIMIT clause is not supported for persistent queries.');
  }
  if (aggregatesAll(asked)) return planAggregate({ ...request, query: { ...request.query, groupBy: [EVERYTHING] } });
  if (query.groupBy.length > 0) return planAggregate(request);
  if (query.window !== undefined) throw new StatementError('WINDOW clause requires a GROUP BY clause.');
  if (query.having !== undefined) throw new StatementError('HAVING clause requires a GROUP BY clause.');
  if (query.emit === 'FINAL') throw new StatementError('EMIT FINAL is only supported for windowed aggregations.');
  const ungrouped = aggregates(query);
  if (ungrouped.length > 0) {
    throw new StatementError(
      `Use of aggregate functions requires a GROUP BY clause. Aggregate function(s): ${ungrouped.join(', ')}`,
    );
  }
  return planProjection(request);
}
