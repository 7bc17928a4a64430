/**
 * The contract between evpipe and whatever runs the parts of a pipeline. A target maps every component to a
 * provider (embedded, compose, an address) and yields endpoints; resources, checks and the tail know nothing else.
 */

import type { LaunchSpec } from '../supervisor/launch.js';
import type { Log } from '../support/log.js';
import type { Holder } from './roles.js';

// ── components ──────────────────────────────────────────────────────────────────────────────────────────────

/** What each kind of component needs in order to be started beyond its name; `undefined`: nothing. */
export interface LaunchByKind {
  readonly postgres: undefined;
  readonly kafka: undefined;
  readonly schemaRegistry: undefined;
  readonly connect: ConnectLaunch | undefined;
  readonly ksqldb: undefined;
  readonly rabbitmq: undefined;
  readonly stores: undefined;
  readonly service: ServiceLaunch;
  readonly gateway: GatewayLaunch;
}

export interface EndpointByKind {
  readonly postgres: PostgresEndpoint;
  readonly kafka: KafkaEndpoint;
  readonly schemaRegistry: HttpEndpoint;
  readonly connect: HttpEndpoint;
  readonly ksqldb: HttpEndpoint;
  readonly rabbitmq: RabbitmqEndpoint;
  readonly stores: StoreEndpoint;
  readonly service: ServiceEndpoint;
  readonly gateway: HttpEndpoint;
}

export type ComponentKind = keyof EndpointByKind;

/**
 * One server or service. `name` is the database (postgres: one component each, though an embedded server holds
 * them all), the store or the service; for the single servers it equals the kind.
 */
export interface ComponentId<K extends ComponentKind = ComponentKind> {
  readonly kind: K;
  readonly name: string;
}

export type ServerKind = 'kafka' | 'schemaRegistry' | 'connect' | 'ksqldb' | 'rabbitmq';

export const server = <K extends ServerKind>(kind: K): ComponentId<K> => ({ kind, name: kind });
export const database = (name: string): ComponentId<'postgres'> => ({ kind: 'postgres', name });
export const service = (name: string): ComponentId<'service'> => ({ kind: 'service', name });
export const store = (name: string): ComponentId<'stores'> => ({ kind: 'stores', name });
export const GATEWAY: ComponentId<'gateway'> = { kind: 'gateway', name: 'gateway' };

/** Unique within a pipeline, for maps: `kafka`, `postgres/person`, `service/planning`. */
export function componentKey(component: ComponentId): string {
  return component.name === component.kind ? component.kind : `${component.kind}/${component.name}`;
}

// ── endpoints ───────────────────────────────────────────────────────────────────────────────────────────────

/** The same server as evpipe and the host's services see it, and as the stack's own servers see it. */
export interface Faces<T> {
  readonly host: T;
  readonly inside: T;
}

export interface PostgresEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The database of this component; it need not exist yet. `postgres` is there for maintenance on servers of our own. */
  readonly database: string;
  /** postgres://user:password@host:port/database, userinfo encoded. */
  readonly url: string;
  /** True where the server was started by evpipe: databases may be created and dropped freely, and the user is the superuser. */
  readonly ours: boolean;
}

export interface KafkaEndpoint {
  /** host:port, comma separated. */
  readonly bootstrapServers: string;
  readonly ssl?: KafkaSsl | undefined;
  readonly sasl?: KafkaSasl | undefined;
}

export type KafkaSsl =
  | boolean
  | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly rejectUnauthorized?: boolean };

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** No trailing slash. */
export interface HttpEndpoint {
  readonly url: string;
}

export interface RabbitmqEndpoint {
  /** amqp://user:password@host:port/vhost */
  readonly url: string;
  /** http://user:password@host:port: where its HTTP API is, if it has one. */
  readonly managementUrl: string;
}

/**
 * What a store is stands in its scheme: postgres: JSON documents in a PostgreSQL database of their own, mongodb: MongoDB,
 * redis: a Redis. It has no trailing slash.
 */
export interface StoreEndpoint {
  readonly url: string;
  /** True where the server was started by evpipe: a database for the documents may be created freely. */
  readonly ours: boolean;
}

/** A service that listens nowhere (a consumer) has neither. */
export interface ServiceEndpoint {
  readonly url?: string;
  readonly port?: number;
}

// ── what is started ─────────────────────────────────────────────────────────────────────────────────────────

export interface ConnectLaunch {
  /** What `${env:NAME}` in a connector's config means on a worker that evpipe starts; resolved values. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute folders that its file and directory placeholders may read. */
  readonly allowedPaths: readonly string[];
}

/** What stands in front of the services; it runs on this host on every target. */
export interface GatewayLaunch {
  /** Wished for. */
  readonly port: number;
  readonly routes: ReadonlyArray<{
    /** A path: it and all below it. */
    readonly prefix: string;
    readonly service: string;
    /** Where the service is now. */
    readonly url: string;
    /** The path that tells whether it is ready. */
    readonly ready?: string;
  }>;
}

/** A declared service with its `$(…)` references resolved (against the `host` face: services run on the host). */
export interface ServiceLaunch {
  /** A TypeScript or JavaScript module, absolute or relative to the pipeline's folder, or a command run in that folder. */
  readonly run:
    | { readonly kind: 'module'; readonly module: string }
    | { readonly kind: 'command'; readonly command: readonly string[]; readonly cwd?: string | undefined }
    /** What its image runs; which one is in the target's input. */
    | { readonly kind: 'container' };
  readonly env: Readonly<Record<string, string>>;
  /** Wished for; the service is told PORT and HOST. Absent: the service listens nowhere and gets no PORT. */
  readonly port?: number;
  /** Written before each start, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * alive: the process lives this long; spawned: does not wait (the caller asks for something better, a consumer group
   * with a member).
   */
  readonly ready: ServiceReady;
  /** Default 30 s. */
  readonly readyTimeoutMs?: number;
}

export type ServiceReady = Exclude<LaunchSpec['ready'], { readonly kind: 'announced' }>;

// ── status and logs ─────────────────────────────────────────────────────────────────────────────────────────

export interface ComponentStatus {
  /** As the supervisor calls its process: postgres, kafka, registry, connect, ksqldb, or the service's own name. */
  readonly process: string;
  /** Several databases share one PostgreSQL process. */
  readonly components: readonly ComponentId[];
  readonly provider: ProviderKind;
  /**
   * `restarting`: it died and waits for its next attempt; `failed`: it never became ready; address: running or unknown;
   * `absent`: a store that can't be had here, and `lastLines` says why.
   */
  readonly state: 'running' | 'starting' | 'restarting' | 'stopped' | 'failed' | 'unknown' | 'absent';
  readonly pid?: number;
  readonly port?: number;
  readonly restarts: number;
  readonly uptimeMs?: number;
  /** Proportional set size where the system tells it, else resident; the whole process group. */
  readonly memoryBytes?: number;
  /** Milliseconds until the next attempt, while `restarting`. */
  readonly restartInMs?: number;
  readonly lastExit?: { readonly code: number | null; readonly signal: string | null; readonly atMs: number };
  /** The last lines of its log, oldest first; only where it failed or is restarting. */
  readonly lastLines: readonly string[];
  /** What an address says of itself: where it is. */
  readonly address?: string;
}

export interface LogLine {
  readonly process: string;
  readonly text: string;
}

export interface LogOptions {
  /** Process names or component names; absent: all. */
  readonly of?: readonly string[];
  /** How many lines of the past, per process; default 100. */
  readonly tail?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

// ── providers and the target ────────────────────────────────────────────────────────────────────────────────

export type ProviderKind = 'embedded' | 'compose' | 'address';

/** Runs components of any kind on one kind of ground. The target picks the provider per component. */
export interface Provider {
  readonly kind: ProviderKind;
  /**
   * Idempotent: what runs already, with the same launch, is left alone. Resolves once it truly answers. `upstream`:
   * what the component talks to, started before.
   */
  start(component: ComponentId, launch: Launch | undefined, upstream: Upstream): Promise<Started>;
  /** Of what runs now; starts nothing. */
  endpoint(component: ComponentId): Promise<Faces<Endpoint> | undefined>;
  status(components: readonly ComponentId[]): Promise<readonly ComponentStatus[]>;
  logs(options: LogOptions): AsyncIterable<LogLine>;
  stop(component: ComponentId): Promise<void>;
  /** Ends everything it started; with `volumes` removes all data too. Repeatable. */
  shutdown(options: ShutdownOptions): Promise<void>;
}

export type Launch = NonNullable<LaunchByKind[ComponentKind]>;
export type Endpoint = EndpointByKind[ComponentKind];

/** The servers that others are told of when they start. */
export interface Upstream {
  readonly kafka?: Faces<KafkaEndpoint>;
  readonly schemaRegistry?: Faces<HttpEndpoint>;
  readonly connect?: Faces<HttpEndpoint>;
  /** Set where Kafka has an address: what a server keeps there carries this name, as others may keep theirs beside it. */
  readonly ownTopics?: string;
}

export interface Started<K extends ComponentKind = ComponentKind> {
  readonly endpoint: Faces<EndpointByKind[K]>;
  /** False: it ran already and was left alone. */
  readonly changed: boolean;
  /** What the user should know: "port 9092 is taken: kafka listens on 9093". */
  readonly notes: readonly string[];
}

export interface ShutdownOptions {
  readonly volumes: boolean;
}

/** Endpoints of everything that runs, as one immutable view. */
export interface Endpoints {
  readonly kafka?: Faces<KafkaEndpoint>;
  readonly schemaRegistry?: Faces<HttpEndpoint>;
  readonly connect?: Faces<HttpEndpoint>;
  readonly ksqldb?: Faces<HttpEndpoint>;
  readonly rabbitmq?: Faces<RabbitmqEndpoint>;
  readonly databases: ReadonlyMap<string, Faces<PostgresEndpoint>>;
  readonly services: ReadonlyMap<string, Faces<ServiceEndpoint>>;
  readonly gateway?: Faces<HttpEndpoint>;
  readonly stores: ReadonlyMap<string, Faces<StoreEndpoint>>;
}

export interface Target {
  readonly name: string;
  providerOf(component: ComponentId): ProviderKind;
  /** Something of this pipeline is placed in Compose. */
  readonly usesCompose: boolean;
  /** Which face of the others this component reads: `$(…)` in its configuration resolves against that one. */
  faceOf(component: ComponentId): keyof Faces<unknown>;
  /**
   * Starts it and, before it, what it cannot run without (registry, connect and ksqldb need kafka; connect and
   * ksqldb the registry, ksqldb connect, where the pipeline declares them). Calls for one component share one start.
   */
  start<K extends ComponentKind>(
    component: ComponentId<K>,
    ...launch: undefined extends LaunchByKind[K] ? [launch?: LaunchByKind[K]] : [launch: LaunchByKind[K]]
  ): Promise<Started<K>>;
  /** Of what runs now; starts nothing. */
  endpoint<K extends ComponentKind>(component: ComponentId<K>): Promise<Faces<EndpointByKind[K]> | undefined>;
  endpoints(): Promise<Endpoints>;
  /** The endpoint with the login of its reader: a role of its own in a PostgreSQL of evpipe's own, else what it was. */
  as<E extends Endpoint>(endpoint: E, holder: Holder): E;
  status(): Promise<readonly ComponentStatus[]>;
  logs(options: LogOptions): AsyncIterable<LogLine>;
  stop(component: ComponentId): Promise<void>;
  /** Stops it if it runs and starts it as it was last started. */
  restart(component: ComponentId): Promise<void>;
  shutdown(options: ShutdownOptions): Promise<void>;
  /** Lets go of sockets; stops nothing. */
  close(): Promise<void>;
}

// ── what a target is opened with ────────────────────────────────────────────────────────────────────────────

/** The pipeline as far as a target is concerned. src/pipeline produces it; components it doesn't name are not needed. */
export interface TargetInput {
  /** The pipeline's name. */
  readonly pipeline: string;
  /** Absolute; for the hint file and for messages. */
  readonly file: string;
  /** Absolute; services run there. */
  readonly folder: string;
  readonly spec: TargetSpec;
  readonly servers: readonly ServerKind[];
  readonly databases: readonly string[];
  readonly services: readonly string[];
  readonly stores: readonly StoreInput[];
  /** The file asks for RabbitMQ's guest/guest instead of a generated login. */
  readonly rabbitmqGuest?: boolean | undefined;
  /** Services that may run as containers. */
  readonly containers?: readonly ServiceContainer[] | undefined;
  /** What stands in front of services: where it listens, and which they are. */
  readonly gateway?: { readonly port: number; readonly services: readonly string[] } | undefined;
  /** Ports that the services and the gateway wish for: nothing that has to move to another port moves there. */
  readonly wishedPorts?: readonly number[] | undefined;
}

export interface ServiceContainer {
  readonly name: string;
  /** An image to pull, or an absolute folder with a Dockerfile. */
  readonly source: { readonly image: string } | { readonly build: string };
  readonly port: number | undefined;
}

export interface StoreInput {
  readonly name: string;
  readonly kind: 'documents' | 'cache';
  readonly optional: boolean;
}

/** `openTarget(input, context)` in open.ts gives a Target. */
export interface TargetContext {
  /** `.evpipe/<pipeline>` beside the pipeline's file, absolute; made when something has to be started. */
  readonly stateFolder: string;
  /** Where addresses come from that the file doesn't name (EVPIPE_KAFKA_BOOTSTRAP_SERVERS …). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Ends waiting; what was started is left running. */
  readonly signal?: AbortSignal;
}

/** One entry of `targets:` as it stands in the file, or one of the three plain ones, which have a base and nothing else. */
export interface TargetSpec {
  readonly name: string;
  /** What supplies each component that isn't named here. */
  readonly base: 'embedded' | 'compose' | 'cluster';
  readonly kafka?: Placed<KafkaAddress> | undefined;
  readonly schemaRegistry?: Placed<UrlAddress> | undefined;
  readonly connect?: Placed<UrlAddress> | undefined;
  readonly ksqldb?: Placed<UrlAddress> | undefined;
  readonly rabbitmq?: Placed<RabbitmqAddress> | undefined;
  readonly postgres?: 'embedded' | 'compose' | undefined;
  readonly databases?: Readonly<Record<string, Placed<UrlAddress>>> | undefined;
  readonly services?: Readonly<Record<string, Placed<UrlAddress>>> | undefined;
  readonly stores?: Readonly<Record<string, Placed<UrlAddress>>> | undefined;
  readonly gateway?: Placed<UrlAddress> | undefined;
}

export type Placed<Address> = 'embedded' | 'compose' | Address;

export interface UrlAddress {
  readonly url: string;
  /** As the stack's own servers see it, where that differs. */
  readonly inside?: { readonly url: string } | undefined;
}

export interface RabbitmqAddress extends UrlAddress {
  /** Of the HTTP API; absent: 10000 ports above, where the management plugin has it. */
  readonly management?: string | undefined;
}

export interface KafkaAddress extends KafkaEndpoint {
  readonly inside?: { readonly bootstrapServers: string } | undefined;
}
