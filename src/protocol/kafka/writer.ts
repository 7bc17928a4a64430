/** Bytes from this length on are sent as they are; below, copying costs less than one more part. */
const REFERENCE_BYTES_MIN = 2048;

/** Bytes of a known length that are fetched only when they are written to the socket (a range of a log file). */
export interface DeferredBytes {
  readonly length: number;
  readonly deferred: true;
}

export type Part = Buffer | DeferredBytes;
export type RecordBytes = Buffer | DeferredBytes | readonly Part[];

/**
 * Collects one message. Large byte fields (record batches) are kept by reference: the result is a list of parts to be
 * written in order, and nothing that came from disk or socket is copied.
 */
export class Writer {
  private readonly parts: Part[] = [];
  private buffer: Buffer;
  private start = 0;
  private at = 0;
  private partBytes = 0;

  constructor(expectedBytes = 256) {
    this.buffer = Buffer.allocUnsafe(expectedBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.partBytes + this.at - this.start;
  }

  private advance(count: number): number {
    const at = this.at;
    if (at + count > this.buffer.length) return this.grow(count);
    this.at = at + count;
    return at;
  }

  private grow(count: number): number {
    const kept = this.at - this.start;
    const larger = Buffer.allocUnsafe(Math.max(kept + count, this.buffer.length * 2));
    this.buffer.copy(larger, 0, this.start, this.at);
    this.buffer = larger;
    this.start = 0;
    this.at = kept + count;
    return kept;
  }

  int8(value: number): void {
    // `advance` may replace the buffer, so it comes first, here and below.
    const at = this.advance(1);
    this.buffer.writeInt8(value, at);
  }

  bool(value: boolean): void {
    const at = this.advance(1);
    this.buffer[at] = value ? 1 : 0;
  }

  int16(value: number): void {
    const at = this.advance(2);
    this.buffer.writeInt16BE(value, at);
  }

  uint16(value: number): void {
    const at = this.advance(2);
    this.buffer.writeUInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.advance(4);
    this.buffer.writeInt32BE(value, at);
  }

  uint32(value: number): void {
    const at = this.advance(4);
    this.buffer.writeUInt32BE(value, at);
  }

  int64(value: bigint): void {
    const at = this.advance(8);
    this.buffer.writeBigInt64BE(value, at);
  }

  float64(value: number): void {
    const at = this.advance(8);
    this.buffer.writeDoubleBE(value, at);
  }

  uuid(value: string): void {
    const at = this.advance(16);
    const written = this.buffer.write(value, at, 16, 'base64url');
    if (written !== 16) throw new RangeError(`not a UUID in Kafka's form: ${value}`);
  }

  unsignedVarint(value: number): void {
    let left = value >>> 0;
    while (left > 127) {
      const at = this.advance(1);
      this.buffer[at] = (left & 127) | 128;
      left >>>= 7;
    }
    const at = this.advance(1);
    this.buffer[at] = left;
  }

  string(value: string | null): void {
    if (value === null) {
      this.int16(-1);
      return;
    }
    const length = Buffer.byteLength(value);
    if (length > 32767) throw new RangeError(`a string of ${length} bytes; 32767 are the most`);
    this.int16(length);
    const at = this.advance(length);
    this.buffer.write(value, at, length, 'utf8');
  }

  compactString(value: string | null): void {
    if (value === null) {
      this.unsignedVarint(0);
      return;
    }
    const length = Buffer.byteLength(value);
    this.unsignedVarint(length + 1);
    const at = this.advance(length);
    this.buffer.write(value, at, length, 'utf8');
  }

  /** Bytes without their length; large ones by reference. */
  raw(value: Part): void {
    if (Buffer.isBuffer(value) && value.length < REFERENCE_BYTES_MIN) {
      const at = this.advance(value.length);
      value.copy(this.buffer, at);
      return;
    }
    if (this.at > this.start) {
      this.parts.push(this.buffer.subarray(this.start, this.at));
      this.partBytes += this.at - this.start;
      this.start = this.at;
    }
    this.parts.push(value);
    this.partBytes += value.length;
  }

  bytes(value: RecordBytes | null): void {
    this.int32(value === null ? -1 : lengthOf(value));
    if (value !== null) this.all(value);
  }

  compactBytes(value: RecordBytes | null): void {
    this.unsignedVarint(value === null ? 0 : lengthOf(value) + 1);
    if (value !== null) this.all(value);
  }

  private all(value: RecordBytes): void {
    if (!isList(value)) this.raw(value);
    else for (const part of value) this.raw(part);
  }

  arrayLength(length: number, compact: boolean): void {
    if (compact) this.unsignedVarint(length + 1);
    else this.int32(length);
  }

  /** The parts in order; the writer is done afterwards. */
  finish(): Part[] {
    if (this.at > this.start) this.parts.push(this.buffer.subarray(this.start, this.at));
    return this.parts;
  }

  /** A frame: the four bytes that were reserved at the very beginning get the size of all that follows them. */
  finishFrame(): Part[] {
    const size = this.length - 4;
    const parts = this.finish();
    (parts[0] as Buffer).writeInt32BE(size, 0);
    return parts;
  }
}

function lengthOf(value: RecordBytes): number {
  if (!isList(value)) return value.length;
  let length = 0;
  for (const part of value) length += part.length;
  return length;
}

const isList = (value: RecordBytes): value is readonly Part[] => Array.isArray(value);
