import { decompress } from '../../../protocol/kafka/compression/codecs.js';
import type { ErrorName } from '../../../protocol/kafka/errors.js';
import {
  attributesOf,
  BATCH_HEADER_BYTES,
  baseOffsetOf,
  baseSequenceOf,
  baseTimestampOf,
  compressionOf,
  isControl,
  LOG_APPEND_TIME_FLAG,
  lastOffsetDeltaOf,
  producerEpochOf,
  producerIdOf,
  recordCountOf,
  setMaxTimestamp,
} from '../../../protocol/kafka/record-batch.js';
import { walkRecords } from '../../../protocol/kafka/walk-records.js';
import { messageOf } from '../../../support/errors.js';
import type { TopicSettings } from '../topics/settings.js';
import { packs } from './stored-batch.js';

/** What is wrong with one record of a batch, as Produce answers it (KIP-467). */
export interface RecordError {
  readonly batchIndex: number;
  readonly batchIndexErrorMessage: string;
}

/** Records that Kafka refuses, by the protocol's error. */
export class RefusedRecords extends Error {
  constructor(
    readonly error: ErrorName,
    message: string,
    readonly recordErrors: readonly RecordError[] = [],
  ) {
    super(message);
  }
}

const COMPRESSION_MAX = 4;

/** Where nearly every record of a batch is refused, its answer must not grow beyond the batch itself. */
const RECORD_ERRORS_MAX = 10_000;

/**
 * Checks what a batch says of its records, and walks through them as Kafka's LogValidator does; compressed ones are
 * unpacked for it. The codecs that are needed (`codecsFor`) have to be loaded. A greatest timestamp that is not the one of
 * the records is put right in the batch. Throws RefusedRecords.
 */
export function checkRecords(batch: Buffer, partition: string, settings: TopicSettings, nowMs: number): void {
  checkHeader(batch);
  const codec = compressionOf(batch);
  const count = recordCountOf(batch);
  const [bytes, start] = codec === 0 ? [batch, BATCH_HEADER_BYTES] : [plainRecords(batch, codec), 0];
  const baseMs = baseTimestampOf(batch);
  const limits = settings.logAppendTime
    ? { earliest: -Infinity, latest: Infinity }
    : { earliest: nowMs - settings.timestampBeforeMaxMs, latest: nowMs + settings.timestampAfterMaxMs };
  const walked = walkRecords(bytes, start, count, baseMs, limits, settings.compacts);
  if (walked.kind === 'malformed') throw new RefusedRecords('INVALID_RECORD', walked.why);
  if (walked.misnumbered && (codec !== 0 || packs(settings))) {
    // Kafka builds compressed batches anew and fails at it; it has no error for that.
    throw new RefusedRecords(
      'UNKNOWN_SERVER_ERROR',
      'the offset deltas of a compressed batch do not match its records',
    );
  }
  const wrongType = settings.logAppendTime && (attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0;
  if (wrongType || walked.anyRefused) refuse(bytes, start, count, baseMs, limits, partition, settings, wrongType);
  if (!settings.logAppendTime) setMaxTimestamp(batch, walked.maxTimestamp);
}

function checkHeader(batch: Buffer): void {
  const count = recordCountOf(batch);
  const refused = (why: string): RefusedRecords => new RefusedRecords('INVALID_RECORD', why);
  if (isControl(batch)) throw refused('clients cannot write control batches');
  if (baseOffsetOf(batch) !== 0) throw refused(`a batch begins with offset 0, not ${baseOffsetOf(batch)}`);
  if (count <= 0 || lastOffsetDeltaOf(batch) !== count - 1) {
    throw refused(`${count} records, the last one numbered ${lastOffsetDeltaOf(batch)}`);
  }
  if (compressionOf(batch) > COMPRESSION_MAX) {
    throw new RefusedRecords('UNKNOWN_SERVER_ERROR', `compression ${compressionOf(batch)}`);
  }
  if (producerIdOf(batch) >= 0 && (producerEpochOf(batch) < 0 || baseSequenceOf(batch) < 0)) {
    throw refused('a producer id without epoch or sequence');
  }
}

function plainRecords(batch: Buffer, codec: number): Buffer {
  try {
    return decompress(codec, batch.subarray(BATCH_HEADER_BYTES));
  } catch (failure) {
    // Kafka has no error for it: this is what its clients get.
    throw new RefusedRecords('UNKNOWN_SERVER_ERROR', `records cannot be decompressed: ${messageOf(failure)}`);
  }
}

/** Walks once more, now to say of each refused record what is wrong with it, in Kafka's words. */
function refuse(
  bytes: Buffer,
  start: number,
  count: number,
  baseMs: number,
  limits: { readonly earliest: number; readonly latest: number },
  partition: string,
  settings: TopicSettings,
  wrongType: boolean,
): never {
  const errors: RecordError[] = [];
  let refused = 0;
  let timestamps = false;
  const note = (batchIndex: number, batchIndexErrorMessage: string): void => {
    refused++;
    if (errors.length < RECORD_ERRORS_MAX) errors.push({ batchIndex, batchIndexErrorMessage });
  };
  walkRecords(bytes, start, count, baseMs, limits, settings.compacts, (index, record) => {
    const { offsetDelta, timestampMs, keyBytes, valueBytes } = record;
    if (settings.compacts && keyBytes < 0) {
      note(index, `Compacted topic cannot accept message without key in topic partition ${partition}`);
      return;
    }
    if (wrongType) {
      const described = `DefaultRecord(offset=${offsetDelta}, timestamp=${timestampMs}, key=${Math.max(keyBytes, 0)} bytes, value=${Math.max(valueBytes, 0)} bytes)`;
      note(
        index,
        `Invalid timestamp type in message ${described}. Producer should not set timestamp type to LogAppendTime.`,
      );
      timestamps = true;
    } else if (timestampMs !== -1 && (timestampMs < limits.earliest || timestampMs > limits.latest)) {
      const range = `[${limits.earliest}, ${limits.latest}]`;
      note(
        index,
        `Timestamp ${timestampMs} of message with offset ${offsetDelta} is out of range. The timestamp should be within ${range}`,
      );
      timestamps = true;
    }
  });
  if (timestamps) {
    const message = 'One or more records have been rejected due to invalid timestamp';
    throw new RefusedRecords('INVALID_TIMESTAMP', message, errors);
  }
  const first = errors
    .slice(0, 3)
    .map((one) => `RecordError(batchIndex=${one.batchIndex}, message='${one.batchIndexErrorMessage}')`);
  throw new RefusedRecords(
    'INVALID_RECORD',
    `One or more records have been rejected due to ${refused} record errors in total, and only showing the first three errors at most: [${first.join(', ')}]`,
    errors,
  );
}
