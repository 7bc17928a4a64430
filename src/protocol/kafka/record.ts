import { MalformedMessage } from './malformed.js';

/** One record as it is in a batch: length, attributes, timestamp and offset deltas, key, value, headers; all varints. */
export interface WireRecord {
  readonly timestampDelta: number;
  readonly offsetDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ReadonlyArray<readonly [name: Buffer, value: Buffer | null]>;
}

/** Reads the fields of records one after the other; every read is checked, and throws MalformedMessage past the end. */
export class RecordCursor {
  at = 0;

  constructor(readonly bytes: Buffer) {}

  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new MalformedMessage('a record ends in the middle of a number');
    return byte;
  }

  /** A zigzag number of 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return (value >>> 1) ^ -(value & 1);
    }
    throw new MalformedMessage('a number in a record is longer than 5 bytes');
  }

  /** A zigzag number of 64 bits, exact up to 2^53: every distance between two timestamps that make sense. */
  varlong(): number {
    const start = this.at;
    let small = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      small |= (byte & 127) << shift;
      if (byte < 128) return (small >>> 1) ^ -(small & 1);
    }
    this.at = start;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)));
    }
    throw new MalformedMessage('a number in a record is longer than 10 bytes');
  }

  nullable(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw new MalformedMessage('a record ends in the middle of a field');
    return this.bytes.subarray(start, this.at);
  }

  headers(): WireRecord['headers'] {
    const count = this.varint();
    if (count === 0) return NO_HEADERS;
    if (count < 0 || count > this.bytes.length - this.at) throw new MalformedMessage(`a record with ${count} headers`);
    const headers: Array<readonly [Buffer, Buffer | null]> = [];
    for (let left = count; left > 0; left--) {
      const name = this.nullable();
      if (name === null) throw new MalformedMessage('a record header without a name');
      headers.push([name, this.nullable()]);
    }
    return headers;
  }
}

const NO_HEADERS: WireRecord['headers'] = [];

export function readRecord(cursor: RecordCursor): WireRecord {
  const length = cursor.varint();
  const end = cursor.at + length;
  if (length < 0 || end > cursor.bytes.length) throw new MalformedMessage('a record is longer than its batch');
  cursor.at++; // attributes: none are defined
  const timestampDelta = cursor.varlong();
  const offsetDelta = cursor.varint();
  const key = cursor.nullable();
  const value = cursor.nullable();
  const headers = cursor.headers();
  if (cursor.at !== end) throw new MalformedMessage('a record is not as long as it says');
  return { timestampDelta, offsetDelta, key, value, headers };
}
