import { expect, it } from 'vitest';
import {
  assignWork,
  CONNECTOR_ITSELF,
  keyOf,
  type Work,
  type WorkingMember,
} from '../../../../src/embedded/connect/worker/assignment.js';
import { seeded } from '../../../support/seeded.js';

const SEED = Number(process.env.EVPIPE_SEED ?? 4);

const connectors = (count: number, tasks: number): Work[] =>
  Array.from({ length: count }, (_, index) => `c${index}`).flatMap((connector) =>
    [CONNECTOR_ITSELF, ...Array.from({ length: tasks }, (_, task) => task)].map((task) => ({ connector, task })),
  );

/** As the workers do: who has lost something stops it and joins again, until nobody does. */
function rounds(work: readonly Work[], members: readonly WorkingMember[]): WorkingMember[][] {
  const all: WorkingMember[][] = [];
  let now = members;
  for (let round = 0; round < 3; round++) {
    const assigned = assignWork(work, now);
    const next = now.map(({ memberId }) => ({ memberId, runs: assigned.get(memberId) ?? [] }));
    all.push(next);
    now = next;
  }
  return all;
}

const keysOf = (members: readonly WorkingMember[]): string[] => members.flatMap(({ runs }) => runs.map(keyOf)).sort();

it('gives all work to a member that is alone', () => {
  const work = connectors(3, 2);
  expect(assignWork(work, [{ memberId: 'a', runs: [] }]).get('a')).toHaveLength(9);
});

it('takes of a member only what moves, and gives that to nobody before it has stopped', () => {
  const work = connectors(4, 1);
  const members = [
    { memberId: 'a', runs: work },
    { memberId: 'b', runs: [] },
  ];
  const [first = [], second = []] = rounds(work, members);
  expect(first.map(({ runs }) => runs.length)).toEqual([4, 0]);
  expect(second.map(({ runs }) => runs.length)).toEqual([4, 4]);
  expect(second[0]?.runs).toEqual(first[0]?.runs);
});

it(`is even after two rounds, and nothing ever runs twice, from whatever members have run before (seed ${SEED})`, () => {
  const random = seeded(SEED);
  const below = (bound: number): number => Math.floor(random() * bound);
  for (let round = 0; round < 500; round++) {
    const work = connectors(below(6), below(4));
    const members = Array.from({ length: 1 + below(5) }, (_, index) => ({ memberId: `m${index}`, runs: [] as Work[] }));
    // Some of it ran, also what is gone by now.
    for (const one of [...work, { connector: 'gone', task: 0 }])
      if (random() < 0.7) members[below(members.length)]?.runs.push(one);
    const [first = [], second = [], third = []] = rounds(work, members);
    for (const state of [first, second]) expect(new Set(keysOf(state)).size).toBe(keysOf(state).length);
    // What moves is with nobody: whoever had it has to see that it has lost it.
    for (const [index, { runs }] of first.entries())
      for (const one of runs) {
        const owner = members.findIndex((member) => member.runs.includes(one));
        expect([-1, index]).toContain(owner);
      }
    expect(keysOf(second)).toEqual(work.map(keyOf).sort());
    for (const isOfKind of [(one: Work) => one.task < 0, (one: Work) => one.task >= 0]) {
      const counts = second.map(({ runs }) => runs.filter(isOfKind).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(third.map(({ runs }) => runs.map(keyOf).sort())).toEqual(second.map(({ runs }) => runs.map(keyOf).sort()));
  }
});
