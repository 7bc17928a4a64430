/** Avro's binary encoding, bytes in: a cursor over one message. Reading beyond the end throws RangeError. */
export class AvroInput {
  private at: number;

  constructor(
    private readonly bytes: Buffer,
    from: number,
  ) {
    this.at = from;
  }

  /** A zigzag varint that fits into 32 bits: int, union branch. */
  int(): number {
    return Number(this.long());
  }

  long(): bigint {
    // Up to four bytes need no bigint arithmetic: most numbers.
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt((small >>> 1) ^ -(small & 1));
    }
    let value = BigInt(small >>> 0);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new RangeError('a number is longer than ten bytes');
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new RangeError('the message ends too early');
    this.at += 1;
    return byte;
  }

  take(length: number): Buffer {
    const end = this.at + length;
    if (length < 0 || end > this.bytes.length) throw new RangeError('the message ends too early');
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  double(): number {
    return this.take(8).readDoubleLE(0);
  }

  float(): number {
    return this.take(4).readFloatLE(0);
  }
}

/** Avro's binary encoding, bytes out, into a buffer that grows and is used again for the next message. */
export class AvroOutput {
  private bytes = Buffer.allocUnsafe(1024);
  private at = 0;

  reset(): void {
    this.at = 0;
  }

  finish(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  private room(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + length));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  uint32(value: number): void {
    this.room(4);
    this.bytes.writeUInt32BE(value, this.at);
    this.at += 4;
  }

  int(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    this.room(5);
    while (rest > 0x7f) {
      this.bytes[this.at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.at++] = rest;
  }

  long(value: bigint): void {
    if (value >= -0x4000_0000n && value < 0x4000_0000n) {
      this.int(Number(value));
      return;
    }
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    this.room(10);
    while (rest > 0x7fn) {
      this.bytes[this.at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.at++] = Number(rest);
  }

  double(value: number): void {
    this.room(8);
    this.bytes.writeDoubleLE(value, this.at);
    this.at += 8;
  }

  float(value: number): void {
    this.room(4);
    this.bytes.writeFloatLE(value, this.at);
    this.at += 4;
  }

  raw(value: Uint8Array): void {
    this.room(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  blob(value: Uint8Array): void {
    this.int(value.length);
    this.raw(value);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.int(length);
    this.room(length);
    this.bytes.write(value, this.at, 'utf8');
    this.at += length;
  }
}
