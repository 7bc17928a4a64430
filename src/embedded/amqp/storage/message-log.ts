import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { ByteWriter } from '../../../protocol/amqp/byte-writer.js';
import { codeOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import type { Commits, Committed } from './commits.js';
import type { ContentMemory } from './content-memory.js';
import type { Entry, Message } from './entry.js';
import {
  decodeRecord,
  RECORD_HEADER_BYTES,
  recordSize,
  type StoredRecord,
  writeDeliveredRecord,
  writeMessageRecord,
  writeRemovedRecord,
  writeReturnedRecord,
} from './record.js';
import { Segment } from './segment.js';

/** Records are collected up to this size before they are written. */
const WRITE_BYTES = 1024 * 1024;
const RANGES_PER_RECORD_MAX = 4096;
/** A log without messages is begun anew when it is larger than this part of a segment. */
const EMPTY_LOG_PART = 1 / 16;
/** Beyond twice its messages and this many segments, a log's first segment is copied to its end. */
const SLACK_SEGMENTS = 4;

export interface LogContext {
  readonly commits: Commits;
  readonly memory: ContentMemory;
  readonly log: Log;
  /** A segment is not written to any more once it has this size. */
  readonly segmentBytes: number;
}

/**
 * The messages of one queue on disk: records in segments, appended only. A segment that holds no wanted message is
 * removed once it is the first one, so that no mark can be lost before the message it is about; where old messages hold
 * too much back, the first segment's are copied to the end. Everything confirmed survives the end of this process; a
 * power failure can cost what the system had not written yet.
 */
export class MessageLog implements Committed {
  private segments: Segment[] = [];
  private liveBytes = 0;
  private pendingMessages: Entry[] = [];
  private pendingRemovals: number[] = [];
  private pendingReturns: Entry[] = [];
  /** This one and all below were given to a client. */
  private deliveredTo = -1;
  private deliveredWritten = -1;
  private closed = false;
  private readonly scratch = new ByteWriter(4096);

  /** `live` gives the entries of the queue, for compaction. Nothing is made on disk before it is needed. */
  constructor(
    private readonly dir: string,
    private readonly context: LogContext,
    private readonly live: () => Iterable<Entry>,
  ) {}

  /** The bytes of wanted messages on disk. */
  get diskBytes(): number {
    return this.liveBytes;
  }

  /** What is on disk, in the order of publication; a torn end is cut off. */
  recover(): Entry[] {
    const entries = new Map<number, Entry>();
    const numbers = readFolder(this.dir)
      .filter((file) => file.endsWith('.log'))
      .map((file) => Number(file.slice(0, -4)))
      .sort((a, b) => a - b);
    for (const [at, number] of numbers.entries()) {
      const segment = new Segment(this.dir, number);
      this.segments.push(segment);
      const bytes = segment.load();
      let position = 0;
      for (let size = recordSize(bytes, 0); size !== undefined; size = recordSize(bytes, position)) {
        const record = decodeRecord(bytes.subarray(position + RECORD_HEADER_BYTES, position + size));
        this.replay(record, { segment: number, position, length: size }, entries);
        position += size;
      }
      if (position < bytes.length) {
        this.context.log.warn('cut off the torn end of a queue', { dir: this.dir, bytes: bytes.length - position });
        segment.truncate(position);
      }
      if (at < numbers.length - 1) segment.close();
    }
    const found = [...entries.values()].sort((a, b) => a.seq - b.seq);
    for (const entry of found) {
      entry.redelivered = entry.seq <= this.deliveredTo || entry.deliveryCount > 0;
      this.count(entry, 1);
    }
    this.deliveredWritten = this.deliveredTo;
    return found;
  }

  /** The first seq that no record on disk speaks of. */
  nextSeq = 0;

  private replay(record: StoredRecord, place: Entry['place'], entries: Map<number, Entry>): void {
    switch (record.kind) {
      case 'message':
        this.nextSeq = Math.max(this.nextSeq, record.entry.seq + 1);
        if (!record.entry.persistent) break;
        record.entry.place = place;
        entries.set(record.entry.seq, record.entry);
        break;
      case 'removed':
        for (const [first, last] of record.ranges) {
          for (let seq = first; seq <= last; seq++) entries.delete(seq);
          this.nextSeq = Math.max(this.nextSeq, last + 1);
        }
        break;
      case 'delivered':
        this.deliveredTo = Math.max(this.deliveredTo, record.seq);
        this.nextSeq = Math.max(this.nextSeq, record.seq + 1);
        break;
      case 'returned': {
        const entry = entries.get(record.seq);
        if (entry !== undefined) entry.deliveryCount = record.deliveryCount;
      }
    }
  }

  /** Takes a new entry's content over: a persistent one will be on disk after the next commit, another one if memory is full. */
  add(entry: Entry): void {
    this.context.memory.keep(entry);
    if (entry.persistent || this.context.memory.isFull) this.write(entry);
  }

  private write(entry: Entry): void {
    if (entry.pending) return;
    entry.pending = true;
    this.pendingMessages.push(entry);
    this.context.commits.touch(this);
  }

  /** The content of an entry, from memory or from disk. */
  content(entry: Entry): Message {
    if (entry.message !== undefined) return entry.message;
    const { place } = entry;
    const segment = place && this.segment(place.segment);
    if (place === undefined || segment === undefined) throw new Error(`message ${entry.seq} is missing from the log`);
    const bytes = segment.read(place.position, place.length);
    const record = decodeRecord(bytes.subarray(RECORD_HEADER_BYTES));
    if (record.kind !== 'message') throw new Error(`there is no message where ${entry.seq} should be`);
    return record.message;
  }

  /** A client gets it. Told on disk before the bytes leave, so that it comes back as redelivered. */
  delivered(entry: Entry): void {
    entry.out = true;
    if (entry.place !== undefined) this.context.memory.drop(entry);
    if (entry.seq <= this.deliveredTo) return;
    this.deliveredTo = entry.seq;
    if (entry.persistent) this.context.commits.touch(this);
  }

  /** A client gave it back. */
  returned(entry: Entry): void {
    entry.out = false;
    if (!entry.persistent || entry.deliveryCount === 0) return;
    this.pendingReturns.push(entry);
    this.context.commits.touch(this);
  }

  /** Nobody wants it any more. */
  remove(entry: Entry): void {
    if (entry.removed) return;
    entry.removed = true;
    this.context.memory.drop(entry);
    if (entry.place === undefined) return; // never written, and won't be
    this.count(entry, -1);
    if (entry.persistent) this.pendingRemovals.push(entry.seq);
    this.context.commits.touch(this);
  }

  /** Segments are numbered without gaps: only the first one is ever removed. */
  private segment(number: number): Segment | undefined {
    const [first] = this.segments;
    return first === undefined ? undefined : this.segments[number - first.number];
  }

  private count(entry: Entry, by: 1 | -1): void {
    const { place } = entry;
    if (place === undefined) return;
    const segment = this.segment(place.segment);
    if (segment === undefined) return;
    segment.live += by;
    segment.liveBytes += by * place.length;
    this.liveBytes += by * place.length;
  }

  get wantsCommit(): boolean {
    return this.pendingMessages.length > 0;
  }

  writeMessages(): void {
    const pending = this.pendingMessages;
    let done = 0;
    try {
      while (done < pending.length) done = this.writeSome(pending, done);
    } finally {
      this.pendingMessages = pending.slice(done);
    }
  }

  /** Writes entries from `from` on, up to a bound; gives the first that was not written. */
  private writeSome(pending: readonly Entry[], from: number): number {
    const segment = this.active();
    this.scratch.clear();
    const placed: { readonly entry: Entry; readonly position: number; readonly length: number }[] = [];
    let at = from;
    for (; at < pending.length && this.scratch.at < Math.min(WRITE_BYTES, this.context.segmentBytes); at++) {
      const entry = pending[at] as Entry;
      if (entry.removed) continue;
      const start = this.scratch.at;
      writeMessageRecord(this.scratch, entry, this.content(entry));
      placed.push({ entry, position: segment.size + start, length: this.scratch.at - start });
    }
    if (placed.length > 0) segment.append(this.scratch.view());
    for (const { entry, position, length } of placed) {
      this.count(entry, -1);
      entry.place = { segment: segment.number, position, length };
      entry.pending = false;
      this.count(entry, 1);
      if (entry.out || this.context.memory.isFull) this.context.memory.drop(entry);
    }
    if (this.scratch.at > WRITE_BYTES * 2) this.scratch.take(); // a large message's memory is not kept
    return at;
  }

  private active(): Segment {
    const last = this.segments.at(-1);
    if (last !== undefined && last.size < this.context.segmentBytes) return last;
    return this.roll();
  }

  private roll(): Segment {
    const last = this.segments.at(-1);
    if (last === undefined) mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const segment = new Segment(this.dir, (last?.number ?? 0) + 1);
    if (this.deliveredTo >= 0) {
      const mark = new ByteWriter(64);
      writeDeliveredRecord(mark, this.deliveredTo);
      segment.append(mark.take());
    }
    last?.close();
    this.segments.push(segment);
    return segment;
  }

  writeMarks(): void {
    this.scratch.clear();
    const delivered = this.deliveredTo > this.deliveredWritten && this.segments.length > 0;
    if (delivered) writeDeliveredRecord(this.scratch, this.deliveredTo);
    for (const entry of this.pendingReturns) {
      if (!entry.removed && entry.place !== undefined) writeReturnedRecord(this.scratch, entry);
    }
    const ranges = rangesOf(this.pendingRemovals);
    for (let from = 0; from < ranges.length; from += RANGES_PER_RECORD_MAX) {
      writeRemovedRecord(this.scratch, ranges.slice(from, from + RANGES_PER_RECORD_MAX));
    }
    if (this.scratch.at > 0) this.active().append(this.scratch.view());
    if (delivered) this.deliveredWritten = this.deliveredTo;
    this.pendingReturns = [];
    this.pendingRemovals = [];
    this.tidy();
  }

  /** Removes segments that hold nothing any more, and copies what holds too many of them back. */
  private tidy(): void {
    while (this.segments.length > 1 && this.segments[0]?.live === 0) this.segments.shift()?.remove();
    const { segmentBytes } = this.context;
    const [first] = this.segments;
    if (first === undefined || this.pendingMessages.length > 0) return;
    if (this.segments.length === 1) {
      if (first.live > 0 || first.size < EMPTY_LOG_PART * segmentBytes) return;
      this.roll();
      this.segments.shift()?.remove();
      return;
    }
    let size = 0;
    for (const segment of this.segments) size += segment.size;
    if (size < 2 * this.liveBytes + SLACK_SEGMENTS * segmentBytes) return;
    for (const entry of this.live()) if (entry.place?.segment === first.number) this.write(entry);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.context.commits.forget(this);
    for (const segment of this.segments) segment.close();
  }

  /** The queue is gone with all it had; its entries' memory must have been given up before. */
  delete(): void {
    this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function readFolder(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return [];
    throw failure;
  }
}

/** Neighbouring numbers as ranges. */
function rangesOf(seqs: number[]): ReadonlyArray<readonly [number, number]> {
  seqs.sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const seq of seqs) {
    const last = ranges.at(-1);
    if (last !== undefined && seq <= last[1] + 1) last[1] = seq;
    else ranges.push([seq, seq]);
  }
  return ranges;
}
