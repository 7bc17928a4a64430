import { varintAt, varintBytes, varintEnd, varlongAt, writeVarint } from './varint.js';

/** Where key and value of a record lie; -1 where it is null, and its end where it would be. */
export interface KeyAndValue {
  readonly keyAt: number;
  readonly keyEnd: number;
  readonly valueAt: number;
  readonly valueEnd: number;
}

/** Of a record whose key's length is at `at`. Its lengths have been looked at before: nothing is checked here. */
export function keyAndValueAt(bytes: Buffer, at: number): KeyAndValue {
  const keyBytes = varintAt(bytes, at);
  const keyAt = varintEnd;
  const keyEnd = keyAt + Math.max(0, keyBytes);
  const valueBytes = varintAt(bytes, keyEnd);
  const valueAt = varintEnd;
  return {
    keyAt: keyBytes < 0 ? -1 : keyAt,
    keyEnd,
    valueAt: valueBytes < 0 ? -1 : valueAt,
    valueEnd: valueAt + Math.max(0, valueBytes),
  };
}

/** How many bytes a key and a value take with their lengths. */
export const keyAndValueBytes = (key: Buffer, value: Buffer): number =>
  varintBytes(key.length) + key.length + varintBytes(value.length) + value.length;

export function writeKeyAndValue(into: Buffer, at: number, key: Buffer, value: Buffer): void {
  const keyAt = writeVarint(into, at, key.length);
  into.set(key, keyAt);
  into.set(value, writeVarint(into, keyAt + key.length, value.length));
}

/** Where the key's length is in a record of a batch that begins at `at`. */
export function recordKeyAt(bytes: Buffer, at: number): number {
  varintAt(bytes, at); // its length
  varlongAt(bytes, varintEnd + 1); // its timestamp, behind the attributes, of which none is in use
  varintAt(bytes, varintEnd); // its offset
  return varintEnd;
}

export function recordEnd(bytes: Buffer, at: number): number {
  const length = varintAt(bytes, at);
  return varintEnd + length;
}
