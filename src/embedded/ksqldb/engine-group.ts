import type { KafkaClient } from '../../clients/kafka/contract.js';
import { type LeaderProtocol, SoleMember } from '../../clients/kafka/sole-member.js';
import { EvpipeError } from '../../support/errors.js';
import type { Log } from '../../support/log.js';

interface EngineGroupOptions {
  readonly kafka: KafkaClient;
  readonly serviceId: string;
  /** host:port of its REST API. */
  readonly address: string;
  readonly log: Log;
  /** Another engine has taken this one's place, while it was away for too long. */
  onLost(failure: unknown): void;
}

/**
 * This engine's membership in the group of those with its service id. Engines share no queries here: a second one on the
 * same command topic would write every result again, so it does not start.
 */
export function engineGroup({ serviceId, ...options }: EngineGroupOptions): SoleMember {
  return new SoleMember({
    ...options,
    group: `_confluent-ksql-${serviceId}engines`,
    protocol: PROTOCOL,
    taken: (leader) =>
      new EvpipeError(
        'EVPIPE_KSQLDB_SERVICE_TAKEN',
        `service ${serviceId} has a ksqlDB engine already, at ${leader}: this one would run its queries a second time`,
        { todo: 'Stop that one, or give the target a namespace of its own.' },
      ),
  });
}

const PROTOCOL: LeaderProtocol = {
  type: 'ksqldb',
  name: 'leader',
  metadata: (address) => Buffer.from(address),
  assignment: ({ address }) => Buffer.from(address),
  leaderIn: (assignment) => assignment.toString(),
};
