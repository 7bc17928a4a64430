import { type HttpAnswer, HttpClient, type HttpClientOptions, NoAnswer } from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';

export type JsonAnswer = HttpAnswer;

export interface JsonClientOptions extends HttpClientOptions {
  /** As messages call it: `Kafka Connect`. */
  readonly server: string;
  /** Of EVPIPE_<CODE>_UNREACHABLE. */
  readonly code: string;
}

/** One server's REST API over JSON. Answers of any status are answers; only no answer throws. */
export interface JsonClient {
  request(method: string, path: string, body?: unknown): Promise<JsonAnswer>;
  close(): void;
}

/** Throws EVPIPE_<CODE>_UNREACHABLE (kind unreachable), or the signal's reason. */
export function connectJson({ server, code, ...options }: JsonClientOptions): JsonClient {
  const http = new HttpClient(options);
  return {
    async request(method, path, body) {
      try {
        return await http.request({ method, path, body });
      } catch (failure) {
        throw failure instanceof NoAnswer ? unreachable(server, code, options.url, failure) : failure;
      }
    },
    close: () => http.close(),
  };
}

export function unreachable(server: string, code: string, url: string, cause: Error): EvpipeError {
  const address = url.replace(/\/\/[^@/]*@/, '//'); // without user and password
  return new EvpipeError(`EVPIPE_${code}_UNREACHABLE`, `${server} does not answer at ${address}: ${cause.message}`, {
    kind: 'unreachable',
    cause,
  });
}
