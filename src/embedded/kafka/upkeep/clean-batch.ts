import { loadCodec } from '../../../protocol/kafka/compression/codecs.js';
import { encodeBatch } from '../../../protocol/kafka/encode-batch.js';
import {
  attributesOf,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  compressionOf,
  deleteHorizonOf,
  isControl,
  isTransactional,
  LOG_APPEND_TIME_FLAG,
  type LoggedRecord,
  lastOffsetDeltaOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordsOf,
} from '../../../protocol/kafka/record-batch.js';
import { unpackedRecords } from '../../../protocol/kafka/unpacked-records.js';
import type { CleanedTransactions } from './cleaned-transactions.js';

/** What decides which records stay. */
export interface Cleaning {
  /** The last offset of every key. */
  readonly latest: ReadonlyMap<string, number>;
  readonly transactions: CleanedTransactions;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

/** Keys are bytes; a map finds them as strings of as many characters. */
export const keyText = (key: Buffer): string => key.toString('latin1');

/**
 * The batch as it is, with fewer records, or undefined where none is left. The first pass that keeps a tombstone, or
 * a marker whose transaction left nothing else, writes the time after which it may go into its batch (KIP-534).
 */
export async function cleanBatch(batch: Buffer, cleaning: Cleaning): Promise<Buffer | undefined> {
  const { latest, transactions, nowMs } = cleaning;
  const newHorizonMs = Math.min(nowMs + cleaning.deleteRetentionMs, Number.MAX_SAFE_INTEGER);
  const horizon = deleteHorizonOf(batch);
  const isExpired = horizon !== undefined && horizon <= nowMs;
  if (isControl(batch)) {
    if (!transactions.endsNothing(batch)) return batch;
    if (horizon === undefined) return rebuild(batch, recordsOf(batch), newHorizonMs);
    return isExpired ? undefined : batch;
  }
  if (transactions.isAborted(batch)) return undefined;
  const all = await unpackedRecords(batch);
  const kept = all.filter(({ key, value, offset }) => {
    if (key === null || (latest.get(keyText(key)) ?? offset) > offset) return false;
    return value !== null || !isExpired;
  });
  if (kept.length === 0) return undefined;
  const needsHorizon = horizon === undefined && kept.some(({ value }) => value === null);
  if (kept.length === all.length && !needsHorizon) return batch;
  return rebuild(batch, kept, needsHorizon ? newHorizonMs : horizon);
}

/** The same batch with these of its records; offsets and sequence numbers stay as they were, with gaps. */
async function rebuild(
  batch: Buffer,
  records: readonly LoggedRecord[],
  deleteHorizonMs: number | undefined,
): Promise<Buffer> {
  const codec = compressionOf(batch);
  const logAppendTime = (attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0;
  return encodeBatch(
    {
      baseOffset: baseOffsetOf(batch),
      leaderEpoch: 0,
      compression: codec,
      logAppendTime,
      transactional: isTransactional(batch),
      control: isControl(batch),
      producerId: producerIdOf(batch),
      producerEpoch: producerEpochOf(batch),
      baseSequence: baseSequenceOf(batch),
      lastOffsetDelta: lastOffsetDeltaOf(batch),
      baseTimestampMs: baseTimestampOf(batch),
      maxTimestampMs: logAppendTime ? maxTimestampOf(batch) : undefined,
      deleteHorizonMs,
    },
    records,
    codec === 0 ? undefined : (await loadCodec(codec)).compress,
  );
}
