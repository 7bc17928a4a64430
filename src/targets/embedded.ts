import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { SupervisorClient } from '../supervisor/client.js';
import { connectSupervisor, ensureSupervisor } from '../supervisor/ensure.js';
import type { LaunchSpec, ProcessReport } from '../supervisor/launch.js';
import { logNames, readLogs } from '../supervisor/log-reader.js';
import { endPipeline, removeStateFolder } from '../supervisor/teardown.js';
import { EvpipeError } from '../support/errors.js';
import { packageFile } from '../support/package.js';
import {
  EMBEDDED_SERVERS,
  type EmbeddedServer,
  GATEWAY_SERVER,
  POSTGRES,
  READY_TIMEOUT_MS,
  REDIS,
  SERVICE_LAYER,
} from './embedded-servers.js';
import { PipelineSecrets } from './secrets.js';
import { buildService, removeOldBuilds } from './service-build.js';
import { cacheProgram, NO_CACHE_PROGRAM, storeMissing } from './store-programs.js';
import {
  type ComponentId,
  type ComponentStatus,
  type ConnectLaunch,
  componentKey,
  type Endpoint,
  type Faces,
  type GatewayLaunch,
  type Launch,
  type LogLine,
  type LogOptions,
  type PostgresEndpoint,
  type Provider,
  type ServiceLaunch,
  type ShutdownOptions,
  type Started,
  store,
  type TargetContext,
  type TargetInput,
  type Upstream,
} from './target.js';

const HOST = '127.0.0.1';
const SERVICE_STOP_TIMEOUT_MS = 5_000;
const moduleOf = (embedded: Pick<EmbeddedServer, 'folder'>) =>
  packageFile(`dist/embedded/${embedded.folder}/process.js`);

/** Runs servers of this very package, and services, as processes of this host under the pipeline's supervisor. */
export class EmbeddedProvider implements Provider {
  readonly kind = 'embedded';
  private supervisor: Promise<SupervisorClient> | undefined;
  private reporting: Promise<readonly ProcessReport[]> | undefined;

  private readonly secrets: PipelineSecrets;

  constructor(
    private readonly input: TargetInput,
    private readonly context: TargetContext,
  ) {
    this.secrets = new PipelineSecrets(context.stateFolder);
  }

  async start(component: ComponentId, launch: Launch | undefined, upstream: Upstream): Promise<Started> {
    const spec = await this.specOf(component, launch, upstream);
    const client = await this.ensured();
    const answer = await client.start(spec, this.avoidedPorts());
    const { port, wishedPort, changed } = answer;
    const moved = port !== undefined && wishedPort !== undefined && port !== wishedPort;
    return {
      endpoint: bothFaces(this.endpointAt(component, port)),
      changed,
      notes: moved && changed ? [`port ${wishedPort} is taken: ${spec.process} listens on ${port}`] : [],
    };
  }

  async endpoint(component: ComponentId): Promise<Faces<Endpoint> | undefined> {
    const process = (await this.reports()).find((report) => report.process === this.processName(component));
    if (process === undefined || !isKept(process)) return undefined;
    return bothFaces(this.endpointAt(component, process.port));
  }

  async status(components: readonly ComponentId[]): Promise<readonly ComponentStatus[]> {
    const reports = new Map((await this.reportNow(true)).map((report) => [report.process, report]));
    const names = [...new Set(components.map((component) => this.processName(component)))];
    return names.map((name): ComponentStatus => {
      const shared = components.filter((component) => this.processName(component) === name);
      const report = reports.get(name);
      if (report === undefined) {
        const isAbsent = name === REDIS.process && cacheProgram(this.context.env.PATH) === undefined;
        return {
          process: name,
          components: shared,
          provider: 'embedded',
          state: isAbsent ? 'absent' : 'stopped',
          restarts: 0,
          lastLines: isAbsent ? [NO_CACHE_PROGRAM] : [],
        };
      }
      const { wishedPort: _, state, ...rest } = report;
      return { ...rest, components: shared, provider: 'embedded', state: state === 'stopping' ? 'stopped' : state };
    });
  }

  async *logs(options: LogOptions): AsyncGenerator<LogLine> {
    const wanted = options.of?.map((name) => this.processNamed(name)) ?? logNames(this.context.stateFolder);
    yield* readLogs(this.context.stateFolder, wanted, options);
  }

  async stop(component: ComponentId): Promise<void> {
    await (await this.connected())?.stop(this.processName(component));
  }

  async restart(component: ComponentId): Promise<void> {
    const client = await this.connected();
    if (client === undefined) throw notRunning(this.input);
    await client.restart(this.processName(component));
  }

  async shutdown({ volumes }: ShutdownOptions): Promise<void> {
    await this.close();
    await endPipeline(this.context.stateFolder);
    if (volumes) removeStateFolder(this.context.stateFolder);
  }

  async close(): Promise<void> {
    const client = await this.supervisor?.catch(() => undefined);
    this.supervisor = undefined;
    client?.close();
  }

  /** Of the supervisor; where none runs, one is started. */
  private ensured(): Promise<SupervisorClient> {
    const { stateFolder, env, signal } = this.context;
    const { pipeline, file } = this.input;
    this.supervisor ??= ensureSupervisor({ stateFolder, pipeline, file, env, signal });
    this.supervisor.catch(() => {
      this.supervisor = undefined;
    });
    return this.supervisor.then((client) => {
      if (!client.isGone) return client;
      this.supervisor = undefined;
      return this.ensured();
    });
  }

  private async connected(): Promise<SupervisorClient | undefined> {
    const known = await this.supervisor?.catch(() => undefined);
    if (known !== undefined && !known.isGone) return known;
    const found = await connectSupervisor(this.context.stateFolder);
    this.supervisor = found === undefined ? undefined : Promise.resolve(found);
    return found;
  }

  /** Asked for at the same time by many components, answered once. */
  private reports(): Promise<readonly ProcessReport[]> {
    this.reporting ??= this.reportNow(false).finally(() => {
      this.reporting = undefined;
    });
    return this.reporting;
  }

  private async reportNow(memory: boolean): Promise<readonly ProcessReport[]> {
    return (await (await this.connected())?.report({ memory }))?.processes ?? [];
  }

  private specOf(component: ComponentId, launch: Launch | undefined, upstream: Upstream): Promise<LaunchSpec> {
    switch (component.kind) {
      case 'service':
        return this.serviceSpec(component.name, launch as ServiceLaunch);
      case 'gateway':
        return this.gatewaySpec(launch as GatewayLaunch);
      default:
        return this.serverSpec(component, launch as ConnectLaunch | undefined, upstream);
    }
  }

  private async gatewaySpec({ port, routes }: GatewayLaunch): Promise<LaunchSpec> {
    const { process, program, stopTimeoutMs, layer } = GATEWAY_SERVER;
    await this.ensured();
    return {
      process,
      program: { kind: program, module: moduleOf(GATEWAY_SERVER), options: { routes } },
      env: {},
      port: { wished: port },
      ready: { kind: 'announced' },
      readyTimeoutMs: READY_TIMEOUT_MS,
      stopTimeoutMs,
      layer,
    };
  }

  private async serverSpec(
    component: ComponentId,
    launch: ConnectLaunch | undefined,
    upstream: Upstream,
  ): Promise<LaunchSpec> {
    const embedded = this.embeddedServer(component);
    await this.ensured(); // makes the state folder, where the password is kept
    return {
      process: embedded.process,
      program: {
        kind: embedded.program,
        module: moduleOf(embedded),
        options: {
          ...embedded.options(upstream),
          dataDir: join(this.context.stateFolder, 'data', embedded.process),
          ...(embedded === POSTGRES && { password: this.secrets.postgresPassword() }),
          ...(embedded === REDIS && this.redisOptions()),
          ...(embedded === EMBEDDED_SERVERS.rabbitmq && this.secrets.rabbitmqLogin(this.input)),
          ...(embedded === EMBEDDED_SERVERS.connect && { ...launch, stateFolder: this.context.stateFolder }),
        },
      },
      env: {},
      port: { wished: embedded.port },
      ready: { kind: 'announced' },
      readyTimeoutMs: READY_TIMEOUT_MS,
      stopTimeoutMs: embedded.stopTimeoutMs,
      layer: embedded.layer,
    };
  }

  private async serviceSpec(name: string, launch: ServiceLaunch): Promise<LaunchSpec> {
    await this.ensured();
    return {
      process: this.processName({ kind: 'service', name }),
      program: {
        kind: 'command',
        command: await this.serviceCommand(name, launch),
        cwd: resolve(this.input.folder, (launch.run.kind === 'command' ? launch.run.cwd : undefined) ?? '.'),
        ...(launch.files !== undefined && { files: launch.files }),
      },
      env: { SESSION_SECRET: this.secrets.derived(`sessions of ${name}`), ...launch.env },
      ...(launch.port !== undefined && { port: { wished: launch.port } }),
      ready: launch.ready,
      readyTimeoutMs: launch.readyTimeoutMs ?? READY_TIMEOUT_MS,
      stopTimeoutMs: SERVICE_STOP_TIMEOUT_MS,
      layer: SERVICE_LAYER,
    };
  }

  private async serviceCommand(name: string, launch: ServiceLaunch): Promise<readonly [string, ...string[]]> {
    if (launch.run.kind === 'container') {
      throw new EvpipeError(
        'EVPIPE_SERVICE_NEEDS_CONTAINERS',
        `service ${name} has only an image: it runs in a container`,
        {
          kind: 'usage',
          todo: 'Use `--target compose`, or give it a module or a command for other targets.',
        },
      );
    }
    if (launch.run.kind === 'command') {
      const [program, ...args] = launch.run.command;
      if (program === undefined)
        throw new EvpipeError('EVPIPE_SERVICE_COMMAND', `service ${name}: the command is empty`);
      return [program, ...args];
    }
    const buildFolder = join(this.context.stateFolder, 'services');
    const file = await buildService({
      service: name,
      module: launch.run.module,
      folder: this.input.folder,
      buildFolder,
    });
    removeOldBuilds(buildFolder, name, file);
    return [process.execPath, '--enable-source-maps', file];
  }

  private endpointAt(component: ComponentId, port: number | undefined): Endpoint {
    if (component.kind === 'service') {
      return port === undefined ? {} : { port, url: `http://${HOST}:${port}` };
    }
    if (port === undefined) throw new Error(`${componentKey(component)} has no port`);
    if (component.kind === 'kafka') return { bootstrapServers: `${HOST}:${port}` };
    if (component.kind === 'postgres') return this.postgresAt(component.name, port);
    if (component.kind === 'rabbitmq') {
      // One port for both: its first bytes tell AMQP from HTTP.
      const { user, password } = this.secrets.rabbitmqLogin(this.input);
      const at = `${user}:${password}@${HOST}:${port}`;
      return { url: `amqp://${at}`, managementUrl: `http://${at}` };
    }
    if (component.kind === 'stores') return { url: this.storeUrl(component.name, port), ours: true };
    return { url: `http://${HOST}:${port}` };
  }

  private postgresAt(database: string, port: number): PostgresEndpoint {
    const password = this.secrets.postgresPassword();
    const url = `postgres://postgres:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
    return { host: HOST, port, user: 'postgres', password, database, url, ours: true };
  }

  private storeUrl(name: string, port: number): string {
    if (this.storeKind(name) === 'documents') return this.postgresAt(documentsDatabase(name), port).url;
    return `redis://:${this.secrets.derived('redis')}@${HOST}:${port}/${this.caches().indexOf(name)}`;
  }

  private storeKind(name: string): 'documents' | 'cache' {
    return this.input.stores.find((store) => store.name === name)?.kind ?? 'documents';
  }

  private caches(): readonly string[] {
    return this.input.stores.filter(({ kind }) => kind === 'cache').map(({ name }) => name);
  }

  /** Throws EVPIPE_STORE_MISSING where the system has no redis-server. */
  private redisOptions(): Readonly<Record<string, unknown>> {
    const program = cacheProgram(this.context.env.PATH);
    if (program === undefined) throw storeMissing(NO_CACHE_PROGRAM);
    return { program, password: this.secrets.derived('redis'), databases: this.caches().length };
  }

  /** The standard ports of this pipeline's servers and what its services wish for. */
  private avoidedPorts(): number[] {
    const servers = this.input.servers.map((kind) => EMBEDDED_SERVERS[kind]?.port);
    const cache = this.caches().length > 0 ? REDIS.port : undefined;
    return [POSTGRES.port, cache, ...servers, ...(this.input.wishedPorts ?? [])].filter((port) => port !== undefined);
  }

  /** By a process's name, a component's, or a database's. */
  private processNamed(name: string): string {
    const components: ComponentId[] = [
      ...this.input.services.map((service) => ({ kind: 'service' as const, name: service })),
      ...this.input.servers.map((kind) => ({ kind, name: kind })),
      ...this.input.databases.map((database) => ({ kind: 'postgres' as const, name: database })),
      ...this.input.stores.map(({ name }) => store(name)),
    ];
    const found =
      components.find((component) => component.name === name && component.kind === 'service') ??
      components.find((component) => this.processName(component) === name || component.name === name);
    return found === undefined ? name : this.processName(found);
  }

  /** What users call it; a service that is named as a server gets another name. */
  private processName(component: ComponentId): string {
    if (component.kind === 'gateway') return GATEWAY_SERVER.process;
    if (component.kind !== 'service') return this.embeddedServer(component).process;
    const name = encodeURIComponent(component.name);
    return SERVER_PROCESSES.has(name) ? `service-${name}` : name;
  }

  private embeddedServer(component: ComponentId): EmbeddedServer {
    const known = this.serverFor(component);
    if (known !== undefined && existsSync(moduleOf(known))) return known;
    throw new EvpipeError('EVPIPE_NOT_EMBEDDED', `there is no embedded ${component.kind} in this version of evpipe`, {
      kind: 'usage',
      todo: `Give ${component.name} an address under the file's targets.`,
    });
  }

  private serverFor(component: ComponentId): EmbeddedServer | undefined {
    switch (component.kind) {
      case 'postgres':
        return POSTGRES;
      case 'stores':
        return this.storeKind(component.name) === 'documents' ? POSTGRES : REDIS;
      case 'service':
      case 'gateway':
        return undefined;
      default:
        return EMBEDDED_SERVERS[component.kind];
    }
  }
}

const SERVER_PROCESSES: ReadonlySet<string> = new Set(
  [POSTGRES, REDIS, GATEWAY_SERVER, ...Object.values(EMBEDDED_SERVERS)]
    .map((embedded) => embedded.process)
    .concat('supervisor'),
);

/** No declared database can be called so: their names begin with a letter or digit. */
const documentsDatabase = (store: string): string => `_store_${store}`;

const bothFaces = <T>(endpoint: T): Faces<T> => ({ host: endpoint, inside: endpoint });

const isKept = (report: ProcessReport): boolean => report.state === 'running' || report.state === 'restarting';

const notRunning = (input: TargetInput) =>
  new EvpipeError('EVPIPE_NOT_RUNNING', `${input.pipeline} does not run`, {
    kind: 'unreachable',
    todo: `Run \`evpipe up\` on ${basename(input.file)} first.`,
  });
