import type { ErrorName } from '../../../protocol/kafka/errors.js';
import {
  commonProtocols,
  type JoinRequest,
  type JoinResult,
  NO_JOIN,
  NO_SYNC,
  NOTHING,
  type SyncRequest,
  type SyncResult,
} from './classic-member.js';
import type { ConsumerGroup } from './consumer-group.js';
import { type ConsumerMember, newConsumerMember } from './consumer-member.js';
import { decodeSubscription, type EmbeddedSubscription, encodeAssignment } from './embedded-protocol.js';

const PROTOCOL_TYPE = 'consumer';

/**
 * Members of the classic protocol in a group of the consumer protocol, as KIP-848 has it for groups that move from one
 * to the other. The broker assigns, so nobody leads: a join is answered at once with the member's epoch as generation,
 * a sync with what is assigned to it. A heartbeat calls it to join again where the group's epoch is ahead, where it has
 * something to give up (which it does by joining without that), and where what it waited for became free.
 */
export class TranslatedMembers {
  constructor(private readonly group: ConsumerGroup) {}

  join(request: JoinRequest): JoinResult {
    const { group } = this;
    const refused = (error: ErrorName, memberId = request.memberId): JoinResult => ({ ...NO_JOIN, error, memberId });
    const isNew = request.memberId === '' || !group.members.has(request.memberId);
    if (isNew && group.members.size >= group.environment.sizeMax()) return refused('GROUP_MAX_SIZE_REACHED', '');
    const subscription = this.accepted(request);
    if (subscription === undefined) return refused('INCONSISTENT_GROUP_PROTOCOL');
    if (request.memberId === '' && request.instanceId === null && request.idRequired) {
      return refused('MEMBER_ID_REQUIRED', group.environment.newMemberId());
    }
    const replaced = group.memberOfInstance(request.instanceId);
    const member = this.joining(request, replaced);
    if (typeof member === 'string') return refused(member);
    this.update(member, request, subscription);
    group.heard(member);
    group.retarget();
    group.reconcile(member, subscription.owned);
    const answer = joined(member);
    if (replaced !== undefined && replaced.classic === undefined && group.isLeftToClassic()) {
      if (group.environment.downgrade(group, false)) return answer;
    }
    if (!group.save()) return refused('NOT_COORDINATOR');
    this.awaitTurn(member, 'anew');
    return answer;
  }

  /** What it subscribes to; undefined where it has no protocol that the others of its kind have too. */
  private accepted({ protocolType, protocols }: JoinRequest): EmbeddedSubscription | undefined {
    const others = [...this.group.members.values()].flatMap(({ classic }) => classic ?? []);
    const [first] = protocols;
    if (protocolType !== PROTOCOL_TYPE || first === undefined || commonProtocols(protocols, others).length === 0) {
      return undefined;
    }
    try {
      return decodeSubscription(first.metadata, this.group.environment.names);
    } catch {
      return undefined;
    }
  }

  private joining(request: JoinRequest, replaced: ConsumerMember | undefined): ConsumerMember | ErrorName {
    const { group } = this;
    const { memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs } = request;
    if (memberId !== '') {
      if (instanceId !== null && replaced === undefined) return 'UNKNOWN_MEMBER_ID';
      if (instanceId !== null && replaced?.id !== memberId) return 'FENCED_INSTANCE_ID';
      const known = group.members.get(memberId);
      if (known !== undefined) return known;
    }
    const id = memberId === '' ? group.environment.newMemberId() : memberId;
    const subscription = replaced?.subscription ?? group.subscriptions.of([], undefined);
    const base = { id, instanceId, rackId: null, clientId, clientHost, rebalanceTimeoutMs, assignor: null };
    if (replaced === undefined) {
      const member = newConsumerMember({ ...base, subscription });
      group.add(member);
      group.outdated = true;
      return member;
    }
    // A static member that was started again goes on with what it had, whatever protocol it spoke before.
    const { waiting, revoking } = replaced;
    const target = group.target.get(replaced.id) ?? new Set();
    group.forget(replaced);
    const member = newConsumerMember({ ...replaced, ...base, subscription, waiting, revoking, epoch: group.epoch });
    member.away = false;
    group.target.set(id, target);
    group.add(member);
    return member;
  }

  private update(member: ConsumerMember, request: JoinRequest, { topics, rackId }: EmbeddedSubscription): void {
    const { group } = this;
    const subscription = group.subscriptions.of(topics, undefined);
    if (member.subscription !== subscription) group.outdated = true;
    member.subscription = subscription;
    member.classic = { sessionTimeoutMs: request.sessionTimeoutMs, protocols: request.protocols };
    member.rackId = rackId ?? member.rackId;
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    member.clientId = request.clientId;
    member.clientHost = request.clientHost;
    group.unsaved.metadata.add(member.id);
  }

  sync({ memberId, instanceId, generation, protocolType, protocol }: SyncRequest): SyncResult {
    const refused = (error: ErrorName): SyncResult => ({ ...NO_SYNC, error });
    const member = this.find(memberId, instanceId, generation);
    if (typeof member === 'string') return refused(member);
    const [own] = member.classic?.protocols ?? [];
    if (protocolType !== null && protocolType !== PROTOCOL_TYPE) return refused('INCONSISTENT_GROUP_PROTOCOL');
    if (protocol !== null && protocol !== own?.name) return refused('INCONSISTENT_GROUP_PROTOCOL');
    // One that has something to give up has joined for that: it gets the rest first.
    if (this.group.epoch > member.epoch && member.revoking.size === 0) {
      this.awaitTurn(member, 'unless it does');
      return refused('REBALANCE_IN_PROGRESS');
    }
    member.stopTurn?.();
    member.stopTurn = undefined;
    this.group.heard(member);
    const assignment = encodeAssignment(member.assigned, own?.metadata ?? NOTHING, this.group.environment.names);
    return { error: undefined, protocolType, protocol, assignment };
  }

  heartbeat(memberId: string, instanceId: string | null, generation: number): ErrorName | undefined {
    const { group } = this;
    const member = this.find(memberId, instanceId, generation);
    if (typeof member === 'string') return member;
    group.heard(member);
    const rejoins = member.epoch < group.epoch || member.revoking.size > 0 || (member.waiting && group.isFree(member));
    if (!rejoins) return undefined;
    this.awaitTurn(member, 'unless it does');
    return 'REBALANCE_IN_PROGRESS';
  }

  private find(memberId: string, instanceId: string | null, generation: number): ConsumerMember | ErrorName {
    const { group } = this;
    const member = instanceId === null ? group.members.get(memberId) : group.memberOfInstance(instanceId);
    if (member === undefined) return 'UNKNOWN_MEMBER_ID';
    if (member.id !== memberId) return 'FENCED_INSTANCE_ID';
    if (member.classic === undefined) return 'UNKNOWN_MEMBER_ID';
    return member.epoch === generation ? member : 'ILLEGAL_GENERATION';
  }

  /** It has to join, or having joined to sync, within its rebalance timeout; `unless it does`: a wait goes on. */
  private awaitTurn(member: ConsumerMember, which: 'anew' | 'unless it does'): void {
    if (member.stopTurn !== undefined && which === 'unless it does') return;
    member.stopTurn?.();
    const { clock } = this.group.environment;
    member.stopTurn = clock.schedule(member.rebalanceTimeoutMs, () => this.group.remove(member));
  }
}

const joined = (member: ConsumerMember): JoinResult => ({
  ...NO_JOIN,
  generation: member.epoch,
  protocolType: PROTOCOL_TYPE,
  protocol: member.classic?.protocols[0]?.name ?? null,
  memberId: member.id,
});
