import type { ProducerIdentity } from '../../protocol/kafka/batch-builder.js';
import type { KnownTopic } from './cluster.js';

export interface ProduceResult {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly baseOffset: bigint;
}

/** What the producer needs from the cluster. */
export interface ProducerLink {
  readonly timeoutMs: number;
  /** Waits for a topic that does not exist yet; fails after `timeoutMs`. */
  topic(name: string): Promise<KnownTopic>;
  /** As it was last seen; also on the look-out for a leader. */
  lookAgain(topics: readonly string[]): Promise<void>;
  known(name: string): KnownTopic | undefined;
  newIdentity(): Promise<ProducerIdentity>;
  produce(
    broker: number,
    batches: ReadonlyArray<{ readonly topic: string; readonly partition: number; readonly bytes: Buffer }>,
  ): Promise<readonly ProduceResult[]>;
  close(): void;
}
