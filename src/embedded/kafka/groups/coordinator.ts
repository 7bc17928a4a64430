import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import { messageOf } from '../../../support/errors.js';
import { Journal } from '../../../support/journal.js';
import type { Log } from '../../../support/log.js';
import { compileNamePattern, type NamePattern } from '../name-pattern.js';
import type { TopicCatalog } from '../topics/catalog.js';
import type { BrokerSettings } from '../topics/settings.js';
import { ClassicGroup, type GroupEnvironment } from './classic-group.js';
import type { ClassicGroupFile } from './classic-member.js';
import {
  type ConsumerEnvironment,
  ConsumerGroup,
  type ConsumerGroupFile,
  type ConsumerMemberFile,
  type GroupChanges,
} from './consumer-group.js';
import { OffsetStore } from './offset-store.js';

interface CoordinatorContext {
  readonly topics: TopicCatalog;
  readonly clock: Clock;
  readonly settings: BrokerSettings;
  /** A group's own setting, or the broker's. */
  groupSetting(groupId: string, name: string): string;
  readonly log: Log;
}

const SEPARATOR = '\u0000';

const memberKey = (groupId: string, memberId: string): string => `${groupId}${SEPARATOR}${memberId}`;

/** All groups and their offsets. One node coordinates all of them. */
export class GroupCoordinator {
  readonly offsets: OffsetStore;
  private readonly groups = new Map<string, ClassicGroup | ConsumerGroup>();
  private readonly journal: Journal<ClassicGroupFile>;
  /** Of the consumer protocol: groups by their ids, members by group and member. */
  private readonly consumerJournal: Journal<ConsumerGroupFile | ConsumerMemberFile>;
  private readonly environment: GroupEnvironment;
  private readonly consumers: ConsumerEnvironment;

  constructor(
    dir: string,
    private readonly context: CoordinatorContext,
  ) {
    this.offsets = new OffsetStore(join(dir, 'offsets.jsonl'));
    this.journal = new Journal(join(dir, 'groups.jsonl'));
    this.consumerJournal = new Journal(join(dir, 'consumer-groups.jsonl'));
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
      sizeMax: () => settings.number('group.max.size'),
      topics: () => context.topics.all(),
      topicsVersion: () => context.topics.version,
      save: (group, changes) => this.trySaveConsumers(group, changes),
    };
    for (const [id, file] of this.journal.entries) {
      this.groups.set(id, ClassicGroup.restore(id, file, this.environment));
    }
    for (const id of this.offsets.groupIds()) this.touch(id);
  }

  private trySave(group: ClassicGroup): boolean {
    try {
      this.journal.set(group.id, group.file());
      return true;
    } catch (failure) {
      this.context.log.error('could not store a group', { group: group.id, failure: messageOf(failure) });
      return false;
    }
  }

  private trySaveConsumers(group: ConsumerGroup, changes: GroupChanges): boolean {
    const members = changes.members.map(([id, file]) => [memberKey(group.id, id), file] as const);
    try {
      this.consumerJournal.setAll([[group.id, changes.group], ...members]);
      return true;
    } catch (failure) {
      this.context.log.error('could not store a group', { group: group.id, failure: messageOf(failure) });
      return false;
    }
  }

  /** Brings back the groups of the consumer protocol; before the first request. */
  async restoreConsumerGroups(): Promise<void> {
    const patterns = new Map<string, NamePattern>();
    const members = new Map<string, Map<string, ConsumerMemberFile>>();
    for (const [key, file] of this.consumerJournal.entries) {
      if (file.kind !== 'member') continue;
      const [groupId = '', memberId = ''] = key.split(SEPARATOR);
      const known = members.get(groupId) ?? new Map<string, ConsumerMemberFile>();
      members.set(groupId, known.set(memberId, file));
      if (file.topicRegex === null || patterns.has(file.topicRegex)) continue;
      const pattern = await compileNamePattern(file.topicRegex);
      if (typeof pattern !== 'string') patterns.set(file.topicRegex, pattern);
    }
    for (const [id, file] of this.consumerJournal.entries) {
      if (file.kind !== 'group') continue;
      const own = members.get(id) ?? new Map<string, ConsumerMemberFile>();
      this.groups.set(id, ConsumerGroup.restore(id, file, own, patterns, this.consumers));
    }
  }

  private forgetConsumers(id: string): void {
    const keys = [...this.consumerJournal.entries.keys()];
    const own = keys.filter((key) => key === id || key.startsWith(memberKey(id, '')));
    this.consumerJournal.setAll(own.map((key) => [key, null]));
  }

  has(id: string): boolean {
    return this.groups.has(id);
  }

  /** The group that a member of the classic protocol talks to. */
  classic(id: string): ClassicGroup | ErrorName {
    const group = this.groups.get(id);
    return group?.kind === 'classic' ? group : 'UNKNOWN_MEMBER_ID';
  }

  /** A join makes the group where a new member comes; an empty group of the other protocol gives way. */
  classicForJoin(id: string, memberId: string): ClassicGroup | ErrorName {
    const group = this.groups.get(id);
    if (group?.kind === 'classic') return group;
    if (memberId !== '') return 'UNKNOWN_MEMBER_ID';
    if (group !== undefined && group.members.size > 0) return 'INCONSISTENT_GROUP_PROTOCOL';
    if (group !== undefined) this.forgetConsumers(id);
    const fresh = new ClassicGroup(id, this.environment);
    this.groups.set(id, fresh);
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
    if (group !== undefined && group.members.size > 0) return 'GROUP_ID_NOT_FOUND';
    group?.close();
    if (this.journal.entries.has(id)) this.journal.delete(id);
    const fresh = new ConsumerGroup(id, this.consumers);
    this.groups.set(id, fresh);
    return fresh;
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

  /** May this member commit? Commits from outside (generation -1) are taken while nobody is in the group. */
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
    if (member !== undefined) group.heard(member);
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
    if (this.journal.entries.has(group.id)) this.journal.delete(group.id);
    if (group.kind === 'consumer') this.forgetConsumers(group.id);
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
      for (const [topic, partitions] of [...this.offsets.of(group.id)]) {
        for (const [partition, { committedMs, expiresMs }] of [...partitions]) {
          const untilMs = expiresMs ?? Math.max(committedMs, emptySinceMs) + retentionMs;
          if (untilMs <= nowMs) this.offsets.delete(group.id, topic, partition);
        }
      }
      if (this.offsets.of(group.id).size === 0) this.remove(group);
    }
  }

  close(): void {
    for (const group of this.groups.values()) group.close();
    this.journal.close();
    this.consumerJournal.close();
    this.offsets.close();
  }
}
