import type { Log } from '../../../support/log.js';
import type { ConnectRecord } from '../data/record.js';

/** A source's place in what it reads, as it is stored: flat and JSON. */
export type SourceOffset = Readonly<Record<string, string | number | bigint | boolean | null>>;
export type SourcePartition = Readonly<Record<string, string>>;

/** One record with the place up to which everything is told once it is written; without a record only the place moves. */
export interface SourceItem {
  readonly record: ConnectRecord | undefined;
  readonly partition: SourcePartition;
  /** What `offsetOf` makes an offset of. */
  readonly place: object;
  /** More records of the same change follow: what resumes after this one would miss them. */
  readonly partial?: boolean;
  /** Somebody waits for the place to be stored: the next flush should not be waited for. */
  readonly urgent?: boolean;
}

/** What a source connector runs: the worker polls, writes, stores offsets, and says what it has stored. */
export interface SourceTask {
  /** Begins to read; what fails later rejects the next poll. */
  start(): Promise<void>;
  /** The place of an item as it is stored; asked once a flush, not once a record. */
  offsetOf(item: SourceItem): SourceOffset;
  /** At least one item; [] after stop. Rejects with what ends the task. */
  poll(): Promise<readonly SourceItem[]>;
  /** This offset has been stored, and all records before it written. */
  committed(offset: SourceOffset): void;
  /** Ends reading; the slot or whatever it holds is free when it resolves. */
  stop(): Promise<void>;
}

export interface SourceTaskContext {
  readonly connector: string;
  readonly taskId: number;
  readonly log: Log;
  readonly clock: () => number;
  readonly random: () => number;
  /** Offsets have to say exactly where to go on; else what was told since the last safe place may be told again. */
  readonly exactlyOnce: boolean;
  /** The offset of a partition as it is stored now: until the task came here it may have run on another worker. */
  offset(partition: SourcePartition): Promise<SourceOffset | undefined>;
}
