import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosInstance } from 'axios';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface JsonClientOptions {
  /** As messages call it: `Kafka Connect`. */
  readonly server: string;
  /** Of EVPIPE_<CODE>_UNREACHABLE. */
  readonly code: string;
  readonly url: string;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a request is made where no connection comes about; default 12. */
  readonly attempts?: number;
}

/** One server's REST API over JSON. Answers of any status are answers; only no answer throws. */
export interface JsonClient {
  request(method: string, path: string, body?: unknown): Promise<JsonAnswer>;
  close(): void;
}

const TIMEOUT_MS = 30_000;
const BROKEN_CONNECTION: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ECONNABORTED']);

/** How often a request is repeated where no connection comes about: the server may just be restarting. */
const ATTEMPTS = 12;
const FIRST_PAUSE_MS = 50;

/** Throws EVPIPE_<CODE>_UNREACHABLE (kind unreachable). Requests are repeated over broken connections, so they have to bear it. */
export function connectJson(options: JsonClientOptions): JsonClient {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const http: AxiosInstance = axios.create({
    baseURL: options.url.replace(/\/$/, ''),
    httpAgent: agents.http,
    httpsAgent: agents.https,
    proxy: false,
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    validateStatus: () => true,
    headers: { Accept: 'application/json', ...options.headers },
  });
  return {
    async request(method, path, body) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          // Without a body too: Kafka Connect refuses the form type that would be sent otherwise.
          const headers = method === 'GET' ? {} : { 'Content-Type': 'application/json' };
          const answer = await http.request({
            method,
            url: path,
            headers,
            ...(body === undefined ? {} : { data: body }),
          });
          return { status: answer.status, body: answer.data };
        } catch (failure) {
          const code = (failure as { code?: string }).code ?? '';
          if (!BROKEN_CONNECTION.has(code) || attempt >= (options.attempts ?? ATTEMPTS)) {
            throw new EvpipeError(
              `EVPIPE_${options.code}_UNREACHABLE`,
              `${options.server} does not answer at ${withoutUserinfo(options.url)}: ${messageOf(failure)}`,
              {
                kind: 'unreachable',
                cause: failure,
              },
            );
          }
          await pause(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 4));
        }
      }
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function withoutUserinfo(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
