import type { Expression, Query } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { Incomparable } from '../expressions/comparison.js';
import { typedExpression } from '../expressions/compile.js';
import type { CompileContext, Compiled, Typed } from '../expressions/compiled.js';
import { describeType } from '../expressions/types.js';
import type { Column, RowSchema } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Properties } from '../statements/properties.js';
import { type LogicalNode, type NamedExpression, sourcesOf } from './logical-plan.js';
import { type ColumnOrder, makePlan, type QueryPlan } from './plan.js';
import {
  checkKeyOnce,
  checkReserved,
  expandSelect,
  findKey,
  missingKeys,
  type OutputKey,
  type Selected,
  sameColumn,
} from './projection.js';
import type { Relation } from './relation.js';

/** What a query is for: a persistent one must keep its key, a transient one shows any columns. */
export type QueryUse = 'persistent' | 'transient';

export interface PlanRequest {
  readonly query: Query;
  readonly relation: Relation;
  readonly use: QueryUse;
  /** The sink's name, for messages. */
  readonly sink: string;
  readonly context: CompileContext;
  readonly properties: Properties;
}

/** SELECT … FROM streams or tables with WHERE and PARTITION BY. */
export function planProjection(request: PlanRequest): QueryPlan {
  const { query, relation, context, use } = request;
  const selected = expandSelect(query, relation, context);
  const rows = filtered(relation.node, 'WHERE', query.where, context);
  if (query.partitionBy.length > 0 && relation.node.type === 'TABLE') {
    throw new StatementError('PARTITION BY clause is not supported for table. Only streams can be repartitioned.');
  }
  if (query.partitionBy.length > 0 && relation.window !== undefined) {
    throw new StatementError(
      'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
    );
  }
  // What is wrong with an expression is said before a missing key is.
  const columns = selected.map(({ name, expression }) => ({ name, ...typedExpression(expression, context) }));
  const keys =
    query.partitionBy.length > 0 ? partitionKeys(query.partitionBy, selected) : relationKeys(request, selected);
  if (use === 'persistent') {
    checkKeys(keys, request);
    checkReserved(selected);
    for (const key of keys) checkKeyOnce(key, selected, sameColumn);
  }
  return projection(request, columns, keys, rows);
}

const relationKeys = ({ relation }: PlanRequest, selected: readonly Selected[]): OutputKey[] =>
  relation.key.map(({ expressions }) => findKey(expressions, selected, sameColumn));

/** The rows for which a condition holds; all, where there is none. */
export function filtered(
  input: LogicalNode,
  clause: 'WHERE' | 'HAVING',
  condition: Expression | undefined,
  context: CompileContext,
): LogicalNode {
  if (condition === undefined) return input;
  const typed = typedCondition(clause, condition, context);
  if (typed.type?.kind !== 'BOOLEAN') {
    throw new StatementError(
      `Type error in ${clause} expression: Should evaluate to boolean but is ${formatExpression(condition)} (${describeType(typed.type)}) instead.`,
    );
  }
  return { kind: 'filter', type: input.type, schema: input.schema, condition: typed, input };
}

function typedCondition(clause: 'WHERE' | 'HAVING', condition: Expression, context: CompileContext): Typed {
  try {
    return typedExpression(condition, context);
  } catch (failure) {
    if (!(failure instanceof Incomparable)) throw failure;
    throw new StatementError(`Error in ${clause} expression: ${failure.message}`);
  }
}

/** PARTITION BY NULL leaves no key. */
function partitionKeys(partitionBy: readonly Expression[], selected: readonly Selected[]): OutputKey[] {
  if (partitionBy.some(({ kind }) => kind === 'null')) {
    if (partitionBy.length > 1) throw new StatementError('Cannot PARTITION BY multiple columns including NULL');
    return [];
  }
  return partitionBy.map((expression) => findKey([expression], selected, sameColumn));
}

function checkKeys(keys: readonly OutputKey[], { relation, sink, query }: PlanRequest): void {
  const missing = keys.filter(({ selectedAt }) => selectedAt === -1);
  if (missing.length === 0) return;
  if (query.partitionBy.length > 0) {
    const names = missing.map(({ expression }) => formatExpression(expression));
    throw missingKeys(sink, 'partitioning expression', names, ' and ');
  }
  if (relation.keyOf !== undefined) {
    const [first] = missing.map(({ expression }) => (expression.kind === 'column' ? expression.name : ''));
    throw new StatementError(
      `Primary key column missing in projection. For foreign-key table-table joins, the projection must include all primary key columns from the left input table (\`${relation.keyOf}\`). Missing column: \`${first}\`.`,
    );
  }
  const [synthetic] = relation.key.filter((key) => key.synthetic);
  if (synthetic !== undefined) {
    throw new StatementError(
      `${missingKeys(sink, 'join expression', [synthetic.name], ' or ').message}
${synthetic.name} was added as a synthetic key column because the join criteria did not match any source column. This expression must be included in the projection and may be aliased. `,
    );
  }
  const joined = sourcesOf(relation.node).length > 1 && relation.key.length === 1;
  const names = joined
    ? (relation.key[0]?.expressions ?? []).map(formatExpression)
    : missing.map(({ expression }) => formatExpression(expression));
  throw missingKeys(sink, joined ? 'join expression' : 'key column', names, joined ? ' or ' : ' and ');
}

function projection(
  { query, relation, use, context }: PlanRequest,
  columns: readonly NamedExpression[],
  keys: readonly OutputKey[],
  input: LogicalNode,
): QueryPlan {
  const keyed = keys.map(({ expression, selectedAt }) => {
    const by = typedExpression(expression, context);
    const type = typed(by);
    const name = use === 'transient' ? undefined : columns[selectedAt]?.name;
    return { by, column: { name: name ?? keyName(expression), type } };
  });
  const places = new Map<number, number>(use === 'transient' ? [] : keys.map(({ selectedAt }, at) => [selectedAt, at]));
  const { values, order } = arrange(columns, (at) => places.get(at));
  const key = keyed.map(({ column }) => column);
  const rows: LogicalNode =
    query.partitionBy.length === 0
      ? input
      : {
          kind: 'select-key',
          type: input.type,
          by: keyed.map(({ by }) => by),
          schema: { ...input.schema, key },
          input,
        };
  // A transient query's keys are not in its answer: a column of the projection that is one is a copy.
  const schema: RowSchema = { key, value: values.map(columnOf), headers: [] };
  return makePlan(
    { kind: 'project', type: input.type, columns: values, transient: use === 'transient', schema, input: rows },
    { order, window: relation.window, limit: query.limit },
  );
}

const keyName = (expression: Expression): string =>
  expression.kind === 'column' ? expression.name : formatExpression(expression);

/** Which columns of the projection are values, and where each column is; `keyOf` says which are keys. */
export function arrange(
  columns: readonly NamedExpression[],
  keyOf: (at: number) => number | undefined,
): { readonly values: NamedExpression[]; readonly order: ColumnOrder } {
  const values = columns.filter((_, at) => keyOf(at) === undefined);
  const order = columns.map(({ name }, at) => {
    const key = keyOf(at);
    return key === undefined
      ? { name, from: 'value' as const, at: values.findIndex((each) => each.name === name) }
      : { name, from: 'key' as const, at: key };
  });
  return { values, order };
}

export const columnOf = (each: NamedExpression): Column => ({ name: each.name, type: typed(each) });

export function typed({ type }: Compiled): SqlType {
  if (type !== undefined) return type;
  throw new StatementError(
    "Can't infer a type of null. Please explicitly cast it to a required type, e.g. CAST(null AS VARCHAR).",
  );
}
