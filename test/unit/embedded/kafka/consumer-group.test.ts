import { describe, expect, it } from 'vitest';
import { type ConsumerEnvironment, ConsumerGroup } from '../../../../src/embedded/kafka/groups/consumer-group.js';
import type { MemberChange, StoredMember } from '../../../../src/embedded/kafka/groups/consumer-group-file.js';
import type { ConsumerHeartbeat } from '../../../../src/embedded/kafka/groups/consumer-member.js';
import { assignUniformly, type PartitionKey } from '../../../../src/embedded/kafka/groups/uniform-assignor.js';
import { compileNamePattern } from '../../../../src/embedded/kafka/name-pattern.js';
import type { Topic } from '../../../../src/embedded/kafka/topics/topic.js';
import { ManualClock } from '../../../support/manual-clock.js';

const NO_ASSIGNMENT = { epoch: 0, previousEpoch: -1, assigned: [], revoking: [], waiting: false } as const;

function groupOf(partitions: number) {
  const clock = new ManualClock();
  const topics = [{ name: 'orders', id: 'T', partitions } as Topic];
  const looks = { topics: 0 };
  const stored = {
    epoch: 0,
    members: new Map<string, StoredMember>(),
    patterns: new Map<string, readonly string[]>(),
    changes: [] as MemberChange[],
  };
  const environment: ConsumerEnvironment = {
    clock,
    sessionTimeoutMs: () => 45_000,
    sizeMax: () => 10,
    topics: () => {
      looks.topics++;
      return topics;
    },
    topicsVersion: () => topics.length,
    names: { idOf: () => undefined, nameOf: () => undefined },
    newMemberId: () => 'new',
    downgrade: () => false,
    save: (_, { epoch, members, patterns }) => {
      stored.epoch = epoch ?? stored.epoch;
      for (const { regex, topics: matched } of patterns) {
        if (matched === null) stored.patterns.delete(regex);
        else stored.patterns.set(regex, matched);
      }
      stored.changes.push(...members);
      for (const { id, ...change } of members) {
        const known = stored.members.get(id) ?? { metadata: undefined, target: [], assignment: NO_ASSIGNMENT };
        if (change.metadata === null) stored.members.delete(id);
        else stored.members.set(id, { ...known, ...change } as StoredMember);
      }
      return true;
    },
  };
  const group = new ConsumerGroup('g', environment);
  const request = (memberId: string, memberEpoch: number): ConsumerHeartbeat => ({
    memberId,
    memberEpoch,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: 60_000,
    topicNames: memberEpoch === 0 ? ['orders'] : null,
    topicPattern: null,
    mayDescribe: () => true,
    assignor: null,
    owned: memberEpoch === 0 ? [] : null,
    clientId: 'c',
    clientHost: '/127.0.0.1',
  });
  const beat = (memberId: string, memberEpoch: number, more: Partial<ConsumerHeartbeat> = {}) =>
    group.heartbeat({ ...request(memberId, memberEpoch), ...more });
  return { clock, group, request, beat, topics, looks, stored, environment };
}

const keys = (assignment: ReadonlySet<PartitionKey> | undefined): PartitionKey[] => [...(assignment ?? [])].sort();

describe('a group of the consumer protocol', () => {
  it('hands a partition over only after its owner gave it up', () => {
    const { group, beat } = groupOf(4);
    const first = beat('one', 0);
    expect(keys(first.assignment)).toEqual(['T:0', 'T:1', 'T:2', 'T:3']);
    const second = beat('two', 0);
    expect(keys(second.assignment)).toEqual([]);
    const told = beat('one', first.memberEpoch);
    expect(keys(told.assignment)).toHaveLength(2);
    expect(told.memberEpoch).toBe(first.memberEpoch);
    expect(beat('two', second.memberEpoch).assignment).toBeUndefined();
    const given = beat('one', told.memberEpoch, { owned: keys(told.assignment) });
    expect(given.memberEpoch).toBe(group.epoch);
    const taken = beat('two', second.memberEpoch);
    expect(keys(taken.assignment)).toHaveLength(2);
    expect(new Set([...keys(told.assignment), ...keys(taken.assignment)]).size).toBe(4);
    expect(group.state).toBe('Stable');
  });

  it('removes a member that is silent for its session, and one that gives nothing up in time', () => {
    const { clock, group, beat } = groupOf(2);
    const first = beat('one', 0);
    beat('two', 0);
    beat('one', first.memberEpoch); // told to give one up
    for (let at = 0; at < 7; at++) {
      clock.pass(9000);
      beat('one', first.memberEpoch, { owned: ['T:0', 'T:1'] });
      beat('two', group.members.get('two')?.epoch ?? 0);
    }
    expect([...group.members.keys()]).toEqual(['two']);
    clock.pass(50_000);
    expect(group.state).toBe('Empty');
  });

  it('keeps its members where the clock is set, and removes the silent ones as before', () => {
    const { clock, group, beat } = groupOf(1);
    beat('one', 0);
    for (const step of [3_600_000, -7_200_000]) {
      beat('one', group.epoch);
      clock.step(step);
      clock.pass(44_000);
      expect([...group.members.keys()]).toEqual(['one']);
    }
    clock.pass(2_000);
    expect([...group.members.keys()]).toEqual([]);
  });

  it('reads internal topics too where a pattern matches them', async () => {
    const { beat, topics } = groupOf(1);
    topics.push({ name: '__consumer_offsets', id: 'C', partitions: 1, internal: true } as Topic);
    const topicPattern = await compileNamePattern('__.*');
    if (typeof topicPattern === 'string') throw new Error(topicPattern);
    expect(keys(beat('one', 0, { topicNames: [], topicPattern }).assignment)).toEqual(['C:0']);
  });

  it('fences an old epoch and answers a lost heartbeat again', () => {
    const { beat, group } = groupOf(2);
    const { memberEpoch } = beat('one', 0);
    expect(beat('one', memberEpoch + 5).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat('nobody', 3).error).toBe('UNKNOWN_MEMBER_ID');
    expect(group.checkEpoch('one', memberEpoch + 1)).toBe('STALE_MEMBER_EPOCH');
    expect(beat('one', -1).error).toBeUndefined();
    expect(group.state).toBe('Empty');
  });
});

describe('a group of the consumer protocol on disk', () => {
  it('goes on after a restart with the same members, epochs and assignments', () => {
    const before = groupOf(4);
    const { memberEpoch } = before.beat('one', 0);
    before.beat('two', 0);
    before.beat('one', memberEpoch); // told to give two partitions up
    const file = { ...before.stored, emptySinceMs: 0 };
    const after = ConsumerGroup.restore('g', file, new Map(), before.environment);
    expect(after.epoch).toBe(before.group.epoch);
    expect(after.target).toEqual(before.group.target);
    const state = (group: ConsumerGroup) =>
      [...group.members.values()].map(({ id, epoch, assigned, revoking }) => ({ id, epoch, assigned, revoking }));
    expect(state(after)).toEqual(state(before.group));
    before.clock.pass(60_000); // nobody says anything after the restart
    expect(after.state).toBe('Empty');
  });

  it('removes what is left of a member that goes', () => {
    const { beat, stored } = groupOf(1);
    const { memberEpoch } = beat('one', 0);
    expect([...stored.members.keys()]).toEqual(['one']);
    beat('one', -1);
    expect([...stored.members.keys()]).toEqual([]);
    expect(stored.epoch).toBeGreaterThan(memberEpoch);
  });
});

describe('the patterns of a group', () => {
  const everything = { source: '.*', matches: () => true };

  it('are stored with the topics that they match, and taken back when no member has them', () => {
    const { beat, stored, topics } = groupOf(1);
    const { memberEpoch } = beat('one', 0, { topicNames: [], topicPattern: everything });
    expect([...stored.patterns]).toEqual([['.*', ['orders']]]);
    topics.push({ name: 'bills', id: 'B', partitions: 1 } as Topic);
    const next = beat('one', memberEpoch);
    expect([...stored.patterns]).toEqual([['.*', ['bills', 'orders']]]);
    beat('one', next.memberEpoch, { topicNames: ['orders'], topicPattern: undefined });
    expect([...stored.patterns]).toEqual([]);
  });

  it('match after a restart what they matched before, until a member asks for what it may describe', () => {
    const before = groupOf(1);
    before.topics.push({ name: 'secret', id: 'S', partitions: 1 } as Topic);
    const mayDescribe = (name: string): boolean => name !== 'secret';
    const { memberEpoch } = before.beat('one', 0, { topicNames: [], topicPattern: everything, mayDescribe });
    expect([...before.stored.patterns]).toEqual([['.*', ['orders']]]);
    const file = { ...before.stored, emptySinceMs: 0 };
    const after = ConsumerGroup.restore('g', file, new Map([['.*', everything]]), before.environment);
    before.topics.push({ name: 'more', id: 'M', partitions: 1 } as Topic);
    const beat = { ...before.request('one', memberEpoch), mayDescribe };
    expect(keys(after.heartbeat(beat).assignment)).toEqual(['M:0', 'T:0']);
  });
});

describe('heartbeats of the consumer protocol', () => {
  it('write what changed of whom, and nothing where nothing did', () => {
    const { beat, stored } = groupOf(4);
    const { memberEpoch } = beat('one', 0);
    beat('two', 0);
    stored.changes.length = 0;
    beat('two', 2);
    expect(stored.changes).toEqual([]);
    beat('one', memberEpoch); // told to give two partitions up
    expect(stored.changes.map(({ id, ...change }) => [id, Object.keys(change)])).toEqual([['one', ['assignment']]]);
  });

  it('look at the topics only when these or the subscriptions changed', () => {
    const { beat, group, topics, looks } = groupOf(2);
    const { memberEpoch } = beat('one', 0);
    const seen = looks.topics;
    for (let at = 0; at < 10; at++) beat('one', memberEpoch);
    expect([looks.topics, group.epoch]).toEqual([seen, memberEpoch]);
    topics.push({ name: 'unrelated', id: 'U', partitions: 1 } as Topic);
    expect(beat('one', memberEpoch).memberEpoch).toBe(memberEpoch);
    expect(looks.topics).toBe(seen + 1);
    const topicPattern = { source: 'un.*', matches: (name: string) => name.startsWith('un') };
    expect(keys(beat('one', memberEpoch, { topicPattern }).assignment)).toEqual(['T:0', 'T:1', 'U:0']);
  });
});

describe('the uniform assignor', () => {
  it('is even, complete, and leaves partitions where they are', () => {
    const counts = new Map([['A', 7]]);
    const members = (...ids: string[]) => ids.map((id) => ({ id, topics: new Set(['A']) }));
    const two = assignUniformly(members('x', 'y'), counts, new Map());
    expect([...two.values()].map(({ size }) => size).sort()).toEqual([3, 4]);
    const three = assignUniformly(members('x', 'y', 'z'), counts, two);
    expect([...three.values()].map(({ size }) => size).sort()).toEqual([2, 2, 3]);
    const moved = [...(three.get('x') ?? []), ...(three.get('y') ?? [])].filter(
      (key) => !two.get('x')?.has(key) && !two.get('y')?.has(key),
    );
    expect(moved).toEqual([]);
    expect(new Set([...three.values()].flatMap((own) => [...own])).size).toBe(7);
  });

  it('is even where members read different topics, whatever they had before', () => {
    const counts = new Map([
      ['A', 2],
      ['B', 2],
    ]);
    const all = { id: 'x', topics: new Set(['A', 'B']) };
    const before = assignUniformly([all], counts, new Map());
    const after = assignUniformly([all, { id: 'y', topics: new Set(['A']) }], counts, before);
    expect([...after].map(([id, own]) => [id, [...own].sort()])).toEqual([
      ['x', ['B:0', 'B:1']],
      ['y', ['A:0', 'A:1']],
    ]);
  });
});
