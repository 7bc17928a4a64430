import type { Expression } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { columnsOf, contains, mapChildren } from '../expressions/children.js';
import { compile } from '../expressions/compile.js';
import type { CompileContext, Compiled, Scope } from '../expressions/compiled.js';
import { type AggregateFunction, wrong } from '../functions/aggregate.js';
import { AGGREGATES } from '../functions/aggregates.js';
import { parseSignature } from '../functions/signature.js';
import type { Row } from '../rows/row.js';
import { failAt, placedAt, StatementError } from '../statement-error.js';
import type { Properties } from '../statements/properties.js';
import type { Value } from '../values/value.js';
import type { AggregateCall } from './logical-plan.js';
import type { Selected } from './projection.js';
import { WINDOW_COLUMNS } from './scope.js';

type Call = Extract<Expression, { kind: 'call' }>;

/** As many arguments as a signature has, and literals where the function has to know the value beforehand. */
function checkArguments(call: Call, definition: AggregateFunction, types: ReadonlyArray<SqlType | undefined>): void {
  const { signatures, literals, openEnded } = definition;
  const counts = signatures.map((each) => parseSignature(each).parameters.length);
  if (!counts.includes(types.length) && (openEnded !== true || types.length < Math.min(...counts))) {
    throw placedAt(call.at, () => wrong(call.name, types));
  }
  if (literals === undefined) return;
  const first = literals === 'last' ? types.length - 1 : 1;
  const at = call.args.findIndex((arg, index) => index >= first && !isLiteral(arg));
  const found = call.args[at];
  if (found === undefined) return;
  throw new StatementError(
    `Parameter ${at + 1} passed to function ${call.name} must be a literal constant, but was expression: '${formatExpression(found)}'`,
  );
}

const isLiteral = (expression: Expression): boolean =>
  expression.kind === 'negate'
    ? isLiteral(expression.operand)
    : ['integer', 'boolean', 'string', 'double', 'null'].includes(expression.kind);

/** What AVG() and AVG(*) are given. */
const rowtime = ({ at }: Call): Expression => ({ kind: 'column', source: undefined, name: 'ROWTIME', at });

/** A name that no user can write: a slot of the grouped row. */
const slot = (kind: 'GROUP' | 'AGG_VARIABLE', at: number): string => `\u0000${kind}_${at}`;

const inPlaceOf = (standsFor: Expression, name: string): Expression => ({
  kind: 'column',
  source: undefined,
  name,
  standsFor,
  at: standsFor.at,
});

/** An expression needs a column that the rows of a group need not share. */
class NotGrouped extends StatementError {
  constructor(
    clause: 'SELECT' | 'HAVING',
    readonly column: string,
  ) {
    super(`Non-aggregate ${clause} expression not part of GROUP BY: ${column}`);
  }
}

/**
 * Rewrites SELECT and HAVING of a grouped query: grouping expressions and aggregate calls become columns of the grouped
 * row; what is left must not need the rows behind it.
 */
export class Grouping {
  readonly calls: AggregateCall[] = [];
  private readonly groups: ReadonlyMap<string, number>;

  constructor(
    groupBy: readonly Expression[],
    private readonly context: CompileContext,
    private readonly windowed: boolean,
    private readonly properties: Properties,
  ) {
    this.groups = new Map(groupBy.map((expression, at) => [this.textOf(expression), at]));
  }

  /** One spelling for a column with and without its source's name. */
  private textOf(expression: Expression): string {
    return formatExpression(this.context.scope.sources.length === 1 ? withoutSources(expression) : expression);
  }

  rewrite(expression: Expression, clause: 'SELECT' | 'HAVING' = 'SELECT'): Expression {
    const group = this.groups.get(this.textOf(expression));
    if (group !== undefined) return inPlaceOf(expression, slot('GROUP', group));
    if (expression.kind === 'call' && AGGREGATES.has(expression.name)) {
      return inPlaceOf(expression, slot('AGG_VARIABLE', this.callAt(expression)));
    }
    if (expression.kind === 'column') {
      if (this.windowed && WINDOW_COLUMNS.has(expression.name)) return expression;
      // An unknown column is reported as that first.
      compile(expression, this.context);
      throw new NotGrouped(clause, formatExpression(expression));
    }
    return mapChildren(expression, (child) => this.rewrite(child, clause));
  }

  /** The whole SELECT list; all that needs the rows behind a group is named at once: expressions, of aggregates the columns. */
  rewriteSelect(selected: readonly Selected[]): Selected[] {
    const refused: string[] = [];
    const besideAggregates: string[] = [];
    const rewritten = selected.map((each) => {
      try {
        return { ...each, expression: this.rewrite(each.expression) };
      } catch (failure) {
        if (!(failure instanceof NotGrouped)) throw failure;
        if (containsAggregate(each.expression)) besideAggregates.push(failure.column);
        else refused.push(formatExpression(each.expression));
        return each;
      }
    });
    for (const [what, names] of [
      ['Non-aggregate SELECT expression(s)', refused],
      ['Column used in aggregate SELECT expression(s) outside of aggregate functions', besideAggregates],
    ] as const) {
      if (names.length === 0) continue;
      throw new StatementError(
        `${what} not part of GROUP BY: ${names.sort().join(', ')}\nEither add the column(s) to the GROUP BY or remove them from the SELECT.`,
      );
    }
    return rewritten;
  }

  private callAt(call: Extract<Expression, { kind: 'call' }>): number {
    const text = this.textOf(call);
    const known = this.calls.findIndex((each) => each.text === text);
    if (known !== -1) return known;
    const definition = AGGREGATES.get(call.name);
    if (definition === undefined) throw failAt(call.at, `${call.name} is not an aggregate function`);
    if (call.args.some(containsAggregate)) {
      throw new StatementError(`Aggregate functions can not be nested: ${formatExpression(call)}`);
    }
    if (this.windowed) checkNoBounds(call.args);
    const given = call.args.length === 0 && call.name !== 'COUNT' ? [rowtime(call)] : call.args;
    const args = given.map((arg) => compile(arg, this.context));
    const constants = given.map((arg) => constantOf(arg, this.context));
    const types = args.map(({ type }) => type);
    checkArguments(call, definition, types);
    const aggregate = placedAt(call.at, () => definition.create(types, constants, this.properties));
    this.calls.push({ text, name: call.name, aggregate, args: args.map(({ evaluate }) => evaluate) });
    return this.calls.length - 1;
  }

  /** The columns of the grouped row: groups in its key, aggregates' results in its value. */
  scope(groups: readonly Compiled[]): Scope {
    return {
      sources: [],
      column: (_, name) => {
        const group = groups.findIndex((__, at) => name === slot('GROUP', at));
        if (group !== -1) return { type: groups[group]?.type, evaluate: (row) => row.key[group] ?? null };
        const call = this.calls.findIndex((__, at) => name === slot('AGG_VARIABLE', at));
        if (call !== -1) {
          return { type: this.calls[call]?.aggregate.returns, evaluate: (row) => row.value?.[call] ?? null };
        }
        const bound = this.windowed ? WINDOW_COLUMNS.get(name) : undefined;
        return bound === undefined ? undefined : { type: bound.type, evaluate: bound.get };
      },
    };
  }
}

const withoutSources = (expression: Expression): Expression =>
  expression.kind === 'column' ? { ...expression, source: undefined } : mapChildren(expression, withoutSources);

/** Rows have no window before they are grouped. */
export function checkNoBounds(expressions: readonly Expression[]): void {
  const bound = expressions.flatMap(columnsOf).find(({ name }) => WINDOW_COLUMNS.has(name));
  if (bound === undefined) return;
  throw new StatementError(
    `Window bounds column ${bound.name} can only be used in the SELECT clause of windowed aggregations and can not be passed to aggregate functions.\nSee https://github.com/confluentinc/ksql/issues/4397`,
  );
}

export function isGroupSlot(expression: Expression): number | undefined {
  if (expression.kind !== 'column' || !expression.name.startsWith('\u0000GROUP_')) return undefined;
  return Number(expression.name.slice('\u0000GROUP_'.length));
}

const NO_ROW: Row = { key: [], value: [], timestampMs: 0, partition: 0, offset: 0n, headers: [], window: undefined };

function constantOf(expression: Expression, context: CompileContext): Value | undefined {
  return isLiteral(expression) ? compile(expression, context).evaluate(NO_ROW) : undefined;
}

export const containsAggregate = (expression: Expression): boolean =>
  contains(expression, (each) => each.kind === 'call' && AGGREGATES.has(each.name));

/** The names of the aggregate functions that an expression calls. */
export function aggregatesIn(expression: Expression): string[] {
  if (expression.kind === 'call' && AGGREGATES.has(expression.name)) return [expression.name];
  const names: string[] = [];
  mapChildren(expression, (child) => {
    names.push(...aggregatesIn(child));
    return child;
  });
  return names;
}
