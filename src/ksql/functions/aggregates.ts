import { compareValues, type Value } from '../values/value.js';
import { type AggregateFunction, ORDERED, same, wrong } from './aggregate.js';
import { attr, byOffset, collectList, collectSet, countDistinct, histogram, topK } from './collecting-aggregates.js';
import { avg, correlation, count, deviation, moments, sum, sumList } from './numeric-aggregates.js';

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
