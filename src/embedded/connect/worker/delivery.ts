import type { KafkaClient, ProducerOptions, RecordProducer } from '../../../clients/kafka/contract.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import type { SourceOffset, SourcePartition } from './source-task.js';
import type { Stores } from './stores.js';
import { groupOf, isExactlyOnce } from './worker-options.js';

/** How a source's records and offsets reach Kafka. */
export interface Delivery {
  readonly producer: RecordProducer;
  readonly exactlyOnce: boolean;
  /** Before the task asks for its offsets. */
  begin(): Promise<void>;
  /** Everything appended is written, and this offset stored. With exactly once nothing may be appended meanwhile. */
  store(partition: SourcePartition, offset: SourceOffset): Promise<void>;
}

interface DeliveryParts {
  readonly kafka: KafkaClient;
  readonly stores: Stores;
  readonly workerConfig: RawConfig;
}

export function deliveryOf(connector: string, parts: DeliveryParts, options: ProducerOptions): Delivery {
  return isExactlyOnce(parts.workerConfig)
    ? exactlyOnce(connector, parts, options)
    : atLeastOnce(connector, parts, options);
}

/** The offset is stored after the records: what a crash cuts off is written again. */
function atLeastOnce(connector: string, { kafka, stores }: DeliveryParts, options: ProducerOptions): Delivery {
  const producer = kafka.producer(options);
  return {
    producer,
    exactlyOnce: false,
    async begin() {},
    async store(partition, offset) {
      await producer.flush();
      await stores.putOffset(connector, partition, offset);
    },
  };
}

/** Records and their offset count together (KIP-618). */
function exactlyOnce(
  connector: string,
  { kafka, stores, workerConfig }: DeliveryParts,
  options: ProducerOptions,
): Delivery {
  // As the real worker names it, so that either fences what the other has left.
  const transactionalId = `${groupOf(workerConfig)}-${connector}-0`;
  const producer = kafka.transactionalProducer({ ...options, transactionalId });
  return {
    producer,
    exactlyOnce: true,
    async begin() {
      await producer.init();
      // A worker that was thought dead may have committed until just now.
      await stores.readOffsets({ endsOpen: true });
    },
    async store(partition, offset) {
      const stored = stores.offsetEntry(connector, partition, offset);
      producer.append(stored.record);
      await producer.commit();
      stored.took();
    },
  };
}
