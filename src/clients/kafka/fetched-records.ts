import { keyAndValueAt } from '../../protocol/kafka/key-and-value.js';
import { MalformedMessage } from '../../protocol/kafka/malformed.js';
import { RecordCursor, type WireRecord } from '../../protocol/kafka/record.js';
import {
  attributesOf,
  BATCH_HEADER_BYTES,
  baseTimestampOf,
  compressionOf,
  isControl,
  isTransactional,
  LOG_APPEND_TIME_FLAG,
  magicOf,
  maxTimestampOf,
  recordCountOf,
  sizeOf,
} from '../../protocol/kafka/record-batch.js';
import { EvpipeError } from '../../support/errors.js';
import type { Header, KafkaRecord, RecordPlace } from './contract.js';

/** Where a transaction that was aborted begins; its records up to its marker are to be skipped. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** Gives the plain bytes of records that were compressed with the codec of this number. */
export type Decompress = (codec: number, bytes: Buffer) => Buffer;

/**
 * Consumers get no more records at once than this: a compressed fetch of 1 MiB can hold millions, and records that are soon
 * forgotten cost the garbage collector nothing, while those that wait in a long list are copied by it.
 */
const RECORDS_A_STEP = 500;

/** A batch of which some records may have been taken. */
interface OpenBatch {
  readonly cursor: RecordCursor;
  readonly end: number;
  readonly baseOffset: bigint;
  readonly baseTimestamp: number;
  readonly appendTime: number | undefined;
  left: number;
}

/**
 * What one fetch brought of one partition, decoded step by step as the consumer asks for it. A fetch may begin in the
 * middle of a batch (compressed ones come whole) and end in a cut one; records before `from` are skipped.
 */
export class FetchedRecords {
  /** The next offset to read once all has been taken. */
  readonly endOffset: bigint;
  /** The codecs of its batches, to be loaded before anything is taken. */
  readonly codecs = new Set<number>();
  /** The next offset to read after what was taken so far. */
  nextOffset: bigint;
  private at = 0;
  private open: OpenBatch | undefined;
  private readonly end: number;
  private readonly aborted: AbortedTransaction[];
  private readonly abortedNow = new Set<bigint>();
  private lastHeaders: { readonly bytes: Buffer; readonly headers: readonly Header[] } | undefined;

  constructor(
    private readonly topic: string,
    private readonly partition: number,
    private readonly bytes: Buffer,
    private readonly from: bigint,
    aborted: readonly AbortedTransaction[],
    private readonly decompress: Decompress,
    /** Gets each record where it lies, instead of objects made of them. */
    private readonly visit?: ((record: RecordPlace) => void) | undefined,
  ) {
    this.nextOffset = from;
    this.aborted = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
    let at = 0;
    let endOffset = from;
    for (let next = batchEnd(bytes, at); next !== undefined; next = batchEnd(bytes, at)) {
      const last = lastOffset(bytes, at);
      if (last >= endOffset) endOffset = last + 1n;
      const codec = compressionOf(bytes, at);
      if (codec !== 0) this.codecs.add(codec);
      at = next;
    }
    this.end = at;
    this.endOffset = endOffset;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** True where the fetch brought a batch, if only the beginning of one. */
  get cut(): boolean {
    return this.end === 0 && this.bytes.length > 0;
  }

  /** The next records, a bounded number of them. */
  take(): KafkaRecord[] {
    const records: KafkaRecord[] = [];
    while (!this.done && records.length < RECORDS_A_STEP) {
      if (this.open === undefined && this.skips(this.at)) {
        this.pass(this.at, batchEnd(this.bytes, this.at) as number);
        continue;
      }
      this.open ??= this.openBatch(this.at);
      if (this.visit !== undefined) {
        this.visitAll(this.open, this.visit);
        this.pass(this.at, this.open.end);
        return records;
      }
      this.decode(this.open, records);
      if (this.open.left === 0) this.pass(this.at, this.open.end);
      else this.nextOffset = (records.at(-1)?.offset ?? this.nextOffset - 1n) + 1n;
    }
    return records;
  }

  private pass(at: number, end: number): void {
    const after = lastOffset(this.bytes, at) + 1n;
    if (after > this.nextOffset) this.nextOffset = after;
    this.open = undefined;
    this.at = end;
  }

  takeAll(): KafkaRecord[] {
    const records: KafkaRecord[] = [];
    while (!this.done) for (const record of this.take()) records.push(record);
    return records;
  }

  /** Control batches are not for consumers; an abort marker ends what its producer had open. */
  private skips(at: number): boolean {
    const producerId = this.bytes.readBigInt64BE(at + 43);
    const last = lastOffset(this.bytes, at);
    for (let first = this.aborted[0]; first !== undefined && first.firstOffset <= last; first = this.aborted[0]) {
      this.abortedNow.add(first.producerId);
      this.aborted.shift();
    }
    if (isControl(this.bytes, at)) {
      this.abortedNow.delete(producerId);
      return true;
    }
    return isTransactional(this.bytes, at) && this.abortedNow.has(producerId);
  }

  private openBatch(at: number): OpenBatch {
    const end = batchEnd(this.bytes, at) as number;
    const batch = this.bytes.subarray(at, end);
    if (magicOf(batch) !== 2) {
      throw new EvpipeError(
        'EVPIPE_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT',
        `${this.topic}-${this.partition} at ${this.nextOffset} holds messages of format ${magicOf(batch)}; format 2 was expected`,
        {
          todo: 'Formats from before Kafka 0.11 are not supported. Rewrite the topic with a newer Kafka, or read from a later offset.',
        },
      );
    }
    const codec = compressionOf(batch);
    const plain = batch.subarray(BATCH_HEADER_BYTES);
    return {
      cursor: new RecordCursor(codec === 0 ? plain : this.decompress(codec, plain)),
      end,
      baseOffset: batch.readBigInt64BE(0),
      baseTimestamp: baseTimestampOf(batch),
      appendTime: (attributesOf(batch) & LOG_APPEND_TIME_FLAG) !== 0 ? maxTimestampOf(batch) : undefined,
      left: recordCountOf(batch),
    };
  }

  private decode(batch: OpenBatch, into: KafkaRecord[]): void {
    const { cursor, baseOffset, baseTimestamp, appendTime } = batch;
    for (; batch.left > 0 && into.length < RECORDS_A_STEP; batch.left--) {
      const end = cursor.varint() + cursor.at;
      cursor.at++; // attributes: none are defined
      const timestampDelta = cursor.varlong();
      const offset = baseOffset + BigInt(cursor.varint());
      const key = cursor.nullable();
      const value = cursor.nullable();
      const headers = this.headers(cursor, end);
      cursor.at = end;
      if (offset < this.from) continue;
      const timestampMs = appendTime ?? baseTimestamp + timestampDelta;
      into.push({ topic: this.topic, partition: this.partition, offset, timestampMs, key, value, headers });
    }
  }

  private visitAll({ cursor, baseOffset, left }: OpenBatch, visit: (record: RecordPlace) => void): void {
    const { bytes } = cursor;
    const skipped = Number(this.from - baseOffset);
    const place = { partition: this.partition, bytes, at: 0 };
    for (; left > 0; left--) {
      const end = cursor.varint() + cursor.at;
      cursor.at++; // attributes: none are defined
      cursor.varlong(); // its time
      const offsetDelta = cursor.varint();
      place.at = cursor.at;
      if (end > bytes.length || keyAndValueAt(bytes, cursor.at).valueEnd > end)
        throw new MalformedMessage('a record ends in the middle of a field');
      cursor.at = end;
      if (offsetDelta >= skipped) visit(place);
    }
  }

  /** Up to the end of the record. Neighbours mostly carry the same headers: they share one list, which is read once. */
  private headers(cursor: RecordCursor, end: number): readonly Header[] {
    const { bytes, at } = cursor;
    const { lastHeaders: last } = this;
    if (last?.bytes.length === end - at && end <= bytes.length && last.bytes.compare(bytes, at, end) === 0)
      return last.headers;
    const named = cursor.headers();
    if (named.length === 0) return NO_HEADERS;
    const headers = named.map(namedInText);
    this.lastHeaders = { bytes: bytes.subarray(at, end), headers };
    return headers;
  }
}

/** Where the batch at `at` ends, or undefined where it is not there as a whole. */
function batchEnd(bytes: Buffer, at: number): number | undefined {
  if (at + BATCH_HEADER_BYTES > bytes.length) return undefined;
  const end = at + sizeOf(bytes, at);
  return end > bytes.length || end < at + BATCH_HEADER_BYTES ? undefined : end;
}

const lastOffset = (bytes: Buffer, at: number): bigint => bytes.readBigInt64BE(at) + BigInt(bytes.readInt32BE(at + 23));

const NO_HEADERS: readonly Header[] = [];

const namedInText = ([name, value]: WireRecord['headers'][number]): Header => [name.toString('utf8'), value];
