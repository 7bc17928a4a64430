/** Texts up to this length are copied here: a call into the runtime costs more. */
const SHORT_TEXT_MAX = 24;

/** Avro's binary encoding, and what frames it, into a buffer that grows and is used again for the next value. */
export class AvroOutput {
  private bytes = Buffer.allocUnsafe(4096);
  private at = 0;

  /** Forgets what was written before. */
  reset(): void {
    this.at = 0;
  }

  /** A copy of what was written since `reset`. */
  finish(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  private reserve(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + length));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  uint32BE(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  boolean(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /** Int and long: zigzag, seven bits a byte. */
  long(value: number | bigint): void {
    this.reserve(10);
    if (typeof value === 'bigint') {
      if (value > SAFE_MAX || value < -SAFE_MAX) this.bigLong(value);
      else this.safeLong(Number(value));
    } else if (value >= -0x4000_0000 && value < 0x4000_0000) {
      let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
      for (; zigzag > 127; zigzag >>>= 7) this.bytes[this.at++] = (zigzag & 127) | 128;
      this.bytes[this.at++] = zigzag;
    } else this.safeLong(value);
  }

  /** The sign and six bits come first, so that no step exceeds 53 bits. */
  private safeLong(value: number): void {
    let rest = value < 0 ? -value - 1 : value;
    let low = (rest % 64) * 2 + (value < 0 ? 1 : 0);
    for (rest = Math.floor(rest / 64); rest > 0; rest = Math.floor(rest / 128)) {
      this.bytes[this.at++] = low | 128;
      low = rest % 128;
    }
    this.bytes[this.at++] = low;
  }

  private bigLong(value: bigint): void {
    let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    for (; zigzag > 127n; zigzag >>= 7n) this.bytes[this.at++] = Number(zigzag & 127n) | 128;
    this.bytes[this.at++] = Number(zigzag);
  }

  float(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeFloatLE(value, this.at);
  }

  double(value: number): void {
    this.reserve(8);
    this.at = this.bytes.writeDoubleLE(value, this.at);
  }

  text(value: string): void {
    if (value.length <= SHORT_TEXT_MAX && this.shortAscii(value)) return;
    const length = Buffer.byteLength(value, 'utf8');
    this.long(length);
    this.reserve(length);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  /** False, with nothing written, where the text has other characters. */
  private shortAscii(value: string): boolean {
    const { length } = value;
    this.reserve(1 + length);
    for (let index = 0; index < length; index++) {
      const char = value.charCodeAt(index);
      if (char > 127) return false;
      this.bytes[this.at + 1 + index] = char;
    }
    this.bytes[this.at] = 2 * length;
    this.at += 1 + length;
    return true;
  }

  /** With its length. */
  blob(value: Uint8Array): void {
    this.long(value.length);
    this.fixed(value);
  }

  fixed(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** An array or a map as one block. */
  block<Item>(
    items: { readonly size?: number; readonly length?: number } & Iterable<Item>,
    write: (item: Item) => void,
  ): void {
    const count = items.size ?? items.length ?? 0;
    if (count > 0) this.long(count);
    for (const item of items) write(item);
    this.byte(0);
  }
}

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);
