import { varintAt, varintEnd, varlongAt } from './varint.js';

/** One record as it is in a batch; a length below 0 means null. */
export interface WalkedRecord {
  readonly offsetDelta: number;
  readonly timestampMs: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
}

type Walked =
  | { readonly kind: 'malformed'; readonly why: string }
  | {
      readonly kind: 'whole';
      readonly maxTimestamp: number;
      /** Some offset delta is not the record's place in the batch. */
      readonly misnumbered: boolean;
      /** Some timestamp is outside the limits, or a key is missing that is wanted. */
      readonly anyRefused: boolean;
    };

/**
 * Goes through the plain records of one batch, field by field: as many as were said, each exactly as long as it says,
 * nothing behind the last. This is the broker's hot path: nothing is allocated for a record unless `each` wants it.
 */
export function walkRecords(
  bytes: Buffer,
  start: number,
  count: number,
  baseMs: number,
  limits: { readonly earliest: number; readonly latest: number },
  keyed: boolean,
  each?: (index: number, record: WalkedRecord) => void,
): Walked {
  const malformed = (why: string): Walked => ({ kind: 'malformed', why });
  const { earliest, latest } = limits;
  let maxTimestamp = -1;
  let misnumbered = false;
  let anyRefused = false;
  let at = start;
  for (let index = 0; index < count; index++) {
    const length = varintAt(bytes, at);
    const fieldsAt = varintEnd;
    const end = fieldsAt + length;
    if (length < 1 || end > bytes.length) return malformed(`record ${index} is longer than its batch, or empty`);
    const timestampMs = baseMs + varlongAt(bytes, fieldsAt + 1); // behind the attributes, of which none is in use
    const offsetDelta = varintAt(bytes, varintEnd);
    const keyBytes = varintAt(bytes, varintEnd);
    const valueBytes = varintAt(bytes, varintEnd + Math.max(0, keyBytes));
    const headers = varintAt(bytes, varintEnd + Math.max(0, valueBytes));
    at = headers === 0 ? varintEnd : headersEnd(bytes, varintEnd, headers, end);
    if (at < 0) return malformed(`record ${index} has broken headers`);
    if (at !== end) return malformed(`record ${index} is not as long as it says`);
    if (timestampMs > maxTimestamp) maxTimestamp = timestampMs;
    if (offsetDelta !== index) misnumbered = true;
    if (timestampMs !== -1 && (timestampMs < earliest || timestampMs > latest)) anyRefused = true;
    if (keyed && keyBytes < 0) anyRefused = true;
    if (each !== undefined) each(index, { offsetDelta, timestampMs, keyBytes, valueBytes });
  }
  if (at !== bytes.length) return malformed(`the batch holds more bytes than its ${count} records`);
  return { kind: 'whole', maxTimestamp, misnumbered, anyRefused };
}

/** Names are never null, values may be. -1 where they do not fit into their record. */
function headersEnd(bytes: Buffer, start: number, count: number, end: number): number {
  if (count < 0) return -1;
  let at = start;
  for (let left = count; left > 0; left--) {
    const name = varintAt(bytes, at);
    if (name < 0) return -1;
    const value = varintAt(bytes, varintEnd + name);
    at = varintEnd + Math.max(0, value);
    if (at > end) return -1;
  }
  return at;
}
