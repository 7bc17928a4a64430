import { createRequire } from 'node:module';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MalformedMessage } from '../../../protocol/kafka/malformed.js';
import { BATCH_HEADER_BYTES, compressionOf } from '../../../protocol/kafka/record-batch.js';

/** No batch is larger when it is plain; a small hostile one could fill the memory. */
const PLAIN_BYTES_MAX = 256 * 1024 * 1024;

const require = createRequire(import.meta.url);

/** The plain bytes of a compressed batch's records. Throws MalformedMessage where they are not what the batch says. */
export function plainRecords(batch: Buffer): Buffer {
  const body = batch.subarray(BATCH_HEADER_BYTES);
  try {
    return decompress(compressionOf(batch), body);
  } catch (failure) {
    throw new MalformedMessage(
      `records cannot be decompressed: ${failure instanceof Error ? failure.message : failure}`,
    );
  }
}

function decompress(codec: number, body: Buffer): Buffer {
  switch (codec) {
    case 1:
      return gunzipSync(body, { maxOutputLength: PLAIN_BYTES_MAX });
    default:
      throw new MalformedMessage(`compression ${codec}`);
  }
}

void require;
void gzipSync;
