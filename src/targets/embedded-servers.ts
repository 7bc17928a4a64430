import type { ServerKind, Upstream } from './target.js';

/** One of evpipe's own servers, as the embedded provider starts it. */
export interface EmbeddedServer {
  /** What users call it in `logs`, `stop`, `status`. */
  readonly process: string;
  /** dist/embedded/FOLDER/process.js */
  readonly folder: string;
  readonly program: 'server' | 'prepared';
  readonly port: number;
  /** Stopped from the highest to the lowest. */
  readonly layer: number;
  readonly stopTimeoutMs: number;
  /** Beside dataDir, host and port. */
  options(upstream: Upstream): Readonly<Record<string, unknown>>;
}

const bootstrap = (upstream: Upstream) => ({
  bootstrapServers: upstream.kafka?.host.bootstrapServers,
  ssl: upstream.kafka?.host.ssl,
  sasl: upstream.kafka?.host.sasl,
});

/** Connect and ksqlDB reach an unprotected Kafka only; what else an address may ask for is refused by their own start. */
const kafkaAddress = (upstream: Upstream) => ({ kafkaBootstrapServers: upstream.kafka?.host.bootstrapServers });

const connectTopics = (pipeline: string) => ({
  'config.storage.topic': `_evpipe_${pipeline}_connect-configs`,
  'offset.storage.topic': `_evpipe_${pipeline}_connect-offsets`,
  'status.storage.topic': `_evpipe_${pipeline}_connect-status`,
});

/** The one table of embedded servers; services are layer 5. */
export const EMBEDDED_SERVERS: Readonly<Partial<Record<ServerKind, EmbeddedServer>>> = {
  kafka: {
    process: 'kafka',
    folder: 'kafka',
    program: 'server',
    port: 9092,
    layer: 0,
    stopTimeoutMs: 10_000,
    options: () => ({}),
  },
  schemaRegistry: {
    process: 'registry',
    folder: 'schema-registry',
    program: 'server',
    port: 8081,
    layer: 1,
    stopTimeoutMs: 5_000,
    options: (upstream) => ({
      ...bootstrap(upstream),
      ...(upstream.ownTopics !== undefined && { topic: `_evpipe_${upstream.ownTopics}_schemas` }),
    }),
  },
  connect: {
    process: 'connect',
    folder: 'connect',
    program: 'server',
    port: 8083,
    layer: 2,
    stopTimeoutMs: 10_000,
    options: (upstream) => ({
      ...kafkaAddress(upstream),
      ...(upstream.ownTopics !== undefined && { workerConfig: connectTopics(upstream.ownTopics) }),
    }),
  },
  ksqldb: {
    process: 'ksqldb',
    folder: 'ksqldb',
    program: 'server',
    port: 8088,
    layer: 3,
    stopTimeoutMs: 10_000,
    options: (upstream) => ({
      ...kafkaAddress(upstream),
      schemaRegistryUrl: upstream.schemaRegistry?.host.url,
      connectUrl: upstream.connect?.host.url,
      ...(upstream.ownTopics !== undefined && { serviceId: `${upstream.ownTopics}_` }),
    }),
  },
  rabbitmq: {
    process: 'rabbitmq',
    folder: 'amqp',
    program: 'server',
    port: 5672,
    layer: 0,
    stopTimeoutMs: 10_000,
    options: () => ({}),
  },
};

export const POSTGRES: EmbeddedServer = {
  process: 'postgres',
  folder: 'postgres',
  program: 'prepared',
  port: 5432,
  layer: 0,
  stopTimeoutMs: 10_000,
  options: () => ({}),
};

/** The system's own redis-server: all caches of a pipeline share it, each has a database number. */
export const REDIS: EmbeddedServer = {
  process: 'redis',
  folder: 'redis',
  program: 'prepared',
  port: 6379,
  layer: 0,
  stopTimeoutMs: 5_000,
  options: () => ({}),
};

/** Stopped before what it stands in front of. The port is the file's, the routes are given when it starts. */
export const GATEWAY_SERVER: Omit<EmbeddedServer, 'port'> = {
  process: 'gateway',
  folder: 'gateway',
  program: 'server',
  layer: 6,
  stopTimeoutMs: 5_000,
  options: () => ({}),
};

export const SERVICE_LAYER = 5;
export const READY_TIMEOUT_MS = 30_000;
