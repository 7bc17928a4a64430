import type { Expression } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { typedExpression } from '../expressions/compile.js';
import type { CompileContext, Typed } from '../expressions/compiled.js';
import type { Column, RowSchema } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import { aggregatesIn, checkNoBounds, Grouping, isGroupSlot } from './aggregate-calls.js';
import { type AggregateNode, type GroupByNode, type LogicalNode, sourcesOf } from './logical-plan.js';
import { makePlan, type QueryPlan } from './plan.js';
import { arrange, columnOf, filtered, type PlanRequest, typed } from './plan-stream.js';
import { checkKeyOnce, checkReserved, expandSelect, missingKeys } from './projection.js';
import type { Relation } from './relation.js';
import { sourceWindow, windowRules } from './windows.js';

/** SELECT … GROUP BY [WINDOW] [HAVING]: a table of one row a group (and window). */
export function planAggregate(request: PlanRequest): QueryPlan {
  const { query, use, sink, context, properties, relation: input } = request;
  const rules = query.window === undefined ? undefined : windowRules(query.window, query.emit === 'FINAL');
  if (rules !== undefined && input.node.type === 'TABLE') {
    throw new StatementError('Windowing not supported for table aggregations.');
  }
  if (query.emit === 'FINAL' && rules === undefined) {
    throw new StatementError('EMIT FINAL is only supported for windowed aggregations.');
  }
  if (query.partitionBy.length > 0) throw new StatementError('PARTITION BY cannot be used with GROUP BY.');
  const [called] = query.groupBy.flatMap(aggregatesIn);
  if (called !== undefined) {
    throw new StatementError(`GROUP BY does not support aggregate functions: ${called} is an aggregate function.`);
  }
  if (rules !== undefined) {
    checkNoBounds([query.where, ...query.groupBy, query.having].filter((each) => each !== undefined));
  }
  const groups = query.groupBy.map((expression) => typedExpression(expression, context));
  const grouping = new Grouping(query.groupBy, context, rules !== undefined, properties);
  const selected = grouping.rewriteSelect(expandSelect(query, input, context));
  const having = query.having === undefined ? undefined : grouping.rewrite(query.having, 'HAVING');
  if (grouping.calls.length === 0) {
    throw new StatementError('GROUP BY requires aggregate functions in either the SELECT or HAVING clause.');
  }
  if (input.node.type === 'TABLE') checkUndo(grouping);
  if (use === 'persistent') checkStates(grouping, input);
  const grouped: CompileContext = { ...context, scope: grouping.scope(groups) };
  // What is wrong with an expression is said before a missing key is.
  const rows = filtered(input.node, 'WHERE', query.where, context);
  const key = groups.map((group, at) => ({
    name: groupName(query.groupBy[at], at),
    type: typed(group),
  }));
  const aggregated = aggregateNode(rows, groups, grouping, key, { window: rules, final: query.emit === 'FINAL' });
  const shown = filtered(aggregated, 'HAVING', having, grouped);
  const columns = selected.map(({ name, expression }) => ({ name, ...typedExpression(expression, grouped) }));
  const keyPlaces = findKeys(groups.length, selected);
  if (use === 'persistent') {
    checkKeys(query.groupBy, keyPlaces, sink);
    checkReserved(selected);
    for (const [group, selectedAt] of keyPlaces.entries()) {
      const expression = query.groupBy[group];
      const slot = selected[selectedAt]?.expression;
      if (expression === undefined || slot === undefined) continue;
      checkKeyOnce({ expression, selectedAt }, selected, (each) => isGroupSlot(each) === group);
    }
  }
  const { values, order } = arrange(columns, (at) => {
    const group = use === 'transient' ? -1 : keyPlaces.indexOf(at);
    return group === -1 ? undefined : group;
  });
  const schema: RowSchema = {
    key: key.map(({ name, type }, at) => ({ name: selected[keyPlaces[at] ?? -1]?.name ?? name, type })),
    value: values.map(columnOf),
    headers: [],
  };
  return makePlan(
    { kind: 'project', type: 'TABLE', columns: values, transient: use === 'transient', schema, input: shown },
    { order, window: rules === undefined ? undefined : sourceWindow(rules), limit: query.limit },
  );
}

function aggregateNode(
  input: LogicalNode,
  by: readonly Typed[],
  { calls }: Grouping,
  key: readonly Column[],
  options: Pick<AggregateNode, 'window' | 'final'>,
): AggregateNode {
  const grouped: GroupByNode = { kind: 'group-by', type: input.type, by, schema: { ...input.schema, key }, input };
  const value = calls.map(({ aggregate }, at) => ({ name: `KSQL_AGG_VARIABLE_${at}`, type: aggregate.returns }));
  return { kind: 'aggregate', type: 'TABLE', calls, ...options, schema: { key, value, headers: [] }, input: grouped };
}

const groupName = (expression: Expression | undefined, at: number): string =>
  expression?.kind === 'column' ? expression.name : `KSQL_COL_${at}`;

function checkUndo(grouping: Grouping): void {
  const refused = grouping.calls.filter(({ aggregate }) => aggregate.undo === undefined).map(({ name }) => name);
  if (refused.length === 0) return;
  throw new StatementError(
    `The aggregation function(s) (${refused.join(', ')}) cannot be applied to a table source, only to a stream source.`,
  );
}

/** State is written in the format of the source's values, which has to hold it. */
function checkStates({ calls }: Grouping, { node }: Relation): void {
  if (sourcesOf(node)[0]?.source.value.format !== 'DELIMITED') return;
  const nested = calls.find(({ aggregate }) => ['ARRAY', 'MAP', 'STRUCT'].includes(aggregate.state.kind));
  if (nested === undefined) return;
  throw new StatementError(
    `One of the functions used in the statement has an intermediate type that the value format can not handle. Please remove the function or change the format.\nConsider up-voting https://github.com/confluentinc/ksql/issues/3950, which will resolve this limitation.\nThe 'DELIMITED' format does not support type '${nested.aggregate.state.kind}', of ${nested.name}.`,
  );
}

/** For each group, where it is in the projection; -1 where it does not. */
function findKeys(count: number, selected: ReadonlyArray<{ readonly expression: Expression }>): number[] {
  return Array.from({ length: count }, (_, group) =>
    selected.findIndex(({ expression }) => isGroupSlot(expression) === group),
  );
}

function checkKeys(groupBy: readonly Expression[], places: readonly number[], sink: string): void {
  const missing = groupBy.filter((_, at) => places[at] === -1).map(formatExpression);
  if (missing.length > 0) throw missingKeys(sink, 'grouping expression', missing, ' and ');
}
