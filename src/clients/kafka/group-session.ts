import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { heartbeat } from '../../protocol/kafka/messages/heartbeat.js';
import { joinGroup } from '../../protocol/kafka/messages/join-group.js';
import { leaveGroup } from '../../protocol/kafka/messages/leave-group.js';
import { syncGroup } from '../../protocol/kafka/messages/sync-group.js';
import type { Api, Decoded, Fields, Given } from '../../protocol/kafka/schema.js';
import type { Connections } from './cluster.js';
import type { GroupSession, GroupSessionOptions } from './contract.js';
import type { Groups, Membership } from './groups.js';
import { hasCode, throwIfError } from './kafka-errors.js';

const SESSION_TIMEOUT_MS = 45_000;
const HEARTBEAT_MS = 1_000;
/** An answer that is younger says that the session cannot have ended since. */
const CONFIRMED_MS = 3 * HEARTBEAT_MS;
/** How long the broker waits for the other members to join again. */
const REBALANCE_TIMEOUT_MS = 60_000;

/** What an answer may take beyond that. */
const ANSWER_MS = 5_000;

const COORDINATOR_ERRORS: ReadonlySet<number> = new Set([
  ERROR_CODES.COORDINATOR_LOAD_IN_PROGRESS,
  ERROR_CODES.COORDINATOR_NOT_AVAILABLE,
  ERROR_CODES.NOT_COORDINATOR,
]);

/** What a group says to a process that is no longer one of its members. */
const EXPELLED = ['UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'ILLEGAL_GENERATION'] as const;

type Joined = Decoded<(typeof joinGroup)['response']>;

/**
 * One member of a classic group, whatever the group shares. States: outside → joining (JoinGroup, SyncGroup; a leader
 * assigns) → member, with heartbeats, until the broker rebalances the group or expels the member: then it is outside
 * again. A joining member's answer may take a minute, so each member has connections of its own.
 */
export class ClassicGroupSession implements GroupSession {
  private memberId = '';
  private generation = -1;
  /** Of the last assignment. */
  private assigned: { readonly memberId: string; readonly generation: number } | undefined;
  missedNone = false;
  private timer: NodeJS.Timeout | undefined;
  private beating = false;
  private joining = false;
  /** That it has to join again. */
  private told = false;
  private left = false;
  /** When the coordinator was last asked something that it answered as to a member. */
  private confirmedMs = Number.NEGATIVE_INFINITY;
  private expelling: Promise<void> | undefined;

  constructor(
    private readonly connections: Connections,
    private readonly groups: Groups,
    private readonly options: GroupSessionOptions,
    private readonly onClose: () => void,
  ) {}

  get membership(): Membership {
    return {
      generationIdOrMemberEpoch: this.generation,
      memberId: this.memberId,
      groupInstanceId: this.options.instanceId ?? null,
    };
  }

  /** By the clock of this side, which is the stricter one: the coordinator counts from when it has got the question. */
  isMember(): boolean {
    const { sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.options;
    return !this.left && performance.now() - this.confirmedMs < sessionTimeoutMs;
  }

  async join(signal: AbortSignal): Promise<Buffer> {
    clearInterval(this.timer);
    this.joining = true;
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.left) throw new Error(`left group ${this.options.group}`);
        const mine = await this.attempt();
        if (mine !== undefined) return mine;
      }
    } finally {
      this.joining = false;
    }
  }

  /** Undefined: the group has moved on meanwhile, and another attempt is due. */
  private async attempt(): Promise<Buffer | undefined> {
    try {
      await this.expelling;
      const joined = await this.sendJoin();
      if (joined === undefined) return undefined;
      const mine = await this.sync(joined);
      this.startHeartbeats();
      return mine;
    } catch (failure) {
      if (EXPELLED.some((name) => hasCode(failure, name))) this.expelled();
      if (hasCode(failure, 'UNKNOWN_MEMBER_ID')) this.memberId = '';
      else if (!hasCode(failure, 'REBALANCE_IN_PROGRESS') && !hasCode(failure, 'ILLEGAL_GENERATION')) throw failure;
      return undefined;
    }
  }

  private expelled(): void {
    if (this.confirmedMs === Number.NEGATIVE_INFINITY) return; // it has been told, or has had nothing yet
    this.confirmedMs = Number.NEGATIVE_INFINITY;
    const { onExpelled } = this.options;
    this.expelling ??= onExpelled?.().finally(() => {
      this.expelling = undefined;
    });
  }

  async leave(): Promise<void> {
    if (this.left) return;
    this.left = true;
    clearInterval(this.timer);
    this.onClose();
    try {
      // A broker that still answers a JoinGroup would answer a LeaveGroup after it: closing the connection has to do.
      if (this.memberId !== '' && !this.joining) await this.sendLeave();
    } finally {
      this.connections.close();
    }
  }

  /** Without a member id of its own the broker hands one out, to be used in a second attempt (KIP-394). */
  private async sendJoin(): Promise<Joined | undefined> {
    const { group, instanceId, protocol, sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.options;
    const answer = await this.call(joinGroup, {
      groupId: group,
      sessionTimeoutMs,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      memberId: this.memberId,
      groupInstanceId: instanceId ?? null,
      protocolType: protocol.type,
      protocols: [{ name: protocol.name, metadata: protocol.metadata() }],
    });
    if (answer.errorCode === ERROR_CODES.MEMBER_ID_REQUIRED) {
      this.memberId = answer.memberId;
      return undefined;
    }
    throwIfError(answer.errorCode, undefined, `joining group ${group}`);
    this.memberId = answer.memberId;
    this.generation = answer.generationId;
    return answer;
  }

  private async sync(joined: Joined): Promise<Buffer> {
    const { group, instanceId, protocol } = this.options;
    const leads = joined.leader === joined.memberId && !joined.skipAssignment;
    const assignments = leads ? await protocol.assign(joined.members, joined.memberId) : [];
    const askedMs = performance.now();
    const answer = await this.call(syncGroup, {
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: instanceId ?? null,
      protocolType: protocol.type,
      protocolName: protocol.name,
      assignments,
    });
    throwIfError(answer.errorCode, undefined, `synchronising group ${group}`);
    this.confirmedMs = askedMs;
    const { assigned, memberId, generation } = this;
    this.missedNone = assigned?.memberId === memberId && generation <= assigned.generation + 1;
    this.assigned = { memberId, generation };
    return answer.assignment;
  }

  private startHeartbeats(): void {
    clearInterval(this.timer);
    this.told = false;
    this.timer = setInterval(() => {
      if (this.beating) return;
      this.beating = true;
      this.beat().finally(() => {
        this.beating = false;
      });
    }, HEARTBEAT_MS);
  }

  private async beat(): Promise<void> {
    const { generation, memberId } = this;
    let code: number;
    try {
      code = await this.sendHeartbeat();
    } catch {
      return; // unreachable: the next heartbeat, commit or fetch finds out whether that lasts
    }
    if (this.joining || generation !== this.generation || memberId !== this.memberId) return;
    if (code === ERROR_CODES.NONE) return;
    const isKnown = code === ERROR_CODES.REBALANCE_IN_PROGRESS;
    if (!isKnown) this.expelled();
    if (code === ERROR_CODES.UNKNOWN_MEMBER_ID) this.memberId = '';
    // Who has to finish something first stays a member meanwhile: so heartbeats go on until it joins again.
    if (!isKnown) clearInterval(this.timer);
    if (this.told) return;
    this.told = true;
    this.options.onRebalance();
  }

  async confirm(): Promise<void> {
    const { group } = this.options;
    if (this.memberId === '') throwIfError(ERROR_CODES.UNKNOWN_MEMBER_ID, undefined, `group ${group}`);
    if (performance.now() - this.confirmedMs < CONFIRMED_MS) return;
    const code = await this.sendHeartbeat();
    // While a rebalance is being prepared, what was assigned is still this member's.
    if (code !== ERROR_CODES.REBALANCE_IN_PROGRESS) throwIfError(code, undefined, `group ${group}`);
  }

  private async sendHeartbeat(): Promise<number> {
    const { group, instanceId } = this.options;
    const { generation, memberId } = this;
    const askedMs = performance.now();
    const value = { groupId: group, generationId: generation, memberId, groupInstanceId: instanceId ?? null };
    const { errorCode } = await this.call(heartbeat, value);
    const isMember = errorCode === ERROR_CODES.NONE || errorCode === ERROR_CODES.REBALANCE_IN_PROGRESS;
    if (isMember && generation === this.generation && memberId === this.memberId) this.confirmedMs = askedMs;
    return errorCode;
  }

  private async sendLeave(): Promise<void> {
    const { group, instanceId } = this.options;
    const { memberId } = this;
    await this.call(leaveGroup, {
      groupId: group,
      memberId,
      members: [{ memberId, groupInstanceId: instanceId ?? null, reason: 'the member is being closed' }],
    });
  }

  private call<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    value: Given<Request>,
  ): Promise<Decoded<Response>> {
    const { group } = this.options;
    return this.groups.atCoordinator(group, async (broker) => {
      const answer = await this.connections.call(broker, api, value, { timeoutMs: REBALANCE_TIMEOUT_MS + ANSWER_MS });
      // Of a coordinator that is still loading, or is another one by now: asked again. All else is the group's own matter.
      const { errorCode } = answer as { readonly errorCode?: number };
      if (errorCode !== undefined && COORDINATOR_ERRORS.has(errorCode))
        throwIfError(errorCode, undefined, `group ${group}`);
      return answer;
    });
  }
}
