import type { HttpAddress, HttpClient } from '../../../http/client.js';
import type { RegisteredSchema, Registry } from '../../../ksql/formats/registry.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { messageOf } from '../../../support/errors.js';
import { withoutUserinfo } from '../../../support/masked.js';
import { type JsonAnswer, messageIn, upstreamClient } from './http-json.js';

/** What the registry answers of a version. */
interface VersionBody {
  readonly id?: unknown;
  readonly schema?: unknown;
  readonly schemaType?: unknown;
  readonly references?: ReadonlyArray<{
    readonly name: string;
    readonly subject: string;
    readonly version: number;
  }> | null;
}

const MEDIA_TYPE = { 'content-type': 'application/vnd.schemaregistry.v1+json' };

/** It gave no answer, or none that says anything of what was asked: asking again later may. */
export class RegistryUnavailable extends StatementError {}

export class HttpRegistry implements Registry {
  private readonly byId = new Map<number, Promise<RegisteredSchema>>();

  private readonly http: HttpClient;

  constructor(private readonly address: HttpAddress) {
    this.http = upstreamClient(address);
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    const answer = await this.ask(`/subjects/${encodeURIComponent(subject)}/versions/latest`);
    if (answer.status === 404) return undefined;
    const body = this.checked(answer, `read subject ${subject}`);
    return this.registered(Number(body.id), body);
  }

  async register(subject: string, schema: string, type: string): Promise<number> {
    const answer = await this.ask(`/subjects/${encodeURIComponent(subject)}/versions`, 'POST', {
      schema,
      ...(type === 'AVRO' ? {} : { schemaType: type }),
    });
    if (answer.status >= 400) {
      throw new StatementError(
        `Could not register schema for topic: ${subject.replace(/-(key|value)$/, '')}\nCaused by: ${messageIn(answer)}`,
      );
    }
    return Number((answer.body as { id: unknown }).id);
  }

  schemaById(id: number): Promise<RegisteredSchema> {
    let known = this.byId.get(id);
    if (known === undefined) {
      known = this.readSchema(id);
      this.byId.set(id, known);
      // A failure is not kept: the next record with this id asks again.
      known.catch(() => this.byId.delete(id));
    }
    return known;
  }

  async deleteSubject(subject: string): Promise<void> {
    const answer = await this.ask(`/subjects/${encodeURIComponent(subject)}`, 'DELETE');
    if (answer.status !== 404) this.checked(answer, `delete subject ${subject}`);
  }

  private async readSchema(id: number): Promise<RegisteredSchema> {
    const answer = await this.ask(`/schemas/ids/${id}`);
    const body = this.checked(answer, `read schema ${id}`);
    return this.registered(id, body);
  }

  private async registered(id: number, body: VersionBody): Promise<RegisteredSchema> {
    const references = new Map<string, string>();
    await this.addReferences(body, references, new Set());
    return { id, schema: String(body.schema), type: String(body.schemaType ?? 'AVRO'), references };
  }

  private async addReferences(
    { references }: VersionBody,
    found: Map<string, string>,
    visited: Set<string>,
  ): Promise<void> {
    for (const { name, subject, version } of references ?? []) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      if (visited.has(path)) continue;
      visited.add(path);
      const body = this.checked(await this.ask(path), `read version ${version} of subject ${subject}`);
      await this.addReferences(body, found, visited);
      found.set(name, String(body.schema));
    }
  }

  private checked(answer: JsonAnswer, what: string): VersionBody {
    const failed = () => `Schema Registry failed to ${what}: ${messageIn(answer)}`;
    if (answer.status >= 500 || answer.status === 429) throw new RegistryUnavailable(failed());
    if (answer.status >= 400) throw new StatementError(failed());
    return (answer.body ?? {}) as VersionBody;
  }

  private async ask(path: string, method = 'GET', body?: unknown): Promise<JsonAnswer> {
    try {
      return await this.http.request({ method, path, body, headers: MEDIA_TYPE, repeatable: true });
    } catch (failure) {
      throw new RegistryUnavailable(
        `Schema Registry does not answer at ${withoutUserinfo(this.address.url)}: ${messageOf(failure)}`,
      );
    }
  }
}
