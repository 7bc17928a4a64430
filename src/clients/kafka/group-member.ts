import { decodeStruct, encodeStruct } from '../../protocol/kafka/codec.js';
import { assignment, subscription } from '../../protocol/kafka/messages/consumer-protocol.js';
import { byTopic } from './by-topic.js';
import type { Connections } from './cluster.js';
import type {
  GroupMember,
  GroupMemberOptions,
  GroupProtocol,
  GroupSessionMember,
  PartitionPosition,
  TopicPartition,
} from './contract.js';
import { ClassicGroupSession } from './group-session.js';
import { assignedPartitions, type Groups } from './groups.js';
import type { Topics } from './topics.js';

/** One member of a classic consumer group, which shares the partitions of topics. */
export class ClassicGroupMember implements GroupMember {
  private topics: readonly string[] = [];
  private readonly session: ClassicGroupSession;

  constructor(
    connections: Connections,
    private readonly groups: Groups,
    private readonly catalogue: Topics,
    private readonly options: GroupMemberOptions,
    onClose: () => void,
  ) {
    const protocol: GroupProtocol = {
      type: 'consumer',
      name: 'range', // Java's RangeAssignor; both sides of a mixed group have to know it
      metadata: () => encodeStruct(subscription, 0, { topics: this.topics }),
      assign: (members) => this.assign(members),
    };
    this.session = new ClassicGroupSession(connections, groups, { ...options, protocol }, onClose);
  }

  async join(topics: readonly string[], signal: AbortSignal): Promise<readonly TopicPartition[]> {
    this.topics = topics;
    return assignedPartitions(await this.session.join(signal));
  }

  commit(positions: readonly PartitionPosition[]): Promise<void> {
    return this.groups.commit(this.options.group, positions, this.session.membership);
  }

  leave(): Promise<void> {
    return this.session.leave();
  }

  private async assign(members: readonly GroupSessionMember[]) {
    const subscriptions = members.map(({ memberId, groupInstanceId, metadata }) => ({
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
