import { MalformedFrame } from './malformed.js';

/** Reads AMQP's primitive types (big-endian) one after the other. Throws MalformedFrame beyond the end. */
export class ByteReader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  /** Moves on by `length` bytes; gives where they begin. */
  private take(length: number): number {
    const from = this.at;
    if (length > this.end - from) throw new MalformedFrame(`${length} bytes wanted, ${this.end - from} left`);
    this.at = from + length;
    return from;
  }

  octet(): number {
    return this.bytes[this.take(1)] as number;
  }

  short(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  long(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  /** A 64-bit number without sign; beyond 2^53 it loses its last digits (delivery tags and body sizes never get there). */
  longlong(): number {
    const from = this.take(8);
    return this.bytes.readUInt32BE(from) * 0x1_0000_0000 + this.bytes.readUInt32BE(from + 4);
  }

  shortstr(): string {
    const length = this.octet();
    const from = this.take(length);
    return this.bytes.toString('utf8', from, from + length);
  }

  /** A part of the bytes themselves, not a copy. */
  raw(length: number): Buffer {
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  longstr(): Buffer {
    return this.raw(this.long());
  }
}
