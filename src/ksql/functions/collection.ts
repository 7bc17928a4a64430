import type { SqlType } from '../../protocol/ksql/types.js';
import { textWriter } from '../expressions/cast.js';
import { arrayOf, STRING } from '../expressions/types.js';
import { compareValues, identityOf, sameValue, type Value } from '../values/value.js';
import { checkSize, type ScalarFunction, scalar, variant } from './definition.js';

type List = readonly Value[];
type Dictionary = ReadonlyMap<Value, Value>;

function distinct(list: List): Value[] {
  const seen = new Map(list.map((value) => [identityOf(value), value]));
  return [...seen.values()];
}

function sorted(list: List, direction = 'ASC'): Value[] | null {
  const way = direction.toUpperCase();
  if (!['ASC', 'ASCENDING', 'DESC', 'DESCENDING'].includes(way)) return null;
  const sign = way.startsWith('D') ? -1 : 1;
  const values = list.filter((value) => value !== null).sort((a, b) => sign * compareValues(a, b));
  return [...values, ...list.filter((value) => value === null)];
}

const pick = (list: List, keep: (order: number) => boolean): Value =>
  list.reduce<Value>(
    (best, each) => (each === null ? best : best === null || keep(compareValues(each, best)) ? each : best),
    null,
  );

function series(from: bigint, to: bigint, step: bigint): bigint[] {
  if (step === 0n) throw new RangeError('GENERATE_SERIES step cannot be zero');
  if ((to - from) * step < 0n) throw new RangeError(`GENERATE_SERIES step has wrong sign`);
  const count = Number((to - from) / step) + 1;
  checkSize(count);
  return Array.from({ length: count }, (_, at) => from + BigInt(at) * step);
}

const numbers = (values: readonly bigint[]): number[] => values.map(Number);
const contains = (list: List, value: Value): boolean => list.some((each) => sameValue(each, value));

const ENTRY_OF = (type: SqlType | undefined): SqlType =>
  arrayOf({
    kind: 'STRUCT',
    fields: [
      { name: 'K', type: STRING },
      { name: 'V', type: type?.kind === 'MAP' ? type.value : STRING },
    ],
  });

export const COLLECTION_FUNCTIONS: readonly ScalarFunction[] = [
  scalar(
    'COLLECTION',
    'ARRAY_LENGTH',
    'The number of elements.',
    variant('(ARRAY<T>) INTEGER', (list: List) => list.length),
  ),
  scalar('COLLECTION', 'ARRAY_CONTAINS', 'Whether the value is an element.', {
    signature: '(ARRAY<T>, T) BOOLEAN',
    takesNulls: true,
    run: (list: List | null, value: Value) => list !== null && contains(list, value),
  }),
  scalar('COLLECTION', 'ARRAY_DISTINCT', 'The elements without repetitions.', variant('(ARRAY<T>) ARRAY<T>', distinct)),
  scalar(
    'COLLECTION',
    'ARRAY_EXCEPT',
    'The distinct elements of the first that are not in the second.',
    variant('(ARRAY<T>, ARRAY<T>) ARRAY<T>', (left: List, right: List) =>
      distinct(left).filter((each) => !contains(right, each)),
    ),
  ),
  scalar(
    'COLLECTION',
    'ARRAY_INTERSECT',
    'The distinct elements that are in both.',
    variant('(ARRAY<T>, ARRAY<T>) ARRAY<T>', (left: List, right: List) =>
      distinct(left).filter((each) => contains(right, each)),
    ),
  ),
  scalar(
    'COLLECTION',
    'ARRAY_UNION',
    'The distinct elements of both.',
    variant('(ARRAY<T>, ARRAY<T>) ARRAY<T>', (left: List, right: List) => distinct([...left, ...right])),
  ),
  scalar('COLLECTION', 'ARRAY_CONCAT', 'The elements of both, one after the other.', {
    signature: '(ARRAY<T>, ARRAY<T>) ARRAY<T>',
    takesNulls: true,
    run: (left: List | null, right: List | null) =>
      left === null && right === null ? null : [...(left ?? []), ...(right ?? [])],
  }),
  scalar('COLLECTION', 'ARRAY_REMOVE', 'The elements that are not the value.', {
    signature: '(ARRAY<T>, T) ARRAY<T>',
    takesNulls: true,
    run: (list: List | null, value: Value) => list?.filter((each) => !sameValue(each, value)) ?? null,
  }),
  scalar(
    'COLLECTION',
    'ARRAY_MAX',
    'The greatest element.',
    variant('(ARRAY<T>) T', (list: List) => pick(list, (order) => order > 0)),
  ),
  scalar(
    'COLLECTION',
    'ARRAY_MIN',
    'The least element.',
    variant('(ARRAY<T>) T', (list: List) => pick(list, (order) => order < 0)),
  ),
  scalar(
    'COLLECTION',
    'ARRAY_SORT',
    'The elements in order, nulls last; ASC or DESC.',
    variant('(ARRAY<T>) ARRAY<T>', (list: List) => sorted(list)),
    variant('(ARRAY<T>, STRING) ARRAY<T>', sorted),
  ),
  scalar(
    'COLLECTION',
    'ARRAY_JOIN',
    'The elements as one text, a comma or another text between them.',
    {
      signature: '(ARRAY<T>) STRING',
      prepare: ([type]) => joiner(type),
    },
    {
      signature: '(ARRAY<T>, STRING) STRING',
      prepare: ([type]) => joiner(type),
    },
  ),
  scalar(
    'COLLECTION',
    'SLICE',
    'The elements from one position to another, both included, the first being 1; null where the array does not reach so far.',
    {
      signature: '(ARRAY<T>, INTEGER, INTEGER) ARRAY<T>',
      takesNulls: true,
      run: (list: List | null, from: number | null, to: number | null) => {
        if (list === null) return null;
        const [start, end] = [from === null ? 0 : from - 1, to ?? list.length];
        return start < 0 || end > list.length || start > end ? null : list.slice(start, end);
      },
    },
  ),
  scalar('COLLECTION', 'ELT', 'The argument at a position, the first behind it being 1.', {
    signature: '(INTEGER, STRING...) STRING',
    takesNulls: true,
    run: (position: number | null, ...texts: Array<string | null>) =>
      position === null ? null : (texts[position - 1] ?? null),
  }),
  scalar('COLLECTION', 'FIELD', 'The position of the first argument among the others, 0 where it is not.', {
    signature: '(STRING, STRING...) INTEGER',
    takesNulls: true,
    run: (text: string | null, ...texts: Array<string | null>) => (text === null ? 0 : texts.indexOf(text) + 1),
  }),
  scalar(
    'COLLECTION',
    'GENERATE_SERIES',
    'The numbers from one to another, in steps.',
    variant('(INTEGER, INTEGER) ARRAY<INTEGER>', (a: number, b: number) =>
      numbers(series(BigInt(a), BigInt(b), a <= b ? 1n : -1n)),
    ),
    variant('(INTEGER, INTEGER, INTEGER) ARRAY<INTEGER>', (a: number, b: number, step: number) =>
      numbers(series(BigInt(a), BigInt(b), BigInt(step))),
    ),
    variant('(BIGINT, BIGINT) ARRAY<BIGINT>', (a: bigint, b: bigint) => series(a, b, a <= b ? 1n : -1n)),
    variant('(BIGINT, BIGINT, INTEGER) ARRAY<BIGINT>', (a: bigint, b: bigint, step: number) =>
      series(a, b, BigInt(step)),
    ),
  ),
  scalar(
    'COLLECTION',
    'MAP_KEYS',
    'The keys of a map.',
    variant('(MAP<K, V>) ARRAY<K>', (map: Dictionary) => [...map.keys()]),
  ),
  scalar(
    'COLLECTION',
    'MAP_VALUES',
    'The values of a map.',
    variant('(MAP<K, V>) ARRAY<V>', (map: Dictionary) => [...map.values()]),
  ),
  scalar('COLLECTION', 'MAP_UNION', 'The entries of both maps, the second winning.', {
    signature: '(MAP<K, V>, MAP<K, V>) MAP<K, V>',
    takesNulls: true,
    run: (left: Dictionary | null, right: Dictionary | null) =>
      left === null && right === null ? null : new Map([...(left ?? []), ...(right ?? [])]),
  }),
  scalar(
    'COLLECTION',
    'AS_MAP',
    'A map of keys in one array and values in another.',
    variant(
      '(ARRAY<STRING>, ARRAY<V>) MAP<STRING, V>',
      (keys: List, values: List) => new Map(keys.slice(0, values.length).map((key, at) => [key, values[at] ?? null])),
    ),
  ),
  scalar('COLLECTION', 'ENTRIES', 'The entries of a map as structs of K and V, sorted by key where it is asked for.', {
    signature: '(MAP<STRING, V>, BOOLEAN) ARRAY<V>',
    returns: ([type]) => ENTRY_OF(type),
    run: (map: Dictionary, sort: boolean) => {
      const entries = [...map].map(([key, value]) => [key, value] as const);
      return sort ? entries.sort(([a], [b]) => compareValues(a, b)) : entries;
    },
  }),
];

function joiner(type: SqlType | undefined): (list: List, between?: string) => string {
  const text = type?.kind === 'ARRAY' ? textWriter(type.element) : String;
  return (list, between = ',') => list.map(text).join(between);
}
