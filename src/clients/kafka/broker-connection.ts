import { decodeResponse, encodeRequest } from '../../protocol/kafka/codec.js';
import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { apiVersions } from '../../protocol/kafka/messages/api-versions.js';
import { saslAuthenticate } from '../../protocol/kafka/messages/sasl-authenticate.js';
import { saslHandshake } from '../../protocol/kafka/messages/sasl-handshake.js';
import type { Api, Decoded, Fields, Given } from '../../protocol/kafka/schema.js';
import { EvpipeError } from '../../support/errors.js';
import type { KafkaClientOptions, Sasl } from './contract.js';
import { type Address, FrameSocket } from './frame-socket.js';
import { kafkaError, throwIfError } from './kafka-errors.js';
import { authenticate, mechanismName } from './sasl.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** Of a login's life; the rest is for requests on their way. */
const SESSION_USED = 0.8;

/** A connection that knows which versions its broker speaks and, with SASL, is authenticated. */
export class BrokerConnection {
  private readonly versions = new Map<number, readonly [min: number, max: number]>();
  private readonly features = new Map<string, number>();
  private lastCorrelationId = 0;
  /** A broker may bound a login's life (KIP-368) and cuts the connection at the first request after that. */
  private endsMs = Number.POSITIVE_INFINITY;

  private constructor(
    private readonly socket: FrameSocket,
    private readonly clientId: string,
  ) {}

  static async open(address: Address, options: KafkaClientOptions, timeoutMs: number): Promise<BrokerConnection> {
    const openMs = Math.min(timeoutMs, CONNECT_TIMEOUT_MS);
    const connection = new BrokerConnection(await FrameSocket.open(address, options, openMs), options.clientId);
    try {
      await connection.askVersions(openMs);
      if (options.sasl !== undefined) await connection.logIn(options.sasl, openMs);
      return connection;
    } catch (failure) {
      connection.close();
      throw failure;
    }
  }

  get open(): boolean {
    return this.socket.open && performance.now() < this.endsMs;
  }

  close(): void {
    this.socket.close();
  }

  /** The level at which the cluster runs a feature (KIP-584); 0 where it does not know it. */
  level(feature: string): number {
    return this.features.get(feature) ?? 0;
  }

  /** No further request comes: it ends after the answers to those on their way. */
  retire(): void {
    this.socket.retire();
  }

  /** The newest version that both sides speak, no newer than `newest`. */
  version(api: Api, newest = api.versions[1]): number {
    const [min, max] = this.versions.get(api.key) ?? [0, -1];
    const version = Math.min(max, api.versions[1], newest);
    if (version < min || version < api.versions[0]) {
      const { host, port } = this.socket.address;
      const theirs = max < 0 ? 'not at all' : `in versions ${min} to ${max}`;
      throw new EvpipeError(
        'EVPIPE_KAFKA_UNSUPPORTED_VERSION',
        `the broker at ${host}:${port} speaks ${api.name} ${theirs}; evpipe needs ${api.versions[0]} to ${newest}`,
      );
    }
    return version;
  }

  async call<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    value: Given<Request>,
    options: { readonly timeoutMs: number; readonly newest?: number },
  ): Promise<Decoded<Response>> {
    const version = this.version(api, options.newest);
    const frame = await this.exchange(api, version, value, options.timeoutMs);
    return decodeResponse(api, version, frame).value;
  }

  private exchange<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    value: Given<Request>,
    timeoutMs: number,
  ): Promise<Buffer> {
    this.lastCorrelationId = (this.lastCorrelationId + 1) & 0x7fffffff;
    const correlationId = this.lastCorrelationId;
    const parts = encodeRequest(api, version, { correlationId, clientId: this.clientId }, value);
    return this.socket.exchange(parts, correlationId, timeoutMs);
  }

  private async askVersions(timeoutMs: number): Promise<void> {
    const about = { clientSoftwareName: 'evpipe', clientSoftwareVersion: '1' };
    let version = 3;
    let frame = await this.exchange(apiVersions, version, about, timeoutMs);
    if (frame.readInt16BE(4) === ERROR_CODES.UNSUPPORTED_VERSION) {
      version = 0;
      frame = await this.exchange(apiVersions, version, {}, timeoutMs);
    }
    const { value } = decodeResponse(apiVersions, version, frame);
    throwIfError(value.errorCode);
    for (const { apiKey, minVersion, maxVersion } of value.apiKeys) this.versions.set(apiKey, [minVersion, maxVersion]);
    for (const { name, maxVersionLevel } of value.finalizedFeatures) this.features.set(name, maxVersionLevel);
  }

  private async logIn(sasl: Sasl, timeoutMs: number): Promise<void> {
    const mechanism = mechanismName(sasl);
    const { errorCode, mechanisms } = await this.call(saslHandshake, { mechanism }, { timeoutMs });
    throwIfError(errorCode, `${mechanism} was requested; the broker offers ${mechanisms.join(', ') || 'nothing'}`);
    await authenticate(sasl, async (authBytes) => {
      const answer = await this.call(saslAuthenticate, { authBytes }, { timeoutMs });
      const who = 'username' in sasl ? `user ${sasl.username}` : 'the token';
      if (answer.errorCode !== 0) throw kafkaError(answer.errorCode, answer.errorMessage, who);
      const lifetimeMs = Number(answer.sessionLifetimeMs);
      if (lifetimeMs > 0) this.endsMs = performance.now() + SESSION_USED * lifetimeMs;
      return answer.authBytes;
    });
  }
}
