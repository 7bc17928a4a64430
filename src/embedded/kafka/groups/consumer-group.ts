import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import type { NamePattern } from '../name-pattern.js';
import type { Topic } from '../topics/topic.js';
import type { GroupChanges, MemberChange, StoredConsumerGroup, StoredMember } from './consumer-group-file.js';
import { type Subscription, Subscriptions } from './subscriptions.js';
import { assignRanges, assignUniformly, type PartitionKey, type Target } from './uniform-assignor.js';

export const ASSIGNORS = ['uniform', 'range'] as const;

export interface ConsumerHeartbeat {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly rebalanceTimeoutMs: number;
  /** Null where nothing changed since the last heartbeat. */
  readonly topicNames: readonly string[] | null;
  /** Null where it did not change, undefined where the member subscribes to no pattern. */
  readonly topicPattern: NamePattern | null | undefined;
  readonly assignor: string | null;
  /** What the member has, null where nothing changed. */
  readonly owned: readonly PartitionKey[] | null;
  readonly clientId: string;
  readonly clientHost: string;
}

export interface ConsumerMember {
  readonly id: string;
  instanceId: string | null;
  rackId: string | null;
  clientId: string;
  clientHost: string;
  rebalanceTimeoutMs: number;
  subscription: Subscription;
  assignor: string | null;
  epoch: number;
  previousEpoch: number;
  assigned: Set<PartitionKey>;
  /** What it was told to give up and has not yet. */
  revoking: Set<PartitionKey>;
  /** Some of its target still belongs to others. */
  waiting: boolean;
  /** A static member that left for a while: its place is kept until its session ends. */
  away: boolean;
  deadlineMs: number;
  stopTimer: (() => void) | undefined;
  stopRevocation: (() => void) | undefined;
}

export interface HeartbeatResult {
  readonly error: ErrorName | undefined;
  readonly message?: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  /** Undefined where it did not change. */
  readonly assignment: ReadonlySet<PartitionKey> | undefined;
}

export interface ConsumerEnvironment {
  readonly clock: Clock;
  readonly sessionTimeoutMs: (groupId: string) => number;
  readonly sizeMax: () => number;
  readonly topics: () => readonly Topic[];
  /** Grows whenever a topic or a partition comes or goes. */
  readonly topicsVersion: () => number;
  /** Stores what changed. False where that was not possible (a full disk); it is tried again with the next change. */
  readonly save: (group: ConsumerGroup, changes: GroupChanges) => boolean;
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
 */
export class ConsumerGroup {
  readonly kind = 'consumer';
  epoch = 0;
  emptySinceMs: number;
  readonly members = new Map<string, ConsumerMember>();
  target: Target = new Map();
  private readonly subscriptions = new Subscriptions();
  /** Members, their subscriptions or their assignors are not those that the target was made for. */
  private outdated = false;
  /** Who holds a partition: it is assigned to that member, or not given up by it yet. */
  private readonly owners = new Map<PartitionKey, ConsumerMember>();
  /** Members of which something is not on disk as it is now, by what it is. */
  private readonly unsaved = { metadata: new Set<string>(), target: new Set<string>(), assignment: new Set<string>() };
  private epochSaved = 0;

  constructor(
    readonly id: string,
    private readonly environment: ConsumerEnvironment,
  ) {
    this.emptySinceMs = environment.clock.now();
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
    group.epochSaved = file.epoch;
    group.emptySinceMs = file.emptySinceMs;
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
    const { topicNames, topicRegex, ...rest } = file.metadata;
    const { epoch, previousEpoch, assigned, revoking, waiting } = file.assignment;
    const pattern = topicRegex === null ? undefined : patterns.get(topicRegex);
    const member: ConsumerMember = {
      ...rest,
      ...{ id, epoch, previousEpoch, waiting },
      subscription: this.subscriptions.of(topicNames, pattern),
      assigned: new Set(assigned),
      revoking: new Set(revoking),
      away: epoch === LEAVE_FOR_A_WHILE,
      deadlineMs: 0,
      stopTimer: undefined,
      stopRevocation: undefined,
    };
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
    return member.epoch === epoch ? undefined : 'STALE_MEMBER_EPOCH';
  }

  heartbeat(beat: ConsumerHeartbeat): HeartbeatResult {
    const refused = (error: ErrorName, message = ''): HeartbeatResult => ({
      error,
      message,
      memberId: beat.memberId,
      memberEpoch: 0,
      assignment: undefined,
    });
    if (beat.assignor !== null && !ASSIGNORS.some((name) => name === beat.assignor)) {
      return refused('UNSUPPORTED_ASSIGNOR', `Only ${ASSIGNORS.join(', ')} are supported.`);
    }
    if (beat.memberEpoch === LEAVE || beat.memberEpoch === LEAVE_FOR_A_WHILE) return this.depart(beat, refused);
    const member = beat.memberEpoch === JOIN ? this.joined(beat) : this.members.get(beat.memberId);
    if (typeof member === 'string') return refused(member);
    if (member === undefined) return refused('UNKNOWN_MEMBER_ID');
    if (beat.memberEpoch !== JOIN && beat.memberEpoch !== member.epoch && !isRetry(beat, member)) {
      return refused('FENCED_MEMBER_EPOCH', `The member's epoch is ${member.epoch}.`);
    }
    this.update(member, beat);
    this.heard(member);
    this.retarget();
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
    const old = [...this.members.values()].find(
      ({ instanceId }) => instanceId !== null && instanceId === beat.instanceId,
    );
    if (old !== undefined && !old.away) return 'UNRELEASED_INSTANCE_ID';
    if (old === undefined && this.members.size >= this.environment.sizeMax()) return 'GROUP_MAX_SIZE_REACHED';
    const member: ConsumerMember = {
      id: beat.memberId,
      instanceId: beat.instanceId,
      rackId: beat.rackId,
      clientId: beat.clientId,
      clientHost: beat.clientHost,
      rebalanceTimeoutMs: beat.rebalanceTimeoutMs,
      subscription: old?.subscription ?? this.subscriptions.of([], undefined),
      assignor: beat.assignor,
      epoch: 0,
      previousEpoch: -1,
      assigned: new Set(),
      revoking: new Set(),
      waiting: false,
      away: false,
      deadlineMs: 0,
      stopTimer: undefined,
      stopRevocation: undefined,
    };
    if (old !== undefined) {
      this.target.set(member.id, this.target.get(old.id) ?? new Set());
      this.forget(old);
    } else this.outdated = true;
    this.members.set(member.id, member);
    this.unsaved.metadata.add(member.id);
    this.unsaved.target.add(member.id);
    this.unsaved.assignment.add(member.id);
    return member;
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
    const { subscription, assignor } = member;
    member.clientId = beat.clientId;
    member.clientHost = beat.clientHost;
    if (beat.rebalanceTimeoutMs > 0) member.rebalanceTimeoutMs = beat.rebalanceTimeoutMs;
    if (beat.rackId !== null) member.rackId = beat.rackId;
    if (beat.assignor !== null) member.assignor = beat.assignor;
    if (beat.topicNames !== null || beat.topicPattern !== null) {
      const pattern = beat.topicPattern === null ? subscription.pattern : beat.topicPattern;
      member.subscription = this.subscriptions.of(beat.topicNames ?? subscription.topicNames, pattern);
    }
    if (member.subscription === subscription && member.assignor === assignor) return;
    this.outdated = true;
    this.unsaved.metadata.add(member.id);
  }

  /**
   * A new epoch and target where members, subscriptions or topics are not those of the last one. A heartbeat that
   * changes nothing must stay cheap, however many members and topics there are.
   */
  private retarget(): void {
    if (this.outdated) this.subscriptions.keep([...this.members.values()].map(({ subscription }) => subscription));
    const { topics, topicsVersion } = this.environment;
    const changed = this.subscriptions.resolve(topics, topicsVersion());
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

  /** True where its assignment changed. */
  private reconcile(member: ConsumerMember, owned: readonly PartitionKey[] | null): boolean {
    if (member.revoking.size > 0) {
      if (owned === null || owned.some((key) => member.revoking.has(key))) return false;
      this.release(member, member.revoking);
      member.revoking.clear();
      member.stopRevocation?.();
      member.stopRevocation = undefined;
    } else if (member.epoch === this.epoch && !member.waiting) return false;
    const target = this.target.get(member.id) ?? new Set<PartitionKey>();
    const revoked = [...member.assigned].filter((key) => !target.has(key));
    if (revoked.length > 0) {
      for (const key of revoked) member.assigned.delete(key);
      member.revoking = new Set(revoked);
      this.unsaved.assignment.add(member.id);
      this.awaitRevocation(member);
      return true;
    }
    const before = member.assigned.size;
    member.waiting = false;
    for (const key of target) {
      const owner = this.owners.get(key);
      if (owner !== undefined && owner !== member) member.waiting = true;
      else {
        member.assigned.add(key);
        this.owners.set(key, member);
      }
    }
    if (member.epoch !== this.epoch) {
      member.previousEpoch = member.epoch;
      member.epoch = this.epoch;
      this.unsaved.assignment.add(member.id);
    }
    if (member.assigned.size === before) return false;
    this.unsaved.assignment.add(member.id);
    return true;
  }

  private awaitRevocation(member: ConsumerMember): void {
    const { clock } = this.environment;
    member.stopRevocation = clock.schedule(member.rebalanceTimeoutMs, () => this.remove(member));
  }

  private release(member: ConsumerMember, keys: Iterable<PartitionKey>): void {
    for (const key of keys) if (this.owners.get(key) === member) this.owners.delete(key);
  }

  private heard(member: ConsumerMember): void {
    const { clock, sessionTimeoutMs } = this.environment;
    member.deadlineMs = clock.monotonic() + sessionTimeoutMs(this.id);
    if (member.stopTimer !== undefined) return;
    const watch = (ms: number): void => {
      member.stopTimer = clock.schedule(ms, () => {
        const leftMs = member.deadlineMs - clock.monotonic();
        if (leftMs > 0) watch(leftMs);
        else this.remove(member);
      });
    };
    watch(sessionTimeoutMs(this.id));
  }

  private forget(member: ConsumerMember): void {
    member.stopTimer?.();
    member.stopRevocation?.();
    this.release(member, member.assigned);
    this.release(member, member.revoking);
    this.members.delete(member.id);
    this.target.delete(member.id);
    this.unsaved.metadata.add(member.id);
  }

  private remove(member: ConsumerMember): void {
    this.forget(member);
    this.outdated = true;
    if (this.members.size > 0) this.retarget();
    else {
      this.epoch++;
      this.emptySinceMs = this.environment.clock.now();
    }
    this.save();
  }

  /** Writes what changed since the last time; false where that was not possible. */
  private save(): boolean {
    const { metadata, target, assignment } = this.unsaved;
    const ids = new Set([...metadata, ...target, ...assignment]);
    if (ids.size === 0 && this.epochSaved === this.epoch) return true;
    const members = [...ids].map((id) => this.changesOf(id));
    const epoch = this.epochSaved === this.epoch ? undefined : this.epoch;
    if (!this.environment.save(this, { epoch, members })) return false;
    for (const saved of [metadata, target, assignment]) saved.clear();
    this.epochSaved = this.epoch;
    return true;
  }

  private changesOf(id: string): MemberChange {
    const member = this.members.get(id);
    if (member === undefined) return { id, metadata: null };
    const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, assignor } = member;
    const { epoch, previousEpoch, waiting } = member;
    const topicRegex = member.subscription.pattern?.source ?? null;
    const { topicNames } = member.subscription;
    const shared = { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, assignor };
    const state = { epoch, previousEpoch, waiting };
    return {
      id,
      ...(this.unsaved.metadata.has(id) && { metadata: { ...shared, topicNames, topicRegex } }),
      ...(this.unsaved.target.has(id) && { target: [...(this.target.get(id) ?? [])] }),
      ...(this.unsaved.assignment.has(id) && {
        assignment: { ...state, assigned: [...member.assigned], revoking: [...member.revoking] },
      }),
    };
  }

  subscribedTopics(): ReadonlySet<string> {
    return new Set([...this.members.values()].flatMap(({ subscription }) => subscription.topicNames));
  }

  close(): void {
    for (const member of this.members.values()) {
      member.stopTimer?.();
      member.stopRevocation?.();
    }
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
