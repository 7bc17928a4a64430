import type { KafkaClient } from '../../../clients/kafka/contract.js';
import { type LeaderProtocol, SoleMember } from '../../../clients/kafka/sole-member.js';
import { decodeStruct, encodeStruct } from '../../../protocol/kafka/codec.js';
import { CONNECT_PROTOCOL, workerAssignment, workerState } from '../../../protocol/kafka/messages/connect-protocol.js';
import { EvpipeError } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';

/** Of an assignment: nothing is wrong. */
const NO_ERROR = 0;
const VERSION_BYTES = 2;

interface WorkerGroupOptions {
  readonly kafka: KafkaClient;
  readonly group: string;
  /** host:port of this worker's REST API. */
  readonly workerId: string;
  readonly log: Log;
  /** Another worker has taken this one's place, while it was away for too long. */
  onLost(failure: unknown): void;
}

/**
 * This worker's membership in its cluster's group (`group.id`). Workers share no work here: the one that leads the group
 * runs all connectors, and a second one does not start. A real worker that joins is left without work and hands its
 * requests to the leader.
 */
export function workerGroup({ workerId, ...options }: WorkerGroupOptions): SoleMember {
  return new SoleMember({
    ...options,
    protocol: PROTOCOL,
    address: `http://${workerId}/`,
    taken: (leader) =>
      new EvpipeError(
        'EVPIPE_CONNECT_GROUP_TAKEN',
        `group ${options.group} has a Connect worker already, at ${leader}: this one would run its connectors a second time`,
        { todo: 'Use that worker, stop it, or give this one a group.id and storage topics of its own.' },
      ),
  });
}

const PROTOCOL: LeaderProtocol = {
  ...CONNECT_PROTOCOL,
  metadata: (url) => encodeStruct(workerState, 0, { url, configOffset: 0n }),
  assignment: ({ memberId, address }) =>
    encodeStruct(workerAssignment, 0, {
      error: NO_ERROR,
      leader: memberId,
      leaderUrl: address,
      configOffset: 0n,
      assignment: [],
    }),
  leaderIn: (assignment) => decodeStruct(workerAssignment, 0, assignment.subarray(VERSION_BYTES)).leaderUrl,
};
