const FIRST_BYTES = 1024;

/** Writes AMQP's primitive types (big-endian) into a buffer that grows. */
export class ByteWriter {
  at = 0;
  private bytes: Buffer;

  constructor(private readonly firstBytes = FIRST_BYTES) {
    this.bytes = Buffer.allocUnsafe(firstBytes);
  }

  /** Makes room for `length` bytes; gives where they begin. */
  private room(length: number): number {
    const from = this.at;
    const end = from + length;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, from);
      this.bytes = larger;
    }
    this.at = end;
    return from;
  }

  octet(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }

  short(value: number): void {
    const at = this.room(2);
    this.bytes.writeUInt16BE(value, at);
  }

  long(value: number): void {
    const at = this.room(4);
    this.bytes.writeUInt32BE(value, at);
  }

  longlong(value: number): void {
    const at = this.room(8);
    this.bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
    this.bytes.writeUInt32BE(value % 0x1_0000_0000, at + 4);
  }

  /** Throws RangeError beyond 255 bytes: what is sent as a short string was bounded where it came in. */
  shortstr(value: string): void {
    const length = Buffer.byteLength(value);
    if (length > 255) throw new RangeError(`a short string holds 255 bytes, not ${length}`);
    const at = this.room(1 + length);
    this.bytes[at] = length;
    this.bytes.write(value, at + 1, 'utf8');
  }

  raw(value: Uint8Array): void {
    const at = this.room(value.length);
    this.bytes.set(value, at);
  }

  longstr(value: Uint8Array): void {
    this.long(value.length);
    this.raw(value);
  }

  /** Room for a number that is known later: give the place to `patchLong`. */
  skip(length: number): number {
    return this.room(length);
  }

  patchLong(at: number, value: number): void {
    this.bytes.writeUInt32BE(value, at);
  }

  /** What was written so far, to read or change it; valid until the next write. */
  view(from = 0): Buffer {
    return this.bytes.subarray(from, this.at);
  }

  /** What was written; the writer begins anew in other memory. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    this.bytes = Buffer.allocUnsafe(this.firstBytes);
    this.at = 0;
    return taken;
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.at = 0;
  }
}
