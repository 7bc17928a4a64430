/**
 * The contract between evpipe and whatever runs the parts of a pipeline. A target maps every component to a
 * provider (embedded, compose, an address) and yields endpoints; resources, checks and the tail know nothing else.
 */

import type { Environment } from '../support/environment.js';
import type { Log } from '../support/log.js';
import type {
  Component,
  ComponentId,
  ComponentKind,
  Endpoint,
  EndpointOf,
  Faces,
  Launch,
  LaunchOf,
  ProviderKind,
  TargetBase,
  Upstream,
} from './component.js';
import type { LaunchDifference } from './launch-difference.js';
import type { Holder } from './roles.js';

// ── status and logs ─────────────────────────────────────────────────────────────────────────────────────────

export interface StatusOptions {
  /** What each process takes of it: the system walks through all of their pages for that. */
  readonly memory: boolean;
}

export interface ComponentStatus {
  /** As the supervisor calls its process: postgres, kafka, registry, connect, ksqldb, or the service's own name. */
  readonly process: string;
  /** Several databases share one PostgreSQL process. */
  readonly components: readonly ComponentId[];
  readonly provider: ProviderKind;
  /**
   * `restarting`: it died and waits for its next attempt; `failed`: it never became ready; address: running or unknown;
   * `absent`: a store that is not available here, and `lastLines` says why.
   */
  readonly state: 'running' | 'starting' | 'restarting' | 'stopped' | 'failed' | 'unknown' | 'absent';
  readonly pid?: number;
  readonly port?: number;
  readonly restarts: number;
  readonly uptimeMs?: number;
  /** Where it was asked for: proportional set size where the system tells it, else resident; the whole process group. */
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

/** Runs components of any kind on one kind of ground. The target picks the provider per component. */
export interface Provider {
  readonly kind: ProviderKind;
  /**
   * Idempotent: what runs already, with the same launch, is left alone. Resolves once it truly answers. `upstream`:
   * what the component talks to, started before.
   */
  start(component: Component, launch: Launch | undefined, upstream: Upstream): Promise<Started>;
  /** What a start would change in what runs; starts nothing. Undefined: it does not run. */
  differences(
    component: Component,
    launch: Launch | undefined,
    upstream: Upstream,
  ): Promise<readonly LaunchDifference[] | undefined>;
  /** Of what runs now; starts nothing. */
  endpoint(component: Component): Promise<Faces<Endpoint> | undefined>;
  status(components: readonly Component[], options: StatusOptions): Promise<readonly ComponentStatus[]>;
  logs(options: LogOptions): AsyncIterable<LogLine>;
  stop(component: Component): Promise<void>;
  /** Ends everything it started; with `volumes` removes all data too. Repeatable. */
  shutdown(options: ShutdownOptions): Promise<void>;
}

export interface Started<K extends ComponentKind = ComponentKind> {
  readonly endpoint: Faces<EndpointOf<K>>;
  /** False: it ran already and was left alone. */
  readonly changed: boolean;
  /** What the user should know: "port 9092 is taken: kafka listens on 9093". */
  readonly notes: readonly string[];
}

export interface ShutdownOptions {
  readonly volumes: boolean;
}

export interface Target {
  readonly name: string;
  providerOf(component: ComponentId): ProviderKind;
  /** Something of this pipeline is placed in Compose. */
  readonly usesCompose: boolean;
  /** Which face of the others this component reads: `$(…)` in its configuration resolves against that one. */
  faceOf(component: ComponentId): keyof Faces<unknown>;
  /**
   * Starts it and, before it, the servers that it needs, as far as the pipeline declares them. Calls for one component
   * share one start.
   */
  start<K extends ComponentKind>(
    component: ComponentId<K>,
    ...launch: undefined extends LaunchOf<K> ? [launch?: LaunchOf<K>] : [launch: LaunchOf<K>]
  ): Promise<Started<K>>;
  /** What `start` would change in what runs; starts nothing. Undefined: it, or a server that it needs, does not run. */
  differences<K extends ComponentKind>(
    component: ComponentId<K>,
    launch?: LaunchOf<K>,
  ): Promise<readonly LaunchDifference[] | undefined>;
  /** Of what runs now; starts nothing. */
  endpoint<K extends ComponentKind>(component: ComponentId<K>): Promise<Faces<EndpointOf<K>> | undefined>;
  /** The endpoint with the login of its reader: a role of its own in a PostgreSQL of evpipe's own, else what it was. */
  as<E extends Endpoint>(endpoint: E, holder: Holder): E;
  status(options?: StatusOptions): Promise<readonly ComponentStatus[]>;
  logs(options: LogOptions): AsyncIterable<LogLine>;
  stop(component: ComponentId): Promise<void>;
  /** Stops it if it runs and starts it as it was last started. */
  restart(component: ComponentId): Promise<void>;
  shutdown(options: ShutdownOptions): Promise<void>;
  /** Lets go of sockets; stops nothing. */
  close(): Promise<void>;
}

// ── what a target is opened with ────────────────────────────────────────────────────────────────────────────

/** The pipeline as far as a target is concerned: what its kinds say that it needs. */
export interface TargetInput {
  /** The pipeline's name. */
  readonly pipeline: string;
  /** Absolute; for the hint file and for messages. */
  readonly file: string;
  /** Absolute; services run there. */
  readonly folder: string;
  readonly target: { readonly name: string; readonly base: TargetBase };
  /** Each once. */
  readonly components: readonly Component[];
}

/** `openTarget(input, context)` in open.ts gives a Target. */
export interface TargetContext {
  /** `.evpipe/<pipeline>` beside the pipeline's file, absolute; made when something has to be started. */
  readonly stateFolder: string;
  /** Where addresses come from that the file doesn't name (EVPIPE_KAFKA_BOOTSTRAP_SERVERS …). */
  readonly env: Environment;
  readonly log: Log;
  /** Ends waiting; what was started is left running. */
  readonly signal?: AbortSignal;
}
