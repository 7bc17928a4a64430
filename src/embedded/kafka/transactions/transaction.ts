import type { TRANSACTION_STATES } from '../../../protocol/kafka/state-records.js';

export type TransactionState = (typeof TRANSACTION_STATES)[number];

/** One transactional id, as it is kept in `__transaction_state`. */
export interface Transaction {
  readonly producerId: number;
  readonly epoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly startMs: number;
  readonly updatedMs: number;
  /** `topic` to partitions; those of `__consumer_offsets` have the offsets of its groups. */
  readonly partitions: Readonly<Record<string, readonly number[]>>;
  /** The producer before the last EndTxn bumped the epoch: its repeated EndTxn is answered like the first. */
  readonly previous: { readonly producerId: number; readonly epoch: number } | null;
}
