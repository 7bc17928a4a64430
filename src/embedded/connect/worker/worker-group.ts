import type { GroupSession, GroupSessionMember, KafkaClient } from '../../../clients/kafka/contract.js';
import { decodeStruct, encodeStruct } from '../../../protocol/kafka/codec.js';
import { CONNECT_PROTOCOL, workerAssignment, workerState } from '../../../protocol/kafka/messages/connect-protocol.js';
import { EvpipeError, messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import { assignWork, keyOf, type Work } from './assignment.js';

const RETRY_MS = 1_000;
const VERSION_BYTES = 2;

/** What a worker does in its group. */
export interface GroupWork {
  /** All that there is to do, as of now; asked of the leader. */
  all(): Promise<readonly Work[]>;
  /** What this worker runs. */
  running(): readonly Work[];
  /** Stops what is not among it, begins what is new. Resolves once the former is done. */
  take(assigned: readonly Work[]): Promise<void>;
  /** Stops everything, and writes nothing any more: others may have it by now. */
  drop(): Promise<void>;
}

interface WorkerGroupOptions {
  readonly kafka: KafkaClient;
  readonly group: string;
  /** How long after its last sign of life, without a farewell, others take over its work. */
  readonly sessionTimeoutMs: number;
  /** host:port of this worker's REST API. */
  readonly workerId: string;
  /** The name of this machine. */
  readonly hostName: string;
  readonly log: Log;
  readonly work: GroupWork;
  /** Another worker has this one's name, or the group is of other workers. */
  onLost(failure: unknown): void;
}

interface Assignment {
  readonly leaderUrl: string;
  readonly leaderHost: string;
  readonly members: number;
  readonly assigned: readonly Work[];
}

/**
 * This worker's membership in the group (`group.id`) whose workers share connectors and tasks. States: joining → a
 * member that runs what it was assigned → joining again, while it goes on running, whenever workers come and go or the
 * leader has other work to share out; twice where it had to give something up. A member that was expelled drops
 * everything first.
 */
export class WorkerGroup {
  private readonly session: GroupSession;
  private readonly leaving = new AbortController();
  private assignment: Assignment | undefined;
  /** The work that this leader has shared out last. */
  private shared: ReadonlySet<string> | undefined;
  private due = false;
  private joining: Promise<void> | undefined;

  constructor(private readonly options: WorkerGroupOptions) {
    const { kafka, group, work, sessionTimeoutMs } = options;
    this.session = kafka.groupSession({
      group,
      // Static membership: started again after a kill it takes its own place, without waiting for its session to end.
      instanceId: `${options.hostName}-${this.url}`.replace(/[^\w.-]/g, '-'),
      sessionTimeoutMs,
      protocol: {
        ...CONNECT_PROTOCOL,
        metadata: () => encodeStruct(workerState, 0, { url: this.url, runs: work.running() }),
        assign: (members) => this.assign(members),
      },
      onRebalance: () => void this.rebalance(),
      onExpelled: () => this.drop(),
    });
  }

  private get url(): string {
    return `http://${this.options.workerId}/`;
  }

  /** Of the worker that changes go to; undefined while that is not known. */
  get leaderUrl(): string | undefined {
    return this.isMember() ? this.assignment?.leaderUrl : undefined;
  }

  get leads(): boolean {
    return this.leaderUrl === this.url && this.assignment?.leaderHost === this.options.hostName;
  }

  get isAlone(): boolean {
    return this.leads && this.assignment?.members === 1;
  }

  /** False once others may have this worker's share. */
  isMember(): boolean {
    return this.session.isMember();
  }

  /** Throws where the group can't be joined. */
  async enter(): Promise<void> {
    this.due = true;
    this.joining = this.join();
    await this.joining;
    this.joining = undefined;
    if (this.due) void this.rebalance();
  }

  /** Shares the work out again. Resolves once this worker has what is its own, and has stopped what is not. */
  rebalance(): Promise<void> {
    this.due = true;
    this.joining ??= this.joinAgain().finally(() => {
      this.joining = undefined;
      if (this.due && !this.leaving.signal.aborted) void this.rebalance(); // asked for while the last join ended
    });
    return this.joining;
  }

  /** After a change of the work: the leader has it shared out again where there is more or less than before. */
  async adapt(work: readonly Work[]): Promise<void> {
    if (!this.leads) return;
    const { shared } = this;
    const isSame = shared?.size === work.length && work.every((one) => shared.has(keyOf(one)));
    if (isSame) return;
    if (!this.isAlone || this.joining !== undefined) return this.rebalance();
    // Its own anyway: nobody has to be asked. Who joins meanwhile is told by this worker that it runs all of it.
    this.shared = new Set(work.map(keyOf));
    await this.options.work.take(work);
  }

  async leave(): Promise<void> {
    if (this.leaving.signal.aborted) return;
    this.leaving.abort(new Error('it leaves its group'));
    const { log, group } = this.options;
    await this.session
      .leave()
      .catch((failure: unknown) => log.warn(`could not leave group ${group}`, { why: messageOf(failure) }));
  }

  private async join(): Promise<void> {
    const { work, group } = this.options;
    while (this.due && !this.leaving.signal.aborted) {
      this.due = false;
      const before = work.running();
      try {
        const bytes = await this.session.join(this.leaving.signal);
        const assignment = decodeStruct(workerAssignment, 0, bytes.subarray(VERSION_BYTES));
        this.refuseUnreachable(assignment);
        this.assignment = assignment;
      } catch (failure) {
        this.due = true;
        throw hasCode(failure, 'INCONSISTENT_GROUP_PROTOCOL') ? foreign(group) : failure;
      }
      const { assigned } = this.assignment;
      await work.take(assigned);
      const mine = new Set(assigned.map(keyOf));
      // What moves is free now; and who has taken over an assignment of before does not know what it was made of.
      const gaveUp = before.some((one) => !mine.has(keyOf(one)));
      if (gaveUp || (this.leads && this.shared === undefined)) this.due = true;
    }
  }

  /** Workers hand requests to each other: on several machines their addresses have to be good on all of them. */
  private refuseUnreachable({ leaderUrl, leaderHost }: Assignment): void {
    const { group, hostName } = this.options;
    if (leaderHost === hostName || ![leaderUrl, this.url].some((url) => LOOPBACK.test(url))) return;
    throw new EvpipeError(
      ELSEWHERE,
      `group ${group} has a Connect worker on ${leaderHost} already, at ${leaderUrl}: it and this one, at ${this.url}, can't reach each other`,
      {
        todo: 'Use that worker or stop it, give each a rest.advertised.host.name, or give this one a group.id and storage topics of its own.',
      },
    );
  }

  private async joinAgain(): Promise<void> {
    const { log, group, onLost } = this.options;
    const { signal } = this.leaving;
    while (this.due && !signal.aborted) {
      try {
        await this.join();
      } catch (failure) {
        if (signal.aborted) return;
        const isOver = hasCode(failure, 'FENCED_INSTANCE_ID') || isRefused(failure);
        if (isOver) {
          this.due = false;
          return onLost(failure);
        }
        log.warn(`could not join group ${group}`, { why: messageOf(failure) });
        await pause(RETRY_MS, signal).catch(() => {}); // woken by leave: the loop sees it
      }
    }
  }

  private async drop(): Promise<void> {
    const { log, group, work } = this.options;
    this.assignment = undefined;
    this.shared = undefined;
    log.warn(`group ${group} has gone on without this worker: it stops what it runs`);
    await work.drop().catch((failure: unknown) => log.warn('could not stop everything', { why: messageOf(failure) }));
  }

  private async assign(members: readonly GroupSessionMember[]) {
    const all = await this.options.work.all();
    this.shared = new Set(all.map(keyOf));
    const working = members.map(({ memberId, metadata }) => ({
      memberId,
      runs: decodeStruct(workerState, 0, metadata.subarray(VERSION_BYTES)).runs,
    }));
    const assigned = assignWork(all, working);
    return working.map(({ memberId }) => ({
      memberId,
      assignment: encodeStruct(workerAssignment, 0, {
        leaderUrl: this.url,
        leaderHost: this.options.hostName,
        members: working.length,
        assigned: assigned.get(memberId) ?? [],
      }),
    }));
  }
}

const LOOPBACK = /^http:\/\/(127\.|localhost[:/]|\[::1\])/;

const FOREIGN = 'EVPIPE_CONNECT_GROUP_FOREIGN';
const ELSEWHERE = 'EVPIPE_CONNECT_GROUP_ELSEWHERE';

const isRefused = (failure: unknown): boolean =>
  failure instanceof EvpipeError && [FOREIGN, ELSEWHERE].includes(failure.code);

const foreign = (group: string): EvpipeError =>
  new EvpipeError(FOREIGN, `group ${group} is one of workers of another kind, which do not share work with this one`, {
    todo: 'Stop those workers, or give this one a group.id and storage topics of its own.',
  });

const hasCode = (failure: unknown, name: string): boolean =>
  failure instanceof EvpipeError && failure.code === `EVPIPE_KAFKA_${name}`;
