import { MalformedMessage } from './malformed.js';

/** One record as it lies in a batch: length, attributes, timestamp and offset deltas, key, value, headers; all varints. */
export interface WireRecord {
  readonly timestampDelta: number;
  readonly offsetDelta: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ReadonlyArray<readonly [name: Buffer, value: Buffer | null]>;
}

export interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

/** Zigzag; exact up to 2^53, which holds every distance between two timestamps that make sense. */
export function readVarint(cursor: Cursor): number {
  const { bytes } = cursor;
  let value = 0;
  let factor = 1;
  for (let count = 0; count < 10; count++) {
    const byte = bytes[cursor.at++];
    if (byte === undefined) throw new MalformedMessage('a record ends in the middle of a number');
    value += (byte & 127) * factor;
    if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    factor *= 128;
  }
  throw new MalformedMessage('a number in a record is longer than 10 bytes');
}

function readNullable(cursor: Cursor): Buffer | null {
  const length = readVarint(cursor);
  if (length < 0) return null;
  const start = cursor.at;
  cursor.at += length;
  if (cursor.at > cursor.bytes.length) throw new MalformedMessage('a record ends in the middle of a field');
  return cursor.bytes.subarray(start, cursor.at);
}

export function readRecord(cursor: Cursor): WireRecord {
  const length = readVarint(cursor);
  const end = cursor.at + length;
  if (length < 0 || end > cursor.bytes.length) throw new MalformedMessage('a record is longer than its batch');
  cursor.at++; // attributes: none are defined
  const timestampDelta = readVarint(cursor);
  const offsetDelta = readVarint(cursor);
  const key = readNullable(cursor);
  const value = readNullable(cursor);
  const count = readVarint(cursor);
  if (count < 0 || count > end - cursor.at) throw new MalformedMessage(`a record with ${count} headers`);
  const headers: Array<readonly [Buffer, Buffer | null]> = [];
  for (let left = count; left > 0; left--) {
    const name = readNullable(cursor);
    if (name === null) throw new MalformedMessage('a record header without a name');
    headers.push([name, readNullable(cursor)]);
  }
  if (cursor.at !== end) throw new MalformedMessage('a record is not as long as it says');
  return { timestampDelta, offsetDelta, key, value, headers };
}

const VARINT_BYTES_MAX = 10;

function writeVarint(bytes: Buffer, value: number, at: number): number {
  let left = value < 0 ? -value * 2 - 1 : value * 2;
  let next = at;
  while (left > 127) {
    bytes[next++] = (left % 128) | 128;
    left = Math.floor(left / 128);
  }
  bytes[next++] = left;
  return next;
}

function writeNullable(bytes: Buffer, value: Buffer | null, at: number): number {
  if (value === null) return writeVarint(bytes, -1, at);
  const start = writeVarint(bytes, value.length, at);
  return start + value.copy(bytes, start);
}

export function writeRecord(
  record: {
    readonly offsetDelta: number;
    readonly timestampMs: number;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers?: ReadonlyArray<readonly [name: string | Buffer, value: Buffer | null]>;
  },
  baseTimestampMs: number,
): Buffer {
  const headers = (record.headers ?? []).map(
    ([name, value]) => [typeof name === 'string' ? Buffer.from(name) : name, value] as const,
  );
  let bytesMax = 1 + 6 * VARINT_BYTES_MAX + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of headers) bytesMax += 2 * VARINT_BYTES_MAX + name.length + (value?.length ?? 0);
  const body = Buffer.allocUnsafe(bytesMax);
  body[0] = 0;
  let at = writeVarint(body, record.timestampMs - baseTimestampMs, 1);
  at = writeVarint(body, record.offsetDelta, at);
  at = writeNullable(body, record.key, at);
  at = writeNullable(body, record.value, at);
  at = writeVarint(body, headers.length, at);
  for (const [name, value] of headers) {
    at = writeNullable(body, name, at);
    at = writeNullable(body, value, at);
  }
  const length = Buffer.allocUnsafe(VARINT_BYTES_MAX);
  return Buffer.concat([length.subarray(0, writeVarint(length, at, 0)), body.subarray(0, at)]);
}
