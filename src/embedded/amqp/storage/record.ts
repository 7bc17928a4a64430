import { crc32c } from '@node-rs/crc32';
import { ByteReader } from '../../../protocol/amqp/byte-reader.js';
import type { ByteWriter } from '../../../protocol/amqp/byte-writer.js';
import { Entry, type Message } from './entry.js';

/**
 * A queue's log is a sequence of records: length (4), CRC-32C of the payload (4), payload. The payload begins with its
 * kind:
 *   message    kind, flags, seq (8), priority (1), delivery count (4), expiry (8, ms since the epoch, 0: none),
 *              exchange, routing key (short strings), properties (long string), body (the rest)
 *   removed    kind, then pairs of first and last seq (8 each)
 *   delivered  kind, seq (8): it and all below were given to a client before
 *   returned   kind, seq (8), delivery count (4)
 */
export const RECORD_HEADER_BYTES = 8;

const MESSAGE = 1;
const REMOVED = 2;
const DELIVERED = 3;
const RETURNED = 4;

/** A message whose content only had to leave memory: it does not survive a restart. */
const FLAG_TRANSIENT = 1;

function writeRecord(writer: ByteWriter, payload: () => void): void {
  const start = writer.skip(RECORD_HEADER_BYTES);
  payload();
  const from = start + RECORD_HEADER_BYTES;
  writer.patchLong(start, writer.at - from);
  writer.patchLong(start + 4, crc32c(writer.view(from)));
}

export function writeMessageRecord(writer: ByteWriter, entry: Entry, message: Message): void {
  writeRecord(writer, () => {
    writer.octet(MESSAGE);
    writer.octet(entry.persistent ? 0 : FLAG_TRANSIENT);
    writer.longlong(entry.seq);
    writer.octet(entry.priority);
    writer.long(entry.deliveryCount);
    writer.longlong(entry.expiresAtMs === Infinity ? 0 : entry.expiresAtMs);
    writer.shortstr(message.exchange);
    writer.shortstr(message.routingKey);
    writer.longstr(message.properties);
    writer.raw(message.body);
  });
}

/** Ranges of seqs, each with its ends. */
export function writeRemovedRecord(writer: ByteWriter, ranges: ReadonlyArray<readonly [number, number]>): void {
  writeRecord(writer, () => {
    writer.octet(REMOVED);
    for (const [first, last] of ranges) {
      writer.longlong(first);
      writer.longlong(last);
    }
  });
}

export function writeDeliveredRecord(writer: ByteWriter, seq: number): void {
  writeRecord(writer, () => {
    writer.octet(DELIVERED);
    writer.longlong(seq);
  });
}

export function writeReturnedRecord(writer: ByteWriter, entry: Entry): void {
  writeRecord(writer, () => {
    writer.octet(RETURNED);
    writer.longlong(entry.seq);
    writer.long(entry.deliveryCount);
  });
}

export type StoredRecord =
  | { readonly kind: 'message'; readonly entry: Entry; readonly message: Message }
  | { readonly kind: 'removed'; readonly ranges: ReadonlyArray<readonly [number, number]> }
  | { readonly kind: 'delivered'; readonly seq: number }
  | { readonly kind: 'returned'; readonly seq: number; readonly deliveryCount: number };

/** The size of the whole record at this place, or undefined where no whole, intact one is there. */
export function recordSize(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < RECORD_HEADER_BYTES) return undefined;
  const size = RECORD_HEADER_BYTES + bytes.readUInt32BE(at);
  if (size === RECORD_HEADER_BYTES || bytes.length - at < size) return undefined;
  const payload = bytes.subarray(at + RECORD_HEADER_BYTES, at + size);
  return crc32c(payload) === bytes.readUInt32BE(at + 4) ? size : undefined;
}

/** Decodes an intact record, given without its header. The message's parts lie in `payload` itself. */
export function decodeRecord(payload: Buffer): StoredRecord {
  const reader = new ByteReader(payload);
  const kind = reader.octet();
  switch (kind) {
    case MESSAGE:
      return decodeMessage(reader);
    case REMOVED: {
      const ranges: [number, number][] = [];
      while (reader.left > 0) ranges.push([reader.longlong(), reader.longlong()]);
      return { kind: 'removed', ranges };
    }
    case DELIVERED:
      return { kind: 'delivered', seq: reader.longlong() };
    case RETURNED:
      return { kind: 'returned', seq: reader.longlong(), deliveryCount: reader.long() };
    default:
      throw new Error(`a queue's log holds a record of kind ${kind}; a newer version wrote it`);
  }
}

function decodeMessage(reader: ByteReader): StoredRecord {
  const flags = reader.octet();
  const seq = reader.longlong();
  const priority = reader.octet();
  const deliveryCount = reader.long();
  const expiry = reader.longlong();
  const message: Message = {
    exchange: reader.shortstr(),
    routingKey: reader.shortstr(),
    properties: reader.longstr(),
    body: reader.raw(reader.left),
  };
  const entry = new Entry({
    seq,
    priority,
    bodyBytes: message.body.length,
    persistent: (flags & FLAG_TRANSIENT) === 0,
    expiresAtMs: expiry === 0 ? Infinity : expiry,
  });
  entry.deliveryCount = deliveryCount;
  return { kind: 'message', entry, message };
}
