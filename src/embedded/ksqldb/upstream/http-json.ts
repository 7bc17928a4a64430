import { type HttpAddress, type HttpAnswer, HttpClient } from '../../../http/client.js';

export type JsonAnswer = HttpAnswer;

/** Long enough for a kept connection that has just been closed; a statement does not wait for a server that is away. */
const RETRY_MS = 200;

/** A client of Connect or the registry. */
export const upstreamClient = (address: HttpAddress): HttpClient =>
  new HttpClient({ ...address, url: address.url.replace(/\/+$/, ''), retryMs: RETRY_MS });

/** What an upstream says in its `message`, or its whole answer. */
export function messageIn(answer: JsonAnswer): string {
  const { body } = answer;
  if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  return typeof body === 'string' && body !== '' ? body : `HTTP ${answer.status}`;
}
