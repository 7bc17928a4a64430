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

/** Where the last number ended; beyond the buffer where it did not end at all. */
let position = 0;

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
  position = start;
  for (let index = 0; index < count; index++) {
    const length = varint(bytes);
    const end = position + length;
    if (length < 1 || end > bytes.length) return malformed(`record ${index} is longer than its batch, or empty`);
    position++; // attributes: none is in use
    const timestampMs = baseMs + varlong(bytes);
    const offsetDelta = varint(bytes);
    const keyBytes = varint(bytes);
    if (keyBytes > 0) position += keyBytes;
    const valueBytes = varint(bytes);
    if (valueBytes > 0) position += valueBytes;
    const headers = varint(bytes);
    if (headers !== 0 && !skipHeaders(bytes, headers, end)) return malformed(`record ${index} has broken headers`);
    if (position !== end) return malformed(`record ${index} is not as long as it says`);
    if (timestampMs > maxTimestamp) maxTimestamp = timestampMs;
    if (offsetDelta !== index) misnumbered = true;
    if (timestampMs !== -1 && (timestampMs < earliest || timestampMs > latest)) anyRefused = true;
    if (keyed && keyBytes < 0) anyRefused = true;
    if (each !== undefined) each(index, { offsetDelta, timestampMs, keyBytes, valueBytes });
  }
  if (position !== bytes.length) return malformed(`the batch holds more bytes than its ${count} records`);
  return { kind: 'whole', maxTimestamp, misnumbered, anyRefused };
}

/** Names are never null, values may be. False where they do not fit into their record. */
function skipHeaders(bytes: Buffer, count: number, end: number): boolean {
  if (count < 0) return false;
  for (let left = count; left > 0; left--) {
    const name = varint(bytes);
    if (name < 0) return false;
    position += name;
    const value = varint(bytes);
    if (value > 0) position += value;
    if (position > end) return false;
  }
  return true;
}

const BEYOND = Number.MAX_SAFE_INTEGER;

/** The zigzag number at `position`. One that does not end sets the position beyond everything. */
function varint(bytes: Buffer): number {
  const first = bytes[position++] ?? 128;
  if (first < 128) return (first >>> 1) ^ -(first & 1);
  let result = first & 127;
  for (let shift = 7; shift <= 28; shift += 7) {
    const byte = bytes[position++] ?? 128;
    result |= (byte & 127) << shift;
    if (byte < 128) return (result >>> 1) ^ -(result & 1);
  }
  position = BEYOND;
  return 0;
}

/** The same of 64 bits; beyond 2^53 only its magnitude is right, which is all that limits need. */
function varlong(bytes: Buffer): number {
  const first = bytes[position++] ?? 128;
  if (first < 128) return (first >>> 1) ^ -(first & 1);
  let result = first & 127;
  for (let factor = 128, length = 2; length <= 10; factor *= 128, length++) {
    const byte = bytes[position++] ?? 128;
    result += (byte & 127) * factor;
    if (byte < 128) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
  }
  position = BEYOND;
  return 0;
}
