import { Agent } from 'node:http';
import axios, { type AxiosInstance } from 'axios';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';

export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

export interface ServiceResponse {
  readonly status: number;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
}

/** A service's own HTTP API, for seeds and smoke checks. Answers of any status are answers; only no answer throws. */
export interface ServiceClient {
  request(request: ServiceRequest, signal?: AbortSignal): Promise<ServiceResponse>;
  close(): void;
}

/** How often a request that got no answer, or a 502, 503 or 504, is sent again: the service may be restarting. */
const ATTEMPTS = 40;
const RETRY_PAUSE_MS = 250;
const ANSWERED_WITHIN_MS = 30_000;
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Requests are repeated when a connection breaks, so they have to be idempotent: evpipe only creates by id.
 * Throws EVPIPE_SERVICE_UNREACHABLE (kind unreachable).
 */
export function connectService(
  name: string,
  url: string,
  options: { readonly connections?: number } = {},
): ServiceClient {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections ?? 8 });
  const http: AxiosInstance = axios.create({
    baseURL: url,
    httpAgent: agent,
    proxy: false,
    timeout: ANSWERED_WITHIN_MS,
    validateStatus: () => true,
    maxRedirects: 0,
  });
  return {
    async request({ method, path, body }, signal) {
      let why = '';
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        signal?.throwIfAborted();
        try {
          const answer = await http.request({
            method,
            url: path,
            data: body,
            ...(signal === undefined ? {} : { signal }),
          });
          if (!UNAVAILABLE.has(answer.status)) return { status: answer.status, body: answer.data };
          why = `it answers ${answer.status}`;
        } catch (failure) {
          signal?.throwIfAborted();
          why = messageOf(failure);
        }
        await pause(RETRY_PAUSE_MS, signal);
      }
      throw new EvpipeError('EVPIPE_SERVICE_UNREACHABLE', `service ${name} does not answer at ${url}: ${why}`, {
        kind: 'unreachable',
        todo: `See what it says: evpipe logs ${name}`,
      });
    },
    close: () => agent.destroy(),
  };
}
