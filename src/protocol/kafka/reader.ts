import { MalformedMessage } from './malformed.js';

/**
 * All arrays of one message together hold no more elements: an element can cost a hundred times its bytes in memory,
 * so the frame's size alone bounds nothing. Kafka clients stay three orders of magnitude below.
 */
const ELEMENTS_MAX = 2_000_000;

/** A cursor over the bytes of one message; every read is checked, and throws MalformedMessage past the end. */
export class Reader {
  private elementsLeft = ELEMENTS_MAX;

  constructor(
    readonly bytes: Buffer,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  private advance(count: number): number {
    const at = this.at;
    if (count < 0 || at + count > this.end) throw new MalformedMessage(`${count} bytes expected, ${this.left} left`);
    this.at = at + count;
    return at;
  }

  int8(): number {
    return this.bytes.readInt8(this.advance(1));
  }

  bool(): boolean {
    return this.bytes[this.advance(1)] !== 0;
  }

  int16(): number {
    return this.bytes.readInt16BE(this.advance(2));
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.advance(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.advance(4));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.advance(4));
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.advance(8));
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.advance(8));
  }

  /** In the form that Kafka prints: URL-safe base64 without padding. */
  uuid(): string {
    const at = this.advance(16);
    return this.bytes.toString('base64url', at, at + 16);
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.advance(1)] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new MalformedMessage('a variable-length number is longer than 5 bytes');
  }

  slice(length: number): Buffer {
    const at = this.advance(length);
    return this.bytes.subarray(at, at + length);
  }

  text(length: number): string {
    const at = this.advance(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  string(): string {
    return present(this.nullableString());
  }

  nullableString(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.text(length);
  }

  compactString(): string {
    return present(this.nullableCompactString());
  }

  nullableCompactString(): string | null {
    const length = this.unsignedVarint();
    return length === 0 ? null : this.text(length - 1);
  }

  nullableBytes(): Buffer | null {
    const length = this.int32();
    return length < 0 ? null : this.slice(length);
  }

  nullableCompactBytes(): Buffer | null {
    const length = this.unsignedVarint();
    return length === 0 ? null : this.slice(length - 1);
  }

  /** The number of elements that follow, -1 for null. */
  arrayLength(compact: boolean): number {
    const length = compact ? this.unsignedVarint() - 1 : this.int32();
    if (length > this.left) throw new MalformedMessage(`${length} elements announced, ${this.left} bytes left`);
    this.elementsLeft -= length;
    if (this.elementsLeft < 0) throw new MalformedMessage(`more than ${ELEMENTS_MAX} elements`);
    return length < 0 ? -1 : length;
  }
}

export function present<T>(value: T | null): T {
  if (value === null) throw new MalformedMessage('null where a value must be');
  return value;
}
