import { createHash } from 'node:crypto';

const DIGEST_CHARACTERS = 16;

/** A name as it is, or where it has more bytes its beginning with a digest of the whole, so that no two become one. */
export function shortName(name: string, bytesMax: number, mark: string): string {
  if (Buffer.byteLength(name) <= bytesMax) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_CHARACTERS);
  return `${name.slice(0, bytesMax - DIGEST_CHARACTERS - mark.length)}${mark}${digest}`;
}
