import { crc32c } from '@node-rs/crc32';
import { codecIsLoaded, decompress, loadCodec } from '../../../protocol/kafka/compression/codecs.js';
import {
  attributesOf,
  BATCH_HEADER_BYTES,
  BATCH_PREFIX_BYTES,
  COMPRESSION_MASK,
  compressionOf,
} from '../../../protocol/kafka/record-batch.js';
import type { TopicSettings } from '../topics/settings.js';

const CODEC_OF_TYPE: Readonly<Record<string, number>> = { uncompressed: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
const CODEC_MAX = 4;

type Compress = (plain: Buffer) => Buffer;
const compressors = new Map<number, Compress>();

/** The codec that a topic stores batches with; undefined where it keeps the producer's. */
const storedCodec = (settings: TopicSettings): number | undefined => CODEC_OF_TYPE[settings.compressionType];

/** Whether a topic has its batches compressed, whatever the producer does. */
export const packs = (settings: TopicSettings): boolean => (storedCodec(settings) ?? 0) > 0;

/** The codecs that have to be loaded before this batch can be checked and stored. */
export function codecsFor(batch: Buffer, settings: TopicSettings): number[] {
  const codec = compressionOf(batch);
  const stored = storedCodec(settings);
  const converts = stored !== undefined && stored !== codec;
  const needed = converts ? [codec, stored] : [codec];
  return needed.filter((number) => number > 0 && number <= CODEC_MAX && !isReady(number));
}

const isReady = (codec: number): boolean => codecIsLoaded(codec) && compressors.has(codec);

export async function loadCodecs(codecs: readonly number[]): Promise<void> {
  for (const number of codecs) {
    const codec = await loadCodec(number);
    compressors.set(number, (plain) => codec.compress(plain));
  }
}

/** The batch as compression.type of its topic wants it. */
export function storedBatch(batch: Buffer, settings: TopicSettings): Buffer {
  const target = storedCodec(settings);
  const codec = compressionOf(batch);
  if (target === undefined || target === codec) return batch;
  const body = batch.subarray(BATCH_HEADER_BYTES);
  const plain = codec === 0 ? body : decompress(codec, body);
  const compress = compressors.get(target);
  const packed = target === 0 || compress === undefined ? plain : compress(plain);
  const stored = Buffer.concat([batch.subarray(0, BATCH_HEADER_BYTES), packed]);
  stored.writeInt32BE(stored.length - BATCH_PREFIX_BYTES, 8);
  stored.writeInt16BE((attributesOf(batch) & ~COMPRESSION_MASK) | (packed === plain ? 0 : target), 21);
  stored.writeUInt32BE(crc32c(stored.subarray(21)), 17);
  return stored;
}
