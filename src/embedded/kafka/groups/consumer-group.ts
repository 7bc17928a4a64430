import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import type { Topic } from '../topics/topic.js';
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
  readonly topicRegex: string | null;
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
  topicNames: readonly string[];
  topicRegex: string;
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
  readonly sessionTimeoutMs: () => number;
  readonly sizeMax: () => number;
  readonly topics: () => readonly Topic[];
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
  /** The topics and partition counts that the target was made for. */
  private basis = '';

  constructor(
    readonly id: string,
    private readonly environment: ConsumerEnvironment,
  ) {
    this.emptySinceMs = environment.clock.now();
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
    if (!this.update(member, beat)) return refused('INVALID_REGULAR_EXPRESSION', `${beat.topicRegex} is not valid`);
    this.heard(member);
    this.retarget();
    const changed = this.reconcile(member, beat.owned);
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
      topicNames: old?.topicNames ?? [],
      topicRegex: old?.topicRegex ?? '',
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
    } else this.basis = ''; // a new member: a new target
    this.members.set(member.id, member);
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
    } else this.remove(member);
    return { error: undefined, memberId: member.id, memberEpoch: beat.memberEpoch, assignment: undefined };
  }

  /** False where its regular expression is none. */
  private update(member: ConsumerMember, beat: ConsumerHeartbeat): boolean {
    if (beat.topicRegex !== null && beat.topicRegex !== '' && patternOf(beat.topicRegex) === undefined) return false;
    member.clientId = beat.clientId;
    member.clientHost = beat.clientHost;
    if (beat.rebalanceTimeoutMs > 0) member.rebalanceTimeoutMs = beat.rebalanceTimeoutMs;
    if (beat.topicNames !== null) member.topicNames = beat.topicNames;
    if (beat.topicRegex !== null) member.topicRegex = beat.topicRegex;
    if (beat.assignor !== null) member.assignor = beat.assignor;
    if (beat.rackId !== null) member.rackId = beat.rackId;
    return true;
  }

  /** A new epoch and target where members, subscriptions or topics are not those of the last one. */
  private retarget(): void {
    const topics = this.environment.topics();
    const counts = new Map<string, number>();
    const members = [...this.members.values()].map(({ id, topicNames, topicRegex }) => {
      const pattern = topicRegex === '' ? undefined : patternOf(topicRegex);
      const read = topics.filter(({ name }) => topicNames.includes(name) || pattern?.test(name) === true);
      for (const topic of read) counts.set(topic.id, topic.partitions);
      return { id, topics: new Set(read.map((topic) => topic.id)) };
    });
    const basis = JSON.stringify([
      this.assignor,
      [...counts],
      members.map(({ id, topics: read }) => [this.members.get(id)?.instanceId ?? id, [...read]]),
    ]);
    if (basis === this.basis) return;
    this.basis = basis;
    this.epoch++;
    this.target =
      this.assignor === 'range' ? assignRanges(members, counts) : assignUniformly(members, counts, this.target);
  }

  /** True where its assignment changed. */
  private reconcile(member: ConsumerMember, owned: readonly PartitionKey[] | null): boolean {
    if (member.revoking.size > 0) {
      if (owned === null || owned.some((key) => member.revoking.has(key))) return false;
      member.revoking.clear();
      member.stopRevocation?.();
      member.stopRevocation = undefined;
    } else if (member.epoch === this.epoch && !member.waiting) return false;
    const target = this.target.get(member.id) ?? new Set<PartitionKey>();
    const revoked = [...member.assigned].filter((key) => !target.has(key));
    if (revoked.length > 0) {
      for (const key of revoked) member.assigned.delete(key);
      member.revoking = new Set(revoked);
      member.stopRevocation = this.environment.clock.schedule(member.rebalanceTimeoutMs, () => this.remove(member));
      return true;
    }
    const taken = this.takenByOthers(member);
    const before = member.assigned.size;
    member.waiting = false;
    for (const key of target) {
      if (taken.has(key)) member.waiting = true;
      else member.assigned.add(key);
    }
    if (member.epoch !== this.epoch) {
      member.previousEpoch = member.epoch;
      member.epoch = this.epoch;
    }
    return member.assigned.size !== before;
  }

  private takenByOthers(member: ConsumerMember): Set<PartitionKey> {
    const taken = new Set<PartitionKey>();
    for (const other of this.members.values()) {
      if (other === member) continue;
      for (const key of other.assigned) taken.add(key);
      for (const key of other.revoking) taken.add(key);
    }
    return taken;
  }

  private heard(member: ConsumerMember): void {
    const { clock, sessionTimeoutMs } = this.environment;
    member.deadlineMs = clock.now() + sessionTimeoutMs();
    if (member.stopTimer !== undefined) return;
    const watch = (ms: number): void => {
      member.stopTimer = clock.schedule(ms, () => {
        const leftMs = member.deadlineMs - clock.now();
        if (leftMs > 0) watch(leftMs);
        else this.remove(member);
      });
    };
    watch(sessionTimeoutMs());
  }

  private forget(member: ConsumerMember): void {
    member.stopTimer?.();
    member.stopRevocation?.();
    this.members.delete(member.id);
    this.target.delete(member.id);
  }

  private remove(member: ConsumerMember): void {
    this.forget(member);
    this.basis = '';
    if (this.members.size > 0) this.retarget();
    else {
      this.epoch++;
      this.emptySinceMs = this.environment.clock.now();
    }
  }

  subscribedTopics(): ReadonlySet<string> {
    return new Set([...this.members.values()].flatMap(({ topicNames }) => topicNames));
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

/** Kafka uses RE2; what both know is what people write. */
function patternOf(regex: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${regex})$`);
  } catch {
    return undefined;
  }
}
