import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '../../../support/errors.js';
import { ConnectFailure, DATA_EXCEPTION } from '../data/failure.js';

const TIMEOUT_MS = 20_000;
const ATTEMPTS_MAX = 4;

export interface RegistryOptions {
  /** Comma-separated; the first that answers is asked. */
  readonly urls: readonly string[];
  /** user:password */
  readonly userInfo: string | undefined;
}

/** The few questions that the Avro converter asks a schema registry. */
export class RegistryClient {
  constructor(private readonly options: RegistryOptions) {}

  async register(subject: string, schema: string): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    return (await this.ask<{ id: number }>('POST', path, { schema })).id;
  }

  /** The id of a schema that is registered already. */
  async lookup(subject: string, schema: string): Promise<number> {
    return (await this.ask<{ id: number }>('POST', `/subjects/${encodeURIComponent(subject)}`, { schema })).id;
  }

  async latest(subject: string): Promise<{ readonly id: number; readonly schema: string }> {
    return this.ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
  }

  async schema(id: number): Promise<string> {
    return (await this.ask<{ schema: string }>('GET', `/schemas/ids/${id}`)).schema;
  }

  /** Lost connections and errors of the server itself are tried again, what it refuses is not. */
  private async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const url = this.options.urls[(attempt - 1) % this.options.urls.length] ?? '';
      try {
        const { status, text } = await send(
          method,
          new URL(url.replace(/\/$/, '') + path),
          this.options.userInfo,
          body,
        );
        if (status < 300) return JSON.parse(text) as Answer;
        if (status >= 500 && attempt < ATTEMPTS_MAX) continue;
        const { message, error_code: code } = parsed(text);
        throw new ConnectFailure(`${message}; error code: ${code ?? status}`, {
          className: 'io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException',
          retriable: status >= 500,
        });
      } catch (failure) {
        if (failure instanceof ConnectFailure) throw failure;
        if (attempt >= ATTEMPTS_MAX)
          throw new ConnectFailure(`schema registry ${url} does not answer: ${messageOf(failure)}`, {
            className: 'org.apache.kafka.common.errors.SerializationException',
            cause: failure,
            retriable: true,
          });
        await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
      }
    }
  }
}

function parsed(text: string): { readonly message: string; readonly error_code?: number } {
  try {
    return JSON.parse(text) as { message: string; error_code?: number };
  } catch {
    return { message: text.slice(0, 500) };
  }
}

function send(
  method: string,
  url: URL,
  userInfo: string | undefined,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body), 'utf8');
  const auth = userInfo ?? (url.username === '' ? undefined : decodeURIComponent(`${url.username}:${url.password}`));
  const media = 'application/vnd.schemaregistry.v1+json';
  return new Promise((resolve, reject) => {
    const asked = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      url,
      {
        method,
        timeout: TIMEOUT_MS,
        ...(auth === undefined ? {} : { auth }),
        headers: {
          accept: media,
          ...(payload === undefined ? {} : { 'content-type': media, 'content-length': payload.length }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    asked.on('error', reject);
    asked.end(payload);
  });
}

/** What a converter says where the registry refused a schema. */
export function registrationFailure(topic: string, schema: string, cause: unknown): ConnectFailure {
  return new ConnectFailure(`Failed to serialize Avro data from topic ${topic} :`, {
    className: DATA_EXCEPTION,
    cause: new ConnectFailure(`Error registering Avro schema${schema}`, {
      className: 'org.apache.kafka.common.errors.InvalidConfigurationException',
      cause,
    }),
  });
}
