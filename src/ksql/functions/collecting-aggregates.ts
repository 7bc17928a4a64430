import { arrayOf, BIGINT, mapOf, STRING } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';
import { compareValues, identityOf, ofKind, sameValue, type Value } from '../values/value.js';
import { type Aggregate, type AggregateFunction, ORDERED, same, struct, wrong } from './aggregate.js';

/** As many different values as HISTOGRAM and ATTR count. */
const ENTRIES_MAX = 1000;

/** As many elements as COLLECT_LIST or COLLECT_SET keep. */
function limitOf(name: 'list' | 'set', properties: ReadonlyMap<string, string>): number {
  const property = `ksql.functions.collect_${name}.limit`;
  const limit = properties.get(property) ?? '-1';
  if (!/^-?\d+$/.test(limit)) throw new StatementError(`${property} is a whole number, not '${limit}'`);
  return limit.startsWith('-') ? Number.POSITIVE_INFINITY : Number(limit);
}

type List = readonly Value[];

export const collectList: AggregateFunction = {
  name: 'COLLECT_LIST',
  description: 'All values in an array, nulls and duplicates among them.',
  signatures: ['(T) ARRAY<T>'],
  create([type], _, properties): Aggregate<List> {
    if (type === undefined) throw wrong('COLLECT_LIST', [type]);
    const limit = limitOf('list', properties);
    return {
      returns: arrayOf(type),
      state: arrayOf(type),
      initial: [],
      add: (state, [value = null]) => (state.length < limit ? [...state, value] : state),
      undo: (state, [value = null]) => {
        const at = state.findLastIndex((each) => sameValue(each, value));
        return at === -1 ? state : state.toSpliced(at, 1);
      },
      merge: (left, right) => [...left, ...right].slice(0, limit),
      result: same,
    };
  },
};

export const collectSet: AggregateFunction = {
  name: 'COLLECT_SET',
  description: 'All distinct values in an array.',
  signatures: ['(T) ARRAY<T>'],
  create([type], _, properties): Aggregate<List> {
    if (type === undefined) throw wrong('COLLECT_SET', [type]);
    const limit = limitOf('set', properties);
    const add = (state: List, value: Value): List => {
      if (state.length >= limit || state.some((each) => sameValue(each, value))) return state;
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

export const countDistinct: AggregateFunction = {
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

export const histogram: AggregateFunction = {
  name: 'HISTOGRAM',
  description: 'How often each text occurs, for up to 1000 of them.',
  signatures: ['(STRING) MAP<STRING, BIGINT>'],
  create([type]): Aggregate<ReadonlyMap<Value, bigint>> {
    if (type?.kind !== 'STRING') throw wrong('HISTOGRAM', [type]);
    const move = (state: ReadonlyMap<Value, bigint>, value: Value, by: bigint): ReadonlyMap<Value, bigint> => {
      if (state.size >= ENTRIES_MAX && !state.has(value)) return state;
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
export const byOffset = (name: 'LATEST_BY_OFFSET' | 'EARLIEST_BY_OFFSET', description: string): AggregateFunction => ({
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

export const topK = (name: 'TOPK' | 'TOPKDISTINCT', description: string): AggregateFunction => ({
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

export const attr: AggregateFunction = {
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
      return distinct.filter(([, number]) => number > 0n).slice(0, ENTRIES_MAX);
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
