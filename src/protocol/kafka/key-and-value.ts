import { varintAt, varintEnd } from './varint.js';

/** Where key and value of a record lie; -1 where it is null, and its end where it would be. */
interface KeyAndValue {
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
