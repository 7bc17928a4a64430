import { MEDIA_TYPE, type RegistryQuestion, SerializerQuestions } from '../../../clients/schema-registry/questions.js';
import { HttpClient } from '../../../http/client.js';
import { messageOf } from '../../../support/errors.js';
import { withoutLogins } from '../../../support/masked.js';
import { fieldsOf } from '../../../support/plain-object.js';
import { pause } from '../../../support/retry.js';
import { ConnectFailure } from '../data/failure.js';

const TIMEOUT_MS = 20_000;
/** For a kept connection that the registry has just closed; what takes longer is the next attempt's. */
const RETRY_MS = 200;
const ATTEMPTS_MAX = 4;

export interface RegistryOptions {
  /** Comma-separated; the first that answers is asked. */
  readonly urls: readonly string[];
  /** user:password */
  readonly userInfo: string | undefined;
}

interface RegistryServer {
  readonly url: string;
  readonly http: HttpClient;
}

/** A converter's registry. Failures are ConnectFailures in the words of Confluent's client. */
export function openRegistry({ urls, userInfo }: RegistryOptions): SerializerQuestions {
  const authorization =
    userInfo === undefined ? {} : { authorization: `Basic ${Buffer.from(userInfo).toString('base64')}` };
  const headers = { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...authorization };
  const servers = urls.map((url) => ({
    url,
    http: new HttpClient({ url, headers, timeoutMs: TIMEOUT_MS, retryMs: RETRY_MS }),
  }));
  return new SerializerQuestions((question) => ask(servers, question));
}

/** Lost connections and errors of the server itself are tried again, what it refuses is not. */
async function ask(servers: readonly RegistryServer[], { method, path, body }: RegistryQuestion): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const server = servers[(attempt - 1) % servers.length];
    if (server === undefined) throw new ConnectFailure('no URL of a schema registry is configured');
    try {
      const { status, body: said } = await server.http.request({ method, path, body, repeatable: true });
      if (status < 300) return said;
      if (status >= 500 && attempt < ATTEMPTS_MAX) continue;
      const { message, error_code: code } = fieldsOf(said);
      throw new ConnectFailure(`${message ?? said}; error code: ${code ?? status}`, {
        className: 'io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException',
        retriable: status >= 500,
      });
    } catch (failure) {
      if (failure instanceof ConnectFailure) throw failure;
      if (attempt >= ATTEMPTS_MAX)
        throw new ConnectFailure(
          `schema registry ${withoutLogins(server.url)} does not answer: ${messageOf(failure)}`,
          {
            className: 'org.apache.kafka.common.errors.SerializationException',
            cause: failure,
            retriable: true,
          },
        );
      await pause(100 * attempt);
    }
  }
}
