import { basicAuthorization } from '../../http/basic-authorization.js';
import { isLoopback, type Login } from '../../http/callers.js';
import { HttpClient } from '../../http/client.js';
import { messageOf } from '../../support/errors.js';
import type { EngineGroup, EngineMember } from './engine-group.js';

/** A peer that has not answered by then is taken to be away. */
const ANSWER_WITHIN_MS = 10_000;

/** The other engines of the service, asked by their REST API. */
export class Peers {
  private readonly clients = new Map<string, HttpClient>();

  constructor(
    readonly group: Pick<EngineGroup, 'self' | 'others'>,
    private readonly login: Login | undefined,
  ) {}

  /** Throws where it does not answer, or refuses. */
  async ask({ address, machine }: EngineMember, path: string, body: unknown): Promise<unknown> {
    if (machine !== this.group.self.machine && isLoopback(address)) throw new Error(`it answers only on ${machine}`);
    const answer = await this.clientOf(address).request({ method: 'POST', path, body });
    if (answer.status === 200) return answer.body;
    throw new Error(`${address} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  /** Waits until the command took effect on all engines; on one that is away it does so when it is back. */
  async haveApplied(sequence: number): Promise<void> {
    const asked = this.group.others.map((member) =>
      this.ask(member, '/ksql', { ksql: '', commandSequenceNumber: sequence }),
    );
    await Promise.allSettled(asked);
  }

  /** What each of the others answers, or why it does not. */
  askAll(path: string, body: unknown): Promise<PeerAnswer[]> {
    return Promise.all(
      this.group.others.map(async (member): Promise<PeerAnswer> => {
        try {
          return { member, body: await this.ask(member, path, body) };
        } catch (failure) {
          return { member, why: messageOf(failure) };
        }
      }),
    );
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private clientOf(address: string): HttpClient {
    const known = this.clients.get(address);
    if (known !== undefined) return known;
    const headers = this.login && {
      authorization: basicAuthorization(this.login.username, this.login.password),
    };
    const options = { url: `http://${address}`, timeoutMs: ANSWER_WITHIN_MS, retryMs: 0 };
    const client = new HttpClient(headers === undefined ? options : { ...options, headers });
    this.clients.set(address, client);
    return client;
  }
}

export type PeerAnswer =
  | { readonly member: EngineMember; readonly body: unknown }
  | { readonly member: EngineMember; readonly why: string };
