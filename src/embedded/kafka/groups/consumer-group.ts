import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import type { NamePattern } from '../name-pattern.js';
import type { Topic } from '../topics/topic.js';
import type { GroupChanges, StoredConsumerGroup, StoredMember } from './consumer-group-file.js';
import {
  type ConsumerHeartbeat,
  type ConsumerMember,
  type HeartbeatResult,
  newConsumerMember,
  stopTimers,
} from './consumer-member.js';
import type { TopicNames } from './embedded-protocol.js';
import { Subscriptions } from './subscriptions.js';
import { TranslatedMembers } from './translated-members.js';
import { assignRanges, assignUniformly, type PartitionKey, type Target } from './uniform-assignor.js';
import { UnsavedChanges } from './unsaved-changes.js';

export const ASSIGNORS = ['uniform', 'range'] as const;

export interface ConsumerEnvironment {
  readonly clock: Clock;
  readonly sessionTimeoutMs: (groupId: string) => number;
  readonly sizeMax: () => number;
  readonly topics: () => readonly Topic[];
  readonly names: TopicNames;
  readonly newMemberId: () => string;
  /** Grows whenever a topic or a partition comes or goes. */
  readonly topicsVersion: () => number;
  /** Stores what changed. False where that was not possible (a full disk); it is tried again with the next change. */
  readonly save: (group: ConsumerGroup, changes: GroupChanges) => boolean;
  /**
   * Only members of the classic protocol are left: where the migration policy allows it, the group becomes one of the
   * classic protocol, in which they join again if `rebalance` says so, and this one is done with. False where it stays.
   */
  readonly downgrade: (group: ConsumerGroup, rebalance: boolean) => boolean;
}

const JOIN = 0;
const LEAVE = -1;
const LEAVE_FOR_A_WHILE = -2;

/**
 * A group of the consumer protocol (KIP-848): the broker assigns. The group's epoch grows with every change of members,
 * subscriptions or topics, and a target assignment belongs to each epoch. A member moves from its epoch to the group's by heartbeats:
 *
 * 1. It has partitions that are not in its target: it is told the rest, and keeps its epoch until it says (by what it
 *    owns) that it gave them up; if it does not within its rebalance timeout, it is removed.
 * 2. Then it gets its target, except what other members have not given up yet, and the new epoch. It gets the rest as that becomes free.
 *
 * Members of the classic protocol may be among them while a group moves from one protocol to the other: `classic` serves
 * them. When the last member of the consumer protocol goes, the group becomes a classic one.
 */
export class ConsumerGroup {
  readonly kind = 'consumer';
  epoch = 0;
  emptySinceMs: number;
  readonly members = new Map<string, ConsumerMember>();
  target: Target = new Map();
  readonly subscriptions = new Subscriptions();
  readonly classic: TranslatedMembers;
  /** Members, their subscriptions or their assignors are not those that the target was made for. */
  outdated = false;
  /** Who holds a partition: it is assigned to that member, or not given up by it yet. */
  private readonly owners = new Map<PartitionKey, ConsumerMember>();
  readonly unsaved = new UnsavedChanges();

  constructor(
    readonly id: string,
    readonly environment: ConsumerEnvironment,
  ) {
    this.emptySinceMs = environment.clock.now();
    this.classic = new TranslatedMembers(this);
  }

  /** `patterns` are the compiled regular expressions of the members. */
  static restore(
    id: string,
    file: StoredConsumerGroup,
    patterns: ReadonlyMap<string, NamePattern>,
    environment: ConsumerEnvironment,
  ): ConsumerGroup {
    const group = new ConsumerGroup(id, environment);
    group.epoch = file.epoch;
    group.emptySinceMs = file.emptySinceMs;
    group.unsaved.restore(file);
    for (const [memberId, member] of file.members) group.restoreMember(memberId, member, patterns);
    group.subscriptions.resolve(environment.topics, environment.topicsVersion());
    // Topics may have changed after the last target was stored.
    let targeted = 0;
    for (const keys of group.target.values()) targeted += keys.size;
    let existing = 0;
    for (const count of group.subscriptions.partitionCounts().values()) existing += count;
    group.outdated = targeted !== existing;
    return group;
  }

  private restoreMember(id: string, file: StoredMember, patterns: ReadonlyMap<string, NamePattern>): void {
    if (file.metadata === undefined) return;
    const { topicNames, topicRegex, classic, ...rest } = file.metadata;
    const { epoch, assigned, revoking } = file.assignment;
    const pattern = topicRegex === null ? undefined : patterns.get(topicRegex);
    const member = newConsumerMember({
      ...rest,
      ...file.assignment,
      id,
      classic: classic ?? undefined,
      subscription: this.subscriptions.of(topicNames, pattern, this.unsaved.matched(topicRegex ?? '')),
      assigned: new Set(assigned),
      revoking: new Set(revoking),
      away: epoch === LEAVE_FOR_A_WHILE,
    });
    this.members.set(id, member);
    this.target.set(id, new Set(file.target));
    for (const key of [...assigned, ...revoking]) this.owners.set(key, member);
    if (revoking.length > 0) this.awaitRevocation(member);
    this.heard(member);
  }

  get state(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.members.size === 0) return 'Empty';
    for (const { epoch, revoking, waiting } of this.members.values()) {
      if (epoch !== this.epoch || revoking.size > 0 || waiting) return 'Reconciling';
    }
    return 'Stable';
  }

  get assignor(): string {
    const votes = [...this.members.values()].map(({ assignor }) => assignor).filter((name) => name !== null);
    return votes.filter((name) => name === 'range').length * 2 > votes.length ? 'range' : 'uniform';
  }

  checkEpoch(memberId: string, epoch: number): ErrorName | undefined {
    const member = this.members.get(memberId);
    if (member === undefined) return 'UNKNOWN_MEMBER_ID';
    if (member.epoch === epoch) return undefined;
    return member.classic === undefined ? 'STALE_MEMBER_EPOCH' : 'ILLEGAL_GENERATION';
  }

  heartbeat(beat: ConsumerHeartbeat): HeartbeatResult {
    const refused = (error: ErrorName, message = ''): HeartbeatResult => ({
      error,
      message,
      memberId: beat.memberId,
      memberEpoch: 0,
      assignment: undefined,
    });
    if (beat.memberEpoch === LEAVE || beat.memberEpoch === LEAVE_FOR_A_WHILE) return this.depart(beat, refused);
    const member = beat.memberEpoch === JOIN ? this.joined(beat) : this.members.get(beat.memberId);
    if (typeof member === 'string') return refused(member);
    if (member === undefined) return refused('UNKNOWN_MEMBER_ID');
    if (beat.memberEpoch !== JOIN && beat.memberEpoch !== member.epoch && !isRetry(beat, member)) {
      return refused('FENCED_MEMBER_EPOCH', `The member's epoch is ${member.epoch}.`);
    }
    this.update(member, beat);
    this.heard(member);
    this.retarget(beat.mayDescribe);
    const changed = this.reconcile(member, beat.owned);
    if (!this.save()) return refused('NOT_COORDINATOR', 'The group could not be stored.');
    const full = beat.memberEpoch === JOIN || beat.topicNames !== null || isRetry(beat, member);
    return {
      error: undefined,
      memberId: member.id,
      memberEpoch: member.epoch,
      assignment: changed || full ? member.assigned : undefined,
    };
  }

  private joined(beat: ConsumerHeartbeat): ConsumerMember | ErrorName {
    const known = this.members.get(beat.memberId);
    if (known !== undefined) return known;
    const old = this.memberOfInstance(beat.instanceId);
    if (old !== undefined && !old.away && old.classic === undefined) return 'UNRELEASED_INSTANCE_ID';
    if (old === undefined && this.members.size >= this.environment.sizeMax()) return 'GROUP_MAX_SIZE_REACHED';
    const { memberId: id, instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, assignor } = beat;
    const subscription = old?.subscription ?? this.subscriptions.of([], undefined);
    const made = { id, instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, subscription, assignor };
    const member = newConsumerMember(made);
    if (old !== undefined) {
      this.target.set(member.id, this.target.get(old.id) ?? new Set());
      this.forget(old);
    }
    this.add(member);
    this.outdated ||= old === undefined;
    return member;
  }

  memberOfInstance(instanceId: string | null): ConsumerMember | undefined {
    if (instanceId === null) return undefined;
    return [...this.members.values()].find((member) => member.instanceId === instanceId);
  }

  /** A member that was not there; what is said to be assigned to it is taken as free. */
  add(member: ConsumerMember): void {
    this.members.set(member.id, member);
    for (const key of [...member.assigned, ...member.revoking]) this.owners.set(key, member);
    this.unsaved.metadata.add(member.id);
    this.unsaved.target.add(member.id);
    this.unsaved.assignment.add(member.id);
  }

  /** An administrator removes a member, by its id or its instance's. */
  leave(memberId: string, instanceId: string | null): ErrorName | undefined {
    const member =
      memberId === '' && instanceId !== null
        ? [...this.members.values()].find((one) => one.instanceId === instanceId)
        : this.members.get(memberId);
    if (member === undefined) return 'UNKNOWN_MEMBER_ID';
    if (instanceId !== null && member.instanceId !== instanceId) return 'FENCED_INSTANCE_ID';
    this.remove(member);
    return undefined;
  }

  private depart(beat: ConsumerHeartbeat, refused: (error: ErrorName) => HeartbeatResult): HeartbeatResult {
    const member = this.members.get(beat.memberId);
    if (member === undefined) return refused('UNKNOWN_MEMBER_ID');
    if (beat.memberEpoch === LEAVE_FOR_A_WHILE && member.instanceId !== null) {
      member.away = true;
      member.epoch = LEAVE_FOR_A_WHILE;
      this.unsaved.assignment.add(member.id);
      if (!this.save()) return refused('NOT_COORDINATOR');
    } else this.remove(member);
    return { error: undefined, memberId: member.id, memberEpoch: beat.memberEpoch, assignment: undefined };
  }

  private update(member: ConsumerMember, beat: ConsumerHeartbeat): void {
    const { subscription, assignor, classic } = member;
    member.classic = undefined;
    member.stopTurn?.();
    member.stopTurn = undefined;
    member.clientId = beat.clientId;
    member.clientHost = beat.clientHost;
    if (beat.rebalanceTimeoutMs > 0) member.rebalanceTimeoutMs = beat.rebalanceTimeoutMs;
    if (beat.rackId !== null) member.rackId = beat.rackId;
    if (beat.assignor !== null) member.assignor = beat.assignor;
    if (beat.topicNames !== null || beat.topicPattern !== null) {
      const pattern = beat.topicPattern === null ? subscription.pattern : beat.topicPattern;
      member.subscription = this.subscriptions.of(beat.topicNames ?? subscription.topicNames, pattern);
    }
    const same = member.subscription === subscription && member.assignor === assignor;
    if (same && classic === undefined) return;
    this.outdated ||= !same;
    this.unsaved.metadata.add(member.id);
  }

  /**
   * A new epoch and target where members, subscriptions or topics are not those of the last one. A heartbeat that
   * changes nothing must stay cheap, however many members and topics there are.
   */
  retarget(mayDescribe?: (topic: string) => boolean): void {
    if (this.outdated) this.subscriptions.keep([...this.members.values()].map(({ subscription }) => subscription));
    const { topics, topicsVersion } = this.environment;
    const changed = this.subscriptions.resolve(topics, topicsVersion(), mayDescribe);
    if (!changed && !this.outdated) return;
    this.outdated = false;
    this.epoch++;
    const counts = this.subscriptions.partitionCounts();
    const members = [...this.members.values()].map(({ id, subscription }) => ({ id, topics: subscription.topicIds }));
    const assign = this.assignor === 'range' ? assignRanges : assignUniformly;
    const before = this.target;
    this.target = assign(members, counts, before);
    for (const [id, keys] of this.target) if (!sameElements(keys, before.get(id))) this.unsaved.target.add(id);
  }

  /** `owned`: what the member says it has, null where it says nothing. True where its assignment changed. */
  reconcile(member: ConsumerMember, owned: readonly PartitionKey[] | null): boolean {
    const holds = (keys: ReadonlySet<PartitionKey>): boolean => owned === null || owned.some((key) => keys.has(key));
    if (member.revoking.size > 0) {
      if (holds(member.revoking)) return false;
      this.release(member, member.revoking);
      member.revoking.clear();
      member.stopRevocation?.();
      member.stopRevocation = undefined;
    } else if (member.epoch === this.epoch && !member.waiting) return false;
    const target = this.target.get(member.id) ?? new Set<PartitionKey>();
    const revoked = new Set([...member.assigned].filter((key) => !target.has(key)));
    for (const key of revoked) member.assigned.delete(key);
    if (revoked.size > 0 && holds(revoked)) {
      member.revoking = revoked;
      this.unsaved.assignment.add(member.id);
      this.awaitRevocation(member);
      return true;
    }
    this.release(member, revoked);
    return this.advance(member, target) || revoked.size > 0;
  }

  /** Gives a member what of its target is free, and the group's epoch. True where it got something. */
  private advance(member: ConsumerMember, target: ReadonlySet<PartitionKey>): boolean {
    const before = member.assigned.size;
    const waited = member.waiting;
    member.waiting = !this.isFree(member);
    for (const key of target) {
      const owner = this.owners.get(key);
      if (owner !== undefined && owner !== member) continue;
      member.assigned.add(key);
      this.owners.set(key, member);
    }
    if (member.epoch !== this.epoch) {
      member.previousEpoch = member.epoch;
      member.epoch = this.epoch;
      this.unsaved.assignment.add(member.id);
    }
    if (member.assigned.size !== before || member.waiting !== waited) this.unsaved.assignment.add(member.id);
    return member.assigned.size !== before;
  }

  /** Whether no other member holds anything of its target. */
  isFree(member: ConsumerMember): boolean {
    for (const key of this.target.get(member.id) ?? []) {
      const owner = this.owners.get(key);
      if (owner !== undefined && owner !== member) return false;
    }
    return true;
  }

  private awaitRevocation(member: ConsumerMember): void {
    const { clock } = this.environment;
    member.stopRevocation = clock.schedule(member.rebalanceTimeoutMs, () => this.remove(member));
  }

  private release(member: ConsumerMember, keys: Iterable<PartitionKey>): void {
    for (const key of keys) if (this.owners.get(key) === member) this.owners.delete(key);
  }

  /** The member is alive: its session begins anew. */
  heard(member: ConsumerMember): void {
    const { clock } = this.environment;
    const sessionMs = member.classic?.sessionTimeoutMs ?? this.environment.sessionTimeoutMs(this.id);
    member.deadlineMs = clock.monotonic() + sessionMs;
    if (member.stopTimer !== undefined) return;
    const watch = (ms: number): void => {
      member.stopTimer = clock.schedule(ms, () => {
        const leftMs = member.deadlineMs - clock.monotonic();
        if (leftMs > 0) watch(leftMs);
        else this.remove(member);
      });
    };
    watch(sessionMs);
  }

  forget(member: ConsumerMember): void {
    stopTimers(member);
    this.release(member, member.assigned);
    this.release(member, member.revoking);
    this.members.delete(member.id);
    this.target.delete(member.id);
    this.unsaved.metadata.add(member.id);
  }

  remove(member: ConsumerMember): void {
    this.forget(member);
    if (member.classic === undefined && this.isLeftToClassic() && this.environment.downgrade(this, true)) return;
    this.outdated = true;
    if (this.members.size > 0) this.retarget();
    else {
      this.epoch++;
      this.emptySinceMs = this.environment.clock.now();
      this.subscriptions.keep([]);
    }
    this.save();
  }

  /** Whether there are members, all of them of the classic protocol. */
  isLeftToClassic(): boolean {
    return this.members.size > 0 && [...this.members.values()].every(({ classic }) => classic !== undefined);
  }

  /** Writes what changed since the last time; false where that was not possible. */
  save(): boolean {
    const { epoch, members, target } = this;
    const now = { epoch, members, target, patterns: () => this.subscriptions.patterns() };
    return this.unsaved.save(now, (changes) => this.environment.save(this, changes));
  }

  /** What is on disk of it: these members' records, and these patterns'. */
  stored(): { readonly members: ReadonlySet<string>; readonly patterns: Iterable<string> } {
    return this.unsaved.stored(this.members.keys());
  }

  subscribedTopics(): ReadonlySet<string> {
    return new Set([...this.members.values()].flatMap(({ subscription }) => subscription.topicNames));
  }

  close(): void {
    for (const member of this.members.values()) stopTimers(member);
  }
}

/** The answer to the heartbeat before was lost: the member has the epoch before, and nothing that it was not given. */
const isRetry = ({ memberEpoch, owned }: ConsumerHeartbeat, member: ConsumerMember): boolean =>
  memberEpoch !== JOIN &&
  memberEpoch === member.previousEpoch &&
  memberEpoch !== member.epoch &&
  owned?.every((key) => member.assigned.has(key)) !== false;

const sameElements = <T>(a: ReadonlySet<T>, b: ReadonlySet<T> | undefined): boolean =>
  a.size === b?.size && [...a].every((element) => b.has(element));
