import {
  type HttpAnswer,
  HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  NoAnswer,
  type WatchedAddress,
} from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';
import { withoutLogins } from '../../support/masked.js';
import { pause } from '../../support/retry.js';

export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Sent as a form is, in place of a body. */
  readonly form?: NonNullable<HttpRequest['form']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sending it twice does no harm, as with rows created by id; default: GET only. */
  readonly repeatable?: boolean;
}

export interface ServiceResponse {
  readonly status: number;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
  readonly headers: HttpAnswer['headers'];
}

/** A service's own HTTP API, for seeds and smoke checks. Answers of any status are answers; only no answer throws. */
export interface ServiceClient {
  request(request: ServiceRequest, signal?: AbortSignal): Promise<ServiceResponse>;
  close(): void;
}

/** How long a request that got no answer, or a 502, 503 or 504, is sent again: the service may be restarting. */
const RETRY_MS = 10_000;
const RETRY_PAUSE_MS = 250;
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/** Throws EVPIPE_SERVICE_UNREACHABLE (kind unreachable). */
export function connectService(
  name: string,
  address: WatchedAddress,
  options: Pick<HttpClientOptions, 'connections' | 'headers'> = {},
): ServiceClient {
  const http = new HttpClient({ ...address, connections: 8, ...options, retryMs: RETRY_MS });
  const unreachable = (why: string, cause?: unknown): EvpipeError =>
    new EvpipeError(
      'EVPIPE_SERVICE_UNREACHABLE',
      `service ${name} does not answer at ${withoutLogins(address.url)}: ${why}`,
      {
        kind: 'unreachable',
        todo: `See its log: evpipe logs ${name}`,
        cause,
      },
    );
  const once = async (request: ServiceRequest, signal?: AbortSignal): Promise<HttpAnswer> => {
    try {
      return await http.request({ ...request, signal });
    } catch (failure) {
      throw failure instanceof NoAnswer ? unreachable(failure.message, failure) : failure;
    }
  };
  return {
    async request(request, signal) {
      const endMs = performance.now() + RETRY_MS;
      for (;;) {
        const answer = await once(request, signal);
        if (!UNAVAILABLE.has(answer.status) || !(request.repeatable ?? request.method === 'GET')) return answer;
        if (performance.now() > endMs) throw unreachable(`it answers ${answer.status}`);
        await pause(RETRY_PAUSE_MS, signal);
      }
    },
    close: () => http.close(),
  };
}
