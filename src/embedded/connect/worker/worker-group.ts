import { hostname } from 'node:os';
import type { GroupSession, GroupSessionMember, KafkaClient } from '../../../clients/kafka/contract.js';
import { decodeStruct, encodeStruct } from '../../../protocol/kafka/codec.js';
import { CONNECT_PROTOCOL, workerAssignment, workerState } from '../../../protocol/kafka/messages/connect-protocol.js';
import { EvpipeError, messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';

/** As a real worker's session.timeout.ms: so long after its end without a farewell another worker may take its place. */
const SESSION_TIMEOUT_MS = 10_000;
const RETRY_MS = 1_000;
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
 * This worker's membership in its cluster's group (`group.id`), by which workers see each other. Here they share no
 * work: the one that leads the group runs all connectors, and a second one does not start. A real worker that joins is
 * left without work and hands its requests to the leader.
 */
export class WorkerGroup {
  private readonly session: GroupSession;
  private readonly url: string;
  private readonly leaving = new AbortController();

  constructor(private readonly options: WorkerGroupOptions) {
    const { kafka, group, workerId } = options;
    this.url = `http://${workerId}/`;
    this.session = kafka.groupSession({
      group,
      // Static membership: started again after a kill it takes its own place, without waiting for its session to end.
      instanceId: `${hostname()}-${workerId}`.replace(/[^\w.-]/g, '-'),
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      protocol: {
        ...CONNECT_PROTOCOL,
        metadata: () => encodeStruct(workerState, 0, { url: this.url, configOffset: 0n }),
        assign: async (members, leader) => this.leadAlone(members, leader),
      },
      onRebalance: () => void this.enterAgain(),
    });
  }

  /** Throws where another worker leads the group. */
  async enter(): Promise<void> {
    const bytes = await this.session.join(this.leaving.signal);
    const { leaderUrl } = decodeStruct(workerAssignment, 0, bytes.subarray(VERSION_BYTES));
    if (leaderUrl === this.url) return;
    await this.leave();
    throw new EvpipeError(
      'EVPIPE_CONNECT_GROUP_TAKEN',
      `group ${this.options.group} has a Connect worker already, at ${leaderUrl}: this one would run its connectors a second time`,
      { todo: 'Use that worker, stop it, or give this one a group.id and storage topics of its own.' },
    );
  }

  async leave(): Promise<void> {
    if (this.leaving.signal.aborted) return;
    this.leaving.abort(new Error('the worker leaves its group'));
    await this.session
      .leave()
      .catch((failure: unknown) =>
        this.options.log.warn('could not leave the group of workers', { why: messageOf(failure) }),
      );
  }

  /** Somebody came or went, or this worker was expelled while it, or Kafka, was away. */
  private async enterAgain(): Promise<void> {
    const { signal } = this.leaving;
    while (!signal.aborted) {
      try {
        await this.enter();
        return;
      } catch (failure) {
        if (signal.aborted && !isTaken(failure)) return;
        if (isTaken(failure)) {
          this.options.onLost(failure);
          return;
        }
        this.options.log.warn('could not join the group of workers', { why: messageOf(failure) });
        await pause(RETRY_MS, signal).catch(() => {}); // woken by leave: the loop sees it
      }
    }
  }

  private leadAlone(members: readonly GroupSessionMember[], leader: string) {
    const assignment = encodeStruct(workerAssignment, 0, {
      error: NO_ERROR,
      leader,
      leaderUrl: this.url,
      configOffset: 0n,
      assignment: [],
    });
    return members.map(({ memberId }) => ({ memberId, assignment }));
  }
}

/** By another worker: as leader, or in this one's own name. */
const isTaken = (failure: unknown): boolean =>
  failure instanceof EvpipeError &&
  ['EVPIPE_CONNECT_GROUP_TAKEN', 'EVPIPE_KAFKA_FENCED_INSTANCE_ID'].includes(failure.code);
