import { Decimal } from '../../protocol/decimal.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { arrayOf, BIGINT, DOUBLE, describeType, INTEGER, mapOf, STRING, toDouble } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';
import { compareValues, identityOf, ofKind, sameValue, type Value } from '../values/value.js';

/**
 * One use of an aggregate: its state is a value of `state`, so that a changelog can hold it. Its methods may name the form
 * of their states: they are called with those that it made.
 */
export interface Aggregate<State extends Value = Value> {
  readonly returns: SqlType;
  readonly state: SqlType;
  readonly initial: State;
  add(state: State, args: readonly Value[]): State;
  /** Takes a row back: only then can the aggregate work on a table. */
  undo?(state: State, args: readonly Value[]): State;
  /** Of two sessions that become one. */
  merge(left: State, right: State): State;
  result(state: State): Value;
}

export interface AggregateFunction {
  readonly name: string;
  readonly description: string;
  readonly signatures: readonly string[];
  /** Arguments that have to be literals: the last one, or all but the first. */
  readonly literals?: 'last' | 'all-but-first';
  /** Takes any number of further columns between the first argument and the last. */
  readonly openEnded?: true;
  /** `types` of the arguments, `constants` the values of those that are literals. Throws StatementError. */
  create(types: ReadonlyArray<SqlType | undefined>, constants: ReadonlyArray<Value | undefined>): Aggregate;
}

/** As many elements as COLLECT_LIST, COLLECT_SET and HISTOGRAM keep. */
const ELEMENTS_MAX = 1000;

type List = readonly Value[];

const same = (state: Value): Value => state;
const struct = (fields: Record<string, SqlType>): SqlType => ({
  kind: 'STRUCT',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});

export function wrong(name: string, types: ReadonlyArray<SqlType | undefined>): StatementError {
  return new StatementError(`Function '${name}' does not accept parameters (${types.map(describeType).join(', ')}).`);
}

const count: AggregateFunction = {
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

const sum: AggregateFunction = {
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

const sumList: AggregateFunction = {
  name: 'SUM_LIST',
  description: 'The sum of all elements of the arrays; nulls count as nothing.',
  signatures: ['(ARRAY<INTEGER>) INTEGER', '(ARRAY<BIGINT>) BIGINT', '(ARRAY<DOUBLE>) DOUBLE'],
  create([type]) {
    if (type?.kind !== 'ARRAY') throw wrong('SUM_LIST', [type]);
    const each = sum.create([type.element], []);
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

const avg: AggregateFunction = {
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

const ORDERED = ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL', 'DATE', 'TIME', 'TIMESTAMP', 'STRING', 'BYTES'];

const extreme = (name: 'MIN' | 'MAX', description: string): AggregateFunction => ({
  name,
  description,
  signatures: ['(T) T'],
  create([type]) {
    if (type === undefined || !ORDERED.includes(type.kind)) throw wrong(name, [type]);
    const pick = (left: Value, right: Value): Value => {
      if (left === null || right === null) return left ?? right;
      const order = compareValues(left, right);
      return (name === 'MIN' ? order <= 0 : order >= 0) ? left : right;
    };
    return {
      returns: type,
      state: type,
      initial: null,
      add: (state, [value = null]) => pick(state, value),
      merge: pick,
      result: same,
    };
  },
});

const collectList: AggregateFunction = {
  name: 'COLLECT_LIST',
  description: 'All values in an array, nulls and duplicates among them, up to 1000.',
  signatures: ['(T) ARRAY<T>'],
  create([type]): Aggregate<List> {
    if (type === undefined) throw wrong('COLLECT_LIST', [type]);
    return {
      returns: arrayOf(type),
      state: arrayOf(type),
      initial: [],
      add: (state, [value = null]) => (state.length < ELEMENTS_MAX ? [...state, value] : state),
      undo: (state, [value = null]) => {
        const at = state.findLastIndex((each) => sameValue(each, value));
        return at === -1 ? state : state.toSpliced(at, 1);
      },
      merge: (left, right) => [...left, ...right].slice(0, ELEMENTS_MAX),
      result: same,
    };
  },
};

const collectSet: AggregateFunction = {
  name: 'COLLECT_SET',
  description: 'All distinct values in an array, up to 1000.',
  signatures: ['(T) ARRAY<T>'],
  create([type]): Aggregate<List> {
    if (type === undefined) throw wrong('COLLECT_SET', [type]);
    const add = (state: List, value: Value): List => {
      if (state.length >= ELEMENTS_MAX || state.some((each) => sameValue(each, value))) return state;
      return [...state, value];
    };
    return {
      returns: arrayOf(type),
      state: arrayOf(type),
      initial: [],
      add: (state, [value = null]) => add(state, value),
      merge: (left, right) => right.reduce(add, left),
      result: same,
    };
  },
};

const countDistinct: AggregateFunction = {
  name: 'COUNT_DISTINCT',
  description: 'The number of distinct values that are not null.',
  signatures: ['(ANY) BIGINT'],
  create([type]): Aggregate<List> {
    const add = (state: List, value: Value): List => {
      const identity = value === null ? null : String(identityOf(value));
      return identity === null || state.includes(identity) ? state : [...state, identity];
    };
    if (type === undefined) throw wrong('COUNT_DISTINCT', [type]);
    return {
      returns: BIGINT,
      state: arrayOf(STRING),
      initial: [],
      add: (state, [value = null]) => add(state, value),
      merge: (left, right) => right.reduce(add, left),
      result: (state) => BigInt(state.length),
    };
  },
};

const histogram: AggregateFunction = {
  name: 'HISTOGRAM',
  description: 'How often each text occurs, for up to 1000 of them.',
  signatures: ['(STRING) MAP<STRING, BIGINT>'],
  create([type]): Aggregate<ReadonlyMap<Value, bigint>> {
    if (type?.kind !== 'STRING') throw wrong('HISTOGRAM', [type]);
    const move = (state: ReadonlyMap<Value, bigint>, value: Value, by: bigint): ReadonlyMap<Value, bigint> => {
      if (state.size >= ELEMENTS_MAX && !state.has(value)) return state;
      const next = (state.get(value) ?? 0n) + by;
      const changed = new Map(state);
      if (next <= 0n) changed.delete(value);
      else changed.set(value, next);
      return changed;
    };
    return {
      returns: mapOf(STRING, BIGINT),
      state: mapOf(STRING, BIGINT),
      initial: new Map<Value, bigint>(),
      add: (state, [value = null]) => (value === null ? state : move(state, value, 1n)),
      undo: (state, [value = null]) => (value === null ? state : move(state, value, -1n)),
      merge: (left, right) => [...right].reduce((all, [key, number]) => move(all, key, number), left),
      result: same,
    };
  },
};

/** LATEST and EARLIEST keep what order decides; each value carries a running number, for sessions that merge. */
const byOffset = (name: 'LATEST_BY_OFFSET' | 'EARLIEST_BY_OFFSET', description: string): AggregateFunction => ({
  name,
  description,
  signatures: ['(T) T', '(T, BOOLEAN) T', '(T, INTEGER) ARRAY<T>', '(T, INTEGER, BOOLEAN) ARRAY<T>'],
  literals: 'all-but-first',
  create([type, second], constants): Aggregate<ReadonlyArray<readonly [sequence: bigint, value: Value]>> {
    if (type === undefined) throw wrong(name, [type]);
    const limit = second?.kind === 'INTEGER' ? Number(constants[1]) : undefined;
    if (limit !== undefined && !(limit > 0)) {
      throw new StatementError(`${name === 'LATEST_BY_OFFSET' ? 'latestN' : 'earliestN'} must be 1 or greater`);
    }
    const ignoreNulls = (limit === undefined ? constants[1] : constants[2]) ?? true;
    const latest = name === 'LATEST_BY_OFFSET';
    const keep = limit ?? 1;
    let sequence = 0n;
    const cut = <Entry>(entries: readonly Entry[]): Entry[] => (latest ? entries.slice(-keep) : entries.slice(0, keep));
    return {
      returns: limit === undefined ? type : arrayOf(type),
      state: arrayOf(struct({ SEQ: BIGINT, VAL: type })),
      initial: [],
      add: (state, [value = null]) => {
        if (value === null && ignoreNulls === true) return state;
        if (!latest && state.length >= keep) return state;
        const newest = state.at(-1)?.[0] ?? 0n;
        sequence = (newest > sequence ? newest : sequence) + 1n;
        return cut([...state, [sequence, value] as const]);
      },
      merge: (left, right) => cut([...left, ...right].sort(([a], [b]) => (a < b ? -1 : 1))),
      result: (state) => {
        const values = state.map(([, value]) => value);
        return limit === undefined ? (values[0] ?? null) : values;
      },
    };
  },
});

const topK = (name: 'TOPK' | 'TOPKDISTINCT', description: string): AggregateFunction => ({
  name,
  description,
  signatures: ['(T, INTEGER) ARRAY<T>'],
  literals: 'last',
  openEnded: true,
  create(types, constants): Aggregate<List> {
    const [type] = types;
    const limit = Number(constants.at(-1));
    const others = types.slice(1, -1);
    if (
      type === undefined ||
      !ORDERED.includes(type.kind) ||
      !(limit > 0) ||
      (name === 'TOPKDISTINCT' && others.length > 0)
    ) {
      throw wrong(name, types);
    }
    const single = others.length === 0;
    const element = single
      ? type
      : struct(Object.fromEntries([['sort_col', type], ...others.map((other, at) => [`col${at}`, other ?? STRING])]));
    const rank = single ? same : ofKind('STRUCT', (value) => value[0] ?? null);
    const add = (state: List, value: Value): List => {
      if (rank(value) === null) return state;
      if (name === 'TOPKDISTINCT' && state.some((each) => sameValue(each, value))) return state;
      return [...state, value].sort((a, b) => compareValues(rank(b), rank(a))).slice(0, limit);
    };
    return {
      returns: arrayOf(element),
      state: arrayOf(element),
      initial: [],
      add: (state, args) => add(state, single ? (args[0] ?? null) : args.slice(0, -1)),
      merge: (left, right) => right.reduce(add, left),
      result: same,
    };
  },
});

const attr: AggregateFunction = {
  name: 'ATTR',
  description: 'The value that all rows have, or null where they differ.',
  signatures: ['(T) T'],
  create([type]): Aggregate<ReadonlyArray<readonly [value: Value, count: bigint]>> {
    if (type === undefined) throw wrong('ATTR', [type]);
    const pick = (entries: ReadonlyArray<readonly [Value, bigint]>): Array<readonly [Value, bigint]> => {
      const distinct: Array<readonly [Value, bigint]> = [];
      for (const [value, number] of entries) {
        const at = distinct.findIndex(([each]) => sameValue(each, value));
        if (at === -1) distinct.push([value, number]);
        else distinct[at] = [value, (distinct[at]?.[1] ?? 0n) + number];
      }
      return distinct.filter(([, number]) => number > 0n).slice(0, ELEMENTS_MAX);
    };
    return {
      returns: type,
      state: arrayOf(struct({ VAL: type, COUNT: BIGINT })),
      initial: [],
      add: (state, [value = null]) => pick([...state, [value, 1n]]),
      undo: (state, [value = null]) => pick([...state, [value, -1n]]),
      merge: (left, right) => pick([...left, ...right]),
      result: (state) => (state.length === 1 ? (state[0]?.[0] ?? null) : null),
    };
  },
};

/** Sums of x, y, x², y², xy and the number of pairs. */
const moments = (
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

function deviation([x = 0, , xx = 0, , , n = 0]: readonly number[]): number | null {
  return n < 2 ? 0 : Math.sqrt(Math.max(0, (xx - (x * x) / n) / (n - 1)));
}

function correlation([x = 0, y = 0, xx = 0, yy = 0, xy = 0, n = 0]: readonly number[]): number | null {
  const spread = Math.sqrt((n * xx - x * x) * (n * yy - y * y));
  return spread === 0 ? Number.NaN : (n * xy - x * y) / spread;
}

export const AGGREGATES: ReadonlyMap<string, AggregateFunction> = new Map(
  [
    count,
    sum,
    sumList,
    avg,
    extreme('MIN', 'The least value that is not null.'),
    extreme('MAX', 'The greatest value that is not null.'),
    collectList,
    collectSet,
    countDistinct,
    histogram,
    byOffset(
      'LATEST_BY_OFFSET',
      'The newest value, or the newest n; nulls are left out unless the last argument is false.',
    ),
    byOffset(
      'EARLIEST_BY_OFFSET',
      'The oldest value, or the oldest n; nulls are left out unless the last argument is false.',
    ),
    topK('TOPK', 'The n greatest values, greatest first; with further columns, structs of them.'),
    topK('TOPKDISTINCT', 'The n greatest distinct values, greatest first.'),
    attr,
    moments('STDDEV_SAMP', 'The standard deviation of the sample.', 1, deviation),
    moments('STDDEV_SAMPLE', 'The standard deviation of the sample; an older name of STDDEV_SAMP.', 1, deviation),
    moments('CORRELATION', 'The Pearson correlation of two columns.', 2, correlation),
  ].map((each) => [each.name, each]),
);
