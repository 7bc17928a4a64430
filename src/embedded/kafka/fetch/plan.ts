import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Broker } from '../broker.js';
import { LEADER_EPOCH, type PartitionLog } from '../log/partition-log.js';
import type { FetchSession, PartitionResult, SessionPartition } from './sessions.js';

export interface FetchParams {
  /** All that are asked for; of a session that continues only the fresh ones. */
  readonly partitions: Iterable<SessionPartition>;
  /** That continues; its partitions that have nothing to tell are settled. */
  readonly session: FetchSession | undefined;
  readonly isEmpty: boolean;
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  readonly byId: boolean;
  readonly mayRead: (topic: string) => boolean;
}

/** One fetch, which can be tried again and again until there is enough to answer. */
export class FetchPlan {
  constructor(
    private readonly broker: Broker,
    private readonly params: FetchParams,
  ) {}

  /** The logs to watch while there is too little. */
  logs(): PartitionLog[] {
    return [...this.params.partitions].flatMap((asked) => this.topicOf(asked)?.log(asked.partition) ?? []);
  }

  /** Calls back when a partition that was settled has something to tell. */
  onWoken(callback: (() => void) | undefined): void {
    if (this.params.session !== undefined) this.params.session.woken = callback;
  }

  private topicOf({ topic, topicId }: SessionPartition) {
    return this.params.byId ? this.broker.topics.getById(topicId) : this.broker.topics.get(topic);
  }

  /** What each partition has now, within the bounds. `bytes` of records, `final` where waiting would change nothing. */
  evaluate(): { readonly results: PartitionResult[]; readonly bytes: number; readonly final: boolean } {
    const results: PartitionResult[] = [];
    let bytes = 0;
    let final = this.params.isEmpty;
    for (const asked of this.params.partitions) {
      const result = this.partition(asked, this.params.maxBytes - bytes, bytes === 0);
      bytes += result.range?.length ?? 0;
      if (result.error !== undefined || result.divergingEndOffset !== undefined) final = true;
      if (this.params.session?.settle(result) !== true) results.push(result);
    }
    return { results, bytes, final };
  }

  private partition(asked: SessionPartition, bytesLeft: number, first: boolean): PartitionResult {
    const topic = this.topicOf(asked);
    // Who may not read a topic is not told either whether one of this name is there.
    const name = this.params.byId ? topic?.name : asked.topic;
    if (name !== undefined && !this.params.mayRead(name)) return failed(asked, 'TOPIC_AUTHORIZATION_FAILED');
    if (topic === undefined) return failed(asked, this.params.byId ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION');
    const log = topic.log(asked.partition);
    if (log === undefined) return failed(asked, 'UNKNOWN_TOPIC_OR_PARTITION');
    if (asked.currentLeaderEpoch > LEADER_EPOCH) return failed(asked, 'UNKNOWN_LEADER_EPOCH');
    if (asked.currentLeaderEpoch >= 0 && asked.currentLeaderEpoch < LEADER_EPOCH) {
      return failed(asked, 'FENCED_LEADER_EPOCH');
    }
    const { startOffset, endOffset: highWatermark, lastStableOffset } = log;
    const offset = asked.fetchOffset;
    const end = this.params.readCommitted ? lastStableOffset : highWatermark;
    const base = { asked, log, highWatermark, lastStableOffset, startOffset, divergingEndOffset: undefined };
    const hasMore = offset < end;
    if (asked.lastFetchedEpoch > LEADER_EPOCH || (asked.lastFetchedEpoch >= 0 && offset > highWatermark)) {
      const nothing = { error: undefined, range: undefined, aborted: undefined, hasMore };
      return { ...base, ...nothing, divergingEndOffset: highWatermark };
    }
    if (offset < startOffset || offset > highWatermark) {
      return failed(asked, 'OFFSET_OUT_OF_RANGE');
    }
    const bytesMax = Math.min(asked.maxBytes, bytesLeft);
    const range = offset >= end || (bytesMax <= 0 && !first) ? undefined : log.read(offset, bytesMax, end, first);
    const aborted = this.params.readCommitted ? (range === undefined ? [] : log.abortedWithin(offset, end)) : undefined;
    return { ...base, error: undefined, range, aborted, hasMore };
  }
}

function failed(asked: SessionPartition, error: ErrorName): PartitionResult {
  return {
    asked,
    error,
    highWatermark: -1,
    lastStableOffset: -1,
    startOffset: -1,
    range: undefined,
    aborted: undefined,
    divergingEndOffset: undefined,
    log: undefined,
    hasMore: false,
  };
}
