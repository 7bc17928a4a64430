import type { ErrorName } from '../../../protocol/kafka/errors.js';
import type { Broker } from '../broker.js';
import type { FileRange } from '../log/file-range.js';
import { LEADER_EPOCH, type PartitionLog } from '../log/partition-log.js';
import type { AbortedTransaction } from '../log/producer-state.js';
import type { SessionPartition } from './sessions.js';

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
}

export interface FetchWish {
  readonly partitions: readonly SessionPartition[];
  readonly maxBytes: number;
  readonly readCommitted: boolean;
  readonly byId: boolean;
}

/** One fetch, which can be tried again and again until there is enough to answer. */
export class FetchPlan {
  constructor(
    private readonly broker: Broker,
    private readonly wish: FetchWish,
  ) {}

  /** The logs to watch while nothing is there. */
  logs(): PartitionLog[] {
    return this.wish.partitions.flatMap((asked) => this.topicOf(asked)?.log(asked.partition) ?? []);
  }

  private topicOf({ topic, topicId }: SessionPartition) {
    return this.wish.byId ? this.broker.topics.getById(topicId) : this.broker.topics.get(topic);
  }

  /** What each partition has now, within the bounds. `bytes` of records, `final` where waiting would change nothing. */
  evaluate(): { readonly results: PartitionResult[]; readonly bytes: number; readonly final: boolean } {
    const results: PartitionResult[] = [];
    let bytes = 0;
    let final = this.wish.partitions.length === 0;
    for (const asked of this.wish.partitions) {
      const result = this.partition(asked, this.wish.maxBytes - bytes, bytes === 0);
      bytes += result.range?.length ?? 0;
      if (result.error !== undefined || result.divergingEndOffset !== undefined) final = true;
      results.push(result);
    }
    return { results, bytes, final };
  }

  private partition(asked: SessionPartition, bytesLeft: number, first: boolean): PartitionResult {
    const topic = this.topicOf(asked);
    if (topic === undefined) return failed(asked, this.wish.byId ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION');
    const log = topic.log(asked.partition);
    if (log === undefined) return failed(asked, 'UNKNOWN_TOPIC_OR_PARTITION');
    if (asked.currentLeaderEpoch > LEADER_EPOCH) return failed(asked, 'UNKNOWN_LEADER_EPOCH');
    if (asked.currentLeaderEpoch >= 0 && asked.currentLeaderEpoch < LEADER_EPOCH) {
      return failed(asked, 'FENCED_LEADER_EPOCH');
    }
    const { startOffset, endOffset: highWatermark, lastStableOffset } = log;
    const offset = asked.fetchOffset;
    const base = { asked, highWatermark, lastStableOffset, startOffset, divergingEndOffset: undefined };
    if (asked.lastFetchedEpoch > LEADER_EPOCH || (asked.lastFetchedEpoch >= 0 && offset > highWatermark)) {
      return { ...base, error: undefined, range: undefined, aborted: undefined, divergingEndOffset: highWatermark };
    }
    if (offset < startOffset || offset > highWatermark) {
      return failed(asked, 'OFFSET_OUT_OF_RANGE');
    }
    const end = this.wish.readCommitted ? lastStableOffset : highWatermark;
    const bytesMax = Math.min(asked.maxBytes, bytesLeft);
    const range = offset >= end || (bytesMax <= 0 && !first) ? undefined : log.read(offset, bytesMax, end, first);
    const aborted = this.wish.readCommitted ? (range === undefined ? [] : log.abortedWithin(offset, end)) : undefined;
    return { ...base, error: undefined, range, aborted };
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
  };
}
