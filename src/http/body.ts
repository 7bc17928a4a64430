import type { Readable } from 'node:stream';
import { messageOf } from '../support/errors.js';
import { isTooDeepJson, JSON_DEPTH_MAX } from '../support/json-depth.js';
import { HttpProblem } from './problem.js';

/** Of a body that is too large: read so that its sender gets the answer instead of a broken connection. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/** Throws HttpProblem 413. */
export async function readBody(request: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else if (bytes > bytesMax + DISCARDED_BYTES_MAX) break;
  }
  if (bytes > bytesMax) throw new HttpProblem(413, `the request body is larger than ${bytesMax} bytes`);
  return Buffer.concat(chunks, bytes);
}

/** Throws HttpProblem 400. */
export function parseJsonText(text: string): unknown {
  checkJsonDepth(text);
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw new HttpProblem(400, `Malformed JSON: ${messageOf(failure)}`);
  }
}

/** Throws HttpProblem 400 for a text nested too deeply; whether it is JSON at all is the parser's question. */
export function checkJsonDepth(text: string): void {
  if (isTooDeepJson(text))
    throw new HttpProblem(400, `the JSON document is nested deeper than ${JSON_DEPTH_MAX} levels`);
}
