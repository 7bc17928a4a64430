import type { AmqpClient } from '../clients/amqp/contract.js';
import type { RabbitmqManagement } from '../clients/amqp/management.js';
import type { ConnectClient } from '../clients/connect/client.js';
import type { DocumentsClient } from '../clients/documents/contract.js';
import type { KafkaClient } from '../clients/kafka/contract.js';
import type { KsqldbClient } from '../clients/ksqldb/client.js';
import { connectPostgres, type PostgresClient } from '../clients/postgres/client.js';
import type { SchemaRegistryClient } from '../clients/schema-registry/client.js';
import type { ValueDecoder } from '../clients/schema-registry/decode-value.js';
import type { ServiceClient } from '../clients/service/client.js';
import { EvpipeError } from '../support/errors.js';
import type { Lifetime } from '../support/lifetime.js';
import type { Silence } from '../support/liveness.js';
import { pause } from '../support/retry.js';
import {
  type ComponentId,
  type ComponentKind,
  componentKey,
  type Endpoint,
  type EndpointOf,
  server,
} from '../targets/component.js';
import type { Holder } from '../targets/roles.js';
import type { Target } from '../targets/target.js';
import { database, type PostgresEndpoint } from './database/component.js';
import { GATEWAY } from './gateway/component.js';
import { placeOf, silenceAt } from './liveness.js';
import { service } from './service/component.js';
import { store } from './store/component.js';

/** For the first sign of life. A server that accepts and never answers must not hold back what the others say. */
const ANSWER_MS = 4_000;
/** For one that was silent before: many things may ask for the same server in turn. */
const ANSWER_AGAIN_MS = 500;
/** For a server that is being restarted, where the command itself starts servers. */
const COMES_BACK_MS = 20_000;
const ABSENT_PAUSE_MS = 100;

/**
 * Clients of whatever the target runs, each loaded and made once, when it is first asked for, and closed with the lifetime. A server has
 * to show a sign of life first: this is where every command's wait for a server that is stopped, dead or hung ends.
 */
export class Clients {
  private readonly made = new Map<string, Promise<unknown>>();
  private readonly asked = new Map<string, Promise<Silence | undefined>>();
  private readonly silent = new Set<string>();
  /** The command starts servers, so one that is absent may be coming. */
  patient = false;

  constructor(
    private readonly target: Target,
    private readonly lifetime: Lifetime,
    private readonly signal: AbortSignal,
  ) {}

  kafka(): Promise<KafkaClient> {
    return this.once('kafka', async () => {
      const { host } = await this.endpoint(server('kafka'));
      const { connectKafka } = await import('../clients/kafka/client.js');
      const client = connectKafka({ ...host, clientId: 'evpipe' });
      this.lifetime.onEnd(() => client.close());
      if (host.clusterId !== undefined) await requireCluster(client, host.clusterId, host.bootstrapServers);
      return client;
    });
  }

  registry(): Promise<SchemaRegistryClient> {
    return this.once('registry', async () => {
      const { host } = await this.endpoint(server('schemaRegistry'));
      const { connectSchemaRegistry } = await import('../clients/schema-registry/client.js');
      return connectSchemaRegistry({ ...host, signal: this.signal });
    });
  }

  /** Without a registry in the pipeline, framed values stay bytes. */
  async decoder(): Promise<ValueDecoder> {
    const registry = await this.target.endpoint(server('schemaRegistry')).catch(() => undefined);
    const { ValueDecoder } = await import('../clients/schema-registry/decode-value.js');
    return new ValueDecoder(registry === undefined ? undefined : await this.registry());
  }

  connect(): Promise<ConnectClient> {
    return this.once('connect', async () => {
      const { openConnect } = await import('../clients/connect/client.js');
      const client = openConnect((await this.endpoint(server('connect'))).host, this.signal);
      this.lifetime.onEnd(() => client.close());
      return client;
    });
  }

  ksqldb(): Promise<KsqldbClient> {
    return this.once('ksqldb', async () => {
      const { connectKsqldb } = await import('../clients/ksqldb/client.js');
      const client = connectKsqldb((await this.endpoint(server('ksqldb'))).host, this.signal);
      this.lifetime.onEnd(() => client.close());
      return client;
    });
  }

  rabbitmq(): Promise<AmqpClient> {
    return this.once('rabbitmq', async () => {
      const { connectAmqp } = await import('../clients/amqp/client.js');
      const client = connectAmqp((await this.endpoint(server('rabbitmq'))).host);
      this.lifetime.onEnd(() => client.close());
      return client;
    });
  }

  /** Its HTTP API, which a foreign broker need not have: every call may find it unreachable. */
  rabbitmqManagement(): Promise<RabbitmqManagement> {
    return this.once('rabbitmq management', async () => {
      const { host } = await this.endpoint(server('rabbitmq'));
      const vhost = decodeURIComponent(new URL(host.url).pathname.slice(1));
      const { connectManagement } = await import('../clients/amqp/management.js');
      const client = connectManagement(
        { url: host.managementUrl, ssl: host.ssl },
        vhost === '' ? '/' : vhost,
        this.signal,
      );
      this.lifetime.onEnd(() => client.close());
      return client;
    });
  }

  /** The gateway is one too, as `gateway`. Throws EVPIPE_SERVICE_HAS_NO_API (kind usage) for a service that listens nowhere. */
  service(name: string): Promise<ServiceClient> {
    return this.once(`service/${name}`, async () => {
      const there = await this.target.endpoint(GATEWAY);
      const { host } = name === 'gateway' && there !== undefined ? there : await this.endpoint(service(name));
      if (host.url === undefined) {
        throw new EvpipeError('EVPIPE_SERVICE_HAS_NO_API', `service ${name} declares no port, so it has no API`, {
          kind: 'usage',
        });
      }
      const { connectService } = await import('../clients/service/client.js');
      const client = connectService(name, { ...host, url: host.url });
      this.lifetime.onEnd(() => client.close());
      return client;
    });
  }

  /** A connection of its own for the caller, who may read and stream on it; closed with the lifetime at the latest. */
  async database(name: string, settings: Readonly<Record<string, string>> = {}): Promise<PostgresClient> {
    return this.connectedAs('reader', name, settings);
  }

  /** The same with another role's login. */
  async connectedAs(
    holder: Holder,
    name: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<PostgresClient> {
    const { host } = await this.endpoint(database(name));
    return this.connected(this.target.as(host, holder), settings);
  }

  /**
   * The same as the superuser of a server of evpipe's own; on others as the user given. For statements of evpipe's own
   * that run nothing of the pipeline's: a view or a trigger would run with all its rights.
   */
  async administered(name: string): Promise<PostgresClient> {
    const { host } = await this.endpoint(database(name));
    return this.connected(host, {});
  }

  /** A connection of its own for the caller to a store of kind documents; closed with the lifetime at the latest. */
  async documents(name: string): Promise<DocumentsClient> {
    const { host } = await this.endpoint(store(name));
    const { url } = this.target.as(host, 'reader');
    const { openDocuments } = await import('../clients/documents/open.js');
    const client = await openDocuments({ url, signal: this.signal });
    this.lifetime.onEnd(() => client.close());
    return client;
  }

  /** Throws EVPIPE_NOT_RUNNING (kind unreachable) where the component does not run, EVPIPE_NOT_DECLARED (kind usage) where the pipeline has none. */
  async endpoint<K extends ComponentKind>(
    component: ComponentId<K>,
  ): Promise<{ host: EndpointOf<K>; inside: EndpointOf<K> }> {
    const faces = await this.target.endpoint(component);
    if (faces !== undefined) {
      const silence = await this.silence(component, faces.host);
      if (silence === undefined) return faces;
      throw this.silentError(component, faces.host, silence);
    }
    const declared = (await this.target.status()).some(({ components }) =>
      components.some(({ kind, name }) => kind === component.kind && name === component.name),
    );
    if (!declared) {
      throw new EvpipeError('EVPIPE_NOT_DECLARED', `this pipeline has no ${componentKey(component)}`, {
        kind: 'usage',
        todo: '`evpipe status` lists what it has.',
      });
    }
    throw new EvpipeError('EVPIPE_NOT_RUNNING', `${componentKey(component)} is not running`, {
      kind: 'unreachable',
      todo: 'Start the pipeline with `evpipe up`; `evpipe status` shows what is running.',
    });
  }

  private async connected(
    { url, ours }: PostgresEndpoint,
    settings: Readonly<Record<string, string>>,
  ): Promise<PostgresClient> {
    const client = await connectPostgres({ url, settings, signal: this.signal }).catch((failure: unknown) => {
      throw ours ? withoutRole(failure) : failure;
    });
    this.lifetime.onEnd(() => client.close());
    return client;
  }

  /** Why a component that runs or has an address does not answer; undefined: it does, or there is nothing to ask. */
  async silence(component: ComponentId, endpoint: Endpoint): Promise<Silence | undefined> {
    const key = componentKey(component);
    const asking = this.asked.get(key) ?? this.ask(component, endpoint);
    this.asked.set(key, asking);
    try {
      return await asking;
    } finally {
      this.asked.delete(key);
    }
  }

  private async ask(component: ComponentId, endpoint: Endpoint): Promise<Silence | undefined> {
    const key = componentKey(component);
    const mayCome = this.patient && this.target.providerOf(component) !== 'address';
    const answerMs = this.silent.has(key) ? ANSWER_AGAIN_MS : ANSWER_MS;
    const absentUntilMs = performance.now() + (mayCome ? COMES_BACK_MS : answerMs);
    for (;;) {
      const silence = await silenceAt(endpoint, answerMs, this.signal);
      if (silence === undefined) this.silent.delete(key);
      else this.silent.add(key);
      if (silence?.kind !== 'absent' || performance.now() + ABSENT_PAUSE_MS > absentUntilMs) return silence;
      await pause(ABSENT_PAUSE_MS, this.signal);
    }
  }

  private silentError(component: ComponentId, endpoint: Endpoint, silence: Silence): EvpipeError {
    const isForeign = this.target.providerOf(component) === 'address';
    const [code, why] =
      silence.kind === 'silent'
        ? (['EVPIPE_SILENT', 'accepts connections but does not answer'] as const)
        : (['EVPIPE_UNREACHABLE', `can't be reached: ${silence.why}`] as const);
    return new EvpipeError(code, `${componentKey(component)} at ${placeOf(endpoint)} ${why}`, {
      kind: 'unreachable',
      todo: isForeign
        ? 'Check that it runs and that the address is right.'
        : 'It is stopped, overloaded or being restarted: see `evpipe status` and `evpipe logs`.',
    });
  }

  private once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.made.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const making = make();
    this.made.set(key, making);
    making.catch(() => this.made.delete(key));
    return making;
  }
}

/** A refused login to a server of evpipe's own: `up` of an older evpipe has made no roles. */
function withoutRole(failure: unknown): unknown {
  if (!(failure instanceof EvpipeError) || !/_28(P01|000)$/.test(failure.code)) return failure;
  const { code, message, kind } = failure;
  return new EvpipeError(code, message, {
    kind,
    cause: failure,
    todo: 'Run `evpipe up`, which creates the roles, then try again.',
  });
}

/** An address that leads to another cluster than it is meant to, say production's, must do no harm there. */
async function requireCluster(kafka: KafkaClient, wanted: string, bootstrapServers: string): Promise<void> {
  const { clusterId } = await kafka.describeCluster();
  if (clusterId === wanted) return;
  throw new EvpipeError(
    'EVPIPE_CLUSTER_OTHER',
    `Kafka at ${bootstrapServers} is cluster ${clusterId}, not ${wanted} as the target says; nothing was changed`,
    { kind: 'usage', todo: 'Correct the address, or clusterId in the target.' },
  );
}
