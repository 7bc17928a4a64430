import { Decimal } from '../../protocol/decimal.js';
import type { ArithmeticOperator, Expression } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { Position } from '../../protocol/ksql/position.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Row } from '../rows/row.js';
import { StatementError } from '../statement-error.js';
import { ofKind, type Value } from '../values/value.js';
import type { Compiled } from './compiled.js';
import {
  asDecimalType,
  BIGINT,
  DOUBLE,
  decimal,
  describeType,
  INTEGER,
  isNumeric,
  type Numeric,
  STRING,
  toDecimal,
  toDouble,
} from './types.js';

/** As in Java, the least whole number has no opposite. */
function negated(value: Numeric, { kind }: SqlType): Numeric {
  if (value instanceof Decimal) return value.negate();
  if (typeof value === 'bigint') return BigInt.asIntN(64, -value);
  return kind === 'INTEGER' ? -value | 0 : -value;
}

export function compileNegate(operand: Compiled, at: Position): Compiled {
  const { type, evaluate } = operand;
  if (type === undefined || !isNumeric(type)) {
    throw new StatementError(`Line: ${at.line}, Col: ${at.column}: - needs a number, not ${describeType(type)}`);
  }
  const negate = ofKind(type.kind, (value) => negated(value, type));
  return {
    type,
    evaluate: (row) => {
      const value = evaluate(row);
      return value === null ? null : negate(value);
    },
  };
}

/** Nulls make null. Whole numbers wrap as Java's do; a division of whole numbers by zero fails the expression. */
export function compileArithmetic(
  operator: ArithmeticOperator,
  left: Compiled,
  right: Compiled,
  expression: Extract<Expression, { kind: 'arithmetic' }>,
): Compiled {
  const [a, b] = [left.evaluate, right.evaluate];
  const binary =
    (combine: Operation['combine']) =>
    (row: Row): Value => {
      const x = a(row);
      if (x === null) return null;
      const y = b(row);
      return y === null ? null : combine(x, y);
    };
  if (left.type?.kind === 'STRING' && right.type?.kind === 'STRING' && operator === '+') {
    return { type: STRING, evaluate: binary((x: string, y: string) => x + y) };
  }
  if (!left.type || !right.type || !isNumeric(left.type) || !isNumeric(right.type)) {
    const [x, y] = [left, right].map(({ type }) => (type === undefined ? 'null' : describeType(type)));
    const why =
      left.type === undefined || right.type === undefined
        ? `Arithmetic on types ${x} and ${y} are not supported.`
        : `Unsupported arithmetic types. ${x} ${y}`;
    throw new StatementError(`Error processing expression: ${formatExpression(expression)}. ${why}`);
  }
  const { type, combine } = numeric(operator, left.type, right.type);
  return { type, evaluate: binary(combine) };
}

/** `combine` is a method, which may name the forms of its operands: it is called with those that it was chosen for. */
interface Operation<Operand extends Value = Value> {
  readonly type: SqlType;
  combine(x: Operand, y: Operand): Value;
}

function numeric(operator: ArithmeticOperator, left: SqlType, right: SqlType): Operation {
  if (left.kind === 'DOUBLE' || right.kind === 'DOUBLE') {
    const operate = DOUBLES[operator];
    return { type: DOUBLE, combine: (x, y) => operate(toDouble(x), toDouble(y)) };
  }
  if (left.kind === 'DECIMAL' || right.kind === 'DECIMAL') return decimals(operator, left, right);
  if (left.kind === 'BIGINT' || right.kind === 'BIGINT') {
    const operate = LONGS[operator];
    return {
      type: BIGINT,
      combine: (x: number | bigint, y: number | bigint) => BigInt.asIntN(64, operate(BigInt(x), BigInt(y))),
    };
  }
  return { type: INTEGER, combine: INTS[operator] };
}

const DOUBLES: Record<ArithmeticOperator, (x: number, y: number) => number> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => x / y,
  '%': (x, y) => x % y,
};

const LONGS: Record<ArithmeticOperator, (x: bigint, y: bigint) => bigint> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => x / y,
  '%': (x, y) => x % y,
};

function nonZero(value: number): number {
  if (value === 0) throw new RangeError('/ by zero');
  return value;
}

const INTS: Record<ArithmeticOperator, (x: number, y: number) => number> = {
  '+': (x, y) => (x + y) | 0,
  '-': (x, y) => (x - y) | 0,
  '*': (x, y) => Math.imul(x, y),
  '/': (x, y) => (x / nonZero(y)) | 0,
  '%': (x, y) => (x % nonZero(y)) + 0,
};

/** Result types are those that ksqlDB documents (SQL Server's rules). */
function decimals(operator: ArithmeticOperator, left: SqlType, right: SqlType): Operation<Numeric> {
  const [a, b] = [asDecimalType(left), asDecimalType(right)];
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  switch (operator) {
    case '+':
      return {
        type: decimal(whole + scale + 1, scale),
        combine: (x, y) => toDecimal(x).add(toDecimal(y)).toScale(scale),
      };
    case '-':
      return {
        type: decimal(whole + scale + 1, scale),
        combine: (x, y) => toDecimal(x).add(toDecimal(y).negate()).toScale(scale),
      };
    case '*':
      return {
        type: decimal(a.precision + b.precision + 1, a.scale + b.scale),
        combine: (x, y) =>
          toDecimal(x)
            .multiply(toDecimal(y))
            .toScale(a.scale + b.scale),
      };
    case '/': {
      const digits = Math.max(6, a.scale + b.precision + 1);
      const precision = a.precision - a.scale + b.scale + digits;
      return { type: decimal(precision, digits), combine: (x, y) => toDecimal(x).divide(toDecimal(y), digits) };
    }
    case '%': {
      const precision = Math.min(a.precision - a.scale, b.precision - b.scale) + scale;
      return {
        type: decimal(precision, scale),
        combine: (x, y) => toDecimal(x).remainder(toDecimal(y)).toScale(scale),
      };
    }
  }
}
