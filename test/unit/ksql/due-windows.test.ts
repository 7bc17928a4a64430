import { describe, expect, it } from 'vitest';
import { DueWindows } from '../../../src/ksql/query/due-windows.js';
import { seeded } from '../../support/seeded.js';

describe('windows by the time at which they are due', () => {
  it('are given once, when their time has come, the earliest first', () => {
    const windows = new DueWindows();
    for (const [dueMs, identity] of [
      [20, 'c'],
      [10, 'a'],
      [10, 'b'],
      [10, 'a'],
    ] as const)
      windows.add(dueMs, identity);
    expect(windows.take(9)).toEqual([]);
    expect(windows.take(25)).toEqual(['a', 'b', 'c']);
    expect(windows.take(25)).toEqual([]);
  });

  it('are those that were added and not deleted, whatever the order', () => {
    const random = seeded(11);
    const windows = new DueWindows();
    const waiting = new Map<string, number>();
    let taken = 0;
    for (let now = 0; now < 20_000; now += 1) {
      const identity = String(Math.floor(random() * 500));
      const dueMs = waiting.get(identity) ?? now + Math.floor(random() * 400) - 20;
      if (random() < 0.7) {
        windows.add(dueMs, identity);
        waiting.set(identity, dueMs);
      } else {
        windows.delete(dueMs, identity);
        waiting.delete(identity);
      }
      const due = [...waiting].filter(([, time]) => time <= now).map(([each]) => each);
      expect([...windows.take(now)].sort(), `at ${now}`).toEqual(due.sort());
      for (const each of due) waiting.delete(each);
      taken += due.length;
    }
    expect(taken).toBeGreaterThan(1_000);
  });
});
