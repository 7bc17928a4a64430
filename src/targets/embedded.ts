import { basename, join } from 'node:path';
import { connectSupervisor, ensureSupervisor } from '../supervisor/ensure.js';
import { logNames, readLogs } from '../supervisor/log/log-reader.js';
import type { SupervisorClient } from '../supervisor/socket/client.js';
import type { LaunchSpec, ProcessReport } from '../supervisor/socket/launch.js';
import { endPipeline, removeStateFolder } from '../supervisor/teardown.js';
import { EvpipeError } from '../support/errors.js';
import { packageManifest } from '../support/package.js';
import {
  bothFaces,
  type Component,
  type ComponentKind,
  type EmbeddedStart,
  type Endpoint,
  type Faces,
  type Launch,
  type Upstream,
} from './component.js';
import { type LaunchDifference, launchDifferences } from './launch-difference.js';
import { PipelineSecrets } from './secrets.js';
import type {
  ComponentStatus,
  LogLine,
  LogOptions,
  Provider,
  ShutdownOptions,
  Started,
  StatusOptions,
  TargetContext,
  TargetInput,
} from './target.js';

const READY_TIMEOUT_MS = 30_000;

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

  async start(component: Component, launch: Launch | undefined, upstream: Upstream): Promise<Started> {
    await this.ensured(); // makes the state folder, where passwords are kept
    const spec = await this.specOf(component, launch, upstream, { isTrial: false });
    const client = await this.ensured();
    const answer = await client.start(spec, this.avoidedPorts());
    const { port, preferredPort, changed, revived } = answer;
    const moved = port !== undefined && preferredPort !== undefined && port !== preferredPort;
    return {
      endpoint: bothFaces(component.embedded.endpoint(port, this.secrets)),
      changed,
      notes: [
        ...(moved && changed ? [`port ${preferredPort} is taken: ${spec.process} listens on ${port}`] : []),
        ...(revived === true ? [`${spec.process} did not answer: it was killed and restarted`] : []),
      ],
    };
  }

  async differences(
    component: Component,
    launch: Launch | undefined,
    upstream: Upstream,
  ): Promise<readonly LaunchDifference[] | undefined> {
    const client = await this.connected();
    const before = await client?.specOf(component.embedded.process);
    if (client === undefined || before === undefined) return undefined;
    const { version } = packageManifest();
    if (client.hello.version !== version) return [{ part: 'evpipe', before: client.hello.version, after: version }];
    return launchDifferences(before, await this.specOf(component, launch, upstream, { isTrial: true }));
  }

  async endpoint(component: Component): Promise<Faces<Endpoint> | undefined> {
    const process = (await this.reports()).find((report) => report.process === component.embedded.process);
    if (process === undefined || !isKept(process)) return undefined;
    return bothFaces(component.embedded.endpoint(process.port, this.secrets));
  }

  async status(components: readonly Component[], { memory }: StatusOptions): Promise<readonly ComponentStatus[]> {
    const reports = new Map((await this.reportNow(memory)).map((report) => [report.process, report]));
    const names = [...new Set(components.map(({ embedded }) => embedded.process))];
    return names.map((name): ComponentStatus => {
      const shared = components.filter(({ embedded }) => embedded.process === name);
      const report = reports.get(name);
      if (report === undefined) {
        const missing = shared[0]?.embedded.missing?.(this.context.env);
        return {
          process: name,
          components: shared,
          provider: 'embedded',
          state: missing === undefined ? 'stopped' : 'absent',
          restarts: 0,
          lastLines: missing === undefined ? [] : [missing],
        };
      }
      const { preferredPort: _, state, ...rest } = report;
      return { ...rest, components: shared, provider: 'embedded', state: state === 'stopping' ? 'stopped' : state };
    });
  }

  async *logs(options: LogOptions): AsyncGenerator<LogLine> {
    const wanted = options.of?.map((name) => this.processNamed(name)) ?? logNames(this.context.stateFolder);
    yield* readLogs(this.context.stateFolder, wanted, options);
  }

  async stop({ embedded }: Component): Promise<void> {
    await (await this.connected())?.stop(embedded.process);
  }

  async restart({ embedded }: Component): Promise<void> {
    const client = await this.connected();
    if (client === undefined) throw notRunning(this.input);
    await client.restart(embedded.process);
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

  private async specOf(
    component: Component,
    launch: Launch | undefined,
    upstream: Upstream,
    { isTrial }: Pick<EmbeddedStart<ComponentKind>, 'isTrial'>,
  ): Promise<LaunchSpec> {
    const { process, port, protocol, layer, stopTimeoutMs } = component.embedded;
    const { stateFolder, env } = this.context;
    this.secrets.decidePrivacy(env);
    const launched = await component.embedded.launch({
      launch,
      upstream,
      folder: this.input.folder,
      stateFolder,
      dataDir: join(stateFolder, 'data', process),
      env,
      secrets: this.secrets,
      isTrial,
    });
    const asked = protocol ?? (launched.ready?.kind === 'http' ? 'http' : undefined);
    return {
      process,
      env: {},
      ...(asked !== undefined && { protocol: asked }),
      ...(port !== undefined && { port: { preferred: port } }),
      ready: { kind: 'announced' },
      readyTimeoutMs: READY_TIMEOUT_MS,
      stopTimeoutMs,
      layer,
      ...launched,
    };
  }

  /** What this pipeline's components prefer: nothing that has to move to another port moves there. */
  private avoidedPorts(): number[] {
    return this.input.components.flatMap(({ embedded }) => embedded.port ?? []);
  }

  /** By a process's name, or a component's; where a service is called as a database is, the service. */
  private processNamed(name: string): string {
    const { components } = this.input;
    const found =
      components.find((one) => one.embedded.process === name) ?? components.find((one) => one.name === name);
    return found?.embedded.process ?? name;
  }
}

const isKept = (report: ProcessReport): boolean => report.state === 'running' || report.state === 'restarting';

const notRunning = (input: TargetInput) =>
  new EvpipeError('EVPIPE_NOT_RUNNING', `${input.pipeline} is not running`, {
    kind: 'unreachable',
    todo: `Run \`evpipe up\` on ${basename(input.file)} first.`,
  });
