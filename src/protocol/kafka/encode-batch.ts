import { BatchBuilder, stampProducer } from './batch-builder.js';
import {
  CONTROL_FLAG,
  DELETE_HORIZON_FLAG,
  LOG_APPEND_TIME_FLAG,
  TRANSACTIONAL_FLAG,
  writeInt64,
} from './record-batch.js';

const FIRST_BYTES = 512;

export interface BatchAttributes {
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  readonly compression?: number;
  readonly logAppendTime?: boolean;
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  /** Where records were taken out (compaction), the last offset is that of the original batch. */
  readonly lastOffsetDelta?: number;
  /** Default: the first record's. */
  readonly baseTimestampMs?: number;
  /** Default: the latest record's. */
  readonly maxTimestampMs?: number | undefined;
  /** Takes the place of the base timestamp. */
  readonly deleteHorizonMs?: number | undefined;
}

/** A record to be put into a batch. */
export interface BatchRecord {
  readonly offsetDelta: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: ReadonlyArray<readonly [name: string | Buffer, value: Buffer | null]>;
}

/** `compress` gets all records' bytes where the attributes name a compression. */
export function encodeBatch(
  attributes: BatchAttributes,
  records: readonly BatchRecord[],
  compress?: (plain: Buffer) => Buffer,
): Buffer {
  const { compression = 0, maxTimestampMs, lastOffsetDelta } = attributes;
  const builder = new BatchBuilder(FIRST_BYTES, attributes.deleteHorizonMs ?? attributes.baseTimestampMs);
  for (const { timestampMs, key, value, headers = [], offsetDelta } of records) {
    builder.append(timestampMs, key, value, headers, offsetDelta);
  }
  const batch = builder.seal(compress && { number: compression, compress });
  writeInt64(batch, attributes.baseOffset ?? 0, 0);
  batch.writeInt32BE(attributes.leaderEpoch ?? -1, 12);
  batch.writeInt16BE(attributeBits(attributes), 21);
  batch.writeInt32BE(lastOffsetDelta ?? records.at(-1)?.offsetDelta ?? 0, 23);
  if (maxTimestampMs !== undefined) writeInt64(batch, maxTimestampMs, 35);
  const { producerId = -1, producerEpoch = -1, baseSequence = -1 } = attributes;
  stampProducer(batch, { producerId: BigInt(producerId), producerEpoch }, baseSequence);
  return batch;
}

function attributeBits(attributes: BatchAttributes): number {
  return (
    (attributes.compression ?? 0) |
    (attributes.logAppendTime ? LOG_APPEND_TIME_FLAG : 0) |
    (attributes.transactional ? TRANSACTIONAL_FLAG : 0) |
    (attributes.control ? CONTROL_FLAG : 0) |
    (attributes.deleteHorizonMs === undefined ? 0 : DELETE_HORIZON_FLAG)
  );
}

/** The control batch that ends a producer's transaction in one partition. */
export function encodeMarker(
  type: 'abort' | 'commit',
  producer: { readonly producerId: number; readonly producerEpoch: number },
  coordinatorEpoch: number,
  timestampMs: number,
): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(type === 'commit' ? 1 : 0, 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(coordinatorEpoch, 2);
  return encodeBatch({ ...producer, transactional: true, control: true }, [
    { offsetDelta: 0, timestampMs, key, value },
  ]);
}
