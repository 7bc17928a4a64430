import { hostname } from 'node:os';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';
import type { GroupProtocol, GroupSession, KafkaClient } from './contract.js';

/** As a real Connect worker's session.timeout.ms: so long after its end without a farewell another may take its place. */
const SESSION_TIMEOUT_MS = 10_000;
const RETRY_MS = 1_000;

/** How the members of the group tell each other who leads it. */
export interface LeaderProtocol extends Pick<GroupProtocol, 'type' | 'name'> {
  /** What the member at this address says of itself. */
  metadata(address: string): Buffer;
  /** What each member gets of a leader. */
  assignment(leader: { readonly memberId: string; readonly address: string }): Buffer;
  /** The leader's address in it. */
  leaderIn(assignment: Buffer): string;
}

export interface SoleMemberOptions {
  readonly kafka: KafkaClient;
  readonly group: string;
  readonly protocol: LeaderProtocol;
  /** Where this process is reached, as others are told. */
  readonly address: string;
  readonly log: Log;
  /** What is thrown where the member at that address leads the group. */
  taken(leader: string): EvpipeError;
  /** Another one has taken this one's place, while it was away for too long. */
  onLost(failure: unknown): void;
}

/** A process's membership in the group of those that would do the same work, by which they see each other: only the leader works. */
export class SoleMember {
  private readonly session: GroupSession;
  private readonly leaving = new AbortController();
  private refusal: EvpipeError | undefined;

  constructor(private readonly options: SoleMemberOptions) {
    const { kafka, group, protocol, address } = options;
    this.session = kafka.groupSession({
      group,
      // Static membership: started again after a kill it takes its own place, without waiting for its session to end.
      instanceId: `${hostname()}-${address}`.replace(/[^\w.-]/g, '-'),
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      protocol: {
        type: protocol.type,
        name: protocol.name,
        metadata: () => protocol.metadata(address),
        assign: async (members, leader) => {
          const assignment = protocol.assignment({ memberId: leader, address });
          return members.map(({ memberId }) => ({ memberId, assignment }));
        },
      },
      onRebalance: () => void this.enterAgain(),
    });
  }

  /** Throws `taken` where another one leads the group. */
  async enter(): Promise<void> {
    const { protocol, address, taken } = this.options;
    const leader = protocol.leaderIn(await this.session.join(this.leaving.signal));
    if (leader === address) return;
    await this.leave();
    this.refusal = taken(leader);
    throw this.refusal;
  }

  async leave(): Promise<void> {
    if (this.leaving.signal.aborted) return;
    this.leaving.abort(new Error('it leaves its group'));
    const { log, group } = this.options;
    await this.session
      .leave()
      .catch((failure: unknown) => log.warn(`could not leave group ${group}`, { why: messageOf(failure) }));
  }

  /** Somebody came or went, or this one was expelled while it, or Kafka, was away. */
  private async enterAgain(): Promise<void> {
    const { log, group, onLost } = this.options;
    const { signal } = this.leaving;
    while (!signal.aborted) {
      try {
        await this.enter();
        return;
      } catch (failure) {
        const isTaken = failure === this.refusal || isFenced(failure);
        if (isTaken) return onLost(failure);
        if (signal.aborted) return;
        log.warn(`could not join group ${group}`, { why: messageOf(failure) });
        await pause(RETRY_MS, signal).catch(() => {}); // woken by leave: the loop sees it
      }
    }
  }
}

/** Another process has this one's own name. */
const isFenced = (failure: unknown): boolean =>
  failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_FENCED_INSTANCE_ID';
