import { describe, expect, it } from 'vitest';
import { ConsumerGroup, type ConsumerHeartbeat } from '../../../../src/embedded/kafka/groups/consumer-group.js';
import { assignUniformly, type PartitionKey } from '../../../../src/embedded/kafka/groups/uniform-assignor.js';
import type { Topic } from '../../../../src/embedded/kafka/topics/topic.js';
import { ManualClock } from '../../../support/manual-clock.js';

function groupOf(partitions: number) {
  const clock = new ManualClock();
  const topics = [{ name: 'orders', id: 'T', partitions } as Topic];
  const group = new ConsumerGroup('g', {
    clock,
    sessionTimeoutMs: () => 45_000,
    sizeMax: () => 10,
    topics: () => topics,
  });
  const beat = (memberId: string, memberEpoch: number, more: Partial<ConsumerHeartbeat> = {}) =>
    group.heartbeat({
      memberId,
      memberEpoch,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: 60_000,
      topicNames: memberEpoch === 0 ? ['orders'] : null,
      topicRegex: null,
      assignor: null,
      owned: memberEpoch === 0 ? [] : null,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      ...more,
    });
  return { clock, group, beat };
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
});
