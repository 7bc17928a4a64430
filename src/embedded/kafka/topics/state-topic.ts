import { encodeBatch } from '../../../protocol/kafka/encode-batch.js';
import {
  baseOffsetOf,
  isControl,
  isTransactional,
  type LoggedRecord,
  markerTypeOf,
  producerIdOf,
  recordsOf,
} from '../../../protocol/kafka/record-batch.js';
import type { StateRecord } from '../../../protocol/kafka/state-records.js';
import { messageOf } from '../../../support/errors.js';
import { textHash } from '../../../support/java-hash.js';
import type { Log } from '../../../support/log.js';
import { warnOfSkipped } from '../../../support/skipped-record.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { TopicCatalog } from './catalog.js';
import type { BrokerSettings } from './settings.js';
import { CONSUMER_OFFSETS, type Topic, type TRANSACTION_STATE } from './topic.js';

/**
 * Bytes after which a segment is closed, however large `segment.bytes` is: only closed ones are compacted, and a start
 * reads all that is there.
 */
const SEGMENT_BYTES_MAX = 2 * 1024 * 1024;

export interface StateContext {
  readonly topics: TopicCatalog;
  readonly settings: BrokerSettings;
  readonly clock: { now(): number };
  readonly log: Log;
}

/** Whose transaction a record belongs to. */
export interface TransactionalProducer {
  readonly producerId: number;
  readonly epoch: number;
}

/** What is read back: records in the order in which they were written, and the ends of transactions among them. */
export interface StateReader {
  /** `producerId` where the record belongs to a transaction. Throws, and changes nothing, where it can't be read. */
  record(key: Buffer, record: LoggedRecord, producerId: number | undefined): void;
  marker?(partition: number, producerId: number, type: 'commit' | 'abort'): void;
}

/**
 * A compacted topic in which a coordinator keeps its state, as Kafka's do: what is to be known of an id is in one
 * partition. It is made by the first use. A change is one batch: after a crash all of it is there or nothing. What could
 * not be written (a full disk) throws, and is not there.
 */
export class StateTopic {
  constructor(
    readonly name: typeof CONSUMER_OFFSETS | typeof TRANSACTION_STATE,
    private readonly context: StateContext,
  ) {}

  /** The topic, which is made where it is not there yet. */
  ensure(): Topic {
    const { topics, settings } = this.context;
    return topics.get(this.name) ?? topics.create(this.name, this.partitions(), configOf(this.name, settings));
  }

  private partitions(): number {
    const setting =
      this.name === CONSUMER_OFFSETS ? 'offsets.topic.num.partitions' : 'transaction.state.log.num.partitions';
    return this.context.topics.get(this.name)?.partitions ?? this.context.settings.number(setting);
  }

  /** Kafka's choice, by which its tools find the partition of a group. */
  partitionOf(id: string): number {
    const hash = Math.abs(textHash(id));
    // Kafka takes 0 for the one hash whose absolute value is no int.
    return (hash === 0x80000000 ? 0 : hash) % this.partitions();
  }

  /** Gives the offset of the first record. */
  append(id: string, records: readonly StateRecord[], producer?: TransactionalProducer): number {
    const { settings, log } = this.logOf(this.partitionOf(id));
    const timestampMs = this.context.clock.now();
    const attributes =
      producer === undefined
        ? {}
        : { transactional: true, producerId: producer.producerId, producerEpoch: producer.epoch, baseSequence: 0 };
    const batch = encodeBatch(
      attributes,
      records.map(({ key, value }, offsetDelta) => ({ offsetDelta, timestampMs, key, value })),
    );
    if ((log.allSegments.at(-1)?.size ?? 0) >= SEGMENT_BYTES_MAX) log.roll();
    return log.append(batch, settings);
  }

  private logOf(partition: number): { readonly settings: Topic['settings']; readonly log: PartitionLog } {
    const topic = this.ensure();
    const log = topic.log(partition);
    if (log === undefined) throw new RangeError(`${this.name} has no partition ${partition}`);
    return { settings: topic.settings, log };
  }

  /** What can't be read is left out: the groups and transactions beside it go on. */
  read(reader: StateReader): void {
    const topic = this.context.topics.get(this.name);
    for (let partition = 0; partition < (topic?.partitions ?? 0); partition++) {
      const log = topic?.logWithData(partition);
      for (const segment of log?.allSegments ?? []) {
        for (const { position, size } of segment.batches())
          this.readBatch(segment.read(position, size), partition, reader);
      }
    }
  }

  private readBatch(batch: Buffer, partition: number, reader: StateReader): void {
    const attempt = (offset: number, read: () => void): void => {
      try {
        read();
      } catch (failure) {
        warnOfSkipped(this.context.log, { topic: this.name, partition, offset }, messageOf(failure));
      }
    };
    attempt(baseOffsetOf(batch), () => {
      if (isControl(batch)) {
        const type = markerTypeOf(batch);
        if (type !== 'other') reader.marker?.(partition, producerIdOf(batch), type);
        return;
      }
      const producerId = isTransactional(batch) ? producerIdOf(batch) : undefined;
      for (const record of recordsOf(batch)) {
        const { key, offset } = record;
        if (key !== null) attempt(offset, () => reader.record(key, record, producerId));
      }
    });
  }
}

function configOf(name: string, settings: BrokerSettings): Record<string, string> {
  if (name === CONSUMER_OFFSETS) {
    return {
      'cleanup.policy': 'compact',
      'compression.type': 'producer',
      'segment.bytes': settings.text('offsets.topic.segment.bytes'),
    };
  }
  return {
    'cleanup.policy': 'compact',
    'compression.type': 'uncompressed',
    'min.insync.replicas': settings.text('transaction.state.log.min.isr'),
    'segment.bytes': settings.text('transaction.state.log.segment.bytes'),
    'unclean.leader.election.enable': 'false',
  };
}
