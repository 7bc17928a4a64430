import { randomUUID } from 'node:crypto';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { StateRecord } from '../../../protocol/kafka/state-records.js';
import type { Clock } from '../../../support/clock.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { compileNamePattern, type NamePattern } from '../name-pattern.js';
import type { TopicCatalog } from '../topics/catalog.js';
import type { BrokerSettings } from '../topics/settings.js';
import { StateTopic } from '../topics/state-topic.js';
import { CONSUMER_OFFSETS } from '../topics/topic.js';
import { ClassicGroup, type GroupEnvironment } from './classic-group.js';
import { type ConsumerEnvironment, ConsumerGroup } from './consumer-group.js';
import type { GroupChanges, StoredConsumerGroup } from './consumer-group-file.js';
import { classicRecord, consumerRecords, consumerTombstones, readGroups, wholeGroupRecords } from './group-records.js';
import { downgraded, upgraded } from './migration.js';
import { OffsetStore } from './offset-store.js';
import type { TranslatedMembers } from './translated-members.js';

interface CoordinatorContext {
  readonly topics: TopicCatalog;
  readonly clock: Clock;
  readonly settings: BrokerSettings;
  /** A group's own setting, or the broker's. */
  groupSetting(groupId: string, name: string): string;
  readonly log: Log;
}

/** All groups and their offsets, which are kept in `__consumer_offsets`. One node coordinates all of them. */
export class GroupCoordinator {
  readonly offsets: OffsetStore;
  readonly state: StateTopic;
  private readonly groups = new Map<string, ClassicGroup | ConsumerGroup>();
  /** Read back and not yet running: their regular expressions have to be compiled first. */
  private stored: ReadonlyMap<string, StoredConsumerGroup>;
  private readonly environment: GroupEnvironment;
  private readonly consumers: ConsumerEnvironment;

  constructor(private readonly context: CoordinatorContext) {
    this.state = new StateTopic(CONSUMER_OFFSETS, context);
    this.offsets = new OffsetStore(this.state);
    const { settings } = context;
    this.environment = {
      clock: context.clock,
      newMemberId: (clientId) => `${clientId}-${randomUUID()}`,
      initialRebalanceDelayMs: () => settings.number('group.initial.rebalance.delay.ms'),
      sizeMax: () => settings.number('group.max.size'),
      save: (group) => this.trySave(group),
    };
    this.consumers = {
      clock: context.clock,
      sessionTimeoutMs: (id) => Number(context.groupSetting(id, 'consumer.session.timeout.ms')),
      sizeMax: () => settings.number('group.consumer.max.size'),
      topics: () => context.topics.all(),
      names: {
        idOf: (name) => context.topics.get(name)?.id,
        nameOf: (topicId) => context.topics.getById(topicId)?.name,
      },
      newMemberId: () => randomUUID(),
      topicsVersion: () => context.topics.version,
      save: (group, changes) => this.trySaveConsumers(group, changes),
      downgrade: (group, rebalance) => this.downgrade(group, rebalance),
    };
    const { classic, consumer } = readGroups(this.state, this.offsets);
    for (const [id, file] of classic) this.groups.set(id, ClassicGroup.restore(id, file, this.environment));
    this.stored = consumer;
    for (const id of this.offsets.groupIds()) if (!consumer.has(id)) this.touch(id);
  }

  private trySave(group: ClassicGroup): boolean {
    return this.tryAppend(group.id, () => [classicRecord(group.id, group.file(), this.context.clock.now())]);
  }

  private trySaveConsumers(group: ConsumerGroup, changes: GroupChanges): boolean {
    const topics = { version: this.context.topics.version, nowMs: this.context.clock.now() };
    return this.tryAppend(group.id, () => consumerRecords(group.id, changes, topics));
  }

  private tryAppend(id: string, records: () => readonly StateRecord[]): boolean {
    try {
      this.state.append(id, records());
      return true;
    } catch (failure) {
      this.context.log.error('could not store a group', { group: id, failure: messageOf(failure) });
      return false;
    }
  }

  /** Brings back the groups of the consumer protocol; before the first request. */
  async restoreConsumerGroups(): Promise<void> {
    const patterns = new Map<string, NamePattern>();
    for (const { members } of this.stored.values()) {
      for (const { metadata } of members.values()) {
        const regex = metadata?.topicRegex ?? null;
        if (regex === null || patterns.has(regex)) continue;
        const pattern = await compileNamePattern(regex);
        if (typeof pattern !== 'string') patterns.set(regex, pattern);
      }
    }
    for (const [id, file] of this.stored) {
      this.groups.set(id, ConsumerGroup.restore(id, file, patterns, this.consumers));
    }
    this.stored = new Map();
  }

  /** What takes a group back that makes room for one of the other protocol, or goes. */
  private tombstones(group: ClassicGroup | ConsumerGroup): StateRecord[] {
    if (group.kind === 'consumer') return consumerTombstones(group.id, group.stored());
    return [classicRecord(group.id, null, this.context.clock.now())];
  }

  has(id: string): boolean {
    return this.groups.has(id);
  }

  /** A group of the classic protocol. */
  classic(id: string): ClassicGroup | ErrorName {
    const group = this.groups.get(id);
    return group?.kind === 'classic' ? group : 'UNKNOWN_MEMBER_ID';
  }

  /** What a member of the classic protocol talks to, in a group of either. */
  forClassicMember(id: string): ClassicGroup | TranslatedMembers | ErrorName {
    const group = this.groups.get(id);
    return group?.kind === 'consumer' ? group.classic : (group ?? 'UNKNOWN_MEMBER_ID');
  }

  /** A join makes the group where a new member comes; an empty group of the other protocol gives way. */
  classicForJoin(id: string, memberId: string): ClassicGroup | TranslatedMembers | ErrorName {
    const group = this.groups.get(id);
    if (group?.kind === 'classic') return group;
    if (group !== undefined && group.members.size > 0) return group.classic;
    if (memberId !== '') return 'UNKNOWN_MEMBER_ID';
    if (group !== undefined) this.state.append(id, this.tombstones(group));
    const fresh = new ClassicGroup(id, this.environment);
    this.groups.set(id, fresh);
    this.trySave(fresh); // as Kafka does; where it cannot, the first generation will be stored or refused
    return fresh;
  }

  consumer(id: string): ConsumerGroup | undefined {
    const group = this.groups.get(id);
    return group?.kind === 'consumer' ? group : undefined;
  }

  /** The same for the consumer protocol: who joins (epoch 0) makes the group. */
  consumerForHeartbeat(id: string, memberEpoch: number): ConsumerGroup | ErrorName {
    if (id === '') return 'INVALID_REQUEST';
    const group = this.groups.get(id);
    if (group?.kind === 'consumer') return group;
    // Of these two errors clients take the first as a call to join again, and give up at the second.
    const nobody = group === undefined || group.members.size === 0;
    if (memberEpoch !== 0) return nobody ? 'UNKNOWN_MEMBER_ID' : 'GROUP_ID_NOT_FOUND';
    if (group !== undefined && group.members.size > 0) return this.upgrade(group) ?? 'GROUP_ID_NOT_FOUND';
    if (group !== undefined) this.state.append(id, this.tombstones(group));
    group?.close();
    const fresh = new ConsumerGroup(id, this.consumers);
    this.groups.set(id, fresh);
    return fresh;
  }

  private migrates(direction: 'upgrade' | 'downgrade'): boolean {
    const policy = this.context.settings.text('group.consumer.migration.policy').toLowerCase();
    return policy === direction || policy === 'bidirectional';
  }

  /** The first member of the consumer protocol joins a classic group (KIP-848). Undefined where that cannot be. */
  private upgrade(group: ClassicGroup): ConsumerGroup | undefined {
    const hasRoom = group.members.size <= this.consumers.sizeMax();
    if (!this.migrates('upgrade') || group.protocolType !== 'consumer' || !hasRoom) return undefined;
    const file = upgraded(group, this.consumers.names, this.context.clock.now());
    if (file === undefined) return undefined;
    const records = [...this.tombstones(group), ...wholeGroupRecords(group.id, file)];
    if (!this.tryAppend(group.id, () => records)) return undefined;
    group.dissolve();
    const consumers = ConsumerGroup.restore(group.id, file, new Map(), this.consumers);
    this.groups.set(group.id, consumers);
    return consumers;
  }

  /** Only members of the classic protocol are left in a group of the consumer protocol. */
  private downgrade(group: ConsumerGroup, rebalance: boolean): boolean {
    if (!this.migrates('downgrade') || group.members.size > this.environment.sizeMax()) return false;
    const classic = downgraded(group, this.consumers.names);
    const record = (): StateRecord => classicRecord(group.id, classic.file, this.context.clock.now());
    if (!this.tryAppend(group.id, () => [...this.tombstones(group), record()])) return false;
    group.close();
    this.groups.set(group.id, ClassicGroup.downgraded(group.id, classic, rebalance, this.environment));
    return true;
  }

  leave(id: string, memberId: string, instanceId: string | null): ErrorName | undefined {
    const group = this.groups.get(id);
    return group === undefined ? 'UNKNOWN_MEMBER_ID' : group.leave(memberId, instanceId);
  }

  list(): Array<{ groupId: string; protocolType: string; groupState: string; groupType: string }> {
    return this.all().map((group) => ({
      groupId: group.id,
      protocolType: group.kind === 'consumer' ? 'consumer' : (group.protocolType ?? ''),
      groupState: group.state,
      groupType: group.kind,
    }));
  }

  /** A commit from outside makes the group. */
  touch(id: string): void {
    if (!this.groups.has(id)) this.groups.set(id, new ClassicGroup(id, this.environment));
  }

  checkOffsetFetch(id: string, memberId: string | null, memberEpoch: number): ErrorName | undefined {
    if (memberId === null || memberId === '' || memberEpoch < 0) return undefined;
    const group = this.groups.get(id);
    return group?.kind === 'consumer' ? group.checkEpoch(memberId, memberEpoch) : undefined;
  }

  /** What the members of a group read: offsets of these topics cannot be deleted. */
  subscribedTopics(id: string): ReadonlySet<string> | ErrorName {
    return this.groups.get(id)?.subscribedTopics() ?? 'GROUP_ID_NOT_FOUND';
  }

  all(): Array<ClassicGroup | ConsumerGroup> {
    return [...this.groups.values()];
  }

  /** May this member commit? Commits from outside (generation -1) are accepted while the group is empty. */
  checkCommit(id: string, memberId: string, instanceId: string | null, generation: number): ErrorName | undefined {
    const group = this.groups.get(id);
    if (generation < 0) {
      if (group === undefined || group.state === 'Empty') return undefined;
      if (group.kind === 'consumer' || (memberId === '' && instanceId === null)) return 'UNKNOWN_MEMBER_ID';
      return group.checkMember(memberId, instanceId);
    }
    if (group === undefined) return 'ILLEGAL_GENERATION';
    if (group.kind === 'consumer') return group.checkEpoch(memberId, generation);
    const error = group.checkMember(memberId, instanceId);
    if (error !== undefined) return error;
    if (generation !== group.generation) return 'ILLEGAL_GENERATION';
    const member = group.members.get(memberId);
    if (member !== undefined) group.members.heard(member);
    return group.state === 'CompletingRebalance' ? 'REBALANCE_IN_PROGRESS' : undefined;
  }

  /** Only a group without members can be deleted; its offsets go with it. */
  delete(id: string): ErrorName | undefined {
    const group = this.groups.get(id);
    if (group === undefined) return 'GROUP_ID_NOT_FOUND';
    if (group.state !== 'Empty') return 'NON_EMPTY_GROUP';
    this.remove(group);
    return undefined;
  }

  private remove(group: ClassicGroup | ConsumerGroup): void {
    // The disk first: what it refuses leaves the group as it was.
    this.offsets.deleteGroup(group.id);
    this.state.append(group.id, this.tombstones(group));
    if (group.kind === 'classic') group.state = 'Dead';
    group.close();
    this.groups.delete(group.id);
  }

  /** Offsets of groups without members expire; a group that has none left goes. */
  expire(): void {
    const retentionMs = this.context.settings.number('offsets.retention.minutes') * 60_000;
    const nowMs = this.context.clock.now();
    for (const group of this.all()) {
      if (group.state !== 'Empty') continue;
      const emptySinceMs = group.emptySinceMs ?? nowMs;
      const expired = [...this.offsets.of(group.id)].flatMap(([topic, partitions]) =>
        [...partitions].flatMap(([partition, { committedMs, expiresMs }]) => {
          const untilMs = expiresMs ?? Math.max(committedMs, emptySinceMs) + retentionMs;
          return untilMs <= nowMs ? [{ topic, partition }] : [];
        }),
      );
      this.offsets.delete(group.id, expired);
      if (this.offsets.of(group.id).size === 0) this.remove(group);
    }
  }

  /** A producer's transaction was ended in a partition of `__consumer_offsets`. */
  endTransaction(partition: number, producerId: number, type: 'commit' | 'abort'): void {
    for (const id of this.offsets.ended(partition, producerId, type)) this.touch(id);
  }

  /** `__consumer_offsets` was deleted, and with it all that was known. */
  clear(): void {
    for (const group of this.groups.values()) group.close();
    this.groups.clear();
    this.offsets.clear();
  }

  close(): void {
    for (const group of this.groups.values()) group.close();
  }
}
