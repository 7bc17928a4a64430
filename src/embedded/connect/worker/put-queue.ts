import type { PartitionPosition, RecordBatch } from '../../../clients/kafka/contract.js';
import type { SinkRecord } from './sink-task.js';

/** Enough that the commit of a transaction, which waits for a disk, is a small part of the time that its rows take. */
const WAITING_RECORDS_MAX = 2_000;
/** Records may be large. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

type Put = (records: readonly SinkRecord[], positions: readonly PartitionPosition[]) => Promise<void>;

/**
 * Records that are converted and wait for the task. One `put` is at work at a time; once it is done, all that has come
 * meanwhile is the next. So a task that keeps up stores each batch as it comes, and one that doesn't stores more at once.
 */
export class PutQueue {
  private records: SinkRecord[] = [];
  private positions: PartitionPosition[] = [];
  private bytes = 0;
  private putting: Promise<void> | undefined;
  private working: Promise<void> | undefined;

  constructor(
    private readonly put: Put,
    /** A failure of `put` ends the queue: this is called at once, and `add` and `drained` throw it. */
    private readonly failed: () => void,
  ) {}

  /** Resolves once there is room for more. */
  async add({ topic, partition, nextOffset: offset }: RecordBatch, records: readonly SinkRecord[]): Promise<void> {
    for (const record of records) {
      this.records.push(record);
      this.bytes += (record.original.key?.length ?? 0) + (record.original.value?.length ?? 0);
    }
    this.positions.push({ topic, partition, offset });
    if (this.working === undefined) {
      this.working = this.work();
      this.working.catch(this.failed); // thrown to those that wait
    }
    if (this.records.length >= WAITING_RECORDS_MAX || this.bytes >= WAITING_BYTES_MAX) await this.putting;
  }

  /** Everything that was added is stored. */
  async drained(): Promise<void> {
    await this.working;
  }

  private async work(): Promise<void> {
    while (this.positions.length > 0) {
      const { records, positions } = this;
      this.records = [];
      this.positions = [];
      this.bytes = 0;
      this.putting = this.put(records, positions);
      await this.putting; // before those who wait for room: they find what they have added taken
    }
    this.working = undefined;
  }
}
