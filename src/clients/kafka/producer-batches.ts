import { BatchBuilder, type ProducerIdentity, stampProducer } from '../../protocol/kafka/batch-builder.js';
import { type Codec, decompress } from '../../protocol/kafka/compression/codecs.js';
import type { EvpipeError } from '../../support/errors.js';
import type { OutgoingRecord } from './contract.js';
import { FetchedRecords } from './fetched-records.js';

/** The largest first buffer of a batch: what its predecessor needed, but a quiet partition holds little. */
const FIRST_BYTES_MIN = 1024;

const NO_HEADERS = [] as const;

/**
 * A batch is open (records are added), sealed (bytes are final), on its way (perhaps several times: `inDoubt` says that
 * an earlier try may have been stored), and settled: acknowledged at `baseOffset`, or failed.
 */
export class ProducerBatch {
  readonly builder: BatchBuilder;
  /** What it counts for in the producer's buffer. */
  bufferedBytes = 0;
  inDoubt = false;
  failure: EvpipeError | undefined;
  /** The final bytes, once it is closed and until it is settled. */
  sealed: Buffer | undefined;
  /** Its number in the partition's sequence, once it has one. */
  sequence: number | undefined;
  /** The memory (see PartitionQueue) that the number belongs to. */
  memory = 0;
  private settled = false;
  private baseOffset = -1n;
  private halves: { readonly first: ProducerBatch; readonly second: ProducerBatch } | undefined;
  private waiting: Array<() => void> | undefined;

  constructor(
    readonly openedMs: number,
    firstBytes: number,
  ) {
    this.builder = new BatchBuilder(firstBytes);
  }

  append({ timestampMs, key, value, headers = NO_HEADERS }: OutgoingRecord): void {
    this.builder.append(timestampMs ?? Date.now(), key, value, headers);
  }

  settle(baseOffset: bigint, failure?: EvpipeError): void {
    this.settled = true;
    this.baseOffset = baseOffset;
    this.failure = failure;
    this.sealed = undefined;
    for (const resolve of this.waiting ?? []) resolve();
  }

  /** Resolves when it is settled, either way. */
  whenSettled(): Promise<void> {
    if (this.settled) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting ??= [];
      this.waiting.push(resolve);
    });
  }

  /** The offset of its record number `index`; -1 where the broker said only that it has the batch already. */
  offsetOf(index: number): bigint {
    if (this.halves !== undefined) {
      const { first, second } = this.halves;
      return index < first.builder.count ? first.offsetOf(index) : second.offsetOf(index - first.builder.count);
    }
    return this.baseOffset < 0n ? -1n : this.baseOffset + BigInt(index);
  }

  /** Two batches in its place, each with half of its records; it is settled when both are. */
  split(topic: string, partition: number): readonly [ProducerBatch, ProducerBatch] {
    const records = new FetchedRecords(topic, partition, this.sealed ?? Buffer.alloc(0), 0n, [], decompress).takeAll();
    const half = Math.ceil(records.length / 2);
    const first = new ProducerBatch(this.openedMs, this.builder.bytes / 2);
    const second = new ProducerBatch(this.openedMs, this.builder.bytes / 2);
    for (const [index, record] of records.entries()) (index < half ? first : second).append(record);
    first.bufferedBytes = Math.floor(this.bufferedBytes / 2);
    second.bufferedBytes = this.bufferedBytes - first.bufferedBytes;
    this.halves = { first, second };
    void Promise.all([first.whenSettled(), second.whenSettled()]).then(() =>
      this.settle(-1n, first.failure ?? second.failure),
    );
    return [first, second];
  }
}

/** The batches of one partition that are not acknowledged, in order: sealed ones, then at most one open one. */
export class PartitionQueue {
  readonly batches: ProducerBatch[] = [];
  onItsWay = false;
  /** How often the oldest batch was tried in vain, since when, and when to try again. */
  tries = 0;
  stuckSinceMs: number | undefined;
  retryAtMs = 0;
  /** Counts how often the partition has lost its memory of this producer. */
  memory = 0;
  private open: ProducerBatch | undefined;
  private firstBytes = FIRST_BYTES_MIN;
  private batchBytesMax: number;
  /** The identity that the partition's sequence belongs to, and the next number in it. */
  private identity: ProducerIdentity | undefined;
  private nextSequence = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
    batchBytesMax: number,
  ) {
    this.batchBytesMax = batchBytesMax;
  }

  /** Gives the batch that the record went to: the open one, or a new one where that was full. */
  append(record: OutgoingRecord, bytes: number): ProducerBatch {
    if (this.open !== undefined && this.open.builder.bytes + bytes > this.batchBytesMax) this.closeOpen();
    if (this.open === undefined) {
      this.open = new ProducerBatch(performance.now(), Math.max(this.firstBytes, bytes + 128));
      this.batches.push(this.open);
    }
    this.open.append(record);
    this.open.bufferedBytes += bytes;
    return this.open;
  }

  /** How long the oldest batch should wait for company; full ones don't. */
  dueInMs(nowMs: number, lingerMs: number): number {
    const head = this.batches[0];
    return head === undefined || head !== this.open ? 0 : head.openedMs + lingerMs - nowMs;
  }

  /** The oldest batch as it goes over the wire; from now on it takes no records and keeps its number. */
  prepare(codec: Codec | undefined, identity: ProducerIdentity | undefined): Buffer {
    const head = this.batches[0];
    if (head === undefined) throw new Error('there is nothing to send');
    if (head === this.open) this.closeOpen();
    head.sealed ??= head.builder.seal(codec);
    if (head.sequence === undefined) {
      if (identity !== this.identity) this.nextSequence = 0;
      this.identity = identity;
      head.sequence = this.nextSequence;
      head.memory = this.memory;
      this.nextSequence = (this.nextSequence + head.builder.count) & 0x7fffffff;
      stampProducer(head.sealed, identity, identity === undefined ? -1 : head.sequence);
    }
    return head.sealed;
  }

  /** Number again from 0: the partition has no memory of this producer. */
  forgetSequence(): void {
    this.identity = undefined;
    this.memory++;
    const head = this.batches[0];
    if (head !== undefined) head.sequence = undefined;
  }

  /** The oldest batch was refused as too large: halve it, and let the next ones not grow so much. */
  splitHead(): void {
    const head = this.batches.shift();
    if (head === undefined) return;
    this.nextSequence = head.sequence ?? 0;
    this.batchBytesMax = Math.max(1024, Math.floor(head.builder.bytes / 2));
    this.batches.unshift(...head.split(this.topic, this.partition));
  }

  private closeOpen(): void {
    if (this.open === undefined) return;
    this.firstBytes = Math.max(FIRST_BYTES_MIN, Math.min(this.open.builder.bytes + 256, 2 * this.firstBytes + 4096));
    this.open = undefined;
  }
}
