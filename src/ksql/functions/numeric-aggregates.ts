import { Decimal } from '../../protocol/decimal.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { arrayOf, BIGINT, DOUBLE, INTEGER, toDouble } from '../expressions/types.js';
import { ofKind, type Value } from '../values/value.js';
import { type Aggregate, type AggregateFunction, same, struct, wrong } from './aggregate.js';

export const count: AggregateFunction = {
  name: 'COUNT',
  description: 'The number of rows, or of rows in which the argument is not null.',
  signatures: ['() BIGINT', '(ANY) BIGINT'],
  create(types): Aggregate<bigint> {
    const counts = (args: readonly Value[]): boolean => types.length === 0 || args[0] !== null;
    return {
      returns: BIGINT,
      state: BIGINT,
      initial: 0n,
      add: (state, args) => (counts(args) ? state + 1n : state),
      undo: (state, args) => (counts(args) ? state - 1n : state),
      merge: (left, right) => left + right,
      result: same,
    };
  },
};

/** Adds values of the type that it was chosen for. */
interface Adder<Form extends Value = Value> {
  readonly zero: Form;
  plus(a: Form, b: Form): Form;
  minus(a: Form, b: Form): Form;
}

const adding = <Form extends Value>(adder: Adder<Form>): Adder => adder;

const int32 = (value: number): number => value | 0;
const int64 = (value: bigint): bigint => BigInt.asIntN(64, value);

function adder(type: SqlType | undefined, name: string): Adder {
  switch (type?.kind) {
    case 'INTEGER':
      return adding<number>({ zero: 0, plus: (a, b) => int32(a + b), minus: (a, b) => int32(a - b) });
    case 'DOUBLE':
      return adding<number>({ zero: 0, plus: (a, b) => a + b, minus: (a, b) => a - b });
    case 'BIGINT':
      return adding<bigint>({ zero: 0n, plus: (a, b) => int64(a + b), minus: (a, b) => int64(a - b) });
    case 'DECIMAL':
      return adding<Decimal>({
        zero: new Decimal(0n, type.scale),
        plus: (a, b) => a.add(b),
        minus: (a, b) => a.add(b.negate()),
      });
    default:
      throw wrong(name, [type]);
  }
}

export const sum: AggregateFunction = {
  name: 'SUM',
  description: 'The sum of the argument; nulls count as nothing.',
  signatures: ['(INTEGER) INTEGER', '(BIGINT) BIGINT', '(DOUBLE) DOUBLE', '(ANYDECIMAL) ANYDECIMAL'],
  create([type]) {
    const { zero, plus, minus } = adder(type, 'SUM');
    return {
      returns: type ?? INTEGER,
      state: type ?? INTEGER,
      initial: zero,
      add: (state, [value = null]) => (value === null ? state : plus(state, value)),
      undo: (state, [value = null]) => (value === null ? state : minus(state, value)),
      merge: plus,
      result: same,
    };
  },
};

export const sumList: AggregateFunction = {
  name: 'SUM_LIST',
  description: 'The sum of all elements of the arrays; nulls count as nothing.',
  signatures: ['(ARRAY<INTEGER>) INTEGER', '(ARRAY<BIGINT>) BIGINT', '(ARRAY<DOUBLE>) DOUBLE'],
  create([type], constants, properties) {
    if (type?.kind !== 'ARRAY') throw wrong('SUM_LIST', [type]);
    const each = sum.create([type.element], constants, properties);
    const add = ofKind(type.kind, (list, state: Value) => list.reduce((all, value) => each.add(all, [value]), state));
    const undo = ofKind(type.kind, (list, state: Value) =>
      list.reduce((all, value) => each.undo?.(all, [value]) ?? all, state),
    );
    return {
      ...each,
      add: (state, [list = null]) => add(list ?? [], state),
      undo: (state, [list = null]) => undo(list ?? [], state),
    };
  },
};

export const avg: AggregateFunction = {
  name: 'AVG',
  description: 'The mean of the argument, nulls left out.',
  signatures: ['(INTEGER) DOUBLE', '(BIGINT) DOUBLE', '(DOUBLE) DOUBLE'],
  create([type]): Aggregate<readonly [total: Value, count: bigint]> {
    // As in ksqlDB the sum has the argument's type (of decimals they are doubles), and the mean of nothing is 0.
    const decimal = type?.kind === 'DECIMAL';
    const { zero, plus, minus } = adder(decimal ? DOUBLE : type, 'AVG');
    const numberOf = (value: Value): Value => (decimal ? toDouble(value) : value);
    return {
      returns: DOUBLE,
      state: struct({ SUM: decimal ? DOUBLE : (type ?? DOUBLE), COUNT: BIGINT }),
      initial: [zero, 0n],
      add: (state, [value = null]) => (value === null ? state : [plus(state[0], numberOf(value)), state[1] + 1n]),
      undo: (state, [value = null]) => (value === null ? state : [minus(state[0], numberOf(value)), state[1] - 1n]),
      merge: (left, right) => [plus(left[0], right[0]), left[1] + right[1]],
      result: ([total, count]) => (count === 0n ? 0 : toDouble(total) / Number(count)),
    };
  },
};

/** Sums of x, y, x², y², xy and the number of pairs. */
export const moments = (
  name: string,
  description: string,
  arity: 1 | 2,
  result: (sums: readonly number[]) => number | null,
): AggregateFunction => ({
  name,
  description,
  signatures: [arity === 1 ? '(DOUBLE) DOUBLE' : '(DOUBLE, DOUBLE) DOUBLE'],
  create(types): Aggregate<readonly number[]> {
    const numeric = types.every(
      (type) => type !== undefined && ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL'].includes(type.kind),
    );
    if (!numeric || types.length !== arity) throw wrong(name, types);
    const move = (state: readonly number[], args: readonly Value[], by: 1 | -1): readonly number[] => {
      const [first = null, second = null] = args;
      if (first === null || (arity === 2 && second === null)) return state;
      const [x, y] = [toDouble(first), arity === 2 ? toDouble(second) : 0];
      return [x, y, x * x, y * y, x * y, 1].map((each, at) => (state[at] ?? 0) + by * each);
    };
    return {
      returns: DOUBLE,
      state: arrayOf(DOUBLE),
      initial: [0, 0, 0, 0, 0, 0],
      add: (state, args) => move(state, args, 1),
      undo: (state, args) => move(state, args, -1),
      merge: (left, right) => left.map((each, at) => each + (right[at] ?? 0)),
      result,
    };
  },
});

export function deviation([x = 0, , xx = 0, , , n = 0]: readonly number[]): number | null {
  return n < 2 ? 0 : Math.sqrt(Math.max(0, (xx - (x * x) / n) / (n - 1)));
}

export function correlation([x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = 0]: readonly number[]): number | null {
  const spread = Math.sqrt((n * xx - x * x) * (n * yy - y * y));
  return spread === 0 ? Number.NaN : (n * xy - x * y) / spread;
}
