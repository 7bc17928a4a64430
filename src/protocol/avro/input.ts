/**
 * Items, and records, that take no bytes: nothing in the message bounds their number, so this does. An array of 2^31
 * nulls, or records of empty records, would cost seconds and gigabytes for a handful of bytes.
 */
const EMPTY_VALUES_MAX = 65_536;
/** Records within records, as a list that links its elements has them. The stack holds a few thousand. */
const DEPTH_MAX = 1000;

/** A cursor over one Avro value. Throws RangeError where the bytes are malformed. */
export class AvroInput {
  private depth = 0;
  private emptyValues = 0;

  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  /** Throws where bytes are left. */
  end(): void {
    const left = this.bytes.length - this.at;
    if (left > 0) throw new RangeError(`${left} bytes follow the value`);
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw endsEarly();
    this.at++;
    return byte;
  }

  boolean(): boolean {
    return this.byte() !== 0;
  }

  /** Throws where the number has more than 32 bits. */
  int(): number {
    const value = this.long();
    if (typeof value === 'bigint' || value > 0x7fffffff || value < -0x80000000) {
      throw new RangeError(`${value} does not fit into 32 bits`);
    }
    return value;
  }

  /** Zigzag, seven bits a byte: a number where it is a safe integer, else a bigint. */
  long(): number | bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 127) << shift;
      if (byte < 128) return (low >>> 1) ^ -(low & 1);
    }
    let zigzag = low;
    for (let scale = 2 ** 28; scale < 2 ** 49; scale *= 128) {
      const byte = this.byte();
      zigzag += (byte & 127) * scale;
      if (byte < 128) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    return this.longRest(BigInt(zigzag));
  }

  private longRest(low: bigint): number | bigint {
    let zigzag = low;
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      zigzag |= BigInt(byte & 127) << shift;
      if (byte >= 128) continue;
      const value = BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n));
      return value >= SAFE_MIN && value <= SAFE_MAX ? Number(value) : value;
    }
    throw new RangeError('a number is longer than 10 bytes');
  }

  bigint(): bigint {
    return BigInt(this.long());
  }

  float(): number {
    return this.bytes.readFloatLE(this.advance(4));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.advance(8));
  }

  text(): string {
    const start = this.advance(this.int());
    return this.bytes.toString('utf8', start, this.at);
  }

  /** A view of the message, not a copy. */
  slice(length: number): Buffer {
    const start = this.advance(length);
    return this.bytes.subarray(start, this.at);
  }

  private advance(length: number): number {
    const start = this.at;
    const end = start + length;
    if (length < 0 || end > this.bytes.length) throw endsEarly();
    this.at = end;
    return start;
  }

  /** Reads the blocks of an array or a map, whose counts nothing vouches for. */
  blocks(item: () => void): void {
    for (let count = this.blockCount(); count > 0; count = this.blockCount()) {
      for (; count > 0; count--) {
        const start = this.at;
        item();
        if (this.at === start) this.countEmpty();
      }
    }
  }

  /** How many items follow; 0 at the end. A negative count comes with the block's size in bytes. */
  private blockCount(): number {
    const count = this.int();
    if (count >= 0) return count;
    this.long();
    return -count;
  }

  /** Begins what may contain itself. Gives what `leave` takes. */
  enter(): number {
    if (++this.depth > DEPTH_MAX) throw new RangeError(`records nest deeper than ${DEPTH_MAX} levels`);
    return this.at;
  }

  leave(start: number): void {
    if (this.at === start) this.countEmpty();
    this.depth--;
  }

  private countEmpty(): void {
    if (++this.emptyValues > EMPTY_VALUES_MAX) {
      throw new RangeError(`more than ${EMPTY_VALUES_MAX} values without a byte`);
    }
  }
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
const SAFE_MIN = -SAFE_MAX;
const endsEarly = (): RangeError => new RangeError('the value ends too early');
