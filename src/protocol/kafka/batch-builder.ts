import { crc32c } from '@node-rs/crc32';
import { BATCH_HEADER_BYTES, BATCH_PREFIX_BYTES } from './record-batch.js';
import { varintBytes, writeVarint } from './varint.js';

const CRC_AT = 17;
const CRC_FROM = 21;
const PRODUCER_AT = 43;
/** In the attributes. */
const TRANSACTIONAL = 0x10;

/** A record's header on its way into a batch. */
export type BatchHeader = readonly [name: string | Buffer, value: Buffer | null];

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Whether what it writes counts only when its transaction is committed. */
  readonly transactional?: boolean;
}

/**
 * One record batch (magic 2) that grows record by record: what is appended is encoded at once, so that a producer
 * holds one buffer a batch and no objects per record. Its layout is described in record-batch.ts.
 */
export class BatchBuilder {
  count = 0;
  private buffer: Buffer;
  private at = BATCH_HEADER_BYTES;
  private baseTimestampMs = -1;
  private maxTimestampMs = -1;
  /** Those of the record before and where they are: most records carry the same list, which is encoded once. */
  private lastHeaders: readonly BatchHeader[] | undefined;
  private headersFrom = 0;
  private headersTo = 0;

  /** Timestamps are written as distances from the base timestamp: by default that of the first record. */
  constructor(
    firstBytes: number,
    private readonly givenBaseTimestampMs?: number,
  ) {
    this.buffer = Buffer.allocUnsafe(Math.max(firstBytes, BATCH_HEADER_BYTES + 64));
  }

  get bytes(): number {
    return this.at;
  }

  append(
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: readonly BatchHeader[],
    offsetDelta = this.count,
  ): void {
    if (this.count === 0) {
      this.baseTimestampMs = this.givenBaseTimestampMs ?? timestampMs;
      this.maxTimestampMs = timestampMs;
    } else if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs;
    const timestampDelta = timestampMs - this.baseTimestampMs;
    const bodyBytes =
      1 +
      varlongBytes(timestampDelta) +
      varintBytes(offsetDelta) +
      nullableBytes(key) +
      nullableBytes(value) +
      headersBytes(headers);
    this.reserve(5 + bodyBytes);
    this.varint(bodyBytes);
    this.buffer[this.at++] = 0; // attributes: none are defined
    this.varlong(timestampDelta);
    this.varint(offsetDelta);
    this.nullable(key);
    this.nullable(value);
    this.headers(headers);
    this.count++;
  }

  private headers(headers: readonly BatchHeader[]): void {
    if (headers.length === 0) {
      this.buffer[this.at++] = 0;
      return;
    }
    if (headers === this.lastHeaders) {
      this.buffer.copyWithin(this.at, this.headersFrom, this.headersTo);
      this.at += this.headersTo - this.headersFrom;
      return;
    }
    this.headersFrom = this.at;
    this.varint(headers.length);
    for (const [name, value] of headers) {
      const nameBytes = Buffer.byteLength(name);
      this.varint(nameBytes);
      this.at += typeof name === 'string' ? this.buffer.write(name, this.at) : name.copy(this.buffer, this.at);
      this.nullable(value);
    }
    this.headersTo = this.at;
    this.lastHeaders = headers;
  }

  /** The batch without a producer's identity; its records squeezed by `codec` where one is given. */
  seal(codec?: { readonly number: number; compress(plain: Buffer): Buffer }): Buffer {
    let batch = this.buffer.subarray(0, this.at);
    let attributes = 0;
    if (codec !== undefined) {
      attributes = codec.number;
      batch = Buffer.concat([
        batch.subarray(0, BATCH_HEADER_BYTES),
        codec.compress(batch.subarray(BATCH_HEADER_BYTES)),
      ]);
    }
    batch.fill(0, 0, 8);
    batch.writeInt32BE(batch.length - BATCH_PREFIX_BYTES, 8);
    batch.writeInt32BE(-1, 12);
    batch[16] = 2;
    batch.writeInt16BE(attributes, CRC_FROM);
    batch.writeInt32BE(this.count - 1, 23);
    batch.writeBigInt64BE(BigInt(this.baseTimestampMs), 27);
    batch.writeBigInt64BE(BigInt(this.maxTimestampMs), 35);
    batch.writeInt32BE(this.count, 57);
    stampProducer(batch, undefined, -1);
    return batch;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(bigger, 0, 0, this.at);
    this.buffer = bigger;
  }

  private nullable(bytes: Buffer | null): void {
    if (bytes === null) {
      this.buffer[this.at++] = 1; // zigzag of -1
      return;
    }
    this.varint(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private varint(value: number): void {
    this.at = writeVarint(this.buffer, this.at, value);
  }

  private varlong(value: number): void {
    if (value < 0x3fffffff && value > -0x3fffffff) {
      this.varint(value);
      return;
    }
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    while (rest > 127n) {
      this.buffer[this.at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.at++] = Number(rest);
  }
}

/** Writes who sends the batch and its place in the partition's sequence (-1: not idempotent), and the checksum over it. */
export function stampProducer(batch: Buffer, identity: ProducerIdentity | undefined, baseSequence: number): void {
  if (identity?.transactional === true) batch.writeInt16BE(batch.readInt16BE(CRC_FROM) | TRANSACTIONAL, CRC_FROM);
  batch.writeBigInt64BE(identity?.producerId ?? -1n, PRODUCER_AT);
  batch.writeInt16BE(identity?.producerEpoch ?? -1, PRODUCER_AT + 8);
  batch.writeInt32BE(baseSequence, PRODUCER_AT + 10);
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_FROM)), CRC_AT);
}

/** An upper bound of what a record adds to a batch. */
export function recordBytesAtMost(key: Buffer | null, value: Buffer | null, headers: readonly BatchHeader[]): number {
  return 36 + (key?.length ?? 0) + (value?.length ?? 0) + headersBytes(headers);
}

/** The list that was measured last: most records share one. */
let measured: { readonly headers: readonly BatchHeader[]; readonly bytes: number } = { headers: [], bytes: 1 };

function headersBytes(headers: readonly BatchHeader[]): number {
  if (headers.length === 0) return 1;
  if (measured.headers !== headers) measured = { headers, bytes: measure(headers) };
  return measured.bytes;
}

function measure(headers: readonly BatchHeader[]): number {
  let total = varintBytes(headers.length);
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name);
    total += varintBytes(nameBytes) + nameBytes + nullableBytes(value);
  }
  return total;
}

const nullableBytes = (bytes: Buffer | null): number => (bytes === null ? 1 : varintBytes(bytes.length) + bytes.length);

function varlongBytes(value: number): number {
  if (value < 0x3fffffff && value > -0x3fffffff) return varintBytes(value);
  let zigzag = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  let bytes = 1;
  for (; zigzag > 127n; zigzag >>= 7n) bytes++;
  return bytes;
}
