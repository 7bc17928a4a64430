import { Decimal } from '../../protocol/decimal.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { arrayOf, BIGINT, DOUBLE, describeType, INTEGER, mapOf, STRING, toDouble } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';
import { compareValues, identityOf, sameValue, type Value } from '../values/value.js';

/** One use of an aggregate: its state is a value of `state`, so that a changelog can hold it. */
export interface Aggregate {
  readonly returns: SqlType;
  readonly state: SqlType;
  readonly initial: Value;
  add(state: Value, args: readonly Value[]): Value;
  /** Takes a row back: only then can the aggregate work on a table. */
  undo?(state: Value, args: readonly Value[]): Value;
  /** Of two sessions that become one. */
  merge(left: Value, right: Value): Value;
  result(state: Value): Value;
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

const same = (state: Value): Value => state;
const struct = (fields: Record<string, SqlType>): SqlType => ({
  kind: 'STRUCT',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const parts = (state: Value): readonly Value[] => state as readonly Value[];

export function wrong(name: string, types: ReadonlyArray<SqlType | undefined>): StatementError {
  return new StatementError(`Function '${name}' does not accept parameters (${types.map(describeType).join(', ')}).`);
}

const count: AggregateFunction = {
  name: 'COUNT',
  description: 'The number of rows, or of rows in which the argument is not null.',
  signatures: ['() BIGINT', '(ANY) BIGINT'],
  create(types) {
    const counts = (args: readonly Value[]): boolean => types.length === 0 || args[0] !== null;
    return {
      returns: BIGINT,
      state: BIGINT,
      initial: 0n,
      add: (state, args) => (counts(args) ? (state as bigint) + 1n : state),
      undo: (state, args) => (counts(args) ? (state as bigint) - 1n : state),
      merge: (left, right) => (left as bigint) + (right as bigint),
      result: same,
    };
  },
};

interface Adder {
  readonly zero: Value;
  plus(a: Value, b: Value): Value;
  minus(a: Value, b: Value): Value;
}

/** The values are of the type that the adder was chosen for. */
const adding = <T extends Value>(zero: T, plus: (a: T, b: T) => T, minus: (a: T, b: T) => T): Adder => ({
  zero,
  plus: (a, b) => plus(a as T, b as T),
  minus: (a, b) => minus(a as T, b as T),
});

const int32 = (value: number): number => value | 0;
const int64 = (value: bigint): bigint => BigInt.asIntN(64, value);

function adder(type: SqlType | undefined, name: string): Adder {
  switch (type?.kind) {
    case 'INTEGER':
      return adding<number>(
        0,
        (a, b) => int32(a + b),
        (a, b) => int32(a - b),
      );
    case 'DOUBLE':
      return adding<number>(
        0,
        (a, b) => a + b,
        (a, b) => a - b,
      );
    case 'BIGINT':
      return adding<bigint>(
        0n,
        (a, b) => int64(a + b),
        (a, b) => int64(a - b),
      );
    case 'DECIMAL':
      return adding<Decimal>(
        new Decimal(0n, type.scale),
        (a, b) => a.add(b),
        (a, b) => a.add(b.negate()),
      );
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
    const total = (state: Value, list: Value): Value =>
      parts(list ?? []).reduce<Value>((all, value) => each.add(all, [value]), state);
    return {
      ...each,
      add: (state, [list = null]) => total(state, list),
      undo: (state, [list = null]) =>
        parts(list ?? []).reduce<Value>((all, value) => each.undo?.(all, [value]) ?? all, state),
    };
  },
};

const avg: AggregateFunction = {
  name: 'AVG',
  description: 'The mean of the argument, nulls left out.',
  signatures: ['(INTEGER) DOUBLE', '(BIGINT) DOUBLE', '(DOUBLE) DOUBLE'],
  create([type]) {
    // As in ksqlDB the sum has the argument's type (of decimals they are doubles), and the mean of nothing is 0.
    const decimal = type?.kind === 'DECIMAL';
    const { zero, plus, minus } = adder(decimal ? DOUBLE : type, 'AVG');
    const move = (state: Value, value: Value, by: 1n | -1n): Value => {
      if (value === null) return state;
      const [total = zero, count] = parts(state);
      const number = decimal ? toDouble(value) : value;
      return [by === 1n ? plus(total, number) : minus(total, number), (count as bigint) + by];
    };
    return {
      returns: DOUBLE,
      state: struct({ SUM: decimal ? DOUBLE : (type ?? DOUBLE), COUNT: BIGINT }),
      initial: [zero, 0n],
      add: (state, [value = null]) => move(state, value, 1n),
      undo: (state, [value = null]) => move(state, value, -1n),
      merge: (left, right) => {
        const [[a = zero, m], [b = zero, n]] = [parts(left), parts(right)];
        return [plus(a, b), (m as bigint) + (n as bigint)];
      },
      result: (state) => {
        const [total = zero, count] = parts(state);
        return count === 0n ? 0 : toDouble(total) / Number(count);
      },
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
  create([type]) {
    if (type === undefined) throw wrong('COLLECT_LIST', [type]);
    return {
      returns: arrayOf(type),
      state: arrayOf(type),
      initial: [],
      add: (state, [value = null]) => (parts(state).length < ELEMENTS_MAX ? [...parts(state), value] : state),
      undo: (state, [value = null]) => {
        const at = parts(state).findLastIndex((each) => sameValue(each, value));
        return at === -1 ? state : parts(state).toSpliced(at, 1);
      },
      merge: (left, right) => [...parts(left), ...parts(right)].slice(0, ELEMENTS_MAX),
      result: same,
    };
  },
};

const collectSet: AggregateFunction = {
  name: 'COLLECT_SET',
  description: 'All distinct values in an array, up to 1000.',
  signatures: ['(T) ARRAY<T>'],
  create([type]) {
    if (type === undefined) throw wrong('COLLECT_SET', [type]);
    const add = (state: Value, value: Value): Value => {
      const all = parts(state);
      if (all.length >= ELEMENTS_MAX || all.some((each) => sameValue(each, value))) return state;
      return [...all, value];
    };
    return {
      returns: arrayOf(type),
      state: arrayOf(type),
      initial: [],
      add: (state, [value = null]) => add(state, value),
      merge: (left, right) => parts(right).reduce(add, left),
      result: same,
    };
  },
};

const countDistinct: AggregateFunction = {
  name: 'COUNT_DISTINCT',
  description: 'The number of distinct values that are not null.',
  signatures: ['(ANY) BIGINT'],
  create([type]) {
    const add = (state: Value, value: Value): Value => {
      const identity = value === null ? null : String(identityOf(value));
      return identity === null || parts(state).includes(identity) ? state : [...parts(state), identity];
    };
    if (type === undefined) throw wrong('COUNT_DISTINCT', [type]);
    return {
      returns: BIGINT,
      state: arrayOf(STRING),
      initial: [],
      add: (state, [value = null]) => add(state, value),
      merge: (left, right) => parts(right).reduce(add, left),
      result: (state) => BigInt(parts(state).length),
    };
  },
};

const histogram: AggregateFunction = {
  name: 'HISTOGRAM',
  description: 'How often each text occurs, for up to 1000 of them.',
  signatures: ['(STRING) MAP<STRING, BIGINT>'],
  create([type]) {
    if (type?.kind !== 'STRING') throw wrong('HISTOGRAM', [type]);
    const move = (state: Value, value: Value, by: bigint): Value => {
      const map = state as ReadonlyMap<Value, Value>;
      if (map.size >= ELEMENTS_MAX && !map.has(value)) return state;
      const next = ((map.get(value) as bigint | undefined) ?? 0n) + by;
      const changed = new Map(map);
      if (next <= 0n) changed.delete(value);
      else changed.set(value, next);
      return changed;
    };
    return {
      returns: mapOf(STRING, BIGINT),
      state: mapOf(STRING, BIGINT),
      initial: new Map<Value, Value>(),
      add: (state, [value = null]) => (value === null ? state : move(state, value, 1n)),
      undo: (state, [value = null]) => (value === null ? state : move(state, value, -1n)),
      merge: (left, right) =>
        [...(right as ReadonlyMap<Value, Value>)].reduce(
          (all, [key, number]) => move(all, key, number as bigint),
          left,
        ),
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
  create([type, second], constants) {
    if (type === undefined) throw wrong(name, [type]);
    const limit = second?.kind === 'INTEGER' ? Number(constants[1]) : undefined;
    if (limit !== undefined && !(limit > 0)) {
      throw new StatementError(`${name === 'LATEST_BY_OFFSET' ? 'latestN' : 'earliestN'} must be 1 or greater`);
    }
    const ignoreNulls = (limit === undefined ? constants[1] : constants[2]) ?? true;
    const latest = name === 'LATEST_BY_OFFSET';
    const keep = limit ?? 1;
    let sequence = 0n;
    const cut = (entries: readonly Value[]): Value => (latest ? entries.slice(-keep) : entries.slice(0, keep));
    return {
      returns: limit === undefined ? type : arrayOf(type),
      state: arrayOf(struct({ SEQ: BIGINT, VAL: type })),
      initial: [],
      add: (state, [value = null]) => {
        if (value === null && ignoreNulls === true) return state;
        const entries = parts(state);
        if (!latest && entries.length >= keep) return state;
        const last = entries.at(-1) as readonly Value[] | undefined;
        const newest = (last?.[0] as bigint | undefined) ?? 0n;
        sequence = (newest > sequence ? newest : sequence) + 1n;
        return cut([...entries, [sequence, value]]);
      },
      merge: (left, right) => {
        const all = [...parts(left), ...parts(right)] as Array<readonly [bigint, Value]>;
        return cut(all.sort(([a], [b]) => (a < b ? -1 : 1)));
      },
      result: (state) => {
        const values = parts(state).map((entry) => (entry as readonly Value[])[1] ?? null);
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
  create(types, constants) {
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
    const rank = (value: Value): Value => (single ? value : (parts(value)[0] ?? null));
    const add = (state: Value, value: Value): Value => {
      if (rank(value) === null) return state;
      const all = parts(state);
      if (name === 'TOPKDISTINCT' && all.some((each) => sameValue(each, value))) return state;
      return [...all, value].sort((a, b) => compareValues(rank(b), rank(a))).slice(0, limit);
    };
    return {
      returns: arrayOf(element),
      state: arrayOf(element),
      initial: [],
      add: (state, args) => add(state, single ? (args[0] ?? null) : args.slice(0, -1)),
      merge: (left, right) => parts(right).reduce(add, left),
      result: same,
    };
  },
});

const attr: AggregateFunction = {
  name: 'ATTR',
  description: 'The value that all rows have, or null where they differ.',
  signatures: ['(T) T'],
  create([type]) {
    if (type === undefined) throw wrong('ATTR', [type]);
    const pick = (entries: readonly Value[]): Value => {
      const distinct: Array<readonly [Value, bigint]> = [];
      for (const [value, number] of entries as ReadonlyArray<readonly [Value, bigint]>) {
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
      add: (state, [value = null]) => pick([...parts(state), [value, 1n]]),
      undo: (state, [value = null]) => pick([...parts(state), [value, -1n]]),
      merge: (left, right) => pick([...parts(left), ...parts(right)]),
      result: (state) => (parts(state).length === 1 ? (parts(parts(state)[0] ?? null)[0] ?? null) : null),
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
  create(types) {
    const numeric = types.every(
      (type) => type !== undefined && ['INTEGER', 'BIGINT', 'DOUBLE', 'DECIMAL'].includes(type.kind),
    );
    if (!numeric || types.length !== arity) throw wrong(name, types);
    const move = (state: Value, args: readonly Value[], by: 1 | -1): Value => {
      const [first = null, second = null] = args;
      if (first === null || (arity === 2 && second === null)) return state;
      const [x, y] = [toDouble(first), arity === 2 ? toDouble(second) : 0];
      return [x, y, x * x, y * y, x * y, 1].map((each, at) => (parts(state)[at] as number) + by * each);
    };
    return {
      returns: DOUBLE,
      state: arrayOf(DOUBLE),
      initial: [0, 0, 0, 0, 0, 0],
      add: (state, args) => move(state, args, 1),
      undo: (state, args) => move(state, args, -1),
      merge: (left, right) => parts(left).map((each, at) => (each as number) + (parts(right)[at] as number)),
      result: (state) => result(parts(state) as readonly number[]),
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
