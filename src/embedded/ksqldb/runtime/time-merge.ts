import type { KafkaRecord, PartitionPosition, RecordBatch } from '../../../clients/kafka/contract.js';

/** So many records may wait for slower partitions; beyond it order gives way to progress. */
const WAITING_MAX = 100_000;

interface Queue {
  readonly records: KafkaRecord[];
  at: number;
  /** Where its reader is. */
  nextOffset: bigint;
  /** Where the partition ended when the query began: up to there it has to be awaited. */
  readonly end: bigint;
}

/**
 * Records of several topics in order of their times, as a join needs them: what was there when the query began is
 * merged by time; what comes afterwards is taken as it arrives.
 */
export class TimeMerge {
  private readonly queues = new Map<string, Queue>();
  private waiting = 0;

  constructor(from: readonly PartitionPosition[], ends: readonly PartitionPosition[]) {
    const byPartition = new Map(ends.map(({ topic, partition, offset }) => [`${topic} ${partition}`, offset]));
    for (const { topic, partition, offset } of from) {
      const key = `${topic} ${partition}`;
      this.queues.set(key, { records: [], at: 0, nextOffset: offset, end: byPartition.get(key) ?? 0n });
    }
  }

  push(batch: RecordBatch): void {
    const key = `${batch.topic} ${batch.partition}`;
    const queue = this.queues.get(key) ?? { records: [], at: 0, nextOffset: 0n, end: 0n };
    this.queues.set(key, queue);
    queue.records.push(...batch.records);
    queue.nextOffset = batch.nextOffset;
    this.waiting += batch.records.length;
  }

  /** The next record in order, and up to which offset its partition is done with it; undefined: more has to be read first. */
  next(): { readonly record: KafkaRecord; readonly done: bigint } | undefined {
    let best: Queue | undefined;
    let bestMs = Number.POSITIVE_INFINITY;
    for (const queue of this.queues.values()) {
      const head = queue.records[queue.at];
      if (head === undefined) {
        if (queue.nextOffset < queue.end && this.waiting < WAITING_MAX) return undefined;
      } else if (head.timestampMs < bestMs) {
        best = queue;
        bestMs = head.timestampMs;
      }
    }
    const record = best?.records[best.at];
    if (best === undefined || record === undefined) return undefined;
    best.at += 1;
    this.waiting -= 1;
    if (best.at < best.records.length) return { record, done: record.offset + 1n };
    best.records.length = 0;
    best.at = 0;
    return { record, done: best.nextOffset };
  }
}
