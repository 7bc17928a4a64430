import { describe, expect, it } from 'vitest';
import { TextLists } from '../../../../src/ksql/rows/text-lists.js';
import { seeded } from '../../../support/seeded.js';

const SEED = Number(process.env.EVPIPE_SEED ?? 59);
const TEXTS = ['', 'plain', 'größer', '🙂', '\ud83d alone', 'x'.repeat(300), '1733000000000 1733003600000 k'];

describe('lists of texts', () => {
  it(`hold what sets would, whatever is added, deleted and taken (seed ${SEED})`, () => {
    const random = seeded(SEED);
    const lists = new TextLists<number>();
    const model = new Map<number, Set<string>>();
    for (let change = 0; change < 30_000; change += 1) {
      const key = Math.floor(random() * 40);
      const text = `${TEXTS[Math.floor(random() * TEXTS.length)]}${Math.floor(random() * 30)}`;
      const expected = model.get(key) ?? new Set();
      model.set(key, expected);
      const what = random();
      if (what < 0.5) {
        lists.add(key, text);
        expected.add(text);
      } else if (what < 0.97) {
        lists.delete(key, text);
        expected.delete(text);
      } else if (what < 0.99) {
        expect([...lists.get(key)].sort(), `change ${change}`).toEqual([...expected].sort());
      } else {
        expect([...lists.take(key)].sort(), `change ${change}`).toEqual([...expected].sort());
        expect(lists.has(key)).toBe(false);
        model.delete(key);
      }
    }
  });

  it('give texts in the order in which they were added', () => {
    const lists = new TextLists<string>();
    for (const text of ['c', 'a', 'b']) lists.add('list', text);
    lists.delete('list', 'c');
    lists.add('list', 'c');
    expect([...lists.get('list')]).toEqual(['a', 'b', 'c']);
  });
});
