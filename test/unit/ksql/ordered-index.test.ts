import { describe, expect, it } from 'vitest';
import { OrderedIndex } from '../../../src/ksql/rows/ordered-index.js';
import { seeded } from '../../support/seeded.js';

describe('an ordered index', () => {
  it('holds what was added and not deleted, in order, whatever the order it came in', () => {
    const random = seeded(20);
    const below = (limit: number): number => Math.floor(random() * limit);
    const known = new Set(Array.from({ length: 700 }, () => below(5_000)));
    const index = new OrderedIndex<number>((left, right) => left - right, known);
    for (let round = 0; round < 6_000; round += 1) {
      const item = below(5_000);
      if (random() < 0.6) {
        known.add(item);
        index.add(item);
      } else {
        known.delete(item);
        index.delete(item);
      }
      if (round % 50 !== 0) continue;
      const [low, high] = [below(5_000), below(5_000)];
      const found = [
        ...index.between(
          (each) => each - low,
          (each) => each - high,
        ),
      ];
      expect(found).toEqual([...known].filter((each) => each >= low && each <= high).sort((a, b) => a - b));
    }
  });
});
