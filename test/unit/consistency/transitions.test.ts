import { describe, expect, it } from 'vitest';
import { type Status, TransitionFold } from '../../../src/consistency/transitions.js';

const RULES = {
  transitions: [
    [100, 200],
    [200, 300],
    [300, 400],
  ],
  final: [400],
  withinMs: 60_000,
} as const;

function fold(
  ...records: ReadonlyArray<readonly [key: string, status: Status | undefined, timestampMs?: number]>
): TransitionFold {
  const folded = new TransitionFold(RULES);
  for (const [index, [key, status, timestampMs]] of records.entries()) {
    folded.add({ key, status, timestampMs: timestampMs ?? 0, partition: 0, offset: BigInt(index) });
  }
  return folded;
}

describe('status transitions', () => {
  it('find nothing in keys that went the whole legal way, repeated statuses included', () => {
    const folded = fold(
      ['a', 100],
      ['b', 100],
      ['a', 200],
      ['a', 200],
      ['a', 300],
      ['b', 200],
      ['b', 300],
      ['b', 400],
      ['a', 400],
    );
    expect(folded.illegal).toEqual([]);
    expect(folded.open(10 ** 9)).toEqual({ underWay: 0, stuck: [] });
    expect(folded.keys).toBe(2);
  });

  it('wait for those that were there, though new ones are always on their way', () => {
    const folded = fold(['there', 100, 0], ['new', 100, 50_000]);
    expect(folded.open(55_000)).toMatchObject({ underWay: 2 });
    expect(folded.open(55_000, new Set(['there']))).toEqual({ underWay: 1, stuck: [] });
    folded.add({ key: 'there', status: 400, timestampMs: 56_000, partition: 0, offset: 9n });
    expect(folded.open(56_000, new Set(['there']))).toEqual({ underWay: 0, stuck: [] });
  });

  it('name the key and the step that is not declared', () => {
    expect(fold(['a', 100], ['a', 300]).illegal).toEqual([{ key: 'a', kind: 'illegal', detail: '100 → 300' }]);
  });

  it('find a key that begins in the middle', () => {
    expect(fold(['a', 300]).illegal).toEqual([{ key: 'a', kind: 'illegal', detail: 'begins at 300' }]);
  });

  it('tell keys on their way from stuck ones by the age of their last record', () => {
    const folded = fold(
      ['old', 100, 0],
      ['young', 100, 90_000],
      ['done', 100, 0],
      ['done', 200, 1],
      ['done', 300, 2],
      ['done', 400, 3],
    );
    expect(folded.open(100_000)).toEqual({
      underWay: 1,
      stuck: [{ key: 'old', kind: 'stuck', detail: 'at 100 for 100 s', status: 100 }],
    });
  });

  it('report a record without a status instead of passing over it', () => {
    expect(fold(['a', undefined]).illegal).toEqual([
      { key: 'a', kind: 'unreadable', detail: 'partition 0 offset 0 has no status' },
    ]);
  });

  it('sort by time where several writers report, and wait for what may still arrive', () => {
    const folded = new TransitionFold({ ...RULES, order: 'time' });
    const add = (status: Status, timestampMs: number) =>
      folded.add({ key: 'a', status, timestampMs, partition: 0, offset: 0n });
    add(100, 1);
    add(300, 3);
    add(400, 4);
    expect(folded.open(1_000)).toEqual({ underWay: 1, stuck: [] });
    expect(folded.open(100_000)).toEqual({ underWay: 0, stuck: [] });
    expect(folded.illegal.map(({ detail }) => detail)).toEqual(['100 → 300']);
    add(200, 2);
    expect(folded.illegal).toEqual([]);
    expect(folded.open(1_000).underWay).toBe(0);
    expect(folded.last()).toEqual(new Map([['a', 400]]));
  });

  it('tell a status that was reached twice from a record that was only sent again', () => {
    const folded = new TransitionFold({ ...RULES, order: 'time', once: true });
    const add = (key: string, status: Status, timestampMs: number) =>
      folded.add({ key, status, timestampMs, partition: 0, offset: 0n });
    for (const [status, timestampMs] of [
      [100, 1],
      [200, 2],
      [100, 1],
      [200, 2],
    ] as const)
      add('again', status, timestampMs);
    expect(folded.illegal).toEqual([]);
    add('twice', 100, 1);
    add('twice', 100, 2);
    expect(folded.illegal).toEqual([{ key: 'twice', kind: 'repeated', detail: '100 reached 2 times' }]);
  });
});
