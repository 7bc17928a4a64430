import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SupervisorClient } from '../supervisor/client.js';
import { connectSupervisor, ensureSupervisor } from '../supervisor/ensure.js';
import type { LaunchSpec, ProcessReport } from '../supervisor/launch.js';
import { logNames, readLogs } from '../supervisor/log-reader.js';
import { endPipeline, removeStateFolder } from '../supervisor/teardown.js';
import { EvpipeError } from '../support/errors.js';
import { createJson, readJson } from '../support/json-file.js';
import {
  EMBEDDED_SERVERS,
  type EmbeddedServer,
  POSTGRES,
  READY_TIMEOUT_MS,
  SERVICE_LAYER,
} from './embedded-servers.js';
import { buildService, removeOldBuilds } from './service-build.js';
import {
  type ComponentId,
  type ComponentStatus,
  type ConnectLaunch,
  componentKey,
  type Endpoint,
  type Faces,
  type Launch,
  type LogLine,
  type LogOptions,
  type PostgresEndpoint,
  type Provider,
  type ServiceLaunch,
  type ShutdownOptions,
  type Started,
  type TargetContext,
  type TargetInput,
  type Upstream,
} from './target.js';

const HOST = '127.0.0.1';
const SERVICE_STOP_TIMEOUT_MS = 5_000;
const root = new URL('../../', import.meta.url);
const moduleOf = (embedded: EmbeddedServer) =>
  fileURLToPath(new URL(`dist/embedded/${embedded.folder}/process.js`, root));

interface SecretsFile {
  readonly version: 1;
  readonly postgresPassword: string;
}

/** Runs servers of this very package, and services, as processes of this host under the pipeline's supervisor. */
export class EmbeddedProvider implements Provider {
  readonly kind = 'embedded';
  private supervisor: Promise<SupervisorClient> | undefined;
  private reporting: Promise<readonly ProcessReport[]> | undefined;

  constructor(
    private readonly input: TargetInput,
    private readonly context: TargetContext,
  ) {}

  async start(component: ComponentId, launch: Launch | undefined, upstream: Upstream): Promise<Started> {
    const spec =
      component.kind === 'service'
        ? await this.serviceSpec(component.name, launch as ServiceLaunch)
        : await this.serverSpec(component, launch as ConnectLaunch | undefined, upstream);
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
    const process = (await this.reports()).find((report) => report.process === processName(component));
    if (process === undefined || !isKept(process)) return undefined;
    return bothFaces(this.endpointAt(component, process.port));
  }

  async status(components: readonly ComponentId[]): Promise<readonly ComponentStatus[]> {
    const reports = new Map((await this.reportNow(true)).map((report) => [report.process, report]));
    const names = [...new Set(components.map(processName))];
    return names.map((name): ComponentStatus => {
      const shared = components.filter((component) => processName(component) === name);
      const report = reports.get(name);
      if (report === undefined) {
        return {
          process: name,
          components: shared,
          provider: 'embedded',
          state: 'stopped',
          restarts: 0,
          lastLines: [],
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
    await (await this.connected())?.stop(processName(component));
  }

  async restart(component: ComponentId): Promise<void> {
    const client = await this.connected();
    if (client === undefined) throw notRunning(this.input);
    await client.restart(processName(component));
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

  private async serverSpec(
    component: ComponentId,
    launch: ConnectLaunch | undefined,
    upstream: Upstream,
  ): Promise<LaunchSpec> {
    const embedded = embeddedServer(component);
    await this.ensured(); // makes the state folder, where the password is kept
    return {
      process: embedded.process,
      program: {
        kind: embedded.program,
        module: moduleOf(embedded),
        options: {
          ...embedded.options(upstream),
          dataDir: join(this.context.stateFolder, 'data', embedded.process),
          ...(component.kind === 'postgres' && { password: this.postgresPassword() }),
        },
      },
      env: launch?.env ?? {},
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
      process: processName({ kind: 'service', name }),
      program: { kind: 'command', command: await this.serviceCommand(name, launch), cwd: this.input.folder },
      env: launch.env,
      ...(launch.port !== undefined && { port: { wished: launch.port } }),
      ready: launch.ready,
      readyTimeoutMs: launch.readyTimeoutMs ?? READY_TIMEOUT_MS,
      stopTimeoutMs: SERVICE_STOP_TIMEOUT_MS,
      layer: SERVICE_LAYER,
    };
  }

  private async serviceCommand(name: string, launch: ServiceLaunch): Promise<readonly [string, ...string[]]> {
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
      return { url: `amqp://guest:guest@${HOST}:${port}`, managementUrl: `http://guest:guest@${HOST}:${port}` };
    }
    return { url: `http://${HOST}:${port}` };
  }

  private postgresAt(database: string, port: number): PostgresEndpoint {
    const password = this.postgresPassword();
    const url = `postgres://postgres:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
    return { host: HOST, port, user: 'postgres', password, database, url, ours: true };
  }

  /** Generated once and kept in the state folder (0600); the characters need no encoding in a URL. */
  private postgresPassword(): string {
    const file = join(this.context.stateFolder, 'secrets.json');
    const known = readJson<SecretsFile>(file, 1);
    if (known !== undefined) return known.postgresPassword;
    createJson(file, { version: 1, postgresPassword: randomBytes(24).toString('base64url') } satisfies SecretsFile);
    return this.postgresPassword(); // another `up` may have been quicker: whoever wrote it, it holds for both
  }

  /** The standard ports of this pipeline's servers and what its services wish for. */
  private avoidedPorts(): number[] {
    const servers = this.input.servers.map((kind) => EMBEDDED_SERVERS[kind]?.port);
    return [POSTGRES.port, ...servers, ...(this.input.wishedPorts ?? [])].filter((port) => port !== undefined);
  }

  /** By a process's name, a component's, or a database's. */
  private processNamed(name: string): string {
    const components: ComponentId[] = [
      ...this.input.services.map((service) => ({ kind: 'service' as const, name: service })),
      ...this.input.servers.map((kind) => ({ kind, name: kind })),
      ...this.input.databases.map((database) => ({ kind: 'postgres' as const, name: database })),
    ];
    const found =
      components.find((component) => component.name === name && component.kind === 'service') ??
      components.find((component) => processName(component) === name || component.name === name);
    return found === undefined ? name : processName(found);
  }
}

const SERVER_PROCESSES: ReadonlySet<string> = new Set(
  [POSTGRES, ...Object.values(EMBEDDED_SERVERS)].map((embedded) => embedded.process).concat('supervisor'),
);

/** What users call it; a service that is named as a server gets another name. */
function processName(component: ComponentId): string {
  if (component.kind === 'service') {
    const name = encodeURIComponent(component.name);
    return SERVER_PROCESSES.has(name) ? `service-${name}` : name;
  }
  return embeddedServer(component).process;
}

function embeddedServer(component: ComponentId): EmbeddedServer {
  const known =
    component.kind === 'postgres'
      ? POSTGRES
      : component.kind === 'service' || component.kind === 'stores'
        ? undefined
        : EMBEDDED_SERVERS[component.kind];
  if (known !== undefined && existsSync(moduleOf(known))) return known;
  throw new EvpipeError('EVPIPE_NOT_EMBEDDED', `there is no embedded ${component.kind} in this version of evpipe`, {
    kind: 'usage',
    todo: `Give ${component.name} an address under the file's targets.`,
  });
}

const bothFaces = <T>(endpoint: T): Faces<T> => ({ host: endpoint, inside: endpoint });

const isKept = (report: ProcessReport): boolean => report.state === 'running' || report.state === 'restarting';

const notRunning = (input: TargetInput) =>
  new EvpipeError('EVPIPE_NOT_RUNNING', `${input.pipeline} does not run`, {
    kind: 'usage',
    todo: `Run \`evpipe up\` on ${basename(input.file)} first.`,
  });
