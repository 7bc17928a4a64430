import { decompress, loadCodec } from '../../../clients/kafka/compression.js';
import {
  attributesOf,
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  compressionOf,
  LOG_APPEND_TIME_FLAG,
  maxTimestampOf,
  recordsOf,
} from '../../../protocol/kafka/record-batch.js';

/** The first record of a batch at or after a time, and not before an offset. */
export async function timestampedRecord(
  batch: Buffer,
  timestampMs: number,
  startOffset: number,
): Promise<{ readonly offset: number; readonly timestampMs: number } | undefined> {
  if ((attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0) {
    return { offset: Math.max(baseOffsetOf(batch), startOffset), timestampMs: maxTimestampOf(batch) };
  }
  const codec = compressionOf(batch);
  let plain: Buffer | undefined;
  if (codec !== 0) {
    await loadCodec(codec);
    plain = decompress(codec, batch.subarray(BATCH_HEADER_BYTES));
  }
  return recordsOf(batch, plain).find((record) => record.timestampMs >= timestampMs && record.offset >= startOffset);
}
