import type { KafkaRecord } from '../../../clients/kafka/contract.js';
import type { Log } from '../../../support/log.js';
import type { ConnectRecord } from '../data/record.js';

/** A converted and transformed record with the one that it was read from. */
export interface SinkRecord extends ConnectRecord {
  readonly original: KafkaRecord;
}

/** What a sink connector runs. Offsets are committed of what `put` has taken: it returns once the records are stored. */
export interface SinkTask {
  start(): Promise<void>;
  /** In the order of each partition. A transient failure may be repeated with the same records; any other ends the task. */
  put(records: readonly SinkRecord[]): Promise<void>;
  stop(): Promise<void>;
}

export interface SinkTaskContext {
  readonly connector: string;
  readonly taskId: number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Hands over a record that can't be stored; undefined where `errors.tolerance` is none, and the task has to fail. */
  readonly report: ((record: SinkRecord, failure: unknown) => Promise<void>) | undefined;
}
