import type { Readable } from 'node:stream';
import { messageOf } from '../support/errors.js';
import { isTooDeepJson, JSON_DEPTH_MAX } from '../support/json-depth.js';
import { HttpProblem } from './problem.js';

/** Of a body that is too large: read so that its sender gets the answer instead of a broken connection. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Throws HttpProblem 413, and leaves the rest of the body unread; an Error where the sender has gone. By its events: an iterator
 * costs more than all else that a small request needs.
 */
export function readBody(request: Readable, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const cutOff = (): void => reject(new Error('the connection was closed within the request'));
    if (request.destroyed) return cutOff();
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= bytesMax) return;
      request.off('data', take);
      request.pause();
      reject(new HttpProblem(413, `the request body is larger than ${bytesMax} bytes`));
    };
    request.on('data', take);
    request.once('end', () => resolve(Buffer.concat(chunks, bytes)));
    request.once('error', reject);
    request.once('close', () => {
      if (!request.readableEnded) cutOff();
    });
  });
}

/** Reads what is left of a body that has been answered, up to a bound; a sender that goes away ends it too. */
export async function discardRest(request: Readable): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer | string>) {
      bytes += chunk.length;
      if (bytes > DISCARDED_BYTES_MAX) return;
    }
  } catch {
    // the sender is gone
  }
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
