import { HttpClient } from '../../../http/client.js';
import { messageOf } from '../../../support/errors.js';
import { withoutUserinfo } from '../../../support/masked.js';
import { pause } from '../../../support/retry.js';
import { ConnectFailure } from '../data/failure.js';

const TIMEOUT_MS = 20_000;
/** For a kept connection that the registry has just closed; what takes longer is the next attempt's. */
const RETRY_MS = 200;
const ATTEMPTS_MAX = 4;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

export interface RegistryOptions {
  /** Comma-separated; the first that answers is asked. */
  readonly urls: readonly string[];
  /** user:password */
  readonly userInfo: string | undefined;
}

export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF';

export interface Registered {
  readonly id: number;
  readonly type: SchemaType;
  readonly text: string;
  /** The texts of the schemas that it refers to, directly or not, by name. */
  readonly references: ReadonlyMap<string, string>;
}

/** What the registry answers of a schema. */
interface SchemaBody {
  readonly id?: number;
  readonly schema: string;
  readonly schemaType?: SchemaType;
  readonly references?: ReadonlyArray<{
    readonly name: string;
    readonly subject: string;
    readonly version: number;
  }> | null;
}

/** Avro's is the type where none is named. */
const bodyOf = (schema: string, type: SchemaType) => (type === 'AVRO' ? { schema } : { schema, schemaType: type });

/** The few questions that converters ask a schema registry. */
export class RegistryClient {
  private readonly clients: ReadonlyArray<{ readonly url: string; readonly http: HttpClient }>;

  constructor({ urls, userInfo }: RegistryOptions) {
    const authorization =
      userInfo === undefined ? {} : { authorization: `Basic ${Buffer.from(userInfo).toString('base64')}` };
    const headers = { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...authorization };
    this.clients = urls.map((url) => ({
      url,
      http: new HttpClient({ url, headers, timeoutMs: TIMEOUT_MS, retryMs: RETRY_MS }),
    }));
  }

  async register(subject: string, schema: string, type: SchemaType): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    return (await this.ask<{ id: number }>('POST', path, bodyOf(schema, type))).id;
  }

  /** The id of a schema that is registered already. */
  async lookup(subject: string, schema: string, type: SchemaType): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}`;
    return (await this.ask<{ id: number }>('POST', path, bodyOf(schema, type))).id;
  }

  async latest(subject: string): Promise<Registered> {
    const body = await this.ask<SchemaBody>('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
    return this.registered(Number(body.id), body);
  }

  async schema(id: number): Promise<Registered> {
    return this.registered(id, await this.ask<SchemaBody>('GET', `/schemas/ids/${id}`));
  }

  private async registered(id: number, body: SchemaBody): Promise<Registered> {
    const references = new Map<string, string>();
    await this.addReferences(body, references);
    return { id, type: body.schemaType ?? 'AVRO', text: body.schema, references };
  }

  private async addReferences({ references }: SchemaBody, found: Map<string, string>): Promise<void> {
    for (const { name, subject, version } of references ?? []) {
      if (found.has(name)) continue;
      const body = await this.ask<SchemaBody>('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`);
      found.set(name, body.schema);
      await this.addReferences(body, found);
    }
  }

  /** Lost connections and errors of the server itself are tried again, what it refuses is not. */
  private async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const client = this.clients[(attempt - 1) % this.clients.length];
      if (client === undefined) throw new ConnectFailure('no URL of a schema registry is configured');
      try {
        const { status, body: said } = await client.http.request({ method, path, body, repeatable: true });
        if (status < 300) return said as Answer;
        if (status >= 500 && attempt < ATTEMPTS_MAX) continue;
        const { message, error_code: code } = said as { message?: string; error_code?: number };
        throw new ConnectFailure(`${message ?? said}; error code: ${code ?? status}`, {
          className: 'io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException',
          retriable: status >= 500,
        });
      } catch (failure) {
        if (failure instanceof ConnectFailure) throw failure;
        if (attempt >= ATTEMPTS_MAX)
          throw new ConnectFailure(
            `schema registry ${withoutUserinfo(client.url)} does not answer: ${messageOf(failure)}`,
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
}
