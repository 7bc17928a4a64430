import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  hasValidCrc,
  isControl,
  lastOffsetDeltaOf,
  markerTypeOf,
  maxTimestampOf,
  producerIdOf,
  setBaseOffset,
} from '../../../protocol/kafka/record-batch.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { FileRange } from './file-range.js';
import { type AbortedTransaction, ProducerStates } from './producer-state.js';
import { type BatchPlace, Segment } from './segment.js';
import { beginSwap, finishSwaps, readFolder } from './segment-swap.js';

/** Appended bytes after which a checkpoint is written: what recovery after a crash has to read at most, per partition. */
const CHECKPOINT_BYTES = 32 * 1024 * 1024;

/** Appended bytes after which closing a log writes one. */
const CLOSING_CHECKPOINT_BYTES = 64 * 1024;

/** One node never hands leadership over: there is one leader epoch. */
export const LEADER_EPOCH = 0;

export interface LogLimits {
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

export interface LogContext {
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The log of one partition: segments in the order of their offsets, the producers' states, the aborted transactions.
 * Reads and writes of the file system are synchronous: they hit the page cache, where a thread's round trip would cost
 * more than the copy, and what was appended is there for every later call. Everything acknowledged survives the end of
 * this process; a power failure can cost what the system had not yet written, as with Kafka's own defaults.
 */
export class PartitionLog {
  readonly producers = new ProducerStates();
  private segments: Segment[] = [];
  private aborted: AbortedTransaction[] = [];
  /** What is before was compacted. */
  cleanedTo = 0;
  private start = 0;
  /** False where the start was moved and the disk had no room for it yet. */
  private startStored = true;
  private sinceCheckpoint = 0;
  private readonly watchers = new Set<() => void>();
  private closed = false;

  private constructor(
    readonly name: string,
    readonly dir: string,
    private readonly context: LogContext,
  ) {}

  /** Opens what is on disk: bytes after the last whole, intact batch are cut off. */
  static open(name: string, dir: string, context: LogContext): PartitionLog {
    const log = new PartitionLog(name, dir, context);
    log.recover();
    return log;
  }

  get startOffset(): number {
    return this.start;
  }

  /** The next record's offset; on one node also the high watermark. */
  get endOffset(): number {
    return Math.max(this.start, (this.segments.at(-1)?.lastOffset ?? -1) + 1);
  }

  /** Readers of committed data get nothing from here on. */
  get lastStableOffset(): number {
    return this.producers.firstOpenTransaction() ?? this.endOffset;
  }

  get size(): number {
    let bytes = 0;
    for (const segment of this.segments) bytes += segment.size;
    return bytes;
  }

  get allSegments(): readonly Segment[] {
    return this.segments;
  }

  private recover(): void {
    const swapped = finishSwaps(this.dir);
    const files = readFolder(this.dir);
    const checkpoint = readCheckpoint(this.dir);
    this.segments = files
      .filter((file) => file.endsWith('.log'))
      .map((file) => new Segment(this.dir, Number(file.slice(0, -4))))
      .sort((a, b) => a.baseOffset - b.baseOffset);
    for (const file of files) if (file.endsWith('.cleaned')) rmSync(join(this.dir, file));
    this.start = checkpoint?.startOffset ?? this.segments[0]?.baseOffset ?? 0;
    if (checkpoint !== undefined) {
      this.producers.restore(checkpoint.producers);
      this.aborted = [...checkpoint.aborted];
      this.cleanedTo = checkpoint.cleanedTo;
    }
    for (const [at, segment] of this.segments.entries()) {
      const next = this.segments[at + 1];
      if (next !== undefined && checkpoint !== undefined && next.baseOffset <= checkpoint.endOffset) {
        segment.lastOffset = next.baseOffset - 1;
        if (swapped.has(segment.baseOffset)) segment.reindex();
        else {
          const known = checkpoint.segments.find(({ base }) => base === segment.baseOffset);
          segment.maxTimestamp = known?.maxTimestamp ?? -1;
        }
        continue;
      }
      this.recoverSegment(segment, checkpoint);
    }
    if (this.segments.length === 0 && checkpoint !== undefined && checkpoint.endOffset > 0) {
      this.segments.push(new Segment(this.dir, checkpoint.endOffset));
    }
  }

  /** Reads the batches behind the checkpoint (or all), checks them, and cuts the rest off. */
  private recoverSegment(segment: Segment, checkpoint: Checkpoint | undefined): void {
    const trusted = checkpoint?.segments.find((known) => known.base === segment.baseOffset);
    const from = trusted !== undefined && trusted.size <= segment.size ? trusted : undefined;
    segment.index.truncate(segment.size);
    if (from !== undefined) {
      segment.lastOffset = from.lastOffset;
      segment.maxTimestamp = from.maxTimestamp;
    } else if (trusted !== undefined) {
      this.producers.restore([]); // the log is shorter than what was known of it: believe the log
      segment.index.reset();
    }
    let end = from?.size ?? 0;
    for (const place of segment.batches(end)) {
      const batch = segment.read(place.position, place.size);
      if (!hasValidCrc(batch) || place.baseOffset <= segment.lastOffset) break;
      segment.lastOffset = place.lastOffset;
      segment.maxTimestamp = Math.max(segment.maxTimestamp, place.maxTimestamp);
      segment.index.note(place.baseOffset, place.position, place.position + place.size, segment.maxTimestamp);
      this.track(batch, place.baseOffset, place.lastOffset, this.context.now());
      this.sinceCheckpoint += place.size;
      end = place.position + place.size;
    }
    if (end < segment.size) {
      this.context.log.warn('cut off the torn end of a log', {
        partition: this.name,
        segment: segment.baseOffset,
        bytes: segment.size - end,
      });
      segment.truncate(end);
    }
    segment.firstTimestamp = undefined;
    segment.firstBatchTimestamp();
  }

  /** Keeps the producers' states and the aborted transactions in step with an appended batch. */
  private track(batch: Buffer, firstOffset: number, lastOffset: number, nowMs: number): void {
    if (producerIdOf(batch) < 0) return;
    if (!isControl(batch)) {
      this.producers.appended(batch, firstOffset, nowMs);
      return;
    }
    const start = this.producers.marked(batch, nowMs);
    if (start === undefined || markerTypeOf(batch) !== 'abort') return;
    const lastStableOffset = this.producers.firstOpenTransaction() ?? lastOffset + 1;
    this.aborted.push({ producerId: producerIdOf(batch), firstOffset: start, lastOffset, lastStableOffset });
  }

  /**
   * Appends one batch that was checked before; its base offset and leader epoch are set in place. Gives the base
   * offset. Throws what the file system says; then nothing was appended.
   */
  append(batch: Buffer, limits: LogLimits): number {
    const baseOffset = this.endOffset;
    const lastOffset = baseOffset + lastOffsetDeltaOf(batch);
    const maxTimestamp = maxTimestampOf(batch);
    setBaseOffset(batch, baseOffset, LEADER_EPOCH);
    const segment = this.segmentFor(batch.length, lastOffset, maxTimestamp, limits);
    segment.append(batch, baseOffset, lastOffset, maxTimestamp);
    segment.lastUsedMs = this.context.now();
    this.track(batch, baseOffset, lastOffset, segment.lastUsedMs);
    this.sinceCheckpoint += batch.length;
    if (this.sinceCheckpoint >= CHECKPOINT_BYTES) this.tryCheckpoint();
    this.wake();
    return baseOffset;
  }

  private segmentFor(bytes: number, lastOffset: number, timestampMs: number, limits: LogLimits): Segment {
    const active = this.segments.at(-1);
    if (active === undefined) {
      this.makeFolder();
      return this.addSegment(this.start);
    }
    if (active.size === 0) {
      this.makeFolder();
      return active;
    }
    const full = active.size + bytes > limits.segmentBytes || lastOffset - active.baseOffset > 0x7fffffff;
    const old = active.firstTimestamp !== undefined && timestampMs - active.firstTimestamp > limits.segmentMs;
    return full || old ? this.roll() : active;
  }

  private addSegment(baseOffset: number): Segment {
    const segment = new Segment(this.dir, baseOffset);
    this.segments.push(segment);
    return segment;
  }

  /** Begins a new segment; the one before is never written to again. */
  roll(): Segment {
    const end = this.endOffset;
    this.segments.at(-1)?.index.unload();
    const segment = this.addSegment(end);
    this.tryCheckpoint();
    return segment;
  }

  /** The segment that holds this offset, or the next one that has a record after it. */
  private segmentAt(offset: number): number {
    let [low, high] = [0, this.segments.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.segments[middle] as Segment).lastOffset >= offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * Bytes from the batch with this offset on, of one segment, up to `maxBytes` (a batch may be cut; clients expect
   * it) and up to `endOffset`. With `wholeFirst` the first batch comes whole, however large (KIP-74).
   */
  read(offset: number, maxBytes: number, endOffset: number, wholeFirst: boolean): FileRange | undefined {
    for (let at = this.segmentAt(offset); at < this.segments.length; at++) {
      const segment = this.segments[at] as Segment;
      const first = segment.find(Math.max(offset, segment.baseOffset));
      if (first === undefined) continue;
      if (first.baseOffset >= endOffset) return undefined;
      const end = this.endPosition(segment, endOffset);
      let length = Math.min(maxBytes, end - first.position);
      if (length < first.size) {
        if (!wholeFirst) return undefined;
        length = first.size;
      }
      segment.lastUsedMs = this.context.now();
      if (first.position + length === segment.size) segment.hint(segment.lastOffset + 1, segment.size);
      return { segment, position: first.position, length };
    }
    return undefined;
  }

  private endPosition(segment: Segment, endOffset: number): number {
    if (endOffset > segment.lastOffset) return segment.size;
    return segment.find(endOffset)?.position ?? segment.size;
  }

  /** The transactions aborted within these offsets, for readers of committed data. */
  abortedWithin(from: number, to: number): AbortedTransaction[] {
    return this.aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < to);
  }

  /** The first batch at or after a time that is not older than the log's start. */
  findTime(timestampMs: number): { readonly segment: Segment; readonly place: BatchPlace } | undefined {
    for (const segment of this.segments) {
      if (segment.maxTimestamp < timestampMs || segment.lastOffset < this.start) continue;
      const place = segment.findTime(timestampMs);
      if (place !== undefined) return { segment, place };
    }
    return undefined;
  }

  /** The batch with the greatest timestamp; the earliest one where several have it. */
  findMaxTime(): { readonly segment: Segment; readonly place: BatchPlace } | undefined {
    let latest: Segment | undefined;
    for (const segment of this.segments) {
      if (segment.size > 0 && (latest === undefined || segment.maxTimestamp > latest.maxTimestamp)) latest = segment;
    }
    const place = latest?.findTime(latest.maxTimestamp);
    return latest === undefined || place === undefined ? undefined : { segment: latest, place };
  }

  /** Calls back after every append, until the returned function is called. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  wake(): void {
    for (const changed of this.watchers) changed();
  }

  /** Moves the beginning up (DeleteRecords, retention) and removes segments that lie wholly before it. */
  advanceStart(offset: number): void {
    if (offset <= this.start) {
      if (!this.startStored) this.checkpoint();
      return;
    }
    this.start = offset;
    this.startStored = false;
    const end = this.endOffset;
    const dropped = this.segments.filter((segment) => segment.lastOffset < offset && segment !== this.segments.at(-1));
    const active = this.segments.at(-1);
    if (active !== undefined && active.size > 0 && active.lastOffset < offset) {
      dropped.push(active);
      this.segments.push(new Segment(this.dir, end));
    }
    this.segments = this.segments.filter((segment) => !dropped.includes(segment));
    this.aborted = this.aborted.filter(({ lastOffset }) => lastOffset >= offset);
    const written = this.tryCheckpoint();
    for (const segment of dropped) segment.remove();
    if (!written) this.checkpoint(); // on a full disk there is room for it now
    this.wake();
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * Puts a file in the place of neighbouring segments whose records it holds, without those that compaction took out.
   * `ended` are aborted transactions of which nothing is left: readers must not wait for their markers any more.
   */
  replaceSegments(old: readonly [Segment, ...Segment[]], file: string, ended: ReadonlySet<AbortedTransaction>): void {
    const [first] = old;
    if (ended.size > 0) {
      this.aborted = this.aborted.filter((transaction) => !ended.has(transaction));
      this.checkpoint();
    }
    const finish = beginSwap(old, file, this.dir);
    const at = this.segments.indexOf(first);
    this.segments.splice(at, old.length);
    this.segments.splice(at, 0, ...finish());
    this.checkpoint();
  }

  /** Never its parents: a broker whose data folder was moved away leaves nothing where it was. */
  private makeFolder(): void {
    if (!existsSync(this.dir)) mkdirSync(this.dir, { mode: 0o700 });
  }

  /** The records are there without it: one that could not be written (a full disk) costs only time on recovery. False then. */
  private tryCheckpoint(): boolean {
    try {
      this.checkpoint();
      return true;
    } catch (failure) {
      this.context.log.warn('could not write a checkpoint', { partition: this.name, failure: messageOf(failure) });
      return false;
    }
  }

  checkpoint(): void {
    if (this.closed) return;
    this.sinceCheckpoint = 0;
    this.makeFolder();
    for (const segment of this.segments) segment.index.flush();
    writeCheckpoint(this.dir, {
      version: 1,
      startOffset: this.start,
      endOffset: this.endOffset,
      cleanedTo: this.cleanedTo,
      segments: this.segments.map(({ baseOffset, size, lastOffset, maxTimestamp }) => ({
        base: baseOffset,
        size,
        lastOffset,
        maxTimestamp,
      })),
      producers: this.producers.snapshot(),
      aborted: this.aborted,
    });
    this.startStored = true;
  }

  /** Closes files that were not used since then. */
  closeIdle(beforeMs: number): void {
    for (const segment of this.segments) if (segment.open && segment.lastUsedMs < beforeMs) segment.closeFile();
  }

  close(): void {
    if (this.closed) return;
    // Of a few bytes the next start makes sense faster than thousands of checkpoints are written.
    const isWorthIt = this.sinceCheckpoint >= CLOSING_CHECKPOINT_BYTES || !this.startStored;
    if (isWorthIt) this.tryCheckpoint();
    this.closed = true;
    for (const segment of this.segments) {
      if (isWorthIt) segment.close();
      else segment.closeFile();
    }
  }

  /** The partition was deleted: its files go, its waiting readers are told. */
  remove(): void {
    this.closed = true;
    for (const segment of this.segments) segment.remove();
    rmSync(this.dir, { recursive: true, force: true });
    this.wake();
  }
}
