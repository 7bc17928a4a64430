import type { BrokerSettings } from '../topics/settings.js';

/** One partition of a fetch, as it was last asked for and answered. */
export interface SessionPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  fetchOffset: number;
  maxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  /** What the last answer said; undefined before the first. */
  answered:
    | { readonly highWatermark: number; readonly startOffset: number; readonly lastStableOffset: number }
    | undefined;
}

export interface FetchSession {
  readonly id: number;
  /** The epoch that the next request has to carry. */
  epoch: number;
  readonly partitions: Map<string, SessionPartition>;
}

const EPOCH_MAX = 0x7fffffff;

/**
 * Incremental fetch sessions (KIP-227): the broker remembers what a client fetches, and both sides then send only what
 * changed. Bounded; the session that was not used for longest makes room.
 */
export class FetchSessions {
  /** In the order of their last use. */
  private readonly sessions = new Map<number, FetchSession>();

  constructor(
    private readonly settings: BrokerSettings,
    private readonly random: () => number,
  ) {}

  create(partitions: Map<string, SessionPartition>): FetchSession | undefined {
    const slots = this.settings.number('max.incremental.fetch.session.cache.slots');
    if (slots <= 0) return undefined;
    while (this.sessions.size >= slots) {
      const oldest = this.sessions.keys().next().value;
      if (oldest === undefined) break;
      this.sessions.delete(oldest);
    }
    let id = 0;
    do id = 1 + Math.floor(this.random() * (EPOCH_MAX - 1));
    while (this.sessions.has(id));
    const session = { id, epoch: 1, partitions };
    this.sessions.set(id, session);
    return session;
  }

  /** The session of a request that goes on with it. */
  continue(id: number, epoch: number): FetchSession | 'FETCH_SESSION_ID_NOT_FOUND' | 'INVALID_FETCH_SESSION_EPOCH' {
    const session = this.sessions.get(id);
    if (session === undefined) return 'FETCH_SESSION_ID_NOT_FOUND';
    if (session.epoch !== epoch) return 'INVALID_FETCH_SESSION_EPOCH';
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1;
    this.sessions.delete(id);
    this.sessions.set(id, session);
    return session;
  }

  remove(id: number): void {
    this.sessions.delete(id);
  }
}
