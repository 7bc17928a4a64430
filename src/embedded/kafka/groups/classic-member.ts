import { decodeStruct } from '../../../protocol/kafka/codec.js';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import { subscription } from '../../../protocol/kafka/messages/consumer-protocol.js';

export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface JoinRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** The client can handle MEMBER_ID_REQUIRED (version 4 and later). */
  readonly idRequired: boolean;
  /** The client can be told not to assign (version 9 and later, KIP-814). */
  readonly canSkipAssignment: boolean;
}

export interface JoinResult {
  readonly error: ErrorName | undefined;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  readonly members: ReadonlyArray<{
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly metadata: Buffer;
  }>;
}

export interface SyncRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly assignments: ReadonlyMap<string, Buffer>;
}

export interface SyncResult {
  readonly error: ErrorName | undefined;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly assignment: Buffer;
}

export interface ClassicMember {
  readonly id: string;
  readonly instanceId: string | null;
  clientId: string;
  clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly MemberProtocol[];
  assignment: Buffer;
  joining: ((result: JoinResult) => void) | undefined;
  syncing: ((result: SyncResult) => void) | undefined;
  deadlineMs: number;
  stopTimer: (() => void) | undefined;
}

export interface ClassicMemberFile {
  readonly id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Its metadata for the group's protocol: of the others none is kept, as in Kafka. */
  readonly subscription: Buffer;
  readonly assignment: Buffer;
}

/** What is kept of a group: enough for its members to go on after the broker was started again. */
export interface ClassicGroupFile {
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  readonly emptySinceMs: number | undefined;
  readonly members: readonly ClassicMemberFile[];
}

export const NOTHING = Buffer.alloc(0);

export const NO_JOIN: JoinResult = {
  error: undefined,
  generation: -1,
  protocolType: null,
  protocol: null,
  leader: '',
  skipAssignment: false,
  memberId: '',
  members: [],
};

export const NO_SYNC: SyncResult = { error: undefined, protocolType: null, protocol: null, assignment: NOTHING };

type Joining = Pick<JoinRequest, 'instanceId' | 'clientId' | 'clientHost' | 'protocols'> &
  Pick<JoinRequest, 'sessionTimeoutMs' | 'rebalanceTimeoutMs'>;

export const newMember = (id: string, request: Joining): ClassicMember => ({
  id,
  instanceId: request.instanceId,
  clientId: request.clientId,
  clientHost: request.clientHost,
  sessionTimeoutMs: request.sessionTimeoutMs,
  rebalanceTimeoutMs: request.rebalanceTimeoutMs,
  protocols: request.protocols,
  assignment: NOTHING,
  joining: undefined,
  syncing: undefined,
  deadlineMs: 0,
  stopTimer: undefined,
});

export function memberFile(member: ClassicMember, protocol: string | null): ClassicMemberFile {
  const { id, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, assignment } = member;
  const subscription = member.protocols.find(({ name }) => name === protocol)?.metadata ?? NOTHING;
  return { id, instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, subscription, assignment };
}

export const restoredMember = (
  { subscription, ...rest }: ClassicMemberFile,
  protocol: string | null,
): ClassicMember => ({
  ...rest,
  protocols: protocol === null ? [] : [{ name: protocol, metadata: subscription }],
  joining: undefined,
  syncing: undefined,
  deadlineMs: 0,
  stopTimer: undefined,
});

/** The protocols among these that every member has. */
export const commonProtocols = (
  protocols: readonly MemberProtocol[],
  members: ReadonlyArray<{ readonly protocols: readonly MemberProtocol[] }>,
): readonly MemberProtocol[] =>
  protocols.filter(({ name }) => members.every((member) => member.protocols.some((own) => own.name === name)));

/** Every member votes for the first of its protocols that all members know. */
export function chosenProtocol(members: readonly ClassicMember[]): string {
  const votes = new Map<string, number>();
  for (const { protocols } of members) {
    const [favourite] = commonProtocols(protocols, members);
    if (favourite !== undefined) votes.set(favourite.name, (votes.get(favourite.name) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, at) => one.name === b[at]?.name && one.metadata.equals(b[at]?.metadata ?? NOTHING))
  );
}

/** All versions of a subscription begin with the topics; metadata that is not a subscription names none. */
export function topicsOf(metadata: Buffer): readonly string[] {
  try {
    return decodeStruct({ topics: subscription.topics }, 0, metadata.subarray(2)).topics;
  } catch {
    return [];
  }
}

/** What is left of a group of the consumer protocol when all its members speak the classic one. */
export interface Downgraded {
  readonly file: ClassicGroupFile;
  readonly members: readonly ClassicMember[];
}
