import { Decimal } from '../../protocol/decimal.js';
import type { Expression } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { Position } from '../../protocol/ksql/position.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { messageOf } from '../../support/errors.js';
import { compileCall } from '../functions/call.js';
import { checkFieldNames, resolveType } from '../metadata/named-types.js';
import { during, failAt, placedAt, StatementError } from '../statement-error.js';
import { parseTimestamp } from '../values/temporal.js';
import { compileArithmetic, compileNegate } from './arithmetic.js';
import { castTo } from './cast.js';
import { compileComparison, compileLike, compilePredicate } from './comparison.js';
import { type CompileContext, type Compiled, isOf, type Typed } from './compiled.js';
import { constant, elementOf, readLiterals } from './literals.js';
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  commonType,
  DOUBLE,
  decimal,
  describeType,
  INTEGER,
  mapOf,
  STRING,
  widening,
} from './types.js';

/** Types the expression and turns it into closures. Throws StatementError. */
export function compile(expression: Expression, context: CompileContext): Compiled {
  // The innermost expression is where it went wrong.
  return placedAt(expression.at, () => compileKind(expression, context));
}

/** The expression as a leaf of a plan. */
export const typedExpression = (expression: Expression, context: CompileContext): Typed => ({
  expression,
  ...compile(expression, context),
});

function compileKind(expression: Expression, context: CompileContext): Compiled {
  const run = (each: Expression, inner = context): Compiled => compile(each, inner);
  switch (expression.kind) {
    case 'null':
      return { type: undefined, evaluate: () => null };
    case 'boolean':
      return constant(BOOLEAN, expression.value);
    case 'integer':
      return compileInteger(expression);
    case 'decimal':
      return compileDecimal(expression.text);
    case 'double':
      return constant(DOUBLE, expression.value);
    case 'string':
      return constant(STRING, expression.value);
    case 'typed-literal':
      return compileTypedLiteral(expression, context);
    case 'column':
      return compileColumn(expression, context);
    case 'field':
      return compileField(run(expression.base), expression.name, expression.at);
    case 'subscript':
      return compileSubscript(run(expression.base), run(expression.index), expression.at);
    case 'negate':
      return compileNegate(run(expression.operand), expression.at);
    case 'arithmetic': {
      const { operator, left, right, at } = expression;
      // As in ksqlDB, || is CONCAT: a null is left out, where + makes the whole null.
      if (operator === '||') return run({ kind: 'call', name: 'CONCAT', args: [left, right], at });
      return compileArithmetic(operator, run(left), run(right), expression);
    }
    case 'comparison': {
      const { operator, left, right } = expression;
      const read = besideTime(left, right);
      const typed = (each: Expression): Typed => ({ expression: each, ...run(each) });
      return compileComparison(operator, typed(read(left)), typed(read(right)), expression);
    }
    case 'logical':
      return compileLogical(expression.operator, run(expression.left), run(expression.right));
    case 'not':
      return compileNot(run(expression.operand));
    case 'between': {
      const { operand, low, high } = expression;
      const read = besideTime(operand, low, high);
      return compilePredicate({ ...expression, operand: read(operand), low: read(low), high: read(high) }, run);
    }
    case 'in':
      return compilePredicate(expression, run);
    case 'like':
      return compileLike(expression, run);
    case 'is-null': {
      const { evaluate } = run(expression.operand);
      const wanted = !expression.negated;
      return { type: BOOLEAN, evaluate: (row) => (evaluate(row) === null) === wanted };
    }
    case 'case':
      return compileCase(expression, run);
    case 'cast': {
      const operand = run(expression.operand);
      const type = resolveType(expression.type, context.types);
      const convert = castTo(operand.type, type);
      return { type, evaluate: (row) => convert(operand.evaluate(row)) };
    }
    case 'array':
      return compileArray(
        readLiterals(
          expression.elements,
          expression.elements.map((each) => run(each)),
        ),
      );
    case 'map':
      return compileMap(expression.entries.map(({ key, value }) => [run(key), run(value)] as const));
    case 'struct':
      return compileStruct(expression.fields.map(({ name, value }) => ({ name, value: run(value) })));
    case 'call':
      return compileCall(expression, context, run);
    case 'variable':
      throw failAt(expression.at, `The variable \${${expression.name}} is not defined`);
    case 'lambda':
    case 'unit':
      throw failAt(expression.at, `${formatExpression(expression)} can only be an argument of a function`);
  }
}

const TIME_COLUMNS: ReadonlySet<string> = new Set(['ROWTIME', 'WINDOWSTART', 'WINDOWEND']);

/** Text beside a time that ksqlDB itself adds is a timestamp: ROWTIME > '2020-02-01'. */
function besideTime(...operands: readonly Expression[]): (each: Expression) => Expression {
  const time = operands.some((each) => each.kind === 'column' && TIME_COLUMNS.has(each.name));
  return (each) => {
    if (!time || each.kind !== 'string') return each;
    try {
      return { kind: 'integer', value: BigInt(parseTimestamp(each.value)), at: each.at };
    } catch (failure) {
      throw failAt(each.at, messageOf(failure));
    }
  };
}

function compileInteger({ value, at }: Extract<Expression, { kind: 'integer' }>): Compiled {
  if (BigInt.asIntN(32, value) === value) return constant(INTEGER, Number(value));
  if (BigInt.asIntN(64, value) === value) return constant(BIGINT, value);
  return during('Failed to prepare statement', () => {
    throw new StatementError(`line ${at.line}:${at.column}: Invalid numeric literal: ${value}`);
  });
}

function compileDecimal(text: string): Compiled {
  const value = Decimal.parse(text);
  if (value === undefined) throw new StatementError(`${text} is not a number`);
  return constant(decimal(value.precision, value.scale), value);
}

function compileTypedLiteral(
  expression: Extract<Expression, { kind: 'typed-literal' }>,
  context: CompileContext,
): Compiled {
  if (expression.type === 'DECIMAL') return compileDecimal(expression.text);
  const type = resolveType({ kind: 'NAMED', name: expression.type }, context.types);
  if (!['DATE', 'TIME', 'TIMESTAMP'].includes(type.kind)) {
    throw failAt(expression.at, `Unknown literal type ${expression.type}`);
  }
  try {
    return constant(type, castTo(STRING, type)(expression.text));
  } catch (failure) {
    throw failAt(expression.at, messageOf(failure));
  }
}

function compileColumn(expression: Extract<Expression, { kind: 'column' }>, context: CompileContext): Compiled {
  const { source, name, at } = expression;
  const found = context.scope.column(source, name);
  if (found !== undefined) return found;
  // a.b can also be written for a field of a struct that is a column; ksqlDB takes only ->, so it is an error here too.
  const written = formatExpression(expression);
  throw failAt(at, `Column '${written}' cannot be resolved.`);
}

function compileField(base: Compiled, name: string, at: Position): Compiled {
  if (!isOf(base, 'STRUCT')) {
    throw failAt(at, `Can't access the field '${name}': Expected STRUCT type, got: ${describeType(base.type)}`);
  }
  const index = base.type.fields.findIndex((field) => field.name === name);
  const field = base.type.fields[index];
  if (field === undefined) {
    throw failAt(at, `Could not find field '${name}' in '${describeType(base.type)}'.`);
  }
  const { evaluate } = base;
  return {
    type: field.type,
    evaluate: (row) => {
      const struct = evaluate(row);
      return struct === null ? null : (struct[index] ?? null);
    },
  };
}

function compileSubscript(base: Compiled, index: Compiled, at: Position): Compiled {
  if (isOf(base, 'ARRAY')) {
    const { element } = base.type;
    if (index.type !== undefined && index.type.kind !== 'INTEGER' && index.type.kind !== 'BIGINT') {
      throw failAt(at, `The subscript of an ARRAY is an INTEGER, not ${describeType(index.type)}`);
    }
    return {
      type: element,
      evaluate: (row) => {
        const array = base.evaluate(row);
        const position = index.evaluate(row);
        if (array === null || position === null) return null;
        // One is the first; negative ones count from the end.
        const place = Number(position);
        return array[place > 0 ? place - 1 : place < 0 ? array.length + place : -1] ?? null;
      },
    };
  }
  if (isOf(base, 'MAP')) {
    const convert = index.type === undefined ? undefined : widening(index.type, base.type.key);
    if (convert === undefined)
      throw failAt(at, `A key of ${describeType(base.type)} can't be ${describeType(index.type)}`);
    return {
      type: base.type.value,
      evaluate: (row) => {
        const map = base.evaluate(row);
        return map === null ? null : (map.get(convert(index.evaluate(row))) ?? null);
      },
    };
  }
  throw failAt(at, `A subscript can only be used on ARRAY and MAP, not on ${describeType(base.type)}`);
}

function checkBoolean(operator: string, { type }: Compiled): void {
  if (type !== undefined && type.kind !== 'BOOLEAN') {
    throw new StatementError(`${operator} needs BOOLEAN operands, not ${describeType(type)}`);
  }
}

function compileNot(operand: Compiled): Compiled {
  checkBoolean('NOT', operand);
  const { evaluate } = operand;
  return {
    type: BOOLEAN,
    evaluate: (row) => {
      const value = evaluate(row);
      return value === null ? null : value !== true;
    },
  };
}

/** The right side is looked at only where the left one does not decide; a null that is looked at makes a null. */
function compileLogical(operator: 'AND' | 'OR', left: Compiled, right: Compiled): Compiled {
  for (const side of [left, right]) checkBoolean(operator, side);
  const [a, b] = [left.evaluate, right.evaluate];
  const decisive = operator === 'OR';
  return {
    type: BOOLEAN,
    evaluate: (row) => {
      const first = a(row);
      return first === null || first === decisive ? first : b(row);
    },
  };
}

/** Brings expressions to one type; throws where they have none in common. */
export function unify(all: readonly Compiled[], what: string): { type: SqlType | undefined; parts: Compiled[] } {
  let type: SqlType | undefined;
  for (const each of all) {
    const next = commonType(type, each.type);
    if (next === undefined && each.type !== undefined) {
      throw new StatementError(
        `Invalid ${what}. All types must be the same. Expected ${describeType(type)}, found ${describeType(each.type)}.`,
      );
    }
    type = next;
  }
  return { type, parts: all.map((each) => widenTo(each, type)) };
}

/** Throws where there is no implicit conversion. */
export function widenTo(part: Compiled, type: SqlType | undefined): Compiled {
  if (part.type === undefined || type === undefined) return { type, evaluate: part.evaluate };
  const convert = widening(part.type, type);
  if (convert === undefined) {
    throw new StatementError(`${describeType(part.type)} can't be used as ${describeType(type)}`);
  }
  const { evaluate } = part;
  const same = describeType(part.type) === describeType(type);
  return { type, evaluate: same ? evaluate : (row) => convert(evaluate(row)) };
}

function compileCase(expression: Extract<Expression, { kind: 'case' }>, run: (each: Expression) => Compiled): Compiled {
  const { operand } = expression;
  const conditions = expression.branches.map(({ when }) => {
    const condition: Expression =
      operand === undefined ? when : { kind: 'comparison', operator: '=', left: operand, right: when, at: when.at };
    const compiled = run(condition);
    if (compiled.type?.kind !== 'BOOLEAN') {
      throw failAt(
        when.at,
        `WHEN operand type should be boolean.\nType for '${formatExpression(when)}' is ${describeType(compiled.type)}`,
      );
    }
    return compiled.evaluate;
  });
  const results = expression.branches.map(({ result }) => run(result));
  const otherwise = expression.otherwise === undefined ? undefined : run(expression.otherwise);
  checkBranches(expression, results, otherwise);
  const { type, parts } = unify(otherwise === undefined ? results : [...results, otherwise], 'Case expression');
  const values = parts.map(({ evaluate }) => evaluate);
  const last = otherwise === undefined ? undefined : values.at(-1);
  const formatted = expression.branches.map(({ when }) => formatExpression(when));
  return {
    type,
    evaluate: (row) => {
      for (let at = 0; at < conditions.length; at += 1) {
        const holds = conditions[at]?.(row);
        if (holds === true) return values[at]?.(row) ?? null;
        if (holds === null) throw new StatementError(`WHEN operand is null: ${formatted[at]}`);
      }
      return last === undefined ? null : last(row);
    },
  };
}

/** Says which branch has another type than the first one, where they have none in common. */
function checkBranches(
  { branches, otherwise }: Extract<Expression, { kind: 'case' }>,
  results: readonly Compiled[],
  fallback: Compiled | undefined,
): void {
  let first = -1;
  let type: SqlType | undefined;
  for (const [at, result] of results.entries()) {
    const common = commonType(type, result.type);
    const [one, other] = [branches[first]?.result, branches[at]?.result];
    if (common === undefined && result.type !== undefined && one !== undefined && other !== undefined) {
      throw new StatementError(
        `Invalid Case expression. Type for all 'THEN' clauses should be the same.\nTHEN expression '${formatExpression(one)}' has type: ${describeType(type)}.\nTHEN expression '${formatExpression(other)}' has type: ${describeType(result.type)}.`,
      );
    }
    if (type === undefined && common !== undefined) first = at;
    type = common;
  }
  if (otherwise === undefined || fallback?.type === undefined || commonType(type, fallback.type) !== undefined) return;
  throw new StatementError(
    `Invalid Case expression. Type for the default clause should be the same as for 'THEN' clauses.\nTHEN type: ${describeType(type)}.\nDEFAULT type: ${describeType(fallback.type)}.`,
  );
}

function compileArray(elements: readonly Compiled[]): Compiled {
  if (elements.length === 0) {
    throw new StatementError(
      'Array constructor cannot be empty. Please supply at least one element (see https://github.com/confluentinc/ksql/issues/4239).',
    );
  }
  const { type, parts } = unify(elements, 'array constructor');
  if (type === undefined) {
    throw new StatementError(
      'Cannot construct an array with all NULL elements (see https://github.com/confluentinc/ksql/issues/4239). As a workaround, you may cast a NULL value to the desired type.',
    );
  }
  const values = parts.map(({ evaluate }) => evaluate);
  return { type: arrayOf(type), evaluate: (row) => values.map((value) => elementOf(value, row)) };
}

function compileMap(entries: ReadonlyArray<readonly [Compiled, Compiled]>): Compiled {
  const keys = unify(
    entries.map(([key]) => key),
    'map constructor keys',
  );
  const values = unify(
    entries.map(([, value]) => value),
    'map constructor values',
  );
  if (entries.length === 0) {
    throw new StatementError(
      'Map constructor cannot be empty. Please supply at least one key value pair (see https://github.com/confluentinc/ksql/issues/4239).',
    );
  }
  if (keys.type === undefined || values.type === undefined) {
    throw new StatementError(
      `Cannot construct a map with all NULL ${keys.type === undefined ? 'keys' : 'values'} (see https://github.com/confluentinc/ksql/issues/4239). As a workaround, you may cast a NULL value to the desired type.`,
    );
  }
  return {
    type: mapOf(keys.type, values.type),
    evaluate: (row) =>
      new Map(
        keys.parts.map((key, at) => {
          const value = values.parts[at];
          return [elementOf(key.evaluate, row), value === undefined ? null : elementOf(value.evaluate, row)];
        }),
      ),
  };
}

function compileStruct(fields: ReadonlyArray<{ name: string; value: Compiled }>): Compiled {
  checkFieldNames(fields);
  for (const { name, value } of fields) {
    if (value.type === undefined) throw new StatementError(`Field ${name} of STRUCT is NULL: cast it to a type`);
  }
  const type: SqlType = {
    kind: 'STRUCT',
    fields: fields.flatMap(({ name, value }) => (value.type === undefined ? [] : [{ name, type: value.type }])),
  };
  const values = fields.map(({ value }) => value.evaluate);
  return { type, evaluate: (row) => values.map((value) => elementOf(value, row)) };
}
