import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { NamePattern } from '../name-pattern.js';
import type { ClassicFace, MemberAssignment, MemberMetadata } from './consumer-group-file.js';
import type { Subscription } from './subscriptions.js';
import type { PartitionKey } from './uniform-assignor.js';

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
  /** Of the topics that match patterns, the group gets those that whoever sends this may describe. */
  readonly mayDescribe: (topic: string) => boolean;
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
  /** Undefined of a member that speaks the consumer protocol. */
  classic: ClassicFace | undefined;
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
  /** Ends the time that a member of the classic protocol has to join again or to fetch its assignment. */
  stopTurn: (() => void) | undefined;
}

export interface HeartbeatResult {
  readonly error: ErrorName | undefined;
  readonly message?: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  /** Undefined where it did not change. */
  readonly assignment: ReadonlySet<PartitionKey> | undefined;
}

type NewMember = Pick<ConsumerMember, 'id' | 'instanceId' | 'rackId' | 'clientId' | 'clientHost'> &
  Pick<ConsumerMember, 'rebalanceTimeoutMs' | 'subscription' | 'assignor'> &
  Partial<ConsumerMember>;

export const newConsumerMember = (given: NewMember): ConsumerMember => ({
  classic: undefined,
  epoch: 0,
  previousEpoch: -1,
  assigned: new Set(),
  revoking: new Set(),
  waiting: false,
  away: false,
  ...given,
  deadlineMs: 0,
  stopTimer: undefined,
  stopRevocation: undefined,
  stopTurn: undefined,
});

export function stopTimers(member: ConsumerMember): void {
  member.stopTimer?.();
  member.stopRevocation?.();
  member.stopTurn?.();
}

export function metadataOf(member: ConsumerMember): MemberMetadata {
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, assignor, classic = null } = member;
  const { topicNames, pattern } = member.subscription;
  const topicRegex = pattern?.source ?? null;
  return { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, assignor, topicNames, topicRegex, classic };
}

export function assignmentOf({ epoch, previousEpoch, waiting, assigned, revoking }: ConsumerMember): MemberAssignment {
  return { epoch, previousEpoch, waiting, assigned: [...assigned], revoking: [...revoking] };
}
