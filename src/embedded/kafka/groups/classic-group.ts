import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Clock } from '../../../support/clock.js';
import {
  type ClassicGroupFile,
  type ClassicMember,
  chosenProtocol,
  commonProtocols,
  type Downgraded,
  type JoinRequest,
  type JoinResult,
  memberFile,
  NO_JOIN,
  NO_SYNC,
  NOTHING,
  newMember,
  restoredMember,
  type SyncRequest,
  type SyncResult,
  sameProtocols,
} from './classic-member.js';
import { ClassicMembers } from './classic-members.js';

export type ClassicState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface GroupEnvironment {
  readonly clock: Clock;
  readonly newMemberId: (clientId: string) => string;
  readonly initialRebalanceDelayMs: () => number;
  readonly sizeMax: () => number;
  /** Called when the group has to be written: it became stable, or empty. False where that was not possible (a full disk). */
  readonly save: (group: ClassicGroup) => boolean;
}

/**
 * A group of the classic protocol. Its states:
 *
 * - Empty: no members; offsets may be there. A first JoinGroup leads to PreparingRebalance.
 * - PreparingRebalance: waits until every known member has joined again, at most as long as the longest rebalance
 *   timeout among them; who did not join by then is removed (static members stay). Then a new generation begins:
 *   the protocol that most members like is chosen, all joins are answered, the leader gets everybody's metadata.
 * - CompletingRebalance: waits for the leader's SyncGroup, which brings the assignment of all; the others' are answered with theirs.
 * - Stable: heartbeats are answered with no error. A member that rejoins, leaves or sends nothing for its session
 *   timeout leads back to PreparingRebalance, where heartbeats are answered REBALANCE_IN_PROGRESS.
 * - Dead: deleted.
 */
export class ClassicGroup {
  readonly kind = 'classic';
  state: ClassicState = 'Empty';
  generation = 0;
  protocolType: string | null = null;
  protocol: string | null = null;
  /** Since when it has no members; offsets expire by it. */
  emptySinceMs: number | undefined;
  readonly members: ClassicMembers;
  private stopRebalanceTimer: (() => void) | undefined;
  private stopSyncTimer: (() => void) | undefined;

  constructor(
    readonly id: string,
    private readonly environment: GroupEnvironment,
  ) {
    this.emptySinceMs = environment.clock.now();
    this.members = new ClassicMembers(environment.clock, (member) => {
      this.members.forget(member);
      this.afterLoss();
    });
  }

  static restore(id: string, file: ClassicGroupFile, environment: GroupEnvironment): ClassicGroup {
    const group = new ClassicGroup(id, environment);
    group.protocolType = file.protocolType;
    group.generation = file.generation;
    group.protocol = file.protocol;
    group.members.leader = file.leader;
    group.emptySinceMs = file.emptySinceMs ?? environment.clock.now();
    for (const member of file.members) group.addMember(restoredMember(member, file.protocol));
    if (group.members.size > 0) group.state = 'Stable';
    return group;
  }

  /** Of a group that spoke the consumer protocol until now: its members know nothing of that yet, and join again if `rebalance`. */
  static downgraded(id: string, from: Downgraded, rebalance: boolean, environment: GroupEnvironment): ClassicGroup {
    const group = ClassicGroup.restore(id, { ...from.file, members: [] }, environment);
    group.members.leader = from.file.leader;
    for (const member of from.members) group.addMember(member);
    group.state = 'Stable';
    if (rebalance) group.prepareRebalance();
    return group;
  }

  /** It becomes a group of the consumer protocol: who waits for an answer has to join that. */
  dissolve(): void {
    this.close();
    this.state = 'Dead';
    for (const member of this.members.values()) {
      member.joining?.({ ...NO_JOIN, error: 'REBALANCE_IN_PROGRESS', memberId: member.id });
      member.syncing?.({ ...NO_SYNC, error: 'REBALANCE_IN_PROGRESS' });
    }
  }

  file(): ClassicGroupFile {
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generation,
      protocol: this.protocol,
      leader: this.members.leader,
      emptySinceMs: this.emptySinceMs,
      members: this.members.values().map((member) => memberFile(member, this.protocol)),
    };
  }

  /** Whether this member may act; a static instance that was taken over by another process is fenced. */
  checkMember(memberId: string, instanceId: string | null): ErrorName | undefined {
    const found = this.find(memberId, instanceId);
    return typeof found === 'string' ? found : undefined;
  }

  private find(memberId: string, instanceId: string | null): ClassicMember | ErrorName {
    return this.state === 'Dead' ? 'COORDINATOR_NOT_AVAILABLE' : this.members.find(memberId, instanceId);
  }

  join(request: JoinRequest): JoinResult | Promise<JoinResult> {
    const refused = (error: ErrorName, memberId = request.memberId): JoinResult => ({ ...NO_JOIN, error, memberId });
    if (this.state === 'Dead') return refused('COORDINATOR_NOT_AVAILABLE');
    if (!this.accepts(request)) return refused('INCONSISTENT_GROUP_PROTOCOL');
    if (request.memberId === '') return this.joinNew(request, refused);
    if (this.members.takeUp(request.memberId)) return this.joinAs(request.memberId, request);
    const member = this.find(request.memberId, request.instanceId);
    return typeof member === 'string' ? refused(member) : this.joinAgain(member, request);
  }

  private accepts({ memberId, protocolType, protocols }: JoinRequest): boolean {
    if (protocolType === '' || protocols.length === 0) return false;
    if (this.members.size === 0) return true;
    if (protocolType !== this.protocolType) return false;
    const others = this.members.values().filter((member) => member.id !== memberId);
    return commonProtocols(protocols, others).length > 0;
  }

  private joinNew(
    request: JoinRequest,
    refused: (error: ErrorName, memberId?: string) => JoinResult,
  ): JoinResult | Promise<JoinResult> {
    const { instanceId } = request;
    const replaced = instanceId === null ? undefined : this.members.ofInstance(instanceId);
    if (replaced !== undefined) return this.replaceStatic(replaced, request);
    if (this.members.expected >= this.environment.sizeMax()) return refused('GROUP_MAX_SIZE_REACHED', '');
    const memberId = this.environment.newMemberId(instanceId ?? request.clientId);
    if (instanceId === null && request.idRequired) {
      this.members.giveOut(memberId, request.sessionTimeoutMs, () => this.completeJoinIfAllThere());
      return refused('MEMBER_ID_REQUIRED', memberId);
    }
    return this.joinAs(memberId, request);
  }

  private joinAs(memberId: string, request: JoinRequest): Promise<JoinResult> {
    const member = newMember(memberId, request);
    if (this.members.size === 0) this.protocolType = request.protocolType;
    this.addMember(member);
    return this.awaitJoin(member, () => this.prepareRebalance());
  }

  private addMember(member: ClassicMember): void {
    this.members.add(member);
    this.emptySinceMs = undefined;
  }

  /**
   * A static member that was started again takes its old place under a new id: its assignment continues without a
   * rebalance where the group is stable and its protocol stays what it is (KIP-345). Other metadata may differ: clients
   * put their generation into it, which a new process doesn't know.
   */
  private replaceStatic(old: ClassicMember, request: JoinRequest): JoinResult | Promise<JoinResult> {
    old.joining?.({ ...NO_JOIN, error: 'FENCED_INSTANCE_ID', memberId: old.id });
    old.syncing?.({ ...NO_SYNC, error: 'FENCED_INSTANCE_ID' });
    const member: ClassicMember = {
      ...old,
      id: this.environment.newMemberId(request.instanceId ?? request.clientId),
      clientId: request.clientId,
      clientHost: request.clientHost,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      joining: undefined,
      syncing: undefined,
      stopTimer: undefined,
    };
    member.protocols = request.protocols;
    const wasLeader = this.members.leader === old.id;
    this.members.replace(old, member);
    if (this.state === 'Stable' && this.choose() === this.protocol) {
      if (!this.environment.save(this)) {
        // The static member that was replaced stays what is on disk; its new process tries again.
        this.members.replace(member, { ...old, joining: undefined, syncing: undefined, stopTimer: undefined });
        return { ...NO_JOIN, error: 'NOT_COORDINATOR', memberId: request.memberId };
      }
      const leader = wasLeader && !request.canSkipAssignment ? old.id : (this.members.leader ?? '');
      return { ...this.currentGeneration(member, request), leader };
    }
    return this.awaitJoin(member, () => this.prepareRebalance());
  }

  private joinAgain(member: ClassicMember, request: JoinRequest): JoinResult | Promise<JoinResult> {
    const unchanged = sameProtocols(member.protocols, request.protocols);
    const update = (): void => {
      member.protocols = request.protocols;
      member.sessionTimeoutMs = request.sessionTimeoutMs;
      member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
      this.members.heard(member);
    };
    switch (this.state) {
      case 'PreparingRebalance':
        update();
        return this.awaitJoin(member, () => this.completeJoinIfAllThere());
      case 'CompletingRebalance':
        if (unchanged) return this.currentGeneration(member, request);
        update();
        return this.awaitJoin(member, () => this.prepareRebalance());
      default:
        // The leader joins again to have something new assigned; anybody else with the same metadata lost an answer.
        if (unchanged && member.id !== this.members.leader) return this.currentGeneration(member, request);
        update();
        return this.awaitJoin(member, () => this.prepareRebalance());
    }
  }

  private currentGeneration(member: ClassicMember, request: JoinRequest): JoinResult {
    const leads = member.id === this.members.leader;
    const skipAssignment = leads && this.state === 'Stable' && request.canSkipAssignment;
    return {
      error: undefined,
      generation: this.generation,
      protocolType: this.protocolType,
      protocol: this.protocol,
      leader: this.members.leader ?? '',
      skipAssignment,
      memberId: member.id,
      members: leads && (this.state === 'CompletingRebalance' || skipAssignment) ? this.metadata() : [],
    };
  }

  private awaitJoin(member: ClassicMember, then: () => void): Promise<JoinResult> {
    return new Promise((resolve) => {
      member.joining?.({ ...NO_JOIN, error: 'UNKNOWN_MEMBER_ID', memberId: member.id });
      member.joining = resolve;
      then();
    });
  }

  /** Answers those who wait for an assignment that will not come, and waits for everybody to join again. */
  private prepareRebalance(): void {
    const before = this.state;
    if (before === 'PreparingRebalance') {
      this.completeJoinIfAllThere();
      return;
    }
    this.stopSyncTimer?.();
    this.stopSyncTimer = undefined;
    for (const member of this.members.values()) {
      if (before === 'CompletingRebalance') member.assignment = NOTHING;
      member.syncing?.({ ...NO_SYNC, error: 'REBALANCE_IN_PROGRESS' });
      member.syncing = undefined;
    }
    this.state = 'PreparingRebalance';
    const delayMs = before === 'Empty' ? this.environment.initialRebalanceDelayMs() : 0;
    const timeoutMs = delayMs > 0 ? delayMs : this.members.longestRebalanceMs();
    this.stopRebalanceTimer?.();
    this.stopRebalanceTimer = this.environment.clock.schedule(timeoutMs, () => this.completeJoin());
    if (delayMs === 0) this.completeJoinIfAllThere();
  }

  private completeJoinIfAllThere(): void {
    if (this.state === 'PreparingRebalance' && this.members.haveAllJoined) this.completeJoin();
  }

  private completeJoin(): void {
    if (this.state !== 'PreparingRebalance') return;
    this.stopRebalanceTimer?.();
    this.stopRebalanceTimer = undefined;
    for (const member of this.members.values()) {
      if (member.joining === undefined && member.instanceId === null) this.members.forget(member);
    }
    this.generation++;
    if (this.members.size === 0) {
      this.becomeEmpty();
      return;
    }
    const leader = this.members.get(this.members.leader ?? '');
    if (leader?.joining === undefined) {
      const joined = this.members.values().find((member) => member.joining !== undefined);
      if (joined === undefined) {
        // Only static members that have not come back: they keep their place until their session ends.
        this.stopRebalanceTimer = this.environment.clock.schedule(this.members.longestRebalanceMs(), () =>
          this.completeJoin(),
        );
        this.generation--;
        return;
      }
      this.members.leader = joined.id;
    }
    this.protocol = this.choose();
    this.state = 'CompletingRebalance';
    this.answerJoins();
    this.stopSyncTimer = this.environment.clock.schedule(this.members.longestRebalanceMs(), () =>
      this.expireUnsynced(),
    );
  }

  private answerJoins(): void {
    for (const member of this.members.values()) {
      const answer = member.joining;
      member.joining = undefined;
      this.members.heard(member);
      answer?.({
        error: undefined,
        generation: this.generation,
        protocolType: this.protocolType,
        protocol: this.protocol,
        leader: this.members.leader ?? '',
        skipAssignment: false,
        memberId: member.id,
        members: member.id === this.members.leader ? this.metadata() : [],
      });
    }
  }

  private choose(): string {
    return chosenProtocol(this.members.values());
  }

  private metadata(): JoinResult['members'] {
    return this.members.metadata(this.protocol);
  }

  sync(request: SyncRequest): SyncResult | Promise<SyncResult> {
    const refused = (error: ErrorName): SyncResult => ({ ...NO_SYNC, error });
    const member = this.find(request.memberId, request.instanceId);
    if (typeof member === 'string') return refused(member);
    if (request.generation !== this.generation) return refused('ILLEGAL_GENERATION');
    if (differs(request.protocolType, this.protocolType) || differs(request.protocol, this.protocol)) {
      return refused('INCONSISTENT_GROUP_PROTOCOL');
    }
    if (this.state === 'PreparingRebalance') return refused('REBALANCE_IN_PROGRESS');
    if (this.state === 'Stable') {
      this.members.heard(member);
      return this.assigned(member);
    }
    if (this.state !== 'CompletingRebalance') return refused('UNKNOWN_MEMBER_ID');
    return new Promise((resolve) => {
      member.syncing?.({ ...NO_SYNC, error: 'UNKNOWN_MEMBER_ID' });
      member.syncing = resolve;
      this.members.heard(member);
      if (member.id === this.members.leader) this.completeSync(request.assignments);
    });
  }

  private assigned({ assignment }: ClassicMember): SyncResult {
    return { error: undefined, protocolType: this.protocolType, protocol: this.protocol, assignment };
  }

  private completeSync(assignments: ReadonlyMap<string, Buffer>): void {
    this.stopSyncTimer?.();
    this.stopSyncTimer = undefined;
    this.state = 'Stable';
    for (const member of this.members.values()) member.assignment = assignments.get(member.id) ?? NOTHING;
    if (!this.environment.save(this)) {
      this.refuseSyncs();
      return;
    }
    for (const member of this.members.values()) {
      const answer = member.syncing;
      member.syncing = undefined;
      this.members.heard(member);
      answer?.(this.assigned(member));
    }
  }

  /** An assignment that could not be stored is void: all members join again, as in Kafka. */
  private refuseSyncs(): void {
    this.state = 'CompletingRebalance';
    for (const member of this.members.values()) {
      member.syncing?.({ ...NO_SYNC, error: 'NOT_COORDINATOR' });
      member.syncing = undefined;
    }
    this.prepareRebalance();
  }

  /** A member that joined and never asked for its assignment is removed (a leader above all: no other member brings assignments). */
  private expireUnsynced(): void {
    if (this.state !== 'CompletingRebalance') return;
    for (const member of this.members.values()) if (member.syncing === undefined) this.members.forget(member);
    this.afterLoss();
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number): ErrorName | undefined {
    const member = this.find(memberId, instanceId);
    if (typeof member === 'string') return member;
    if (generation !== this.generation) return 'ILLEGAL_GENERATION';
    this.members.heard(member);
    return this.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : undefined;
  }

  /** By member id, or by instance id where the member id is empty (an administrator removes a static member). */
  leave(memberId: string, instanceId: string | null): ErrorName | undefined {
    if (this.members.takeUp(memberId)) {
      this.completeJoinIfAllThere();
      return undefined;
    }
    const id = memberId === '' && instanceId !== null ? (this.members.ofInstance(instanceId)?.id ?? '') : memberId;
    const member = this.find(id, instanceId);
    if (typeof member === 'string') return member;
    this.members.forget(member);
    this.afterLoss();
    return undefined;
  }

  private afterLoss(): void {
    if (this.state === 'Stable' || this.state === 'CompletingRebalance') {
      if (this.members.size > 0) this.prepareRebalance();
      else {
        this.generation++;
        this.becomeEmpty();
      }
    } else if (this.state === 'PreparingRebalance') this.completeJoinIfAllThere();
  }

  private becomeEmpty(): void {
    this.stopRebalanceTimer?.();
    this.stopSyncTimer?.();
    this.state = 'Empty';
    this.protocol = null;
    this.members.leader = null;
    this.emptySinceMs = this.environment.clock.now();
    this.environment.save(this); // where it cannot be, a restart finds the old members, whose sessions then end
  }

  /** Of a group of consumers: the topics that its members named when they joined. */
  subscribedTopics(): ReadonlySet<string> {
    return this.protocolType === 'consumer' ? this.members.topics(this.protocol) : new Set();
  }

  /** Ends all timers; waiting members are left to their connections. */
  close(): void {
    this.stopRebalanceTimer?.();
    this.stopSyncTimer?.();
    this.members.close();
  }
}

const differs = (said: string | null, actual: string | null): boolean => said !== null && said !== actual;
