import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { GroupSession, KafkaClient } from '../../clients/kafka/contract.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { Log } from '../../support/log.js';
import { pause } from '../../support/retry.js';

/** So long after its end without a farewell others take over what an engine did. */
const SESSION_TIMEOUT_MS = 10_000;
const RETRY_MS = 1_000;

/** One engine of a service, as the others know it. */
export interface EngineMember {
  /** Stays the same when it is started again. */
  readonly name: string;
  /** host:port of its REST API. */
  readonly address: string;
  /** The machine that it runs on. */
  readonly machine: string;
}

export interface EngineGroupOptions {
  readonly kafka: KafkaClient;
  readonly serviceId: string;
  readonly log: Log;
  /** Another process has this one's name. */
  onLost(failure: unknown): void;
}

/** What runs the tasks. */
interface Holder {
  /** Engines come or go: what was this one's has to be committed and laid down before it resolves. */
  hold(): Promise<void>;
  /** It is known again what is whose. `keeps`: no other engine can have had meanwhile what was this one's. */
  release(keeps: boolean): void;
}

/**
 * The engines of one service id divide the tasks of its queries. They form one classic group, in which each says where it is
 * reached and gets the list of all: from that list every engine works out alike which tasks are whose, so a new query needs no
 * new round. A round begins only when all that are alive have laid down what they had: no two engines ever have one task.
 * States: outside -> member (holding nothing -> running) -> outside, when it leaves or was silent for too long.
 */
export class EngineGroup {
  private session: GroupSession | undefined;
  private readonly leaving = new AbortController();
  private holder: Holder | undefined;
  private entering = false;
  private all: readonly EngineMember[] = [];
  self: EngineMember = { name: '', address: '', machine: hostname() };

  constructor(private readonly options: EngineGroupOptions) {}

  get others(): readonly EngineMember[] {
    return this.all.filter(({ name }) => name !== this.self.name);
  }

  /** `address`: host:port of this engine's REST API. */
  async enter(address: string, holder: Holder): Promise<void> {
    const machine = hostname();
    this.self = { name: `${machine}-${address}`.replace(/[^\w.-]/g, '-'), address, machine };
    this.holder = holder;
    const { kafka, serviceId, log } = this.options;
    this.session = kafka.groupSession({
      group: `_confluent-ksql-${serviceId}engines`,
      // Static membership (KIP-345): started again after a kill it takes its own place, without waiting for its session to end.
      instanceId: this.self.name,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      protocol: {
        type: 'ksqldb',
        name: 'tasks',
        metadata: () => Buffer.from(JSON.stringify(this.self)),
        assign: async (members) => {
          const all = Buffer.from(JSON.stringify(members.map(({ metadata }) => JSON.parse(metadata.toString()))));
          return members.map(({ memberId }) => ({ memberId, assignment: all }));
        },
      },
      onRebalance: () => void this.enterAgain(),
    });
    await this.join(this.session);
    holder.release(this.session.missedNone);
    log.info('this engine shares the queries of its service', { serviceId, engines: this.all.length });
  }

  /** Whether a task is this engine's: those of one query go round, each query beginning with another engine. */
  isMine(query: string, task: number): boolean {
    const { length } = this.all;
    if (length === 0) return false;
    const first = createHash('md5').update(query).digest().readUInt32BE(0);
    return this.all[(first + task) % length]?.name === this.self.name;
  }

  /** Throws where others may have taken over meanwhile: then nothing more may be committed. */
  async confirm(): Promise<void> {
    try {
      await this.session?.confirm();
    } catch (failure) {
      void this.enterAgain();
      throw failure;
    }
  }

  async leave(): Promise<void> {
    if (this.leaving.signal.aborted) return;
    this.leaving.abort(new Error('it leaves its group'));
    const { log } = this.options;
    await this.session
      ?.leave()
      .catch((failure: unknown) => log.warn('could not leave the group of engines', { why: messageOf(failure) }));
  }

  private async join(session: GroupSession): Promise<void> {
    const assignment = await session.join(this.leaving.signal);
    const members = JSON.parse(assignment.toString()) as EngineMember[];
    this.all = members.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Engines came or went, or this one was expelled while it, or Kafka, was away. */
  private async enterAgain(): Promise<void> {
    const { log, onLost } = this.options;
    const { signal } = this.leaving;
    if (this.entering || this.session === undefined || this.holder === undefined) return;
    this.entering = true;
    try {
      await this.holder.hold();
      while (!signal.aborted) {
        try {
          await this.join(this.session);
          log.info('engines came or went', { engines: this.all.length });
          this.holder.release(this.session.missedNone);
          return;
        } catch (failure) {
          if (isFenced(failure)) return onLost(failure);
          if (signal.aborted) return;
          log.warn('could not join the group of engines', { why: messageOf(failure) });
          await pause(RETRY_MS, signal).catch(() => {}); // woken by leave: the loop sees it
        }
      }
    } finally {
      this.entering = false;
    }
  }
}

/** Another process has this one's own name. */
const isFenced = (failure: unknown): boolean =>
  failure instanceof EvpipeError && failure.code === 'EVPIPE_KAFKA_FENCED_INSTANCE_ID';
