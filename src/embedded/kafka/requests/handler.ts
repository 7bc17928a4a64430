import type { Api, Decoded, Fields, Given, Struct } from '../../../protocol/kafka/schema.js';
import type { Answered, Call } from '../server/call.js';

/** What documentation says of one request. */
export interface Support {
  readonly supports: string;
  /** What a real broker does and this one doesn't. */
  readonly lacks?: string;
}

/** The entry of one request: which versions are answered, what is supported, how. */
export interface Handler extends Answered {
  readonly support: Support;
  /** Undefined: no answer is sent (acks=0). */
  handle(request: Struct, call: Call): Answer<Fields>;
}

type Answer<Response extends Fields> = Given<Response> | undefined | Promise<Given<Response> | undefined>;

export function handler<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  support: Support,
  handle: (request: Decoded<Request>, call: Call) => Answer<Response>,
  versions: readonly [min: number, max: number] = api.versions,
): Handler {
  return { api, versions, support, handle };
}
