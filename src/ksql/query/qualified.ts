import type { Expression, Query, SelectItem } from '../../protocol/ksql/ast.js';
import { mapChildren } from '../expressions/children.js';
import type { CompileContext } from '../expressions/compiled.js';
import { resolveType } from '../metadata/named-types.js';
import { type QueryRequest, readFrom } from './plan-query.js';
import { expandItems } from './projection.js';

/**
 * A persistent query as ksqlDB keeps it: each source has an alias, each column stands behind it, each select item has its name, and
 * what a type's name means is written out. It means the same, also when another source or type comes to have such a name.
 */
export function qualified(asked: QueryRequest): Query {
  const { query } = asked;
  const { query: exploded, relation, context } = readFrom(asked);
  const names = expandItems(exploded, relation, context);
  const qualify = qualifier(context);
  const select = query.select.map((item, at): SelectItem => {
    if (item.kind === 'all') return item;
    if (item.kind === 'all-fields') return { ...item, base: qualify(item.base) };
    return { ...item, expression: qualify(item.expression), alias: names[at]?.[0]?.name };
  });
  return {
    ...query,
    select,
    from: { ...query.from, alias: query.from.alias ?? query.from.name },
    joins: query.joins.map((join) => ({
      ...join,
      source: { ...join.source, alias: join.source.alias ?? join.source.name },
      on: qualify(join.on),
    })),
    where: query.where && qualify(query.where),
    groupBy: query.groupBy.map(qualify),
    partitionBy: query.partitionBy.map(qualify),
    having: query.having && qualify(query.having),
    emit: query.emit ?? 'CHANGES',
  };
}

function qualifier({ scope, types }: CompileContext): (expression: Expression) => Expression {
  return function qualify(expression) {
    if (expression.kind === 'cast') {
      return mapChildren({ ...expression, type: resolveType(expression.type, types) }, qualify);
    }
    if (expression.kind !== 'column') return mapChildren(expression, qualify);
    if (expression.source !== undefined) return expression;
    // Of no source are the bounds of the query's own windows, the key that a join adds, and parameters of lambdas.
    const [source, second] = scope.sources.filter((alias) => scope.column(alias, expression.name) !== undefined);
    return second === undefined ? { ...expression, source } : expression;
  };
}
