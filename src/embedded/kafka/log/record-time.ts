import {
  attributesOf,
  baseOffsetOf,
  compressionOf,
  LOG_APPEND_TIME_FLAG,
  maxTimestampOf,
  recordsOf,
} from '../../../protocol/kafka/record-batch.js';
import { plainRecords } from './compression.js';

/** The first record of a batch at or after a time, and not before an offset. */
export function timestampedRecord(
  batch: Buffer,
  timestampMs: number,
  startOffset: number,
): { readonly offset: number; readonly timestampMs: number } | undefined {
  if ((attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0) {
    return { offset: Math.max(baseOffsetOf(batch), startOffset), timestampMs: maxTimestampOf(batch) };
  }
  const plain = compressionOf(batch) === 0 ? undefined : plainRecords(batch);
  return recordsOf(batch, plain).find((record) => record.timestampMs >= timestampMs && record.offset >= startOffset);
}
