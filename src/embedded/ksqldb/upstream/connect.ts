import type { HttpAddress, HttpClient } from '../../../http/client.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { messageOf } from '../../../support/errors.js';
import { withoutLogins } from '../../../support/masked.js';
import { type JsonAnswer, messageIn, upstreamClient } from './http-json.js';

/** The Connect worker that CREATE CONNECTOR and its like are passed on to. */
export class ConnectWorker {
  private readonly http: HttpClient;

  constructor(private readonly address: HttpAddress) {
    this.http = upstreamClient(address);
  }

  async ask(path: string, method = 'GET', body?: unknown): Promise<JsonAnswer> {
    try {
      return await this.http.request({ method, path, body });
    } catch (failure) {
      throw new StatementError(
        `Kafka Connect does not answer at ${withoutLogins(this.address.url)}: ${messageOf(failure)}`,
        50000,
      );
    }
  }

  async list(): Promise<string[]> {
    return checked(await this.ask('/connectors')) as string[];
  }

  async status(name: string): Promise<JsonAnswer> {
    return this.ask(`/connectors/${encodeURIComponent(name)}/status`);
  }

  async info(name: string): Promise<JsonAnswer> {
    return this.ask(`/connectors/${encodeURIComponent(name)}`);
  }
}

export function checked(answer: JsonAnswer): unknown {
  if (answer.status < 400) return answer.body;
  throw new StatementError(messageIn(answer), answer.status * 100);
}
