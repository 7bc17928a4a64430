import { MalformedMessage } from './malformed.js';
import { varintAt, varintEnd, varlongAt } from './varint.js';

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

  varint(): number {
    return this.behind(varintAt(this.bytes, this.at));
  }

  varlong(): number {
    return this.behind(varlongAt(this.bytes, this.at));
  }

  /** Moves behind the number that was just read. */
  private behind(number: number): number {
    if (varintEnd > this.bytes.length) throw new MalformedMessage('a number in a record does not end');
    this.at = varintEnd;
    return number;
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
