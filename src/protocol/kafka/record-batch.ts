import { crc32c } from '@node-rs/crc32';
import { MalformedMessage } from './malformed.js';
import { RecordCursor, readRecord, type WireRecord } from './record.js';

/**
 * Record batches of format 2, where they lie in a buffer. Layout (KIP-98), with the positions used below:
 * base offset 0, length 8, partition leader epoch 12, magic 16, CRC-32C 17, attributes 21, last offset delta 23,
 * base timestamp 27, max timestamp 35, producer id 43, producer epoch 51, base sequence 53, record count 57, records 61.
 * The CRC covers everything from the attributes on, so a broker may set base offset and leader epoch without touching it.
 *
 * Offsets and timestamps are plain numbers here, exact up to 2^53: a partition would have to take a million records a
 * second for 285 years to get there.
 */

export const BATCH_HEADER_BYTES = 61;
/** Base offset and length: what has to be read to know where a batch ends. */
export const BATCH_PREFIX_BYTES = 12;

const TWO_32 = 4294967296;

export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;
/** The base timestamp is the time after which compaction removes the batch's tombstones or its marker (KIP-534). */
export const DELETE_HORIZON_FLAG = 0x40;

export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * TWO_32 + bytes.readUInt32BE(at + 4);
}

export function writeInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeInt32BE(Math.floor(value / TWO_32), at);
  bytes.writeUInt32BE(value - Math.floor(value / TWO_32) * TWO_32, at + 4);
}

export const baseOffsetOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at);
/** Of the whole batch, with base offset and length. */
export const sizeOf = (bytes: Buffer, at = 0): number => BATCH_PREFIX_BYTES + bytes.readInt32BE(at + 8);
export const magicOf = (bytes: Buffer, at = 0): number => bytes.readInt8(at + 16);
export const crcOf = (bytes: Buffer, at = 0): number => bytes.readUInt32BE(at + 17);
export const attributesOf = (bytes: Buffer, at = 0): number => bytes.readInt16BE(at + 21);
export const lastOffsetDeltaOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 23);
export const lastOffsetOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at) + bytes.readInt32BE(at + 23);
export const baseTimestampOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at + 27);
export const maxTimestampOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at + 35);
/** When tombstones or the marker of this batch may go; undefined where compaction has not seen them yet. */
export const deleteHorizonOf = (bytes: Buffer, at = 0): number | undefined =>
  (attributesOf(bytes, at) & DELETE_HORIZON_FLAG) === 0 ? undefined : baseTimestampOf(bytes, at);
export const producerIdOf = (bytes: Buffer, at = 0): number => readInt64(bytes, at + 43);
export const producerEpochOf = (bytes: Buffer, at = 0): number => bytes.readInt16BE(at + 51);
export const baseSequenceOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 53);
export const recordCountOf = (bytes: Buffer, at = 0): number => bytes.readInt32BE(at + 57);
export const isControl = (bytes: Buffer, at = 0): boolean => (attributesOf(bytes, at) & CONTROL_FLAG) !== 0;
export const isTransactional = (bytes: Buffer, at = 0): boolean => (attributesOf(bytes, at) & TRANSACTIONAL_FLAG) !== 0;
export const compressionOf = (bytes: Buffer, at = 0): number => attributesOf(bytes, at) & COMPRESSION_MASK;

export function hasValidCrc(batch: Buffer): boolean {
  return crc32c(batch.subarray(21)) === crcOf(batch);
}

export function setBaseOffset(batch: Buffer, offset: number, leaderEpoch: number): void {
  writeInt64(batch, offset, 0);
  batch.writeInt32BE(leaderEpoch, 12);
}

/** Turns a batch into one of LogAppendTime: all its records have this time. The CRC is calculated anew. */
export function setAppendTime(batch: Buffer, timestampMs: number): void {
  batch.writeInt16BE(attributesOf(batch) | LOG_APPEND_TIME_FLAG, 21);
  writeInt64(batch, timestampMs, 35);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
}

/** Makes this the greatest timestamp of a batch of CreateTime, where it is not already: a client may have been wrong. */
export function setMaxTimestamp(batch: Buffer, timestampMs: number): void {
  const attributes = attributesOf(batch);
  if (maxTimestampOf(batch) === timestampMs && (attributes & LOG_APPEND_TIME_FLAG) === 0) return;
  batch.writeInt16BE(attributes & ~LOG_APPEND_TIME_FLAG, 21);
  writeInt64(batch, timestampMs, 35);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
}

/** A record of a batch in a log. */
export interface LoggedRecord extends WireRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

/** The records of one batch; `plain` are its records' bytes where the batch is compressed. Throws MalformedMessage. */
export function recordsOf(batch: Buffer, plain?: Buffer): LoggedRecord[] {
  const bytes = plain ?? batch.subarray(BATCH_HEADER_BYTES, sizeOf(batch));
  const [baseOffset, baseTimestamp] = [baseOffsetOf(batch), baseTimestampOf(batch)];
  const appendTime = (attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0 ? maxTimestampOf(batch) : undefined;
  const records: LoggedRecord[] = [];
  const cursor = new RecordCursor(bytes);
  for (let left = recordCountOf(batch); left > 0; left--) {
    const record = readRecord(cursor);
    records.push({
      ...record,
      offset: baseOffset + record.offsetDelta,
      timestampMs: appendTime ?? baseTimestamp + record.timestampDelta,
    });
  }
  if (cursor.at !== bytes.length) throw new MalformedMessage('a batch holds more bytes than its records');
  return records;
}

/** Which way a transaction ended, from the key of its marker's only record (version, then type). */
export function markerTypeOf(batch: Buffer): 'abort' | 'commit' | 'other' {
  const key = recordsOf(batch)[0]?.key;
  const type = key && key.length >= 4 ? key.readInt16BE(2) : -1;
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other';
}
