import type { Expression, Query } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { compile } from '../expressions/compile.js';
import type { CompileContext, Compiled } from '../expressions/compiled.js';
import { describeType } from '../expressions/types.js';
import { type Column, formatSchema, type RowSchema } from '../metadata/schema.js';
import type { Row } from '../rows/row.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import type { QueryPlan, Step } from './plan.js';
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
import { keepResult, RESULTS, resultStore, tableRows } from './table-results.js';

/** What a query is for: a persistent one must keep its key, a transient one shows any columns. */
export type QueryUse = 'persistent' | 'transient';

export interface PlanRequest {
  readonly query: Query;
  readonly relation: Relation;
  readonly use: QueryUse;
  /** The sink's name, for messages. */
  readonly sink: string;
  readonly context: CompileContext;
}

/** SELECT … FROM streams or tables with WHERE and PARTITION BY. */
export function planProjection(request: PlanRequest): QueryPlan {
  const { query, relation, context, use } = request;
  const selected = expandSelect(query, relation, context);
  const filter = query.where === undefined ? undefined : compileCondition(query.where, context, 'WHERE');
  if (query.partitionBy.length > 0 && relation.type === 'TABLE') {
    throw new StatementError('PARTITION BY clause is not supported for table. Only streams can be repartitioned.');
  }
  if (query.partitionBy.length > 0 && relation.window !== undefined) {
    throw new StatementError(
      'Implicit repartitioning of windowed sources is not supported. See https://github.com/confluentinc/ksql/issues/4385.',
    );
  }
  // What is wrong with an expression is said before a missing key is.
  const compiled = selected.map(({ name, expression }) => ({ name, ...compile(expression, context) }));
  const keys =
    query.partitionBy.length > 0 ? partitionKeys(query.partitionBy, selected) : relationKeys(request, selected);
  if (use === 'persistent') {
    checkKeys(keys, request);
    checkReserved(selected);
    for (const key of keys) checkKeyOnce(key, selected, sameColumn);
  }
  return makePlan(request, selected, keys, { compiled, filter });
}

const relationKeys = ({ relation }: PlanRequest, selected: readonly Selected[]): OutputKey[] =>
  relation.key.map(({ expressions }) => findKey(expressions, selected, sameColumn));

export function compileCondition(
  expression: Expression,
  context: CompileContext,
  clause: string,
): (row: Row) => boolean {
  const compiled = compile(expression, context);
  if (compiled.type?.kind !== 'BOOLEAN') {
    throw new StatementError(
      `Type error in ${clause} expression: Should evaluate to boolean but is ${formatExpression(expression)} (${describeType(compiled.type)}) instead.`,
    );
  }
  return (row) => compiled.evaluate(row) === true;
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
  const joined = relation.inputs.length > 1 && relation.key.length === 1;
  const names = joined
    ? (relation.key[0]?.expressions ?? []).map(formatExpression)
    : missing.map(({ expression }) => formatExpression(expression));
  throw missingKeys(sink, joined ? 'join expression' : 'key column', names, joined ? ' or ' : ' and ');
}

interface Expressions {
  readonly compiled: ReadonlyArray<Compiled & { readonly name: string }>;
  readonly filter: ((row: Row) => boolean) | undefined;
}

function makePlan(
  request: PlanRequest,
  selected: readonly Selected[],
  keys: readonly OutputKey[],
  { compiled, filter }: Expressions,
): QueryPlan {
  const { query, relation, use, context } = request;
  const keep = query.partitionBy.length === 0;
  const keyPlaces = new Map<number, number>(
    use === 'transient' ? [] : keys.map(({ selectedAt }, at) => [selectedAt, at]),
  );
  const values = compiled.filter((_, at) => !keyPlaces.has(at));
  const keyColumns: Column[] =
    use === 'transient'
      ? []
      : keys.map(({ expression, selectedAt }) => {
          const type = typed(compile(expression, context), formatExpression(expression));
          return { name: selected[selectedAt]?.name ?? formatExpression(expression), type };
        });
  const output: RowSchema = {
    key: keyColumns,
    value: values.map((each) => ({ name: each.name, type: typed(each, each.name) })),
    headers: [],
  };
  const order = selected.map(({ name }, at) => {
    const key = keyPlaces.get(at);
    return key === undefined
      ? { name, from: 'value' as const, at: values.findIndex((each) => each.name === name) }
      : { name, from: 'key' as const, at: key };
  });
  const keyValues = keep ? undefined : keys.map(({ expression }) => compile(expression, context).evaluate);
  return {
    inputs: relation.inputs,
    type: relation.type,
    output,
    order,
    window: relation.window,
    limit: query.limit,
    stores: [...relation.stores, ...(relation.type === 'TABLE' ? [resultStore(output)] : [])],
    copartitioned: relation.copartitioned,
    build: (steps) => {
      const table = relation.type === 'TABLE';
      const options = {
        filter,
        values: values.map(({ evaluate }) => evaluate),
        keyValues,
        table,
        transient: use === 'transient',
      };
      const project = projectStep(options, steps.failed);
      if (!table) return { steps: relation.build(steps, project) };
      const results = steps.store(RESULTS);
      const next: Step = (row, emit) =>
        project(row, (each) =>
          keepResult(results, each, (kept) => emit(shown(kept, options, steps.failed)), filter === undefined),
        );
      return { steps: relation.build(steps, next), rows: tableRows(results) };
    },
    explain: { name: 'PROJECT', schema: formatSchema(output), inputs: [relation.explain] },
  };
}

/** A client sees which row is deleted: its key columns stay, the others are null. */
function shown(row: Row, { transient, values }: ProjectOptions, failed: (failure: unknown) => void): Row {
  if (!transient || row.value !== null) return row;
  const value = values.map((evaluate) => {
    try {
      return evaluate(row);
    } catch (failure) {
      failed(failure);
      return null;
    }
  });
  return { ...row, value, deleted: true };
}

export function typed(compiled: Compiled, name: string): SqlType {
  if (compiled.type !== undefined) return compiled.type;
  throw new StatementError(`Column ${name} is NULL: cast it to a type, for instance CAST(NULL AS STRING)`);
}

interface ProjectOptions {
  readonly filter: ((row: Row) => boolean) | undefined;
  readonly values: ReadonlyArray<(row: Row) => Value>;
  readonly keyValues: ReadonlyArray<(row: Row) => Value> | undefined;
  readonly table: boolean;
  readonly transient: boolean;
}

/**
 * Filter, project, and give a new key. An expression that fails makes its column null, a condition that fails is
 * false; both are logged. A stream's null value passes as null unless there is a WHERE.
 */
function projectStep(options: ProjectOptions, log: (failure: unknown) => void): Step {
  const { filter, values, keyValues, table, transient } = options;
  const each = (evaluate: (row: Row) => Value, row: Row): Value => {
    try {
      return evaluate(row);
    } catch (failure) {
      log(failure);
      return null;
    }
  };
  const passes = (row: Row): boolean => {
    if (filter === undefined) return true;
    try {
      return filter(row);
    } catch (failure) {
      log(failure);
      return false;
    }
  };
  return (row, emit) => {
    if (row.value === null && !table) {
      if (filter !== undefined) return;
      if (transient) return;
    }
    const kept = row.value !== null && passes(row);
    // A table's row that stops matching, or is deleted, goes out as a deletion; a stream's is simply not there.
    if (!kept && filter !== undefined && !table) return;
    const key = keyValues === undefined ? row.key : keyValues.map((evaluate) => each(evaluate, row));
    if (row.value === null || !kept) {
      emit({ ...row, key, value: null, keyless: keyValues === undefined && row.keyless === true });
      return;
    }
    const projected = new Array<Value>(values.length);
    for (let at = 0; at < values.length; at += 1) {
      const evaluate = values[at];
      projected[at] = evaluate === undefined ? null : each(evaluate, row);
    }
    emit({
      key,
      value: projected,
      timestampMs: row.timestampMs,
      partition: row.partition,
      offset: row.offset,
      headers: row.headers,
      window: row.window,
      keyless: keyValues === undefined && row.keyless === true,
    });
  };
}
