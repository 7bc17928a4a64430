/**
 * The zigzag numbers that records consist of, read and written where they lie in a buffer. Every field of every record has one, so nothing
 * is allocated to return both a number and its end: the end is in `varintEnd` until the next number is read.
 */

/** Where the last number ended; NO_END where it did not. */
export let varintEnd = 0;

/** Beyond every buffer. */
export const NO_END = Number.MAX_SAFE_INTEGER;

/** A number of 32 bits. */
export function varintAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 128;
  varintEnd = at + 1;
  if (first < 128) return (first >>> 1) ^ -(first & 1);
  let result = first & 127;
  for (let shift = 7; shift <= 28; shift += 7) {
    const byte = bytes[varintEnd++] ?? 128;
    result |= (byte & 127) << shift;
    if (byte < 128) return (result >>> 1) ^ -(result & 1);
  }
  varintEnd = NO_END;
  return 0;
}

/** A number of 64 bits; beyond 2^53 only its magnitude is right, and no distance between two timestamps that make sense is. */
export function varlongAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 128;
  varintEnd = at + 1;
  if (first < 128) return (first >>> 1) ^ -(first & 1);
  let result = first & 127;
  for (let factor = 128, length = 2; length <= 10; factor *= 128, length++) {
    const byte = bytes[varintEnd++] ?? 128;
    result += (byte & 127) * factor;
    if (byte < 128) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
  }
  varintEnd = NO_END;
  return 0;
}

/** How many bytes a number of 32 bits takes. */
export function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** Writes a number of 32 bits and returns where it ends. */
export function writeVarint(into: Buffer, at: number, value: number): number {
  let end = at;
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 127; rest >>>= 7) into[end++] = (rest & 127) | 128;
  into[end++] = rest;
  return end;
}
