import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import { type ClassicMember, type JoinResult, NO_JOIN, NO_SYNC, NOTHING, topicsOf } from './classic-member.js';

/**
 * Who belongs to a group of the classic protocol, and under which ids: members while their sessions last, the places of static
 * ones (KIP-345), and ids that were given out and not used yet (KIP-394). What follows when somebody comes or goes is the group's.
 */
export class ClassicMembers {
  /** The first that came, or whom the group has chosen; where it goes, the first that is left. */
  leader: string | null = null;
  private readonly byId = new Map<string, ClassicMember>();
  private readonly byInstance = new Map<string, ClassicMember>();
  private readonly unused = new Map<string, () => void>();

  constructor(
    private readonly clock: Clock,
    private readonly sessionEnded: (member: ClassicMember) => void,
  ) {}

  get size(): number {
    return this.byId.size;
  }

  /** With the ids that were given out. */
  get expected(): number {
    return this.byId.size + this.unused.size;
  }

  get(id: string): ClassicMember | undefined {
    return this.byId.get(id);
  }

  values(): readonly ClassicMember[] {
    return [...this.byId.values()];
  }

  ofInstance(instanceId: string): ClassicMember | undefined {
    return this.byInstance.get(instanceId);
  }

  /** The member that speaks; a static instance that was taken over by another process is fenced. */
  find(memberId: string, instanceId: string | null): ClassicMember | ErrorName {
    const member = instanceId === null ? this.byId.get(memberId) : this.byInstance.get(instanceId);
    if (member === undefined) return 'UNKNOWN_MEMBER_ID';
    return member.id === memberId ? member : 'FENCED_INSTANCE_ID';
  }

  add(member: ClassicMember): void {
    this.byId.set(member.id, member);
    if (member.instanceId !== null) this.byInstance.set(member.instanceId, member);
    this.leader ??= member.id;
    this.heard(member);
  }

  /** The other takes its place, also as the leader. */
  replace(member: ClassicMember, by: ClassicMember): void {
    member.stopTimer?.();
    this.byId.delete(member.id);
    if (this.leader === member.id) this.leader = by.id;
    this.add(by);
  }

  forget(member: ClassicMember): void {
    member.stopTimer?.();
    member.joining?.({ ...NO_JOIN, error: 'UNKNOWN_MEMBER_ID', memberId: member.id });
    member.syncing?.({ ...NO_SYNC, error: 'UNKNOWN_MEMBER_ID' });
    member.joining = undefined;
    member.syncing = undefined;
    this.byId.delete(member.id);
    if (member.instanceId !== null && this.byInstance.get(member.instanceId) === member)
      this.byInstance.delete(member.instanceId);
    if (this.leader === member.id) this.leader = this.byId.keys().next().value ?? null;
  }

  /** An id that somebody was told to join with. */
  giveOut(id: string, timeoutMs: number, expired: () => void): void {
    const stop = this.clock.schedule(timeoutMs, () => {
      this.unused.delete(id);
      expired();
    });
    this.unused.set(id, stop);
  }

  /** False where this id was not given out, or is used already. */
  takeUp(id: string): boolean {
    this.unused.get(id)?.();
    return this.unused.delete(id);
  }

  get haveAllJoined(): boolean {
    if (this.unused.size > 0) return false;
    for (const { joining } of this.byId.values()) if (joining === undefined) return false;
    return true;
  }

  /** The member is alive: its session begins anew. One timer a member; a heartbeat only moves the deadline. */
  heard(member: ClassicMember): void {
    const { clock } = this;
    member.deadlineMs = clock.monotonic() + member.sessionTimeoutMs;
    if (member.stopTimer !== undefined) return;
    const watch = (ms: number): void => {
      member.stopTimer = clock.schedule(ms, () => {
        const leftMs = member.deadlineMs - clock.monotonic();
        // Who waits for the answer to a join cannot send heartbeats; the rebalance has its own end.
        const waits = member.joining !== undefined;
        if (leftMs > 0 || waits) watch(waits ? member.sessionTimeoutMs : leftMs);
        else this.sessionEnded(member);
      });
    };
    watch(member.sessionTimeoutMs);
  }

  longestRebalanceMs(): number {
    let longest = 0;
    for (const { rebalanceTimeoutMs } of this.byId.values()) longest = Math.max(longest, rebalanceTimeoutMs);
    return longest;
  }

  /** What the leader assigns by. */
  metadata(protocol: string | null): JoinResult['members'] {
    return this.values().map((member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      metadata: metadataOf(member, protocol) ?? NOTHING,
    }));
  }

  /** Of consumers: the topics that they named when they joined. */
  topics(protocol: string | null): ReadonlySet<string> {
    const named = this.values().flatMap((member) => {
      const metadata = metadataOf(member, protocol);
      return metadata === undefined ? [] : [...topicsOf(metadata)];
    });
    return new Set(named);
  }

  /** Ends all timers; waiting members are left to their connections. */
  close(): void {
    for (const stop of this.unused.values()) stop();
    for (const member of this.byId.values()) member.stopTimer?.();
  }
}

const metadataOf = ({ protocols }: ClassicMember, protocol: string | null): Buffer | undefined =>
  protocols.find(({ name }) => name === protocol)?.metadata;
