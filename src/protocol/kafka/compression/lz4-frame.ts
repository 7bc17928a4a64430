const MAGIC = 0x184d2204;
/** 16 magic numbers from here on begin a frame without content. */
const SKIPPABLE_MAGIC = 0x184d2a50;

const RAW_BLOCK = 0x80000000;

/**
 * The most bytes that LZ4 frames can unpack to, by the headers of their blocks: what a frame announces as its content
 * size may be missing, or a lie. Throws where the bytes are not LZ4 frames.
 */
export function lz4PlainBytesMax(frames: Buffer): number {
  let plain = 0;
  for (let at = 0; at < frames.length; ) {
    const magic = frames.readUInt32LE(at);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + frames.readUInt32LE(at + 4);
      continue;
    }
    if (magic !== MAGIC) throw new Error('not an LZ4 frame');
    const flags = frames.readUInt8(at + 4);
    const blockBytesMax = 2 ** (8 + 2 * ((frames.readUInt8(at + 5) >>> 4) & 7));
    const blockChecksumBytes = (flags & 0x10) === 0 ? 0 : 4;
    at += 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
    for (let size = frames.readUInt32LE(at); size !== 0; size = frames.readUInt32LE(at)) {
      const isRaw = size >= RAW_BLOCK;
      const bytes = isRaw ? size - RAW_BLOCK : size;
      plain += isRaw ? bytes : blockBytesMax;
      at += 4 + bytes + blockChecksumBytes;
    }
    at += 4 + ((flags & 0x04) === 0 ? 0 : 4);
  }
  return plain;
}
