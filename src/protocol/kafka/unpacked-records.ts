import { decompress, loadCodec } from './compression/codecs.js';
import {
  attributesOf,
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  compressionOf,
  LOG_APPEND_TIME_FLAG,
  type LoggedRecord,
  maxTimestampOf,
  recordsOf,
} from './record-batch.js';

/** The records of a batch, compressed or not. */
export async function unpackedRecords(batch: Buffer): Promise<LoggedRecord[]> {
  const codec = compressionOf(batch);
  if (codec === 0) return recordsOf(batch);
  await loadCodec(codec);
  return recordsOf(batch, decompress(codec, batch.subarray(BATCH_HEADER_BYTES)));
}

/** The first record of a batch at or after a time, and not before an offset. */
export async function timestampedRecord(
  batch: Buffer,
  timestampMs: number,
  startOffset: number,
): Promise<{ readonly offset: number; readonly timestampMs: number } | undefined> {
  if ((attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0) {
    return { offset: Math.max(baseOffsetOf(batch), startOffset), timestampMs: maxTimestampOf(batch) };
  }
  const records = await unpackedRecords(batch);
  return records.find((record) => record.timestampMs >= timestampMs && record.offset >= startOffset);
}
