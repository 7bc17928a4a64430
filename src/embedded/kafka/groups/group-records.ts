import { MalformedMessage } from '../../../protocol/kafka/malformed.js';
import {
  CONSUMER_GROUP,
  CONSUMER_MEMBER,
  CURRENT_ASSIGNMENT,
  GROUP_METADATA,
  MEMBER_STATES,
  OFFSET_COMMIT,
  REGULAR_EXPRESSION,
  type StateRecord,
  TARGET_MEMBER,
  TARGET_METADATA,
  typeOf,
} from '../../../protocol/kafka/state-records.js';
import type { StateTopic } from '../topics/state-topic.js';
import { byTopic } from './assigned-partitions.js';
import type { ClassicGroupFile } from './classic-member.js';
import type {
  ClassicFace,
  GroupChanges,
  MemberAssignment,
  MemberMetadata,
  StoredConsumerGroup,
  StoredMember,
} from './consumer-group-file.js';
import type { OffsetStore } from './offset-store.js';
import type { PartitionKey } from './uniform-assignor.js';

/** Commits before Kafka 0.9 had a type of their own. */
const OLD_OFFSET_COMMIT = 0;

const NO_ASSIGNMENT: MemberAssignment = { epoch: 0, previousEpoch: -1, assigned: [], revoking: [], waiting: false };

/** What `__consumer_offsets` says of groups, beside their offsets. */
export interface StoredGroups {
  readonly classic: ReadonlyMap<string, ClassicGroupFile>;
  readonly consumer: ReadonlyMap<string, StoredConsumerGroup>;
}

/** Reads all groups back; offsets go to their store. */
export function readGroups(state: Pick<StateTopic, 'read'>, offsets: OffsetStore): StoredGroups {
  const classic = new Map<string, ClassicGroupFile>();
  const consumer = new ConsumerGroups();
  state.read({
    record: (key, { value, offset, timestampMs }, producerId) => {
      const type = typeOf(key);
      if (type === OFFSET_COMMIT.type || type === OLD_OFFSET_COMMIT) offsets.replay(key, value, offset, producerId);
      else if (type === GROUP_METADATA.type) {
        const id = GROUP_METADATA.keyOf(key).group;
        if (value === null) classic.delete(id);
        else classic.set(id, classicFile(value));
      } else consumer.replay(type, key, value, timestampMs);
    },
    marker: (partition, producerId, type) => offsets.ended(partition, producerId, type),
  });
  return { classic, consumer: consumer.groups };
}

/** Members' records may come before their group's; a group counts that has its own. */
class ConsumerGroups {
  readonly groups = new Map<string, StoredConsumerGroup>();
  private readonly members = new Map<string, Map<string, StoredMember>>();
  private readonly patterns = new Map<string, Map<string, readonly string[]>>();

  replay(type: number, key: Buffer, value: Buffer | null, timestampMs: number): void {
    switch (type) {
      case CONSUMER_GROUP.type: {
        const { group } = CONSUMER_GROUP.keyOf(key);
        if (value === null) this.groups.delete(group);
        else {
          const { epoch } = CONSUMER_GROUP.valueOf(value);
          const patterns = entryOf(this.patterns, group);
          this.groups.set(group, { epoch, emptySinceMs: timestampMs, members: this.membersOf(group), patterns });
        }
        break;
      }
      case CONSUMER_MEMBER.type: {
        const { group, member } = CONSUMER_MEMBER.keyOf(key);
        if (value === null) this.membersOf(group).delete(member);
        else this.update(group, member, { metadata: memberMetadata(value) });
        break;
      }
      case TARGET_MEMBER.type: {
        const { group, member } = TARGET_MEMBER.keyOf(key);
        if (value === null && !this.membersOf(group).has(member)) break;
        const target = value === null ? [] : partitionKeys(TARGET_MEMBER.valueOf(value).topicPartitions);
        this.update(group, member, { target });
        break;
      }
      case CURRENT_ASSIGNMENT.type: {
        const { group, member } = CURRENT_ASSIGNMENT.keyOf(key);
        if (value === null && !this.membersOf(group).has(member)) break;
        this.update(group, member, { assignment: value === null ? NO_ASSIGNMENT : memberAssignment(value) });
        break;
      }
      case REGULAR_EXPRESSION.type: {
        const { group, regex } = REGULAR_EXPRESSION.keyOf(key);
        const patterns = entryOf(this.patterns, group);
        if (value === null) patterns.delete(regex);
        else patterns.set(regex, REGULAR_EXPRESSION.valueOf(value).topics);
        break;
      }
      case TARGET_METADATA.type:
        break; // its epoch is the group's
      default:
        throw new MalformedMessage(`its key has the unknown type ${type}`);
    }
  }

  private membersOf(group: string): Map<string, StoredMember> {
    return entryOf(this.members, group);
  }

  private update(group: string, member: string, part: Partial<StoredMember>): void {
    const members = this.membersOf(group);
    const known = members.get(member) ?? { metadata: undefined, target: [], assignment: NO_ASSIGNMENT };
    members.set(member, { ...known, ...part });
  }
}

function entryOf<Value>(groups: Map<string, Map<string, Value>>, group: string): Map<string, Value> {
  const known = groups.get(group) ?? new Map<string, Value>();
  groups.set(group, known);
  return known;
}

export function classicRecord(id: string, file: ClassicGroupFile | null, nowMs: number): StateRecord {
  if (file === null) return GROUP_METADATA.record({ group: id }, null);
  const { protocolType, generation, protocol, leader, emptySinceMs } = file;
  return GROUP_METADATA.record(
    { group: id },
    {
      ...{ protocolType, generation, protocol, leader },
      currentStateTimestamp: BigInt(emptySinceMs ?? nowMs),
      members: file.members.map((member) => ({
        memberId: member.id,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: member.subscription,
        assignment: member.assignment,
      })),
    },
  );
}

function classicFile(value: Buffer): ClassicGroupFile {
  const { protocolType, generation, protocol, leader, currentStateTimestamp, members } = GROUP_METADATA.valueOf(value);
  return {
    ...{ protocolType, generation, protocol, leader },
    emptySinceMs: members.length === 0 && currentStateTimestamp >= 0n ? Number(currentStateTimestamp) : undefined,
    members: members.map((member) => ({
      id: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeout,
      rebalanceTimeoutMs: member.rebalanceTimeout,
      subscription: member.subscription,
      assignment: member.assignment,
    })),
  };
}

/** In the order in which Kafka writes them: members before their group, and the other way round when they go. */
export function consumerRecords(
  group: string,
  { epoch, members, patterns }: GroupChanges,
  topics: { readonly version: number; readonly nowMs: number },
): StateRecord[] {
  const gone = members.filter(({ metadata }) => metadata === null);
  const kept = members.filter(({ metadata }) => metadata !== null);
  return [
    ...gone.flatMap(({ id }) =>
      [CURRENT_ASSIGNMENT, TARGET_MEMBER, CONSUMER_MEMBER].map((format) => format.record({ group, member: id }, null)),
    ),
    ...kept.flatMap(({ id, metadata }) => (metadata ? [memberRecord(group, id, metadata)] : [])),
    ...patterns.map(({ regex, topics: matched }) =>
      REGULAR_EXPRESSION.record(
        { group, regex },
        matched === null ? null : { topics: matched, version: BigInt(topics.version), timestamp: BigInt(topics.nowMs) },
      ),
    ),
    ...(epoch === undefined ? [] : [CONSUMER_GROUP.record({ group }, { epoch })]),
    ...kept.flatMap(({ id, target }) =>
      target === undefined ? [] : [TARGET_MEMBER.record({ group, member: id }, { topicPartitions: byTopic(target) })],
    ),
    ...(epoch === undefined ? [] : [TARGET_METADATA.record({ group }, { assignmentEpoch: epoch })]),
    ...kept.flatMap(({ id, assignment }) => (assignment ? [assignmentRecord(group, id, assignment)] : [])),
  ];
}

/** All that is to be known of a group. */
export function wholeGroupRecords(group: string, { epoch, members }: StoredConsumerGroup): StateRecord[] {
  const changes = [...members].flatMap(([id, { metadata, target, assignment }]) =>
    metadata === undefined ? [] : [{ id, metadata, target, assignment }],
  );
  return consumerRecords(group, { epoch, members: changes, patterns: [] }, NO_TOPICS);
}

/** Those that take a whole group back. */
export function consumerTombstones(
  group: string,
  stored: { readonly members: Iterable<string>; readonly patterns: Iterable<string> },
): StateRecord[] {
  const members = [...stored.members].map((id) => ({ id, metadata: null }));
  const patterns = [...stored.patterns].map((regex) => ({ regex, topics: null }));
  return [
    ...consumerRecords(group, { epoch: undefined, members, patterns }, NO_TOPICS),
    TARGET_METADATA.record({ group }, null),
    CONSUMER_GROUP.record({ group }, null),
  ];
}

/** For records without a pattern. */
const NO_TOPICS = { version: 0, nowMs: 0 } as const;

function memberRecord(group: string, id: string, metadata: MemberMetadata): StateRecord {
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, topicNames, topicRegex, assignor } = metadata;
  const { classic } = metadata;
  return CONSUMER_MEMBER.record(
    { group, member: id },
    {
      ...{ instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs },
      subscribedTopicNames: topicNames,
      subscribedTopicRegex: topicRegex ?? '',
      serverAssignor: assignor,
      classicMemberMetadata:
        classic === null
          ? null
          : {
              sessionTimeoutMs: classic.sessionTimeoutMs,
              supportedProtocols: classic.protocols.map(({ name, metadata }) => ({ name, metadata })),
            },
    },
  );
}

function memberMetadata(value: Buffer): MemberMetadata {
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, ...rest } = CONSUMER_MEMBER.valueOf(value);
  return {
    ...{ instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs },
    topicNames: rest.subscribedTopicNames,
    topicRegex: rest.subscribedTopicRegex || null,
    assignor: rest.serverAssignor,
    classic: classicFace(rest.classicMemberMetadata),
  };
}

function classicFace(stored: ReturnType<typeof CONSUMER_MEMBER.valueOf>['classicMemberMetadata']): ClassicFace | null {
  // Records of older versions did not say that there is none.
  if (stored === null || stored.supportedProtocols.length === 0) return null;
  const protocols = stored.supportedProtocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) }));
  return { sessionTimeoutMs: stored.sessionTimeoutMs, protocols };
}

function assignmentRecord(group: string, id: string, assignment: MemberAssignment): StateRecord {
  const { epoch, previousEpoch, assigned, revoking, waiting } = assignment;
  const { unrevoked, unreleased, stable } = MEMBER_STATES;
  return CURRENT_ASSIGNMENT.record(
    { group, member: id },
    {
      memberEpoch: epoch,
      previousMemberEpoch: previousEpoch,
      state: revoking.length > 0 ? unrevoked : waiting ? unreleased : stable,
      assignedPartitions: byTopic(assigned),
      partitionsPendingRevocation: byTopic(revoking),
    },
  );
}

function memberAssignment(value: Buffer): MemberAssignment {
  const { memberEpoch, previousMemberEpoch, state, ...rest } = CURRENT_ASSIGNMENT.valueOf(value);
  return {
    epoch: memberEpoch,
    previousEpoch: previousMemberEpoch,
    assigned: partitionKeys(rest.assignedPartitions),
    revoking: partitionKeys(rest.partitionsPendingRevocation),
    waiting: state === MEMBER_STATES.unreleased,
  };
}

const partitionKeys = (topics: ReadonlyArray<{ topicId: string; partitions: readonly number[] }>): PartitionKey[] =>
  topics.flatMap(({ topicId, partitions }) => partitions.map((partition): PartitionKey => `${topicId}:${partition}`));
