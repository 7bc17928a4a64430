import type { Row } from '../rows/row.js';
import type { Store } from '../rows/store.js';
import type { Value } from '../values/value.js';
import type { AggregateStep, JoinStep } from './physical-plan.js';

/** What becomes of one row of an input; it calls `emit` once for every row that results, in order. */
export type Step = (row: Row, emit: (row: Row) => void) => void;

/** The keys that a step works with: groups, what rows are joined by, or the left table's own in a foreign-key join. */
export interface StepKeys {
  /** As they are in topics. Kafka Streams keeps them in the order of these, in which a negative INT follows all others. */
  bytes(key: readonly Value[]): Uint8Array;
  /** Which partition a row with this key would be in, were its stream repartitioned: stream time is kept per partition. */
  partition(key: readonly Value[]): number;
}

/** What a plan's steps work with. */
export interface StepContext {
  /** The stores that the plan asked for, restored. */
  readonly store: (name: string) => Store;
  /** What has to be gone through before the first row, entry by entry: of a large state it takes long, and others have their turn between. */
  readonly recall: (entries: Iterable<unknown>) => void;
  /** An expression failed: its column is null, its condition false. */
  readonly failed: (failure: unknown) => void;
  readonly keysOf: (step: AggregateStep | JoinStep) => StepKeys;
}
