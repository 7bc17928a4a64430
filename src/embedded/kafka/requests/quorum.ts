import { errorCode } from '../../../protocol/kafka/errors.js';
import { describeQuorum } from '../../../protocol/kafka/messages/describe-quorum.js';
import { addRaftVoter, removeRaftVoter } from '../../../protocol/kafka/messages/raft-voters.js';
import { unregisterBroker } from '../../../protocol/kafka/messages/unregister-broker.js';
import { handler } from './handler.js';

const METADATA_TOPIC = '__cluster_metadata';

/** Supports: versions 0 to 2. Behaviour: this node is the quorum's one voter and its leader; there is no metadata log to have offsets in. */
export const describeQuorumHandler = handler(
  describeQuorum,
  { supports: 'This node, as the one voter and leader.', lacks: 'Offsets of a metadata log: there is none.' },
  ({ topics }, { broker, peer }) => {
    if (topics[0]?.topicName !== METADATA_TOPIC) return { errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') };
    const now = BigInt(broker.clock.now());
    const voter = {
      replicaId: broker.nodeId,
      logEndOffset: 0n,
      lastFetchTimestamp: now,
      lastCaughtUpTimestamp: now,
    };
    const partition = { leaderId: broker.nodeId, leaderEpoch: 1, currentVoters: [voter] };
    return {
      errorMessage: null,
      topics: [{ topicName: METADATA_TOPIC, partitions: [{ ...partition, errorMessage: null }] }],
      nodes: [
        {
          nodeId: broker.nodeId,
          listeners: [{ name: 'CONTROLLER', host: peer.listener.host, port: peer.listener.port }],
        },
      ],
    };
  },
);

/** Supports: version 0. Behaviour: no other broker was ever registered; this one stays. */
export const unregisterBrokerHandler = handler(
  unregisterBroker,
  { supports: 'Answered BROKER_ID_NOT_REGISTERED: there is no other broker.' },
  ({ brokerId }) => ({
    errorCode: errorCode('BROKER_ID_NOT_REGISTERED'),
    errorMessage: `Broker ID ${brokerId} is not currently registered`,
  }),
);

/** The voters of a quorum cannot change while its kraft.version is 0. */
const refusedVoter = (what: string) => ({
  errorCode: errorCode('UNSUPPORTED_VERSION'),
  errorMessage: `Cluster doesn't support ${what} voter because the kraft.version feature is 0`,
});
const support = { supports: 'Refused with UNSUPPORTED_VERSION, as by a node whose kraft.version is 0.' };

export const addRaftVoterHandler = handler(addRaftVoter, support, () => refusedVoter('adding'));

export const removeRaftVoterHandler = handler(removeRaftVoter, support, () => refusedVoter('removing'));
