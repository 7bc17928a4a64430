import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { FileRange } from '../log/file-range.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { AbortedTransaction } from '../log/producer-state.js';
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

/** What is to be said of one partition. */
export interface PartitionResult {
  readonly asked: SessionPartition;
  readonly error: ErrorName | undefined;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly startOffset: number;
  readonly range: FileRange | undefined;
  /** Undefined for readers of everything. */
  readonly aborted: readonly AbortedTransaction[] | undefined;
  readonly divergingEndOffset: number | undefined;
  /** Undefined where there is no such partition. */
  readonly log: PartitionLog | undefined;
  /** There are records that were not asked for yet, or have no room in this answer. */
  readonly hasMore: boolean;
}

/**
 * What one client fetches. Each of its partitions is either fresh, so that the next fetch has to look at it, or settled:
 * all that it had was told, and its log is watched, which makes it fresh again. A fetch costs what changed, however many
 * partitions there are.
 */
export class FetchSession {
  /** The epoch that the next request has to carry. */
  epoch = 1;
  /** In the order in which they are looked at. */
  readonly fresh = new Set<SessionPartition>();
  /** Called when a settled partition becomes fresh: by the fetch that waits for one. */
  woken: (() => void) | undefined;
  private readonly settled = new Map<SessionPartition, () => void>();
  private peer: ClosingPeer | undefined;
  private stopFollowing: (() => void) | undefined;
  private readCommitted = false;

  constructor(
    readonly id: number,
    private readonly partitions: Map<string, SessionPartition>,
  ) {
    for (const partition of partitions.values()) this.fresh.add(partition);
  }

  get size(): number {
    return this.partitions.size;
  }

  get(key: string): SessionPartition | undefined {
    return this.partitions.get(key);
  }

  /** A partition that the client asks for, for the first time or from another offset. */
  ask(key: string, partition: SessionPartition): void {
    this.partitions.set(key, partition);
    this.refresh(partition);
  }

  forget(key: string): void {
    const partition = this.partitions.get(key);
    if (partition === undefined) return;
    this.partitions.delete(key);
    this.refresh(partition);
    this.fresh.delete(partition);
  }

  /** Nothing is watched for a client that is gone. */
  follow(peer: ClosingPeer, readCommitted: boolean): void {
    if (readCommitted !== this.readCommitted) this.rest();
    this.readCommitted = readCommitted;
    if (peer === this.peer) return;
    this.stopFollowing?.();
    this.peer = peer;
    this.stopFollowing = peer.onClose(() => this.rest());
  }

  /** Takes a partition out of those to look at where it has nothing to tell. True then. */
  settle(result: PartitionResult): boolean {
    if (result.log === undefined || result.hasMore || !isUnchanged(result)) return false;
    const { asked, log } = result;
    this.fresh.delete(asked);
    this.settled.set(
      asked,
      watchOnce(log, () => this.wake(asked)),
    );
    return true;
  }

  private wake(partition: SessionPartition): void {
    this.refresh(partition);
    this.woken?.();
  }

  /** What got data goes to the end, so that no partition starves where maxBytes is short. */
  served(partition: SessionPartition): void {
    if (this.fresh.delete(partition)) this.fresh.add(partition);
  }

  private refresh(partition: SessionPartition): void {
    this.settled.get(partition)?.();
    this.settled.delete(partition);
    this.fresh.add(partition);
  }

  private rest(): void {
    for (const partition of [...this.settled.keys()]) this.refresh(partition);
  }

  close(): void {
    this.stopFollowing?.();
    this.rest();
  }
}

interface ClosingPeer {
  onClose(callback: () => void): () => void;
}

function watchOnce(log: PartitionLog, changed: () => void): () => void {
  const stop = log.watch(() => {
    stop();
    changed();
  });
  return stop;
}

/** Whether the last answer said the same. */
export function isUnchanged({ range, error, divergingEndOffset, asked, ...now }: PartitionResult): boolean {
  if (range !== undefined || error !== undefined || divergingEndOffset !== undefined) return false;
  const { answered } = asked;
  return (
    answered !== undefined &&
    answered.highWatermark === now.highWatermark &&
    answered.startOffset === now.startOffset &&
    answered.lastStableOffset === now.lastStableOffset
  );
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
      this.remove(oldest);
    }
    let id = 0;
    do id = 1 + Math.floor(this.random() * (EPOCH_MAX - 1));
    while (this.sessions.has(id));
    const session = new FetchSession(id, partitions);
    this.sessions.set(id, session);
    return session;
  }

  /** The session of a request that continues with it. */
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
    this.sessions.get(id)?.close();
    this.sessions.delete(id);
  }
}
