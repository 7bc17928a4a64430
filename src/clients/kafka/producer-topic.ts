import type { KnownTopic } from './cluster.js';
import type { OutgoingRecord } from './contract.js';
import { partitionOfKey } from './partitioner.js';
import { PartitionQueue } from './producer-batches.js';

/** A topic that records go to: the queues of its partitions, and which of them a record belongs in. */
export class ProducerTopic {
  /** Records that came while its partitions were read. */
  readonly waiting: OutgoingRecord[] = [];
  /** Under way while it is not known, or while a partition is looked for that it did not have. */
  partitionsRead: Promise<void> | undefined;
  private readonly queues: PartitionQueue[] = [];
  private topicId: string | undefined;
  private sticky = 0;

  constructor(
    readonly name: string,
    private readonly batchBytesMax: number,
  ) {}

  get isKnown(): boolean {
    return this.topicId !== undefined;
  }

  get partitions(): number {
    return this.queues.length;
  }

  queue(partition: number): PartitionQueue | undefined {
    return this.queues[partition];
  }

  partitionOf({ partition, key }: OutgoingRecord): number {
    return partition ?? (key === null ? this.sticky : partitionOfKey(key, this.partitions));
  }

  /** Records without a key stay with one partition until its batch is full or leaves. */
  moveOn(partition: number): void {
    if (this.sticky === partition) this.sticky = Math.floor(Math.random() * this.partitions);
  }

  /** A topic that was made again under its name has forgotten all sequences; partitions may have been added. */
  adopt(known: KnownTopic): void {
    if (this.topicId === undefined) this.sticky = Math.floor(Math.random() * known.leaders.length);
    else if (this.topicId !== known.topicId) for (const queue of this.queues) queue.forgetSequence();
    this.topicId = known.topicId;
    for (let partition = this.partitions; partition < known.leaders.length; partition++)
      this.queues.push(new PartitionQueue(this.name, partition, this.batchBytesMax));
  }
}
