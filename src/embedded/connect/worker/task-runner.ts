import type { KafkaClient } from '../../../clients/kafka/contract.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import type { Log } from '../../../support/log.js';
import type { Stores } from './stores.js';

/** What runs one task of a connector. A failure that ends it is reported once, to the callback it was made with. */
export interface TaskRunner {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface RunnerContext {
  readonly kafka: KafkaClient;
  readonly stores: Stores;
  readonly log: Log;
  readonly clock: () => number;
  readonly random: () => number;
  readonly workerConfig: RawConfig;
  readonly offsetFlushIntervalMs: number;
  /** Throws where other workers may have this one's tasks by now: asked before anything is written. */
  checkMembership(): void;
}
