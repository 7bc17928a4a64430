import type { ComparisonOperator, Expression } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { BoundedRegex } from '../../support/bounded-regex.js';
import type { Row } from '../rows/row.js';
import { StatementError } from '../statement-error.js';
import { compareValues, sameValue, type Value } from '../values/value.js';
import { castTo } from './cast.js';
import type { Compiled, Typed } from './compiled.js';
import { readLiterals } from './literals.js';
import { BOOLEAN, commonType, describeType, widening } from './types.js';

const ORDERED: ReadonlySet<SqlType['kind']> = new Set([
  'INTEGER',
  'BIGINT',
  'DOUBLE',
  'DECIMAL',
  'STRING',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'BYTES',
]);
const TEMPORAL: ReadonlySet<SqlType['kind']> = new Set(['DATE', 'TIME', 'TIMESTAMP']);

/** Both sides in one type: numbers widen, text beside a date, time or timestamp is parsed. */
function align(left: Compiled, right: Compiled): [Compiled, Compiled, SqlType | undefined] | undefined {
  if (left.type === undefined || right.type === undefined) return [left, right, left.type ?? right.type];
  for (const [text, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (text.type?.kind === 'STRING' && other.type !== undefined && TEMPORAL.has(other.type.kind)) {
      const parsed = converted(text, castTo(text.type, other.type), other.type);
      return text === left ? [parsed, right, other.type] : [left, parsed, other.type];
    }
  }
  if (left.type.kind === 'TIMESTAMP' && right.type.kind === 'DATE') {
    return [left, converted(right, castTo(right.type, left.type), left.type), left.type];
  }
  if (left.type.kind === 'DATE' && right.type.kind === 'TIMESTAMP') {
    return [converted(left, castTo(left.type, right.type), right.type), right, right.type];
  }
  const type = commonType(left.type, right.type);
  if (type === undefined) return undefined;
  const [a, b] = [widening(left.type, type), widening(right.type, type)];
  if (a === undefined || b === undefined) return undefined;
  return [converted(left, a, type), converted(right, b, type), type];
}

function converted(part: Compiled, convert: (value: Value) => Value, type: SqlType): Compiled {
  const { evaluate } = part;
  if (part.type !== undefined && describeType(part.type) === describeType(type)) return part;
  return {
    type,
    evaluate: (row) => {
      const value = evaluate(row);
      return value === null ? null : convert(value);
    },
  };
}

const isNull = ({ type }: Compiled): boolean => type === undefined;

/** A comparison with a null is false; only IS [NOT] DISTINCT FROM looks at nulls. */
export function compileComparison(
  operator: ComparisonOperator | 'IS DISTINCT FROM' | 'IS NOT DISTINCT FROM',
  left: Typed,
  right: Typed,
  expression: Expression,
): Compiled {
  if (operator !== 'IS DISTINCT FROM' && operator !== 'IS NOT DISTINCT FROM' && [left, right].some(isNull)) {
    throw new StatementError(
      `Comparison with NULL not supported: ${formatExpression(expression)}. Use IS NULL or IS DISTINCT FROM.`,
    );
  }
  const aligned = align(left, right);
  if (aligned === undefined) throw incomparable(left, operator, right);
  const [{ evaluate: a }, { evaluate: b }, type] = aligned;
  if (operator === 'IS DISTINCT FROM') return { type: BOOLEAN, evaluate: (row) => !sameValue(a(row), b(row)) };
  if (operator === 'IS NOT DISTINCT FROM') return { type: BOOLEAN, evaluate: (row) => sameValue(a(row), b(row)) };
  const equality = operator === '=' || operator === '<>';
  if (!equality && type !== undefined && !ORDERED.has(type.kind)) {
    throw incomparable(left, operator, right);
  }
  const decide = TESTS[operator];
  // Numbers and text compare natively; only decimals, bytes and nested values need more.
  const native = type !== undefined && !['DECIMAL', 'BYTES', 'ARRAY', 'MAP', 'STRUCT'].includes(type.kind);
  if (native) {
    const test = NATIVE[operator];
    return {
      type: BOOLEAN,
      evaluate: (row) => {
        const x = a(row);
        if (x === null) return false;
        const y = b(row);
        return y !== null && test(x, y);
      },
    };
  }
  return {
    type: BOOLEAN,
    evaluate: (row) => {
      const [x, y] = [a(row), b(row)];
      if (x === null || y === null) return false;
      return decide(equality ? (sameValue(x, y) ? 0 : 1) : compareValues(x, y));
    },
  };
}

const TESTS: Record<ComparisonOperator, (order: number) => boolean> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

const NATIVE: Record<ComparisonOperator, (x: NonNullable<Value>, y: NonNullable<Value>) => boolean> = {
  '=': (x, y) => x === y,
  '<>': (x, y) => x !== y,
  '<': (x, y) => x < y,
  '<=': (x, y) => x <= y,
  '>': (x, y) => x > y,
  '>=': (x, y) => x >= y,
};

const OPERATOR_NAMES: Readonly<Record<string, string>> = {
  '=': 'EQUAL',
  '<>': 'NOT_EQUAL',
  '<': 'LESS_THAN',
  '<=': 'LESS_THAN_OR_EQUAL',
  '>': 'GREATER_THAN',
  '>=': 'GREATER_THAN_OR_EQUAL',
};

export class Incomparable extends StatementError {}

function incomparable(left: Typed, operator: string, right: Typed): Incomparable {
  const [a, b] = [left, right].map((side) => `${formatExpression(side.expression)} (${describeType(side.type)})`);
  const name = OPERATOR_NAMES[operator] ?? operator.replaceAll(' ', '_');
  return new Incomparable(`Cannot compare ${a} to ${b} with ${name}.`);
}

export function compilePredicate(
  expression: Extract<Expression, { kind: 'between' | 'in' }>,
  run: (each: Expression) => Compiled,
): Compiled {
  const typed = (each: Expression, compiled = run(each)): Typed => ({ expression: each, ...compiled });
  const operand = typed(expression.operand);
  if (expression.kind === 'between') {
    const low = compileComparison('>=', operand, typed(expression.low), expression).evaluate;
    const high = compileComparison('<=', operand, typed(expression.high), expression).evaluate;
    return { type: BOOLEAN, evaluate: (row) => low(row) === true && high(row) === true };
  }
  const [, ...values] = readLiterals(
    [expression.operand, ...expression.values],
    [operand, ...expression.values.map((value) => run(value))],
  );
  // A null in the list is equal to nothing.
  const tests = expression.values.flatMap((each, at) => {
    const value = values[at];
    if (value === undefined || isNull(value)) return [];
    return [compileComparison('=', operand, typed(each, value), expression).evaluate];
  });
  return { type: BOOLEAN, evaluate: (row) => tests.some((test) => test(row) === true) };
}

export function compileLike(
  expression: Extract<Expression, { kind: 'like' }>,
  run: (each: Expression) => Compiled,
): Compiled {
  const [operand, pattern] = [run(expression.operand), run(expression.pattern)];
  for (const side of [operand, pattern]) {
    if (side.type !== undefined && side.type.kind !== 'STRING') {
      throw new StatementError(`LIKE needs STRING operands, not ${describeType(side.type)}`);
    }
  }
  const mark = expression.escape;
  if (mark !== undefined && mark.length !== 1) {
    throw new StatementError(`Expected single character escape but got: ${mark}`);
  }
  let known: { text: string; matcher: RegExp } | undefined;
  const evaluate = (row: Row): boolean => {
    const [text, like] = [operand.evaluate(row), pattern.evaluate(row)];
    if (typeof text !== 'string' || typeof like !== 'string') return false;
    if (known?.text !== like) known = { text: like, matcher: likePattern(like, mark) };
    return known.matcher.test(text);
  };
  return { type: BOOLEAN, evaluate };
}

function likePattern(like: string, mark: string | undefined): RegExp {
  let source = '';
  for (let at = 0; at < like.length; at += 1) {
    let char = like[at] ?? '';
    const escaped = char === mark && at + 1 < like.length;
    if (escaped) {
      at += 1;
      char = like[at] ?? '';
    }
    if (!escaped && char === '%') source += '.*';
    else if (!escaped && char === '_') source += '.';
    else source += char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  }
  return new BoundedRegex(`^${source}$`, 's');
}
