import type { Expression } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { compile } from '../expressions/compile.js';
import type { CompileContext } from '../expressions/compiled.js';
import { formatSchema, type RowSchema } from '../metadata/schema.js';
import type { StoreSpec } from '../rows/store.js';
import { StatementError } from '../statement-error.js';
import { Grouping, isGroupSlot } from './aggregate-calls.js';
import { aggregateSteps, PREVIOUS_ROWS } from './aggregate-steps.js';
import type { BuiltPlan, QueryPlan } from './plan.js';
import { compileCondition, type PlanRequest, typed } from './plan-stream.js';
import { checkKeyOnce, checkReserved, expandSelect, missingKeys } from './projection.js';
import type { Relation } from './relation.js';
import { resultStore } from './table-results.js';
import { sourceWindow, windowRules } from './windows.js';

/** SELECT … GROUP BY [WINDOW] [HAVING]: a table of one row a group (and window). */
export function planAggregate(request: PlanRequest): QueryPlan {
  const { query, use, sink, context, relation: input } = request;
  const rules = query.window === undefined ? undefined : windowRules(query.window, query.emit === 'FINAL');
  if (rules !== undefined && input.type === 'TABLE') {
    throw new StatementError('Windowing not supported for table aggregations.');
  }
  if (query.emit === 'FINAL' && rules === undefined) {
    throw new StatementError('EMIT FINAL is only supported for windowed aggregations.');
  }
  if (query.partitionBy.length > 0) throw new StatementError('PARTITION BY cannot be used with GROUP BY.');
  const groups = query.groupBy.map((expression) => compile(expression, context));
  const grouping = new Grouping(query.groupBy, context, rules !== undefined);
  const selected = grouping.rewriteSelect(expandSelect(query, input, context));
  const having = query.having === undefined ? undefined : grouping.rewrite(query.having, 'HAVING');
  if (grouping.calls.length === 0) {
    throw new StatementError('GROUP BY requires aggregate functions in either the SELECT or HAVING clause.');
  }
  if (input.type === 'TABLE') checkUndo(grouping);
  if (use === 'persistent') checkStates(grouping, input);
  const grouped: CompileContext = { ...context, scope: grouping.scope(groups) };
  // What is wrong with an expression is said before a missing key is.
  const where = query.where === undefined ? undefined : compileCondition(query.where, context, 'WHERE');
  const shows = having === undefined ? undefined : compileCondition(having, grouped, 'HAVING');
  const compiled = selected.map(({ name, expression }) => ({ name, ...compile(expression, grouped) }));
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
  const values = compiled.filter((_, at) => use === 'transient' || !keyPlaces.includes(at));
  const output: RowSchema = {
    key: groups.map((group, at) => ({
      name: selected[keyPlaces[at] ?? -1]?.name ?? groupName(query.groupBy[at], at),
      type: typed(group, `of GROUP BY ${at + 1}`),
    })),
    value: values.map((each) => ({ name: each.name, type: typed(each, each.name) })),
    headers: [],
  };
  const order = selected.map(({ name }, at) => {
    const key = use === 'transient' ? -1 : keyPlaces.indexOf(at);
    return key === -1
      ? { name, from: 'value' as const, at: values.findIndex((each) => each.name === name) }
      : { name, from: 'key' as const, at: key };
  });
  const project = values.map(({ evaluate }) => evaluate);
  const groupTypes = output.key.map(({ type }) => type);
  const stores: StoreSpec[] = [
    ...input.stores,
    ...(input.type === 'TABLE' ? [previousRows(input)] : []),
    { name: 'Aggregate', key: groupTypes, state: stateType(grouping) },
    ...(query.emit === 'FINAL' ? [resultStore(output)] : []),
  ];
  return {
    inputs: input.inputs,
    type: 'TABLE',
    output,
    order,
    window: rules === undefined ? undefined : sourceWindow(rules),
    stores,
    limit: query.limit,
    copartitioned: input.copartitioned,
    build: (steps): BuiltPlan => {
      const { step, rows } = aggregateSteps({
        calls: grouping.calls,
        groups: groups.map(({ evaluate }) => evaluate),
        where,
        shows,
        project,
        rules,
        final: query.emit === 'FINAL',
        table: input.type === 'TABLE',
        steps,
      });
      return { steps: input.build(steps, step), rows };
    },
    explain: { name: 'AGGREGATE', schema: formatSchema(output), inputs: [input.explain] },
  };
}

/** A table's rows as they were: a change takes the old one out of its group. */
const previousRows = (input: Relation): StoreSpec => ({
  name: PREVIOUS_ROWS,
  key: input.key.map(({ type }) => type),
  state: { kind: 'STRUCT', fields: input.value },
});

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
function checkStates({ calls }: Grouping, { inputs }: Relation): void {
  if (inputs[0]?.source.value.format !== 'DELIMITED') return;
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

const stateType = ({ calls }: Grouping): SqlType => ({
  kind: 'STRUCT',
  fields: calls.map(({ aggregate }, at) => ({ name: `A${at}`, type: aggregate.state })),
});
