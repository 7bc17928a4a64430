const M = 0x5bd1e995;

/** The 32-bit murmur2 of Kafka's Java client (seed 0x9747b28c), as a signed number. */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  const whole = length & ~3;
  let hash = 0x9747b28c ^ length;
  for (let at = 0; at < whole; at += 4) {
    const word =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    let k = Math.imul(word, M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const left = length & 3;
  if (left === 3) hash ^= (data[whole + 2] as number) << 16;
  if (left >= 2) hash ^= (data[whole + 1] as number) << 8;
  if (left >= 1) hash = Math.imul(hash ^ (data[whole] as number), M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The partition that every client with Java's default partitioner chooses for this key. */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
