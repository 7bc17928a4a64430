import {
  baseSequenceOf,
  isControl,
  isTransactional,
  lastOffsetDeltaOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
} from '../../../protocol/kafka/record-batch.js';

/** As many batches as a client may have in flight: each of them may come again and has to be recognised. */
const REMEMBERED_BATCHES = 5;

const SEQUENCE_COUNT = 2 ** 31;

export interface RememberedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly timestampMs: number;
}

/** What a partition knows of one idempotent producer. */
export interface ProducerEntry {
  epoch: number;
  batches: RememberedBatch[];
  /** Of the last append, in the broker's time: entries expire by it. */
  lastUsedMs: number;
  lastTimestampMs: number;
  coordinatorEpoch: number;
  /** Where its open transaction began. */
  transactionStart: number | undefined;
}

export type SequenceVerdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly of: RememberedBatch }
  | {
      readonly kind: 'error';
      readonly error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH' | 'UNKNOWN_PRODUCER_ID';
    };

/** A transaction that was aborted: readers of committed data skip its records. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** The last stable offset right after its marker. */
  readonly lastStableOffset: number;
}

export const nextSequence = (sequence: number): number => (sequence + 1) % SEQUENCE_COUNT;

/**
 * The idempotent and transactional producers of one partition (KIP-98): which sequence number each one has to send
 * next, its last five batches, where its open transaction begins. Kept in memory, written with the log's checkpoints,
 * and brought up to date from the log's headers on start.
 */
export class ProducerStates {
  readonly entries = new Map<number, ProducerEntry>();
  /** Where open transactions began, by producer; oldest first, because they are added as the log grows. */
  private readonly open = new Map<number, number>();

  /** What a checkpoint kept, to be read back by `restore`. */
  snapshot(): Array<readonly [id: number, entry: ProducerEntry]> {
    return [...this.entries];
  }

  restore(entries: ReadonlyArray<readonly [id: number, entry: ProducerEntry]>): void {
    this.entries.clear();
    this.open.clear();
    for (const [id, entry] of entries) this.entries.set(id, entry);
    const open = entries.flatMap(([id, { transactionStart }]) =>
      transactionStart === undefined ? [] : [[id, transactionStart] as const],
    );
    for (const [id, start] of open.sort((a, b) => a[1] - b[1])) this.open.set(id, start);
  }

  /**
   * A batch is appended where its sequence follows the last one, or where its epoch is new and it begins with 0.
   * A partition that knows nothing of a producer takes any sequence, as Kafka does since 2.5 (KIP-360): retention may
   * have removed everything that the producer wrote.
   */
  check(batch: Buffer): SequenceVerdict {
    const entry = this.entries.get(producerIdOf(batch));
    if (entry === undefined) return { kind: 'append' };
    const epoch = producerEpochOf(batch);
    if (epoch < entry.epoch) return { kind: 'error', error: 'INVALID_PRODUCER_EPOCH' };
    const first = baseSequenceOf(batch);
    if (epoch > entry.epoch) {
      return first === 0 ? { kind: 'append' } : { kind: 'error', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
    }
    const last = (first + lastOffsetDeltaOf(batch)) % SEQUENCE_COUNT;
    const same = entry.batches.find((known) => known.firstSequence === first && known.lastSequence === last);
    if (same !== undefined) return { kind: 'duplicate', of: same };
    const previous = entry.batches.at(-1);
    if (previous === undefined || first === nextSequence(previous.lastSequence)) return { kind: 'append' };
    return { kind: 'error', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' };
  }

  /** Takes note of a data batch that was appended (or found on recovery). */
  appended(batch: Buffer, firstOffset: number, nowMs: number): void {
    const id = producerIdOf(batch);
    const epoch = producerEpochOf(batch);
    let entry = this.entries.get(id);
    if (entry === undefined) {
      entry = {
        epoch,
        batches: [],
        lastUsedMs: nowMs,
        lastTimestampMs: -1,
        coordinatorEpoch: -1,
        transactionStart: undefined,
      };
      this.entries.set(id, entry);
    }
    if (entry.epoch !== epoch) {
      entry.epoch = epoch;
      entry.batches = [];
    }
    const firstSequence = baseSequenceOf(batch);
    const delta = lastOffsetDeltaOf(batch);
    entry.lastUsedMs = nowMs;
    entry.lastTimestampMs = maxTimestampOf(batch);
    entry.batches.push({
      firstSequence,
      lastSequence: (firstSequence + delta) % SEQUENCE_COUNT,
      firstOffset,
      lastOffset: firstOffset + delta,
      timestampMs: entry.lastTimestampMs,
    });
    if (entry.batches.length > REMEMBERED_BATCHES) entry.batches.shift();
    if (isTransactional(batch) && !isControl(batch) && entry.transactionStart === undefined) {
      entry.transactionStart = firstOffset;
      this.open.set(id, firstOffset);
    }
  }

  /** A marker ends the producer's transaction here; gives where it began, undefined where it wrote nothing here. */
  marked(batch: Buffer, nowMs: number): number | undefined {
    const id = producerIdOf(batch);
    const epoch = producerEpochOf(batch);
    const entry = this.entries.get(id);
    const start = entry?.transactionStart;
    this.open.delete(id);
    const batches = entry !== undefined && entry.epoch === epoch ? entry.batches : [];
    this.entries.set(id, {
      epoch,
      batches,
      lastUsedMs: nowMs,
      lastTimestampMs: maxTimestampOf(batch),
      coordinatorEpoch: 0,
      transactionStart: undefined,
    });
    return start;
  }

  /** The beginning of the oldest open transaction. */
  firstOpenTransaction(): number | undefined {
    for (const start of this.open.values()) return start;
    return undefined;
  }

  /** Forgets producers that wrote nothing for so long; one with an open transaction stays. */
  expire(beforeMs: number): void {
    for (const [id, entry] of this.entries) {
      if (entry.lastUsedMs < beforeMs && entry.transactionStart === undefined) this.entries.delete(id);
    }
  }
}
