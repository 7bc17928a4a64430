import { decodeStruct } from '../../protocol/kafka/codec.js';
import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { consumerGroupDescribe } from '../../protocol/kafka/messages/consumer-group-describe.js';
import { assignment } from '../../protocol/kafka/messages/consumer-protocol.js';
import { deleteGroups } from '../../protocol/kafka/messages/delete-groups.js';
import { describeGroups } from '../../protocol/kafka/messages/describe-groups.js';
import { listGroups } from '../../protocol/kafka/messages/list-groups.js';
import { offsetCommit } from '../../protocol/kafka/messages/offset-commit.js';
import { offsetDelete } from '../../protocol/kafka/messages/offset-delete.js';
import { offsetFetch } from '../../protocol/kafka/messages/offset-fetch.js';
import { byTopic } from './by-topic.js';
import type { Cluster, Connections } from './cluster.js';
import type { GroupDescription, PartitionPosition, TopicPartition } from './contract.js';
import { Coordinators } from './coordinators.js';
import { hasCode, kafkaError, persist, throwIfError } from './kafka-errors.js';

export interface Membership {
  readonly generationIdOrMemberEpoch?: number;
  readonly memberId?: string;
  readonly groupInstanceId?: string | null;
}

/** The calls about consumer groups and their offsets; each group has one broker that coordinates it. */
export class Groups {
  private readonly coordinators: Coordinators;

  constructor(
    private readonly cluster: Cluster,
    private readonly connections: Connections,
  ) {
    this.coordinators = new Coordinators('group', cluster, connections);
  }

  /** Of all brokers, each of which knows its own. */
  list(): Promise<ReadonlyArray<{ group: string; state: string; protocolType: string }>> {
    return persist(async (leftMs) => {
      const { brokers } = await this.cluster.refresh([], leftMs);
      const lists = await Promise.all(
        brokers.map(async ({ nodeId }) => {
          const answer = await this.connections.call(nodeId, listGroups, {}, { timeoutMs: leftMs });
          throwIfError(answer.errorCode, undefined, `groups of broker ${nodeId}`);
          return answer.groups;
        }),
      );
      return lists
        .flat()
        .map(({ groupId, groupState, protocolType }) => ({ group: groupId, state: groupState, protocolType }));
    }, this.cluster);
  }

  /** A group that does not exist is Dead and has no members. */
  describe(group: string): Promise<GroupDescription> {
    return this.atCoordinator(group, async (broker, timeoutMs) => {
      const answer = await this.connections.call(broker, describeGroups, { groups: [group] }, { timeoutMs, newest: 5 });
      const [described] = answer.groups;
      if (described === undefined) throw kafkaError(ERROR_CODES.UNKNOWN_SERVER_ERROR, 'no answer', `group ${group}`);
      throwIfError(described.errorCode, described.errorMessage, `group ${group}`);
      if (described.groupState === 'Dead') {
        const modern = await this.describeModern(group, broker, timeoutMs);
        if (modern !== undefined) return modern;
      }
      return {
        group,
        state: described.groupState,
        protocolType: described.protocolType,
        members: described.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
          memberId,
          clientId,
          host: clientHost,
          partitions: described.protocolType === 'consumer' ? assignedPartitions(memberAssignment) : [],
        })),
      };
    });
  }

  committed(group: string, topics: readonly string[] | undefined): Promise<readonly PartitionPosition[]> {
    return this.atCoordinator(group, async (broker, timeoutMs) => {
      // All of them: the request names partitions, and which ones a topic has is not worth a question.
      const value = { groupId: group, topics: null, requireStable: true };
      const answer = await this.connections.call(broker, offsetFetch, value, { timeoutMs, newest: 7 });
      throwIfError(answer.errorCode, undefined, `group ${group}`);
      return answer.topics
        .filter(({ name }) => topics === undefined || topics.includes(name))
        .flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex: partition, committedOffset: offset, errorCode }) => {
            throwIfError(errorCode, undefined, `group ${group}, ${name}-${partition}`);
            return { topic: name, partition, offset };
          }),
        )
        .filter(({ offset }) => offset >= 0n);
    });
  }

  /** Without a membership: for groups that have no members. */
  commit(group: string, positions: readonly PartitionPosition[], membership: Membership = {}): Promise<void> {
    const value = { groupId: group, topics: offsetsByTopic(positions), ...membership };
    return this.atCoordinator(group, async (broker, timeoutMs) => {
      const answer = await this.connections.call(broker, offsetCommit, value, { timeoutMs, newest: 9 });
      throwIfNotCommitted(answer.topics, `group ${group}`);
    });
  }

  deleteOffsets(group: string, partitions: readonly TopicPartition[]): Promise<void> {
    const topics = [...byTopic(partitions)].map(([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ partition }) => ({ partitionIndex: partition })),
    }));
    if (topics.length === 0) return Promise.resolve();
    return this.atCoordinator(group, async (broker, timeoutMs) => {
      const answer = await this.connections.call(broker, offsetDelete, { groupId: group, topics }, { timeoutMs });
      throwIfError(answer.errorCode, undefined, `group ${group}`);
      for (const { name, partitions: deleted } of answer.topics) {
        for (const { partitionIndex, errorCode } of deleted) {
          throwIfError(errorCode, undefined, `group ${group}, ${name}-${partitionIndex}`);
        }
      }
    });
  }

  delete(group: string): Promise<void> {
    return this.atCoordinator(group, async (broker, timeoutMs, again) => {
      const answer = await this.connections.call(broker, deleteGroups, { groupsNames: [group] }, { timeoutMs });
      for (const { errorCode } of answer.results) {
        if (again && errorCode === ERROR_CODES.GROUP_ID_NOT_FOUND) continue; // gone by the try whose answer was lost
        throwIfError(errorCode, undefined, `group ${group}`);
      }
    });
  }

  /** Groups of the newer protocol (KIP-848) are not known to DescribeGroups. */
  private async describeModern(
    group: string,
    broker: number,
    timeoutMs: number,
  ): Promise<GroupDescription | undefined> {
    try {
      const answer = await this.connections.call(broker, consumerGroupDescribe, { groupIds: [group] }, { timeoutMs });
      const [described] = answer.groups;
      if (described === undefined || described.errorCode !== 0) return undefined;
      return {
        group,
        state: described.groupState,
        protocolType: 'consumer',
        members: described.members.map((member) => ({
          memberId: member.memberId,
          clientId: member.clientId,
          host: member.clientHost,
          partitions: member.assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
            partitions.map((partition) => ({ topic: topicName, partition })),
          ),
        })),
      };
    } catch (failure) {
      if (hasCode(failure, 'UNSUPPORTED_VERSION')) return undefined;
      throw failure;
    }
  }

  atCoordinator<T>(group: string, attempt: (broker: number, leftMs: number, again: boolean) => Promise<T>): Promise<T> {
    return this.coordinators.at(group, attempt);
  }
}

export function assignedPartitions(bytes: Buffer): ReadonlyArray<{ topic: string; partition: number }> {
  if (bytes.length < 2) return [];
  const { assignedPartitions: topics } = decodeStruct(assignment, bytes.readInt16BE(0), bytes.subarray(2));
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

/** As OffsetCommit and TxnOffsetCommit take them. */
export const offsetsByTopic = (positions: readonly PartitionPosition[]) =>
  [...byTopic(positions)].map(([name, ofTopic]) => ({
    name,
    partitions: ofTopic.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedMetadata: '',
    })),
  }));

interface CommittedTopic {
  readonly name: string;
  readonly partitions: ReadonlyArray<{ readonly partitionIndex: number; readonly errorCode: number }>;
}

/** What either of them answers; `what` was committed. */
export function throwIfNotCommitted(topics: readonly CommittedTopic[], what: string): void {
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode } of partitions)
      throwIfError(errorCode, undefined, `${what}, ${name}-${partitionIndex}`);
  }
}
