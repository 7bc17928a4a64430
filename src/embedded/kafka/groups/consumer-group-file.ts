import type { MemberProtocol } from './classic-member.js';
import type { PartitionKey } from './uniform-assignor.js';

/** What is kept of a group of the consumer protocol: enough to go on after a restart of the broker. */

/** What is known of a member that speaks the classic protocol. */
export interface ClassicFace {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly MemberProtocol[];
}

export interface MemberMetadata {
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly topicNames: readonly string[];
  readonly topicRegex: string | null;
  readonly assignor: string | null;
  /** Null of a member that speaks the consumer protocol. */
  readonly classic: ClassicFace | null;
}

export interface MemberAssignment {
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly assigned: readonly PartitionKey[];
  /** What it was told to give up and has not yet. */
  readonly revoking: readonly PartitionKey[];
  /** Some of its target still belongs to others. */
  readonly waiting: boolean;
}

/** What of a member has to be written: what is absent did not change; null metadata: the member is gone. */
export interface MemberChange {
  readonly id: string;
  readonly metadata?: MemberMetadata | null;
  readonly target?: readonly PartitionKey[];
  readonly assignment?: MemberAssignment;
}

/** What a regular expression of the group matches; null topics: no member has it any more. */
export interface PatternChange {
  readonly regex: string;
  readonly topics: readonly string[] | null;
}

export interface GroupChanges {
  /** The group's, undefined where it did not change. */
  readonly epoch: number | undefined;
  readonly members: readonly MemberChange[];
  readonly patterns: readonly PatternChange[];
}

export interface StoredMember {
  readonly metadata: MemberMetadata | undefined;
  readonly target: readonly PartitionKey[];
  readonly assignment: MemberAssignment;
}

export interface StoredConsumerGroup {
  readonly epoch: number;
  /** When its last epoch was written: a group without members has been empty since then. */
  readonly emptySinceMs: number;
  readonly members: ReadonlyMap<string, StoredMember>;
  /** The topics that each regular expression matched. */
  readonly patterns: ReadonlyMap<string, readonly string[]>;
}
