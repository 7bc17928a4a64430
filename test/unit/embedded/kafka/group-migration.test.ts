import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Broker } from '../../../../src/embedded/kafka/broker.js';
import type { JoinRequest, JoinResult, SyncResult } from '../../../../src/embedded/kafka/groups/classic-member.js';
import type { ConsumerHeartbeat } from '../../../../src/embedded/kafka/groups/consumer-member.js';
import type { PartitionKey } from '../../../../src/embedded/kafka/groups/uniform-assignor.js';
import { decodeStruct, encodeStruct } from '../../../../src/protocol/kafka/codec.js';
import { assignment, subscription } from '../../../../src/protocol/kafka/messages/consumer-protocol.js';
import { ManualClock } from '../../../support/manual-clock.js';

const TOPIC = 'orders';
const PARTITIONS = 4;

/** A broker without sockets that has a topic of four partitions. */
function cluster(policy = 'bidirectional') {
  const clock = new ManualClock();
  const dataDir = mkdtempSync(join(tmpdir(), 'evpipe-migration-'));
  const config = {
    'group.consumer.migration.policy': policy,
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '1',
  };
  const open = (): Broker => new Broker({ dataDir, config, clock });
  let broker = open();
  onTestFinished(() => {
    broker.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const topicId = broker.topics.create(TOPIC, PARTITIONS, {}).id;
  const restart = async (): Promise<void> => {
    broker.close();
    broker = open();
    await broker.groups.restoreConsumerGroups();
  };
  return { clock, topicId, restart, groups: () => broker.groups };
}

type Cluster = ReturnType<typeof cluster>;

/** A member of the classic protocol, whose assignor is cooperative where it says at a join what it has. */
class Classic {
  id = '';
  generation = -1;
  assigned: number[] = [];
  private owned: number[] = [];

  constructor(
    private readonly cluster: Cluster,
    private readonly cooperative = false,
    private readonly instanceId: string | null = null,
  ) {}

  private request(): JoinRequest {
    const ownedPartitions = this.owned.length === 0 ? [] : [{ topic: TOPIC, partitions: this.owned }];
    const metadata = encodeStruct(subscription, 3, { topics: [TOPIC], ownedPartitions });
    return {
      memberId: this.id,
      instanceId: this.instanceId,
      clientId: 'c',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: 'consumer',
      protocols: [{ name: this.cooperative ? 'cooperative-sticky' : 'range', metadata }],
      idRequired: false,
      canSkipAssignment: true,
    };
  }

  async join(): Promise<JoinResult> {
    this.owned = this.cooperative ? this.assigned : [];
    const group = this.cluster.groups().classicForJoin('g', this.id);
    if (typeof group === 'string') throw new Error(group);
    const result = await group.join(this.request());
    if (result.error === undefined) {
      this.id = result.memberId;
      this.generation = result.generation;
    }
    return result;
  }

  async sync(assignments: ReadonlyMap<string, Buffer> = new Map()): Promise<SyncResult> {
    const group = this.cluster.groups().forClassicMember('g');
    if (typeof group === 'string') throw new Error(group);
    const result = await group.sync({
      memberId: this.id,
      instanceId: this.instanceId,
      generation: this.generation,
      protocolType: 'consumer',
      protocol: this.cooperative ? 'cooperative-sticky' : 'range',
      assignments,
    });
    if (result.error === undefined) {
      const { assignedPartitions } = decodeStruct(assignment, 3, result.assignment.subarray(2));
      this.assigned = assignedPartitions.flatMap(({ partitions }) => [...partitions]);
    }
    return result;
  }

  heartbeat(): string | undefined {
    const group = this.cluster.groups().forClassicMember('g');
    return typeof group === 'string' ? group : group.heartbeat(this.id, this.instanceId, this.generation);
  }

  leave(): string | undefined {
    return this.cluster.groups().leave('g', this.id, null);
  }

  /** Joins and syncs as often as heartbeats ask for. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5 && this.heartbeat() === 'REBALANCE_IN_PROGRESS'; round++) {
      await this.join();
      await this.sync();
    }
  }
}

/** A member of the consumer protocol. */
class Consumer {
  epoch = 0;
  assigned: PartitionKey[] = [];

  constructor(
    private readonly cluster: Cluster,
    readonly id: string,
    private readonly instanceId: string | null = null,
  ) {}

  heartbeat(epoch = this.epoch): string | undefined {
    const group = this.cluster.groups().consumerForHeartbeat('g', epoch);
    if (typeof group === 'string') return group;
    const beat: ConsumerHeartbeat = {
      memberId: this.id,
      memberEpoch: epoch,
      instanceId: this.instanceId,
      rackId: null,
      rebalanceTimeoutMs: 60_000,
      topicNames: epoch === 0 ? [TOPIC] : null,
      topicPattern: undefined,
      mayDescribe: () => true,
      assignor: null,
      owned: this.assigned,
      clientId: 'c',
      clientHost: '/127.0.0.1',
    };
    const result = group.heartbeat(beat);
    if (result.error !== undefined) return result.error;
    this.epoch = result.memberEpoch;
    if (result.assignment !== undefined) this.assigned = [...result.assignment];
    return undefined;
  }
}

const everything = (): Buffer =>
  encodeStruct(assignment, 3, { assignedPartitions: [{ topic: TOPIC, partitions: [0, 1, 2, 3] }] });

/** A stable group of one classic member, which has all partitions. */
async function classicGroup(of: Cluster, cooperative = false, instanceId: string | null = null): Promise<Classic> {
  const member = new Classic(of, cooperative, instanceId);
  await member.join();
  await member.sync(new Map([[member.id, everything()]]));
  expect(member.assigned).toEqual([0, 1, 2, 3]);
  return member;
}

const kind = ({ groups }: Cluster): string | undefined => groups().all()[0]?.kind;

describe('a classic group that a member of the consumer protocol joins', () => {
  it.each([
    ['eager', false],
    ['cooperative', true],
  ])('becomes one of the consumer protocol, and its %s member shares with the new one', async (_, cooperative) => {
    const of = cluster();
    const old = await classicGroup(of, cooperative);
    const fresh = new Consumer(of, 'fresh');
    expect(fresh.heartbeat()).toBeUndefined();
    expect([kind(of), fresh.assigned]).toEqual(['consumer', []]);
    await old.settle();
    fresh.heartbeat();
    expect([old.assigned.length, fresh.assigned.length]).toEqual([2, 2]);
    expect(new Set([...old.assigned.map((at) => `${of.topicId}:${at}`), ...fresh.assigned]).size).toBe(PARTITIONS);
    expect([old.heartbeat(), of.groups().all()[0]?.state]).toEqual([undefined, 'Stable']);
  });

  it('has members of both kinds again after a restart', async () => {
    const of = cluster();
    const old = await classicGroup(of);
    const fresh = new Consumer(of, 'fresh');
    fresh.heartbeat();
    await old.settle();
    fresh.heartbeat();
    await of.restart();
    const members = [...(of.groups().consumer('g')?.members.values() ?? [])];
    const shown = members.map(({ id, classic, assigned }) => [
      id === fresh.id,
      classic?.protocols[0]?.name,
      assigned.size,
    ]);
    expect(shown.sort()).toEqual([
      [false, 'range', 2],
      [true, undefined, 2],
    ]);
  });

  it.each(['disabled', 'downgrade'])('stays as it is where the policy is %s', async (policy) => {
    const of = cluster(policy);
    const old = await classicGroup(of);
    expect(new Consumer(of, 'fresh').heartbeat()).toBe('GROUP_ID_NOT_FOUND');
    expect([kind(of), old.heartbeat()]).toEqual(['classic', undefined]);
  });

  it('stays as it is where its members are not consumers, or their assignor keeps data of its own', async () => {
    const of = cluster();
    const old = new Classic(of);
    await old.join();
    const userData = Buffer.from('mine');
    await old.sync(new Map([[old.id, encodeStruct(assignment, 3, { assignedPartitions: [], userData })]]));
    expect(new Consumer(of, 'fresh').heartbeat()).toBe('GROUP_ID_NOT_FOUND');
    expect(kind(of)).toBe('classic');
  });

  it('calls those who wait for an answer to join again', async () => {
    const of = cluster();
    await classicGroup(of);
    const waiting = new Classic(of).join(); // until the other one joins again
    new Consumer(of, 'fresh').heartbeat();
    expect((await waiting).error).toBe('REBALANCE_IN_PROGRESS');
  });

  it('gives a static member of the consumer protocol the place of the classic one', async () => {
    const of = cluster();
    const old = await classicGroup(of, false, 'one');
    const fresh = new Consumer(of, 'fresh', 'one');
    expect(fresh.heartbeat()).toBeUndefined();
    expect(fresh.assigned).toHaveLength(PARTITIONS);
    expect(old.heartbeat()).toBe('FENCED_INSTANCE_ID');
  });
});

describe('a group of the consumer protocol with members of the classic one', () => {
  async function mixed(policy?: string) {
    const of = cluster(policy);
    const first = new Consumer(of, 'first');
    first.heartbeat();
    const second = new Classic(of);
    await second.join();
    await second.sync();
    first.heartbeat();
    first.heartbeat();
    await second.settle();
    return { of, first, second };
  }

  it('serves a member of the classic protocol by translated joins, syncs and heartbeats', async () => {
    const { of, first, second } = await mixed();
    expect([first.assigned.length, second.assigned.length, kind(of)]).toEqual([2, 2, 'consumer']);
    expect(of.groups().checkCommit('g', second.id, null, second.generation)).toBeUndefined();
    expect(of.groups().checkCommit('g', second.id, null, second.generation - 1)).toBe('ILLEGAL_GENERATION');
    expect(of.groups().checkCommit('g', first.id, null, first.epoch - 1)).toBe('STALE_MEMBER_EPOCH');
  });

  it('becomes a classic one when the last member of the consumer protocol leaves', async () => {
    const { of, first, second } = await mixed();
    first.heartbeat(-1);
    expect([kind(of), second.heartbeat()]).toEqual(['classic', 'REBALANCE_IN_PROGRESS']);
    const joined = await second.join();
    expect([joined.leader, joined.members.length]).toEqual([second.id, 1]);
    await second.sync(new Map([[second.id, everything()]]));
    expect([second.assigned.length, second.heartbeat()]).toEqual([PARTITIONS, undefined]);
  });

  it('becomes a classic one when the session of the last member of the consumer protocol ends', async () => {
    const { of, second } = await mixed();
    for (let at = 0; at < 10; at++) {
      of.clock.pass(5_000);
      if (second.heartbeat() === 'REBALANCE_IN_PROGRESS') break;
    }
    expect(kind(of)).toBe('classic');
  });

  it('becomes a classic one when a static member of that protocol takes the last place', async () => {
    const of = cluster();
    const first = new Consumer(of, 'first', 'one');
    first.heartbeat();
    const second = new Classic(of, false, 'one');
    await second.join();
    await second.sync();
    expect([kind(of), second.assigned, second.heartbeat()]).toEqual(['classic', [0, 1, 2, 3], undefined]);
  });

  it.each(['disabled', 'upgrade'])('stays one of the consumer protocol where the policy is %s', async (policy) => {
    const { of, first, second } = await mixed(policy);
    first.heartbeat(-1);
    await second.settle();
    expect([kind(of), second.assigned]).toEqual(['consumer', [0, 1, 2, 3]]);
  });

  it('removes a member of the classic protocol that is called to join and does not', async () => {
    const { of, first, second } = await mixed();
    const third = new Consumer(of, 'third');
    third.heartbeat();
    for (let at = 0; at < 8; at++) {
      expect(second.heartbeat()).toBe(at < 6 ? 'REBALANCE_IN_PROGRESS' : 'UNKNOWN_MEMBER_ID');
      of.clock.pass(10_001);
      for (const one of [first, third]) one.heartbeat();
    }
  });

  it('refuses a protocol that its classic members do not have, and metadata that is not a consumer’s', async () => {
    const { of } = await mixed();
    expect((await new Classic(of, true).join()).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });

  it('takes a classic member over that goes on by the consumer protocol', async () => {
    const { of, first, second } = await mixed();
    const same = new Consumer(of, second.id);
    expect(same.heartbeat()).toBeUndefined();
    of.clock.pass(40_000);
    for (const one of [first, same]) one.heartbeat();
    of.clock.pass(40_000); // longer than its last join would have given it
    expect([of.groups().consumer('g')?.members.get(second.id)?.classic, second.heartbeat()]).toEqual([
      undefined,
      'UNKNOWN_MEMBER_ID',
    ]);
  });

  it('lets a member of the classic protocol leave', async () => {
    const { of, first, second } = await mixed();
    expect(second.leave()).toBeUndefined();
    first.heartbeat();
    expect([kind(of), first.assigned.length]).toEqual(['consumer', PARTITIONS]);
  });
});
