import type { Row } from '../rows/row.js';
import type { Store } from '../rows/store.js';

/** What becomes of one row of an input; it calls `emit` once for every row that results, in order. */
export type Step = (row: Row, emit: (row: Row) => void) => void;

/** What a plan's steps work with. */
export interface StepContext {
  /** The stores that the plan asked for, restored. */
  readonly store: (name: string) => Store;
  /** What has to be gone through before the first row, entry by entry: of a large state it takes long, and others have their turn between. */
  readonly recall: (entries: Iterable<unknown>) => void;
  /** An expression failed: its column is null, its condition false. */
  readonly failed: (failure: unknown) => void;
  /** Which partition a row with this key would be in, were its stream repartitioned: stream time is kept per partition. */
  readonly partitionOf: (key: readonly unknown[]) => number;
}
