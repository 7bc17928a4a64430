import { ERROR_CODES } from '../../protocol/kafka/errors.js';
import { metadata } from '../../protocol/kafka/messages/metadata.js';
import type { Api, Decoded, Fields, Given, ResponseOf } from '../../protocol/kafka/schema.js';
import { EvpipeError } from '../../support/errors.js';
import { BrokerConnection } from './broker-connection.js';
import type { KafkaClientOptions, TopicDefaults } from './contract.js';
import type { Address } from './frame-socket.js';
import { kafkaError, persist } from './kafka-errors.js';

const REQUEST_TIMEOUT_MS = 30_000;

/** A topic as metadata last told it. */
export interface KnownTopic {
  readonly topicId: string;
  /** The leader of each partition, by partition; undefined where there is none now. */
  readonly leaders: ReadonlyArray<number | undefined>;
  readonly seenMs: number;
}

export type Metadata = ResponseOf<typeof metadata>;

/** Who is there and who leads what, shared by all that one client does; asked again when an answer shows it to be old. */
export class Cluster {
  readonly timeoutMs: number;
  private controllerId = -1;
  private readonly brokers = new Map<number, Address>();
  private readonly topics = new Map<string, KnownTopic>();
  private readonly asking: Connections;
  private readonly ended = new AbortController();

  constructor(private readonly options: KafkaClientOptions) {
    this.timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    this.asking = new Connections(this);
  }

  get topicDefaults(): TopicDefaults {
    return this.options;
  }

  /** Aborted when the client is closed. */
  get signal(): AbortSignal {
    return this.ended.signal;
  }

  close(): void {
    this.ended.abort(new EvpipeError('EVPIPE_KAFKA_CLIENT_CLOSED', 'this Kafka client was closed'));
    this.asking.close();
  }

  known(topic: string): KnownTopic | undefined {
    return this.topics.get(topic);
  }

  /** Who takes changes of topics: in KRaft any broker, which passes them on. */
  async controller(timeoutMs: number): Promise<number> {
    if (!this.brokers.has(this.controllerId)) await this.refresh([], timeoutMs);
    return this.brokers.has(this.controllerId) ? this.controllerId : ([...this.brokers.keys()][0] ?? -1);
  }

  address(broker: number): Address | undefined {
    return this.brokers.get(broker);
  }

  /** Brokers first, then the bootstrap servers, which may be long gone; in random order, so that load spreads. */
  candidates(): readonly Address[] {
    const seen = new Set<string>();
    return [...shuffled([...this.brokers.values()]), ...shuffled(parseAddresses(this.options.bootstrapServers))].filter(
      ({ host, port }) => {
        const name = `${host}:${port}`;
        return !seen.has(name) && seen.add(name);
      },
    );
  }

  connect(address: Address, timeoutMs: number): Promise<BrokerConnection> {
    return BrokerConnection.open(address, this.options, timeoutMs);
  }

  /** One request to any broker; null means all topics. */
  async refresh(topics: readonly string[] | null, timeoutMs = this.timeoutMs): Promise<Metadata> {
    const answer = await this.asking.callAny(
      metadata,
      { topics: topics?.map((name) => ({ name })) ?? null, allowAutoTopicCreation: false },
      { timeoutMs, newest: 12 },
    );
    if (answer.brokers.length > 0) {
      this.brokers.clear();
      for (const { nodeId, host, port } of answer.brokers) this.brokers.set(nodeId, { host, port });
    }
    this.controllerId = answer.controllerId;
    if (topics === null) this.topics.clear();
    for (const topic of answer.topics) this.remember(topic);
    return answer;
  }

  /** Waits until the topic is there. */
  topic(name: string): Promise<KnownTopic> {
    const known = this.known(name);
    if (known !== undefined) return Promise.resolve(known);
    return persist(async (leftMs) => {
      await this.refresh([name], leftMs);
      const found = this.known(name);
      if (found === undefined) throw kafkaError(ERROR_CODES.UNKNOWN_TOPIC_OR_PARTITION, undefined, `topic ${name}`);
      return found;
    }, this);
  }

  private remember(topic: Metadata['topics'][number]): void {
    const { name, topicId, errorCode, partitions } = topic;
    if (name === null) return;
    if (errorCode !== 0 && errorCode !== ERROR_CODES.LEADER_NOT_AVAILABLE) {
      this.topics.delete(name);
      return;
    }
    const leaders: Array<number | undefined> = new Array(partitions.length).fill(undefined);
    for (const { partitionIndex, leaderId } of partitions) {
      leaders[partitionIndex] = leaderId >= 0 && this.brokers.has(leaderId) ? leaderId : undefined;
    }
    if (leaders.length > 0) this.topics.set(name, { topicId, leaders, seenMs: performance.now() });
  }
}

/** The connections of one user (the admin calls, one reader, one producer): a long poll holds up only its own. */
export class Connections {
  private readonly open = new Map<string, Promise<BrokerConnection>>();
  private closed = false;

  constructor(private readonly cluster: Cluster) {}

  close(): void {
    this.closed = true;
    for (const [name, connection] of this.open) {
      this.open.delete(name);
      connection.then(
        (it) => it.close(),
        () => {},
      );
    }
  }

  /** To a broker by its number. Throws EVPIPE_KAFKA_UNREACHABLE where the cluster does not know it now: what it led moves to others soon. */
  async to(broker: number, timeoutMs: number): Promise<BrokerConnection> {
    let address = this.cluster.address(broker);
    if (address === undefined) {
      await this.cluster.refresh([], timeoutMs);
      address = this.cluster.address(broker);
    }
    if (address === undefined)
      throw new EvpipeError('EVPIPE_KAFKA_UNREACHABLE', `broker ${broker} of Kafka is not there now`, {
        kind: 'unreachable',
        todo: 'Start it, or wait until others have taken over what it led.',
      });
    return this.at(address, timeoutMs);
  }

  async call<Request extends Fields, Response extends Fields>(
    broker: number,
    api: Api<Request, Response>,
    value: Given<Request>,
    options: { readonly timeoutMs: number; readonly newest?: number },
  ): Promise<Decoded<Response>> {
    return (await this.to(broker, options.timeoutMs)).call(api, value, options);
  }

  /** Asks the first broker that answers. */
  async callAny<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    value: Given<Request>,
    options: { readonly timeoutMs: number; readonly newest?: number },
  ): Promise<Decoded<Response>> {
    const endMs = performance.now() + options.timeoutMs;
    let failure: unknown;
    for (const address of this.cluster.candidates()) {
      const timeoutMs = endMs - performance.now();
      if (timeoutMs <= 0) break;
      try {
        return await (await this.at(address, timeoutMs)).call(api, value, { ...options, timeoutMs });
      } catch (thrown) {
        failure = thrown;
        if (!(thrown instanceof EvpipeError) || thrown.kind !== 'unreachable') throw thrown;
      }
    }
    throw failure;
  }

  private async at(address: Address, timeoutMs: number): Promise<BrokerConnection> {
    if (this.closed) throw new EvpipeError('EVPIPE_KAFKA_CLIENT_CLOSED', 'this Kafka client was closed');
    const name = `${address.host}:${address.port}`;
    const existing = this.open.get(name);
    if (existing === undefined) return this.connect(name, address, timeoutMs);
    const connection = await existing;
    if (connection.open) return connection;
    if (this.open.get(name) === existing) this.open.delete(name);
    connection.retire();
    return this.at(address, timeoutMs);
  }

  private connect(name: string, address: Address, timeoutMs: number): Promise<BrokerConnection> {
    const opening = this.cluster.connect(address, timeoutMs).then((connection) => {
      if (!this.closed) return connection;
      connection.close();
      throw new EvpipeError('EVPIPE_KAFKA_CLIENT_CLOSED', 'this Kafka client was closed');
    });
    this.open.set(name, opening);
    opening.catch(() => {
      if (this.open.get(name) === opening) this.open.delete(name);
    });
    return opening;
  }
}

function parseAddresses(bootstrapServers: string): Address[] {
  const addresses = bootstrapServers
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(part);
      const port = Number(match?.[3]);
      if (match === null || port > 65_535) {
        throw new EvpipeError('EVPIPE_KAFKA_BOOTSTRAP_SERVERS', `"${part}" is not host:port`, { kind: 'usage' });
      }
      return { host: match[1] ?? match[2] ?? '', port };
    });
  if (addresses.length === 0) {
    throw new EvpipeError('EVPIPE_KAFKA_BOOTSTRAP_SERVERS', 'no bootstrap server given', { kind: 'usage' });
  }
  return addresses;
}

function shuffled<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const at = Math.floor(Math.random() * (last + 1));
    [items[last], items[at]] = [items[at] as T, items[last] as T];
  }
  return items;
}
