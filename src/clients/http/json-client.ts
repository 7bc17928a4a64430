import { type HttpAnswer, HttpClient, type HttpClientOptions, NoAnswer } from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';
import { Liveness } from '../../support/liveness.js';
import { isTlsFailure } from '../../support/tls-files.js';

export type { HttpAddress } from '../../http/client.js';
export type JsonAnswer = HttpAnswer;

export interface JsonClientOptions extends HttpClientOptions {
  /** As messages call it: `Kafka Connect`. */
  readonly server: string;
  /** Of EVPIPE_<CODE>_UNREACHABLE. */
  readonly code: string;
}

/** One server's REST API over JSON. Answers of any status but 401 are answers. */
export interface JsonClient {
  request(method: string, path: string, body?: unknown): Promise<JsonAnswer>;
  close(): void;
}

/** Throws EVPIPE_<CODE>_UNREACHABLE (kind unreachable), EVPIPE_<CODE>_UNAUTHORIZED (kind usage), or the signal's reason. */
export function connectJson({ server, code, liveness = new Liveness(), ...options }: JsonClientOptions): JsonClient {
  const http = new HttpClient({ ...options, liveness });
  return {
    async request(method, path, body) {
      const answer = await http.request({ method, path, body }).catch((failure: unknown) => {
        throw failure instanceof NoAnswer ? unreachable(server, code, options.url, failure) : failure;
      });
      if (answer.status === 401) throw unauthorized(server, code, options.url);
      return answer;
    },
    close: () => http.close(),
  };
}

export function unreachable(server: string, code: string, url: string, cause: Error): EvpipeError {
  return new EvpipeError(`EVPIPE_${code}_UNREACHABLE`, `${server} does not answer at ${place(url)}: ${cause.message}`, {
    kind: 'unreachable',
    cause,
    ...(isTlsFailure(cause.cause) && {
      todo: 'Look at its ssl settings in the target: the authority (ca) that signed its certificate, its host name, the client certificate it may want.',
    }),
  });
}

/** Of a login that is missing or wrong. */
export const unauthorized = (server: string, code: string, url: string): EvpipeError =>
  new EvpipeError(`EVPIPE_${code}_UNAUTHORIZED`, `${server} at ${place(url)} refuses the login (401)`, {
    kind: 'usage',
    todo: 'Give username and password, or token, with its address under targets.',
  });

/** Without user and password. */
const place = (url: string): string => url.replace(/\/\/[^@/]*@/, '//');
