/** String.hashCode of Java. */
export function textHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Entries in the order in which Java's HashMap gives them: by the buckets of a table that is never more than three quarters full. */
export function inHashMapOrder<T>(entries: ReadonlyArray<[name: string, value: T]>): Array<[name: string, value: T]> {
  let size = 16;
  while (entries.length > size * 0.75) size *= 2;
  const bucket = (name: string): number => {
    const hash = textHash(name);
    return (hash ^ (hash >>> 16)) & (size - 1);
  };
  return entries.toSorted(([left], [right]) => bucket(left) - bucket(right));
}
