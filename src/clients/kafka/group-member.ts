import { decodeStruct, encodeStruct } from '../../protocol/kafka/codec.js';
import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { assignment, subscription } from '../../protocol/kafka/messages/consumer-protocol.js';
import { heartbeat } from '../../protocol/kafka/messages/heartbeat.js';
import { joinGroup } from '../../protocol/kafka/messages/join-group.js';
import { leaveGroup } from '../../protocol/kafka/messages/leave-group.js';
import { syncGroup } from '../../protocol/kafka/messages/sync-group.js';
import type { Api, Decoded, Fields, Given } from '../../protocol/kafka/schema.js';
import { byTopic } from './by-topic.js';
import type { Connections } from './cluster.js';
import type { GroupMember, GroupMemberOptions, PartitionPosition, TopicPartition } from './contract.js';
import { assignedPartitions, type Groups } from './groups.js';
import { hasCode, throwIfError } from './kafka-errors.js';
import type { Topics } from './topics.js';

const PROTOCOL_TYPE = 'consumer';
/** Java's RangeAssignor; both sides of a mixed group have to know it. */
const PROTOCOL_NAME = 'range';
const SESSION_TIMEOUT_MS = 45_000;
const HEARTBEAT_MS = 1_000;
/** How long the broker waits for the other members to join again. */
const REBALANCE_TIMEOUT_MS = 60_000;

/** What an answer may take beyond that. */
const ANSWER_MS = 5_000;

type Joined = Decoded<(typeof joinGroup)['response']>;

/**
 * One member of a classic consumer group. States: outside → joining (JoinGroup, SyncGroup; a leader assigns by range)
 * → member, with heartbeats, until the broker rebalances the group or expels the member: then it is outside again.
 * A joining member's answer may take a minute, so each member has connections of its own.
 */
export class ClassicGroupMember implements GroupMember {
  private memberId = '';
  private generation = -1;
  private topics: readonly string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private beating = false;
  private joining = false;
  private left = false;

  constructor(
    private readonly connections: Connections,
    private readonly groups: Groups,
    private readonly catalogue: Topics,
    private readonly options: GroupMemberOptions,
    private readonly onClose: () => void,
  ) {}

  async join(topics: readonly string[], signal: AbortSignal): Promise<readonly TopicPartition[]> {
    clearInterval(this.timer);
    this.topics = topics;
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
  private async attempt(): Promise<readonly TopicPartition[] | undefined> {
    try {
      const joined = await this.sendJoin();
      if (joined === undefined) return undefined;
      const mine = await this.sync(joined);
      this.startHeartbeats();
      return mine;
    } catch (failure) {
      if (hasCode(failure, 'UNKNOWN_MEMBER_ID')) this.memberId = '';
      else if (!hasCode(failure, 'REBALANCE_IN_PROGRESS') && !hasCode(failure, 'ILLEGAL_GENERATION')) throw failure;
      return undefined;
    }
  }

  commit(positions: readonly PartitionPosition[]): Promise<void> {
    const { generation, memberId } = this;
    return this.groups.commit(this.options.group, positions, {
      generationIdOrMemberEpoch: generation,
      memberId,
      groupInstanceId: this.options.instanceId ?? null,
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
    const { group, instanceId } = this.options;
    const metadata = encodeStruct(subscription, 0, { topics: this.topics });
    const answer = await this.call(joinGroup, {
      groupId: group,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      memberId: this.memberId,
      groupInstanceId: instanceId ?? null,
      protocolType: PROTOCOL_TYPE,
      protocols: [{ name: PROTOCOL_NAME, metadata }],
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

  private async sync(joined: Joined): Promise<readonly TopicPartition[]> {
    const { group, instanceId } = this.options;
    const leads = joined.leader === joined.memberId && !joined.skipAssignment;
    const answer = await this.call(syncGroup, {
      groupId: group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: instanceId ?? null,
      protocolType: PROTOCOL_TYPE,
      protocolName: PROTOCOL_NAME,
      assignments: leads ? await this.assign(joined) : [],
    });
    throwIfError(answer.errorCode, undefined, `synchronising group ${group}`);
    return assignedPartitions(answer.assignment);
  }

  private async assign(joined: Joined) {
    const subscriptions = joined.members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      order: groupInstanceId ?? memberId,
      topics: decodeStruct({ topics: subscription.topics }, 0, metadata.subarray(2)).topics,
    }));
    const wanted = new Set(subscriptions.flatMap((member) => member.topics));
    const described = await Promise.all([...wanted].map((topic) => this.catalogue.describe(topic)));
    const counts = new Map(
      described.flatMap((topic) => (topic ? [[topic.name, topic.partitions.length] as const] : [])),
    );
    const assigned = assignByRange(subscriptions, counts);
    return subscriptions.map(({ memberId }) => ({
      memberId,
      assignment: encodeStruct(assignment, 0, {
        assignedPartitions: [...byTopic(assigned.get(memberId) ?? [])].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map((one) => one.partition),
        })),
      }),
    }));
  }

  private startHeartbeats(): void {
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      if (this.beating) return;
      this.beating = true;
      this.beat().finally(() => {
        this.beating = false;
      });
    }, HEARTBEAT_MS);
  }

  private async beat(): Promise<void> {
    const { group, instanceId } = this.options;
    const { generation, memberId } = this;
    let code: number;
    try {
      const value = { groupId: group, generationId: generation, memberId, groupInstanceId: instanceId ?? null };
      code = (await this.call(heartbeat, value)).errorCode;
    } catch {
      return; // unreachable: the next heartbeat, commit or fetch finds out whether that lasts
    }
    if (code === ERROR_CODES.NONE || generation !== this.generation || memberId !== this.memberId) return;
    if (code === ERROR_CODES.UNKNOWN_MEMBER_ID) this.memberId = '';
    clearInterval(this.timer);
    this.options.onRebalance();
  }

  private async sendLeave(): Promise<void> {
    const { group, instanceId } = this.options;
    const { memberId } = this;
    await this.call(leaveGroup, {
      groupId: group,
      memberId,
      members: [{ memberId, groupInstanceId: instanceId ?? null, reason: 'the consumer is being closed' }],
    });
  }

  private call<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    value: Given<Request>,
  ): Promise<Decoded<Response>> {
    return this.groups.atCoordinator(this.options.group, (broker) =>
      this.connections.call(broker, api, value, { timeoutMs: REBALANCE_TIMEOUT_MS + ANSWER_MS }),
    );
  }
}

/** Per topic, members in order of their instance or member ids take consecutive ranges; the first ones one more. */
export function assignByRange(
  members: ReadonlyArray<{ readonly memberId: string; readonly order: string; readonly topics: readonly string[] }>,
  partitionCounts: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
  for (const [topic, count] of partitionCounts) {
    const readers = members
      .filter((member) => member.topics.includes(topic))
      .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    const share = Math.floor(count / readers.length);
    const extra = count % readers.length;
    let next = 0;
    readers.forEach(({ memberId }, index) => {
      const end = next + share + (index < extra ? 1 : 0);
      for (; next < end; next++) assigned.get(memberId)?.push({ topic, partition: next });
    });
  }
  return assigned;
}
