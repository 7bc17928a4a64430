import type { DeferredBytes } from '../../../protocol/kafka/writer.js';
import type { Segment } from './segment.js';

/** Bytes of one segment. */
export interface FileRange {
  readonly segment: Segment;
  readonly position: number;
  readonly length: number;
}

/**
 * A range on its way to a client: read piece by piece as the socket takes it, so that a slow reader costs one piece of
 * memory and not its whole answer. Holds the segment's file until it is sent or given up; `release` has to be called.
 */
export class OutgoingRange implements DeferredBytes {
  readonly deferred = true;
  readonly length: number;
  private readonly segment: Segment;
  private readonly position: number;
  private released = false;

  constructor(range: FileRange) {
    this.segment = range.segment;
    this.position = range.position;
    this.length = range.length;
    this.segment.hold();
  }

  /** Puts at `at` into `bytes` what is `from` bytes into the range. Throws where the file is shorter. */
  read(bytes: Buffer, at: number, from: number, length: number): void {
    const count = this.segment.readInto(bytes, at, this.position + from, length);
    if (count !== length) throw new Error(`${this.segment.file} ends ${length - count} bytes too early`);
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    this.segment.release();
  }
}
