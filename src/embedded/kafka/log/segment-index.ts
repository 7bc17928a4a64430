import { appendFileSync, existsSync, readFileSync, truncateSync, unlinkSync } from 'node:fs';
import { codeOf } from '../../../support/errors.js';

/** Bytes of log between two entries: a search reads at most this much, 10 GB of log need 5 MB of index. */
const INTERVAL_BYTES = 32 * 1024;

/** Base offset (relative), position, greatest timestamp up to and including this batch. */
const ENTRY_BYTES = 16;

/** Entries that are kept in memory before they are written: what is not on disk, recovery finds by scanning. */
const PENDING_MAX = 64;

const TWO_32 = 4294967296;

/**
 * The sparse offset and time index of one segment: every 32 KiB of log, where a batch begins and the greatest timestamp
 * so far, which only grows, so that both can be searched. It is a help, never the truth: one that is missing or
 * damaged is made anew from the log.
 */
export class SegmentIndex {
  private entries: Buffer | undefined;
  private count = 0;
  private written = 0;
  private nextAt = 0;

  constructor(
    readonly file: string,
    private readonly baseOffset: number,
  ) {}

  /** Of a segment that just got a batch at `position`; `end` is the segment's size now. */
  note(baseOffset: number, position: number, end: number, maxTimestamp: number): void {
    this.load();
    if (position < this.nextAt) return;
    this.nextAt = end - (end % INTERVAL_BYTES) + INTERVAL_BYTES;
    this.add(baseOffset, position, maxTimestamp);
    if (this.count - this.written >= PENDING_MAX) this.tryFlush();
  }

  private add(baseOffset: number, position: number, maxTimestamp: number): void {
    let entries = this.entries ?? Buffer.alloc(0);
    const at = this.count * ENTRY_BYTES;
    if (at + ENTRY_BYTES > entries.length) {
      const larger = Buffer.alloc(Math.max(64 * ENTRY_BYTES, entries.length * 2));
      entries.copy(larger);
      entries = larger;
      this.entries = entries;
    }
    entries.writeUInt32BE(baseOffset - this.baseOffset, at);
    entries.writeUInt32BE(position, at + 4);
    entries.writeInt32BE(Math.floor(maxTimestamp / TWO_32), at + 8);
    entries.writeUInt32BE(maxTimestamp - Math.floor(maxTimestamp / TWO_32) * TWO_32, at + 12);
    this.count++;
  }

  private load(): Buffer {
    if (this.entries !== undefined) return this.entries;
    const entries = existsSync(this.file) ? readFileSync(this.file) : Buffer.alloc(0);
    this.entries = entries;
    this.count = Math.floor(entries.length / ENTRY_BYTES);
    this.written = this.count;
    const last = this.count === 0 ? undefined : this.position(this.count - 1);
    this.nextAt = last === undefined ? 0 : last - (last % INTERVAL_BYTES) + INTERVAL_BYTES;
    return entries;
  }

  private offset(entry: number): number {
    return this.baseOffset + this.load().readUInt32BE(entry * ENTRY_BYTES);
  }

  private position(entry: number): number {
    return this.load().readUInt32BE(entry * ENTRY_BYTES + 4);
  }

  private timestamp(entry: number): number {
    const at = entry * ENTRY_BYTES + 8;
    return this.load().readInt32BE(at) * TWO_32 + this.load().readUInt32BE(at + 4);
  }

  /** The number of entries for which `before` holds; it holds for a beginning of them. */
  private countWhere(before: (entry: number) => boolean): number {
    this.load();
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last known beginning of a batch at or before this offset. */
  positionOf(offset: number): number {
    const entries = this.countWhere((entry) => this.offset(entry) <= offset);
    return entries === 0 ? 0 : this.position(entries - 1);
  }

  /** A beginning of a batch before which everything is older. */
  positionOfTime(timestampMs: number): number {
    const entries = this.countWhere((entry) => this.timestamp(entry) < timestampMs);
    return entries === 0 ? 0 : this.position(entries - 1);
  }

  /** The last entry's position and the greatest timestamp up to it: where a scan for the rest begins. */
  last(): { readonly position: number; readonly maxTimestamp: number } {
    this.load();
    if (this.count === 0) return { position: 0, maxTimestamp: -1 };
    return { position: this.position(this.count - 1), maxTimestamp: this.timestamp(this.count - 1) };
  }

  /** Drops what points beyond this size of the log. */
  truncate(size: number): void {
    const kept = this.countWhere((entry) => this.position(entry) < size);
    if (kept === this.count) return;
    this.count = kept;
    const last = kept === 0 ? undefined : this.position(kept - 1);
    this.nextAt = last === undefined ? 0 : last - (last % INTERVAL_BYTES) + INTERVAL_BYTES;
    if (this.written > kept) {
      truncateSync(this.file, kept * ENTRY_BYTES);
      this.written = kept;
    }
  }

  /** What could not be written (a full disk) is written with the next entries, or found again by recovery. */
  tryFlush(): void {
    try {
      this.flush();
    } catch (failure) {
      if (codeOf(failure) === undefined) throw failure;
    }
  }

  flush(): void {
    if (this.entries === undefined || this.written === this.count) return;
    const fresh = this.entries.subarray(this.written * ENTRY_BYTES, this.count * ENTRY_BYTES);
    try {
      appendFileSync(this.file, fresh, { mode: 0o600 });
    } catch (failure) {
      if (existsSync(this.file)) truncateSync(this.file, this.written * ENTRY_BYTES); // no half entry before the next ones
      throw failure;
    }
    this.written = this.count;
  }

  reset(): void {
    if (existsSync(this.file)) unlinkSync(this.file);
    this.entries = Buffer.alloc(0);
    this.count = 0;
    this.written = 0;
    this.nextAt = 0;
  }

  /** Frees the memory of a segment that is no longer written to; it is read again when needed. */
  unload(): void {
    this.flush();
    this.entries = undefined;
    this.count = 0;
    this.written = 0;
  }
}
