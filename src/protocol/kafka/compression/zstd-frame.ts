/** A block never grows beyond this (RFC 8878, 3.1.1.2.4). */
const BLOCK_BYTES_MAX = 128 * 1024;

const MAGIC = 0xfd2fb528;
/** 16 magic numbers from here on begin a frame without content. */
const SKIPPABLE_MAGIC = 0x184d2a50;

const RAW_BLOCK = 0;
const RLE_BLOCK = 1;

const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/**
 * The most bytes that zstd frames can unpack to, by the headers of their blocks (RFC 8878): the size that a frame
 * announces may be missing, or a lie. Throws if the bytes are not whole frames.
 */
export function zstdPlainBytesMax(frames: Buffer): number {
  let plain = 0;
  let at = 0;
  do {
    const magic = frames.readUInt32LE(at);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + frames.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== MAGIC) throw new Error('not a zstd frame');
    const descriptor = frames.readUInt8(at + 4);
    const single = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >>> 6;
    at += 5 + (single ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0);
    at += sizeFlag === 0 && single ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
    for (let last = false; !last; ) {
      const header = frames.readUIntLE(at, 3);
      last = (header & 1) === 1;
      const type = (header >>> 1) & 3;
      const size = header >>> 3;
      at += 3 + (type === RLE_BLOCK ? 1 : size);
      plain += type === RAW_BLOCK || type === RLE_BLOCK ? size : BLOCK_BYTES_MAX;
    }
    if ((descriptor & 4) !== 0) at += 4; // checksum
  } while (at < frames.length);
  if (at > frames.length) throw new Error('a zstd frame is cut short');
  return plain;
}

/** The content size that the first frame announces; undefined where it doesn't. */
export function zstdContentSize(frames: Buffer): number | undefined {
  const descriptor = frames.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  const at = 5 + (single ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0);
  const sizeFlag = descriptor >>> 6;
  if (sizeFlag === 0) return single ? frames.readUInt8(at) : undefined;
  if (sizeFlag === 1) return frames.readUInt16LE(at) + 256;
  return sizeFlag === 2 ? frames.readUInt32LE(at) : Number(frames.readBigUInt64LE(at));
}
