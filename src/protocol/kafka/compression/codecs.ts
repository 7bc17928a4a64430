import { gunzipSync, gzipSync } from 'node:zlib';
import { EvpipeError } from '../../../support/errors.js';
import { lz4PlainBytesMax } from './lz4-frame.js';
import { zstdContentSize, zstdPlainBytesMax } from './zstd-frame.js';

/** One of Kafka's compressions of the records in a batch, by its number in the batch's attributes. */
export interface Codec {
  readonly number: number;
  compress(plain: Buffer): Buffer;
  decompress(squeezed: Buffer): Buffer;
}

/** No batch is larger when it is plain; a small hostile one could fill the memory. */
const PLAIN_BYTES_MAX = 256 * 1024 * 1024;

/** Their numbers by the names that producers' `compression.type` has for them. */
const NUMBERS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

export type CompressionName = keyof typeof NUMBERS;

const gzip: Codec = {
  number: 1,
  compress: (plain) => gzipSync(plain),
  decompress: (squeezed) => gunzipSync(squeezed, { maxOutputLength: PLAIN_BYTES_MAX }),
};

const loaded = new Map<number, Codec>([[1, gzip]]);
const loaders: Readonly<Record<number, () => Promise<Codec>>> = { 2: loadSnappy, 3: loadLz4, 4: loadZstd };

export const codecNumber = (name: CompressionName): number => NUMBERS[name];

/** The libraries are loaded when the first batch needs them: a process that meets none stays small. */
export async function loadCodec(number: number): Promise<Codec> {
  const codec = loaded.get(number) ?? (await loaders[number]?.());
  if (codec === undefined) throw unknownCodec(number);
  loaded.set(number, codec);
  return codec;
}

export const codecIsLoaded = (number: number): boolean => loaded.has(number);

/** Of a codec that is loaded. */
export function decompress(number: number, squeezed: Buffer): Buffer {
  const codec = loaded.get(number);
  if (codec === undefined) throw unknownCodec(number);
  return codec.decompress(squeezed);
}

const unknownCodec = (number: number): EvpipeError =>
  new EvpipeError(
    'EVPIPE_KAFKA_UNSUPPORTED_COMPRESSION_TYPE',
    `records are compressed with codec ${number}, which is unknown`,
  );

/** Java's framing: a header of 16 bytes, then blocks, each with its length; some clients leave it out. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);

/** A snappy block begins with the length of its content. */
function announcedBytes(block: Buffer): number {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = block[at] ?? 0;
    length += (byte & 127) * 2 ** (7 * at);
    if (byte < 128) return length;
  }
  return Number.POSITIVE_INFINITY;
}

async function loadSnappy(): Promise<Codec> {
  const { compressSync, uncompressSync } = await import('snappy');
  const plainOf = (block: Buffer) => {
    // Three bytes copy 64 at most: a block that announces more than that lies, and would be believed.
    if (announcedBytes(block) > 64 * block.length) throw new Error('a snappy block announces more than it holds');
    return uncompressSync(block, { asBuffer: true }) as Buffer;
  };
  return {
    number: 2,
    compress: (plain) => {
      const block = compressSync(plain);
      const length = Buffer.alloc(4);
      length.writeInt32BE(block.length);
      return Buffer.concat([XERIAL, length, block]);
    },
    decompress: (squeezed) => {
      if (!squeezed.subarray(0, 8).equals(XERIAL.subarray(0, 8))) return plainOf(squeezed);
      const blocks: Buffer[] = [];
      for (let at = XERIAL.length; at + 4 <= squeezed.length; ) {
        const length = squeezed.readInt32BE(at);
        if (length < 0 || at + 4 + length > squeezed.length) throw new Error('a snappy block is cut short');
        blocks.push(plainOf(squeezed.subarray(at + 4, at + 4 + length)));
        at += 4 + length;
      }
      return Buffer.concat(blocks);
    },
  };
}

async function loadLz4(): Promise<Codec> {
  const { compressFrameSync, decompressFrameSync } = await import('lz4-napi');
  return {
    number: 3,
    compress: (plain) => compressFrameSync(plain),
    decompress: (squeezed) => {
      if (lz4PlainBytesMax(squeezed) > PLAIN_BYTES_MAX) throw new Error('LZ4 frames too large');
      return decompressFrameSync(squeezed);
    },
  };
}

async function loadZstd(): Promise<Codec> {
  const zstd = await import('@bokuweb/zstd-wasm');
  await zstd.init();
  return {
    number: 4,
    compress: (plain) => Buffer.from(zstd.compress(plain)),
    decompress: (squeezed) => {
      // The library believes what a frame says of its size, and needs to be told where it says nothing, as Java's do.
      const room = zstdPlainBytesMax(squeezed);
      if (room > PLAIN_BYTES_MAX || (zstdContentSize(squeezed) ?? 0) > room) throw new Error('zstd frames too large');
      return Buffer.from(zstd.decompress(squeezed, { defaultHeapSize: room }));
    },
  };
}
