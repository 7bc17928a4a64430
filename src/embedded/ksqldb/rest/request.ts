import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { StatementError } from '../statement-error.js';

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** A statement is text that a person wrote; more than this is none. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

export async function readBody(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new StatementError('The request is too large', 41300);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readJson(request: Request): Promise<Record<string, unknown>> {
  const body = (await readBody(request)).toString('utf8');
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Answered below: not JSON and not an object are the same mistake.
  }
  throw new StatementError('Invalid JSON in request: an object is expected', 40000);
}

const MEDIA_TYPE = 'application/vnd.ksql.v1+json';

/** The media type of an answer: ksqlDB's own where the client takes it, plain JSON else. */
export function jsonType(request: Request): string {
  const accept = request.headers.accept ?? '';
  return accept.includes(MEDIA_TYPE) || accept === '' ? MEDIA_TYPE : 'application/json';
}

export function sendJson(response: Response, status: number, body: unknown, type: string): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Writes, and waits while the client does not keep up; resolves at once where it is gone. */
export async function write(response: Response, text: string): Promise<void> {
  const target = response as ServerResponse;
  if (target.destroyed || target.writableEnded || target.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      target.off('drain', done);
      target.off('close', done);
      resolve();
    };
    target.once('drain', done);
    target.once('close', done);
  });
}
