import { decompress } from '../../../clients/kafka/compression.js';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import {
  BATCH_HEADER_BYTES,
  baseSequenceOf,
  compressionOf,
  isTransactional,
  lastOffsetDeltaOf,
  maxTimestampOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
} from '../../../protocol/kafka/record-batch.js';
import { messageOf } from '../../../support/errors.js';
import type { TopicSettings } from '../topics/settings.js';

type Refuse = (error: ErrorName, message: string) => Error;

const COMPRESSION_MAX = 4;

/**
 * Checks what a batch says of its records, and walks through them; compressed ones are unpacked for it, as Kafka does.
 * The codecs that are needed (`codecsFor`) have to be loaded.
 */
export function checkRecords(batch: Buffer, settings: TopicSettings, nowMs: number, refuse: Refuse): void {
  const count = recordCountOf(batch);
  if (count <= 0 || lastOffsetDeltaOf(batch) !== count - 1) {
    throw refuse('INVALID_RECORD', `${count} records, the last one numbered ${lastOffsetDeltaOf(batch)}`);
  }
  if (compressionOf(batch) > COMPRESSION_MAX) {
    throw refuse('UNSUPPORTED_COMPRESSION_TYPE', `compression ${compressionOf(batch)}`);
  }
  if (producerIdOf(batch) >= 0 && (producerEpochOf(batch) < 0 || baseSequenceOf(batch) < 0)) {
    throw refuse('INVALID_RECORD', 'a producer id without epoch or sequence');
  }
  if (isTransactional(batch) && producerIdOf(batch) < 0) {
    throw refuse('INVALID_RECORD', 'a transactional batch without producer id');
  }
  if (!settings.logAppendTime) checkTimestamp(maxTimestampOf(batch), settings, nowMs, refuse);
  const codec = compressionOf(batch);
  if (codec === 0) walk(batch, BATCH_HEADER_BYTES, count, settings.compacts, refuse);
  else walk(plainRecords(batch, codec, refuse), 0, count, settings.compacts, refuse);
}

function checkTimestamp(timestampMs: number, settings: TopicSettings, nowMs: number, refuse: Refuse): void {
  if (timestampMs < 0) return;
  if (timestampMs - nowMs > settings.timestampAfterMaxMs || nowMs - timestampMs > settings.timestampBeforeMaxMs) {
    throw refuse('INVALID_TIMESTAMP', `timestamp ${timestampMs} is too far from the broker's time ${nowMs}`);
  }
}

function plainRecords(batch: Buffer, codec: number, refuse: Refuse): Buffer {
  try {
    return decompress(codec, batch.subarray(BATCH_HEADER_BYTES));
  } catch (failure) {
    // Kafka has no error for it: this is what its clients get.
    throw refuse('UNKNOWN_SERVER_ERROR', `records cannot be decompressed: ${messageOf(failure)}`);
  }
}

/** From length to length: as many records as were said, each inside the batch. Compacted topics need keys. */
function walk(batch: Buffer, start: number, count: number, keyed: boolean, refuse: Refuse): void {
  let at = start;
  for (let left = count; left > 0; left--) {
    let length = 0;
    let shift = 0;
    let byte: number | undefined;
    do {
      byte = batch[at++];
      if (byte === undefined || shift > 28) throw refuse('INVALID_RECORD', 'a record has no valid length');
      length |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127);
    length = (length >>> 1) ^ -(length & 1);
    if (length < 6 || at + length > batch.length) throw refuse('INVALID_RECORD', 'a record is longer than its batch');
    if (keyed && !hasKey(batch, at))
      throw refuse('INVALID_RECORD', 'Compacted topic cannot accept message without key.');
    at += length;
  }
  if (at !== batch.length) throw refuse('INVALID_RECORD', `the batch holds more bytes than its ${count} records`);
}

/** The key's length comes after attributes, timestamp delta and offset delta; a null key has a negative one. */
function hasKey(batch: Buffer, record: number): boolean {
  let at = record + 1;
  while ((batch[at++] ?? 0) > 127);
  while ((batch[at++] ?? 0) > 127);
  return ((batch[at] ?? 1) & 1) === 0;
}
