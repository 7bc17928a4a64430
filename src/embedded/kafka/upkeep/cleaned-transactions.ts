import { isTransactional, lastOffsetOf, markerTypeOf, producerIdOf } from '../../../protocol/kafka/record-batch.js';
import type { AbortedTransaction } from '../log/producer-state.js';

interface Aborting {
  readonly transaction: AbortedTransaction;
  /** A batch of it is still in the log. */
  isSeen: boolean;
}

/** Follows the transactions of a log while compaction walks through its batches, in the order of their offsets. */
export class CleanedTransactions {
  private readonly ahead: AbortedTransaction[];
  private readonly aborting = new Map<number, Aborting>();
  /** Producers with batches since their last marker. */
  private readonly committing = new Set<number>();
  /** Aborted transactions without a batch in the log, up to their markers. */
  readonly ended = new Set<AbortedTransaction>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.ahead = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset); // the next one last
  }

  private advance(offset: number): void {
    for (let next = this.ahead.at(-1); next !== undefined && next.firstOffset <= offset; next = this.ahead.at(-1)) {
      this.aborting.set(next.producerId, { transaction: next, isSeen: false });
      this.ahead.pop();
    }
  }

  /** Whether the records of this batch belong to a transaction that was aborted. */
  isAborted(batch: Buffer): boolean {
    if (!isTransactional(batch)) return false;
    this.advance(lastOffsetOf(batch));
    const aborting = this.aborting.get(producerIdOf(batch));
    if (aborting === undefined) {
      this.committing.add(producerIdOf(batch));
      return false;
    }
    aborting.isSeen = true;
    return true;
  }

  /** Whether nothing is left of the transaction that this marker ends. */
  endsNothing(marker: Buffer): boolean {
    this.advance(lastOffsetOf(marker));
    const producerId = producerIdOf(marker);
    if (markerTypeOf(marker) !== 'abort') return !this.committing.delete(producerId);
    const aborting = this.aborting.get(producerId);
    this.aborting.delete(producerId);
    if (aborting?.isSeen) return false;
    if (aborting !== undefined) this.ended.add(aborting.transaction);
    return true;
  }
}
