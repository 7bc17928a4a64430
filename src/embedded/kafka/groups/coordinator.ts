import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../clock.js';
import { Journal } from '../log/journal.js';
import type { BrokerSettings } from '../topics/settings.js';
import { ClassicGroup, type ClassicGroupFile, type GroupEnvironment } from './classic-group.js';
import { OffsetStore } from './offset-store.js';

interface CoordinatorContext {
  readonly clock: Clock;
  readonly settings: BrokerSettings;
}

/** All groups and their offsets. One node coordinates all of them. */
export class GroupCoordinator {
  readonly offsets: OffsetStore;
  private readonly groups = new Map<string, ClassicGroup>();
  private readonly journal: Journal<ClassicGroupFile>;
  private readonly environment: GroupEnvironment;

  constructor(
    dir: string,
    private readonly context: CoordinatorContext,
  ) {
    this.offsets = new OffsetStore(join(dir, 'offsets.jsonl'));
    this.journal = new Journal(join(dir, 'groups.jsonl'));
    const { settings } = context;
    this.environment = {
      clock: context.clock,
      newMemberId: (clientId) => `${clientId}-${randomUUID()}`,
      initialRebalanceDelayMs: () => settings.number('group.initial.rebalance.delay.ms'),
      sizeMax: () => settings.number('group.max.size'),
      save: (group) => this.journal.set(group.id, group.file()),
    };
    for (const [id, file] of this.journal.entries) {
      this.groups.set(id, ClassicGroup.restore(id, file, this.environment));
    }
    for (const id of this.offsets.groupIds()) this.groupOrNew(id);
  }

  /** The group that a member of the classic protocol talks to. */
  classic(id: string): ClassicGroup | ErrorName {
    return this.groups.get(id) ?? 'UNKNOWN_MEMBER_ID';
  }

  /** A join makes the group where a new member comes. */
  classicForJoin(id: string, memberId: string): ClassicGroup | ErrorName {
    if (memberId !== '' && !this.groups.has(id)) return 'UNKNOWN_MEMBER_ID';
    return this.groupOrNew(id);
  }

  leave(id: string, memberId: string, instanceId: string | null): ErrorName | undefined {
    const group = this.groups.get(id);
    return group === undefined ? 'UNKNOWN_MEMBER_ID' : group.leave(memberId, instanceId);
  }

  list(): Array<{ groupId: string; protocolType: string; groupState: string; groupType: string }> {
    return [...this.groups.values()].map(({ id, protocolType, state }) => ({
      groupId: id,
      protocolType: protocolType ?? '',
      groupState: state,
      groupType: 'classic',
    }));
  }

  /** A commit from outside makes the group. */
  touch(id: string): void {
    this.groupOrNew(id);
  }

  checkOffsetFetch(_id: string, _memberId: string | null, _memberEpoch: number): ErrorName | undefined {
    return undefined;
  }

  /** What the members of a group read: offsets of these topics cannot be deleted. */
  subscribedTopics(id: string): ReadonlySet<string> | ErrorName {
    const group = this.groups.get(id);
    if (group === undefined) return 'GROUP_ID_NOT_FOUND';
    return group.subscribedTopics();
  }

  groupOrNew(id: string): ClassicGroup {
    let group = this.groups.get(id);
    if (group === undefined) {
      group = new ClassicGroup(id, this.environment);
      this.groups.set(id, group);
    }
    return group;
  }

  all(): ClassicGroup[] {
    return [...this.groups.values()];
  }

  /** May this member commit? Commits from outside (generation -1) are taken while nobody is in the group. */
  checkCommit(
    id: string,
    memberId: string,
    instanceId: string | null,
    generation: number,
    _version: number,
  ): ErrorName | undefined {
    const group = this.groups.get(id);
    if (generation < 0) {
      if (group === undefined || group.state === 'Empty') return undefined;
      return memberId === '' && instanceId === null ? 'UNKNOWN_MEMBER_ID' : group.checkMember(memberId, instanceId);
    }
    if (group === undefined) return 'ILLEGAL_GENERATION';
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

  private remove(group: ClassicGroup): void {
    group.state = 'Dead';
    group.close();
    this.groups.delete(group.id);
    this.offsets.deleteGroup(group.id);
    if (this.journal.entries.has(group.id)) this.journal.delete(group.id);
  }

  /** Offsets of groups without members expire; a group that has none left goes. */
  expire(): void {
    const retentionMs = this.context.settings.number('offsets.retention.minutes') * 60_000;
    const before = this.context.clock.now() - retentionMs;
    for (const group of this.all()) {
      if (group.state !== 'Empty' || (group.emptySinceMs ?? before) >= before) continue;
      for (const [topic, partitions] of [...this.offsets.of(group.id)]) {
        for (const [partition, { committedMs }] of [...partitions]) {
          if (committedMs < before) this.offsets.delete(group.id, topic, partition);
        }
      }
      if (this.offsets.of(group.id).size === 0) this.remove(group);
    }
  }

  close(): void {
    for (const group of this.groups.values()) group.close();
    this.journal.close();
    this.offsets.close();
  }
}
