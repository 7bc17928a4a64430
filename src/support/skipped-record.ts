import type { Log } from './log.js';

/** Where a record is. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number | bigint;
}

/**
 * A server keeps its state in a topic and can't read one of the records there: it goes on without it. `why` holds
 * nothing of the record, which may be a secret.
 */
export function warnOfSkipped(log: Log, { topic, partition, offset }: RecordPlace, why: string): void {
  log.warn("skipped a record that can't be read", { at: `${topic}-${partition}@${offset}`, why });
}
