import {
  latestPath,
  MEDIA_TYPE,
  type RegistryQuestion,
  SerializerQuestions,
} from '../../../clients/schema-registry/questions.js';
import type { HttpAddress, HttpClient } from '../../../http/client.js';
import type { RegisteredSchema, Registry } from '../../../ksql/formats/registry.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { SchemaType } from '../../../protocol/confluent/schema-type.js';
import { messageOf } from '../../../support/errors.js';
import { withoutLogins } from '../../../support/masked.js';
import { type JsonAnswer, messageIn, upstreamClient } from './http-json.js';

/** It gave no answer, or none that says anything of what was asked: asking again later may. */
export class RegistryUnavailable extends StatementError {}

class Refusal extends StatementError {
  readonly path: string;

  constructor(
    { path, purpose }: RegistryQuestion,
    readonly status: number,
    readonly reason: string,
  ) {
    super(`Schema Registry failed to ${purpose}: ${reason}`);
    this.path = path;
  }
}

export class HttpRegistry implements Registry {
  private readonly byId = new Map<number, Promise<RegisteredSchema>>();
  private readonly questions = new SerializerQuestions((question) => this.ask(question));
  private readonly http: HttpClient;

  constructor(private readonly address: HttpAddress) {
    this.http = upstreamClient(address);
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    try {
      return await this.questions.latest(subject);
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 404 && failure.path === latestPath(subject))
        return undefined;
      throw failure;
    }
  }

  async register(subject: string, schema: string, type: SchemaType): Promise<number> {
    try {
      return await this.questions.register(subject, schema, type);
    } catch (failure) {
      if (!(failure instanceof Refusal)) throw failure;
      const topic = subject.replace(/-(key|value)$/, '');
      throw new StatementError(`Could not register schema for topic: ${topic}\nCaused by: ${failure.reason}`);
    }
  }

  schemaById(id: number): Promise<RegisteredSchema> {
    let known = this.byId.get(id);
    if (known === undefined) {
      known = this.questions.schemaById(id);
      this.byId.set(id, known);
      // A failure is not kept: the next record with this id asks again.
      known.catch(() => this.byId.delete(id));
    }
    return known;
  }

  async deleteSubject(subject: string): Promise<void> {
    const path = `/subjects/${encodeURIComponent(subject)}`;
    try {
      await this.ask({ method: 'DELETE', path, purpose: `delete subject ${subject}` });
    } catch (failure) {
      if (!(failure instanceof Refusal && failure.status === 404)) throw failure;
    }
  }

  private async ask(question: RegistryQuestion): Promise<unknown> {
    const answer = await this.send(question);
    const { status } = answer;
    if (status < 400) return answer.body;
    const reason = messageIn(answer);
    if (status >= 500 || status === 429)
      throw new RegistryUnavailable(`Schema Registry failed to ${question.purpose}: ${reason}`);
    throw new Refusal(question, status, reason);
  }

  private async send({ method, path, body }: RegistryQuestion): Promise<JsonAnswer> {
    try {
      return await this.http.request({ method, path, body, headers: HEADERS, repeatable: true });
    } catch (failure) {
      throw new RegistryUnavailable(
        `Schema Registry does not answer at ${withoutLogins(this.address.url)}: ${messageOf(failure)}`,
      );
    }
  }
}

const HEADERS = { 'content-type': MEDIA_TYPE };
