import type { ClassicGroup } from './classic-group.js';
import {
  type ClassicGroupFile,
  chosenProtocol,
  type Downgraded,
  memberFile,
  NOTHING,
  newMember,
} from './classic-member.js';
import type { ConsumerGroup } from './consumer-group.js';
import type { StoredConsumerGroup, StoredMember } from './consumer-group-file.js';
import { decodeAssignment, decodeSubscription, encodeAssignment, type TopicNames } from './embedded-protocol.js';

/**
 * A classic group as one of the consumer protocol (KIP-848): members keep what was assigned to them last, the generation
 * becomes the epoch. Undefined where a member's metadata is not a consumer's, or its assignor keeps data of its own.
 */
export function upgraded(group: ClassicGroup, names: TopicNames, nowMs: number): StoredConsumerGroup | undefined {
  const members = new Map<string, StoredMember>();
  const epoch = group.generation;
  try {
    for (const member of group.members.values()) {
      const own = member.protocols.find(({ name }) => name === group.protocol) ?? member.protocols[0];
      const { topics, rackId } = decodeSubscription(own?.metadata ?? NOTHING, names);
      const assigned = decodeAssignment(member.assignment, names);
      const { instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = member;
      members.set(member.id, {
        metadata: {
          ...{ instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs },
          ...{ topicNames: topics, topicRegex: null, assignor: null },
          classic: { sessionTimeoutMs, protocols },
        },
        target: assigned,
        assignment: { epoch, previousEpoch: epoch, assigned, revoking: [], waiting: false },
      });
    }
  } catch {
    return undefined;
  }
  return { epoch, emptySinceMs: nowMs, members, patterns: new Map() };
}

export function downgraded(group: ConsumerGroup, names: TopicNames): Downgraded {
  const members = [...group.members.values()].map((member) => {
    const { id, instanceId, clientId, clientHost, rebalanceTimeoutMs } = member;
    const { sessionTimeoutMs = 0, protocols = [] } = member.classic ?? {};
    const request = { instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols };
    const classic = newMember(id, request);
    classic.assignment = encodeAssignment(group.target.get(id) ?? [], protocols[0]?.metadata ?? NOTHING, names);
    return classic;
  });
  const protocol = chosenProtocol(members);
  const file: ClassicGroupFile = {
    protocolType: 'consumer',
    generation: group.epoch,
    protocol,
    leader: members[0]?.id ?? null,
    emptySinceMs: undefined,
    members: members.map((member) => memberFile(member, protocol)),
  };
  return { file, members };
}
