/** Where key and value of a record lie; -1 where it is null, and its end where it would be. */
interface KeyAndValue {
  readonly keyAt: number;
  readonly keyEnd: number;
  readonly valueAt: number;
  readonly valueEnd: number;
}

/** Of a record whose key's length is at `at`. Its lengths have been looked at before: nothing is checked here. */
export function keyAndValueAt(bytes: Buffer, at: number): KeyAndValue {
  const keyBytes = lengthAt(bytes, at);
  const keyAt = at + lengthBytes(bytes, at);
  const keyEnd = keyAt + Math.max(0, keyBytes);
  const valueBytes = lengthAt(bytes, keyEnd);
  const valueAt = keyEnd + lengthBytes(bytes, keyEnd);
  return {
    keyAt: keyBytes < 0 ? -1 : keyAt,
    keyEnd,
    valueAt: valueBytes < 0 ? -1 : valueAt,
    valueEnd: valueAt + Math.max(0, valueBytes),
  };
}

/** A zigzag number of up to five bytes. */
function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 128) return (first >>> 1) ^ -(first & 1);
  let value = first & 127;
  for (let shift = 7, next = at + 1; shift < 35; shift += 7, next += 1) {
    const byte = bytes[next] ?? 0;
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return (value >>> 1) ^ -(value & 1);
}

function lengthBytes(bytes: Buffer, at: number): number {
  let end = at;
  while ((bytes[end] ?? 0) >= 128) end += 1;
  return end + 1 - at;
}
