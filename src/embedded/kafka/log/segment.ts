import { closeSync, ftruncateSync, openSync, readSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  lastOffsetOf,
  maxTimestampOf,
  sizeOf,
} from '../../../protocol/kafka/record-batch.js';
import { codeOf } from '../../../support/errors.js';
import { noteClosed, noteOpened } from './open-files.js';
import { SegmentIndex } from './segment-index.js';

/** What one look at the disk brings while searching for a batch: header after header of small batches. */
const SCAN_WINDOW_BYTES = 64 * 1024;

/** The first look: a reader that follows the log finds its batch where it looks, every few hundred bytes anew. */
const FIRST_WINDOW_BYTES = 1024;

/** Where readers that follow the log go on; more at one segment than this begin with the index again. */
const HINTS_MAX = 16;

const NOTHING = Buffer.alloc(0);

const fileOf = (dir: string, baseOffset: number, suffix: string): string =>
  join(dir, `${String(baseOffset).padStart(20, '0')}.${suffix}`);

export const segmentFile = (dir: string, baseOffset: number): string => fileOf(dir, baseOffset, 'log');

/** A batch in a segment: its place, and what is asked of it without reading its records. */
export interface BatchPlace {
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  /** The first 61 bytes. */
  readonly header: Buffer;
}

/**
 * One file of a partition's log: whole batches one after the other, exactly as they crossed the wire. Its file is made
 * by the first append, opened when needed and may be closed at any time (`closeFile`). A segment that was deleted while a reader
 * still sends from it stays readable until that reader is done (`hold` and `release`).
 */
export class Segment {
  readonly file: string;
  readonly index: SegmentIndex;
  size: number;
  /** Of the last batch; baseOffset - 1 where there is none. */
  lastOffset: number;
  maxTimestamp = -1;
  /** The first batch's timestamp, where it is known already: segment.ms counts from it. */
  firstTimestamp: number | undefined;
  lastUsedMs = 0;
  private fd: number | undefined;
  private holders = 0;
  private doomed = false;
  private readonly hints = new Map<number, number>();

  constructor(
    readonly dir: string,
    readonly baseOffset: number,
  ) {
    this.file = segmentFile(dir, baseOffset);
    this.index = new SegmentIndex(fileOf(dir, baseOffset, 'index'), baseOffset);
    this.size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    this.lastOffset = baseOffset - 1;
  }

  /** The first batch's timestamp, undefined where the segment is empty: max.compaction.lag.ms counts from it. */
  firstBatchTimestamp(): number | undefined {
    if (this.firstTimestamp === undefined) {
      for (const place of this.batches()) {
        this.firstTimestamp = place.maxTimestamp;
        break;
      }
    }
    return this.firstTimestamp;
  }

  /** Makes the index and the timestamps anew from its batches. */
  reindex(): void {
    this.index.reset();
    for (const place of this.batches()) {
      this.maxTimestamp = Math.max(this.maxTimestamp, place.maxTimestamp);
      this.firstTimestamp ??= place.maxTimestamp;
      this.index.note(place.baseOffset, place.position, place.position + place.size, this.maxTimestamp);
    }
  }

  /** The greatest timestamp of its records, or the time of its last write where they have none. */
  largestTimestamp(): number {
    if (this.maxTimestamp >= 0) return this.maxTimestamp;
    return statSync(this.file, { throwIfNoEntry: false })?.mtimeMs ?? -1;
  }

  get open(): boolean {
    return this.fd !== undefined;
  }

  get held(): boolean {
    return this.holders > 0;
  }

  private descriptor(): number {
    if (this.fd === undefined) {
      this.fd = openSync(this.file, 'a+', 0o600);
      noteOpened(this);
    }
    return this.fd;
  }

  /** Appends whole batches that belong together. Throws what the file system says; then nothing was appended. */
  append(batch: Buffer, baseOffset: number, lastOffset: number, maxTimestamp: number): void {
    const fd = this.descriptor();
    const start = this.size;
    let written = 0;
    try {
      while (written < batch.length) written += writeSync(fd, batch, written, batch.length - written, null);
    } catch (failure) {
      ftruncateSync(fd, start);
      throw failure;
    }
    this.size = start + batch.length;
    this.lastOffset = lastOffset;
    this.firstTimestamp ??= maxTimestamp;
    if (maxTimestamp > this.maxTimestamp) this.maxTimestamp = maxTimestamp;
    this.index.note(baseOffset, start, this.size, this.maxTimestamp);
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, this.readInto(bytes, 0, position, length));
  }

  /** Puts up to `length` bytes at `at` into `bytes`; the number of those that were there. */
  readInto(bytes: Buffer, at: number, position: number, length: number): number {
    const fd = this.descriptor();
    const wanted = Math.min(length, this.size - position);
    let done = 0;
    while (done < wanted) {
      const count = readSync(fd, bytes, at + done, wanted - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  /** Remembers that the batch with this offset begins here: the next fetch of a reader that follows continues there. */
  hint(offset: number, position: number): void {
    this.hints.delete(offset);
    this.hints.set(offset, position);
    if (this.hints.size <= HINTS_MAX) return;
    for (const oldest of this.hints.keys()) {
      this.hints.delete(oldest);
      return;
    }
  }

  /** The first batch whose last offset is `offset` or beyond; undefined at the end. */
  find(offset: number): BatchPlace | undefined {
    if (offset > this.lastOffset) return undefined;
    const from = this.hints.get(offset) ?? this.index.positionOf(offset);
    for (const place of this.batches(from)) if (place.lastOffset >= offset) return place;
    return undefined;
  }

  /** The first batch with a record at or after this time. */
  findTime(timestampMs: number): BatchPlace | undefined {
    for (const place of this.batches(this.index.positionOfTime(timestampMs))) {
      if (place.maxTimestamp >= timestampMs) return place;
    }
    return undefined;
  }

  /** Where the batches lie, from `position` on, which has to be the beginning of one. Ends before a torn one. */
  *batches(position = 0): Generator<BatchPlace> {
    let at = position;
    let window: Buffer = NOTHING;
    let windowAt = at;
    while (at + BATCH_HEADER_BYTES <= this.size) {
      if (at < windowAt || at + BATCH_HEADER_BYTES > windowAt + window.length) {
        const bytes = window === NOTHING ? FIRST_WINDOW_BYTES : SCAN_WINDOW_BYTES;
        window = this.read(at, Math.min(bytes, this.size - at));
        windowAt = at;
        if (window.length < BATCH_HEADER_BYTES) return;
      }
      const header = window.subarray(at - windowAt, at - windowAt + BATCH_HEADER_BYTES);
      const size = sizeOf(header);
      if (size < BATCH_HEADER_BYTES || at + size > this.size) return;
      yield {
        position: at,
        size,
        baseOffset: baseOffsetOf(header),
        lastOffset: lastOffsetOf(header),
        maxTimestamp: maxTimestampOf(header),
        header,
      };
      at += size;
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.descriptor(), size);
    this.size = size;
    this.hints.clear();
    this.index.truncate(size);
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
    if (this.doomed) this.closeFile();
  }

  closeFile(): void {
    if (this.fd === undefined || this.holders > 0) return;
    closeSync(this.fd);
    this.fd = undefined;
    noteClosed(this);
  }

  /** Writes what the index still has in memory, where there is room for it, and closes the files. */
  close(): void {
    this.index.tryFlush();
    this.closeFile();
  }

  remove(): void {
    this.doomed = true;
    if (this.holders > 0) this.descriptor(); // so that readers that have not opened it yet still can read
    this.closeFile();
    for (const file of [this.file, this.index.file]) {
      try {
        unlinkSync(file);
      } catch (failure) {
        if (codeOf(failure) !== 'ENOENT') throw failure;
      }
    }
  }
}
