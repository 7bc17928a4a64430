import { probe } from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';
import { waitUntil } from '../../support/retry.js';
import { type Component, componentKey, type Endpoint, type Faces, type Launch, type Readiness } from '../component.js';
import type { LaunchDifference } from '../launch-difference.js';
import type { Placement } from '../placement.js';
import { PipelineSecrets } from '../secrets.js';
import type {
  ComponentStatus,
  LogLine,
  LogOptions,
  Provider,
  ShutdownOptions,
  Started,
  TargetContext,
  TargetInput,
} from '../target.js';
import { Batches } from './batches.js';
import { containerDifferences } from './container-differences.js';
import { type Container, containersOf, lastLines, stateOf } from './containers.js';
import { type Engine, findEngine, requireMemory } from './engine.js';
import { formOf, type HostPorts, PipelineProject } from './pipeline-project.js';
import { type Project, projectText, reservedBytes, secretFile } from './project.js';
import { ProjectFolder } from './project-folder.js';

/** From the moment its container runs. JVMs on a busy machine take a minute. */
const READY_TIMEOUT_MS = 240_000;
const READY_PAUSE_MS = 500;
const ANSWER_TIMEOUT_MS = 5_000;
/** The default of `logs`. */
const TAIL_LINES = 100;

/** Runs servers, and services that have an image, as containers of one Compose project. */
export class ComposeProvider implements Provider {
  readonly kind = 'compose';
  private readonly folder: ProjectFolder;
  private readonly plan: PipelineProject;
  private readonly secrets: PipelineSecrets;
  private readonly ups = new Batches<string>((names) => this.up(names));
  private engine: Promise<Engine> | undefined;
  private prepared: Promise<void> | undefined;
  private looking: Promise<ReadonlyMap<string, Container>> | undefined;

  constructor(
    private readonly input: TargetInput,
    private readonly context: TargetContext,
    placement: Placement,
  ) {
    const { stateFolder, env } = context;
    this.folder = new ProjectFolder(stateFolder);
    this.secrets = new PipelineSecrets(stateFolder);
    this.plan = new PipelineProject(this.folder.projectName(input.pipeline), input, placement, env, this.secrets);
  }

  async start(component: Component, launch: Launch | undefined): Promise<Started> {
    const { container: name } = formOf(component);
    await this.prepareOnce();
    const before = (await this.containers()).get(name);
    this.writeLaunch(component, launch);
    await this.ups.add(name);
    const container = await this.untilReady(component, name, launch);
    const endpoint = await this.endpointNow(component);
    const same = before !== undefined && before.id === container.id && before.startedAtMs === container.startedAtMs;
    return { endpoint, changed: !same, notes: same ? [] : this.movedPorts(name) };
  }

  async differences(
    component: Component,
    launch: Launch | undefined,
  ): Promise<readonly LaunchDifference[] | undefined> {
    if ((await this.endpoint(component)) === undefined) return undefined;
    const { container: name, launchFile } = formOf(component);
    const running = (await this.containers()).get(name);
    const wanted = this.project(this.folder.ports()).services[name];
    const differing = running === undefined || wanted === undefined ? [] : containerDifferences(running, wanted);
    if (launchFile === undefined || launch === undefined) return differing;
    const [before, after] = [this.folder.readSecret(launchFile.name), launchFile.text(launch, this.secrets)];
    return before === after ? differing : [...differing, { part: 'file', name: launchFile.name, before, after }];
  }

  async endpoint(component: Component): Promise<Faces<Endpoint> | undefined> {
    if (!this.folder.isWritten) return undefined;
    const container = (await this.containers()).get(formOf(component).container);
    const there = container?.status === 'running' || container?.status === 'restarting';
    return there ? this.endpointNow(component) : undefined;
  }

  async status(components: readonly Component[]): Promise<readonly ComponentStatus[]> {
    const names = [...new Set(components.map((component) => formOf(component).container))];
    let containers: ReadonlyMap<string, Container> = new Map();
    let unknown: string | undefined;
    try {
      if (this.folder.isWritten) containers = await this.containers();
    } catch (failure) {
      // What runs on this host can still be seen, and stopped.
      if (!(failure instanceof EvpipeError) || failure.kind !== 'unreachable') throw failure;
      unknown = failure.message;
    }
    return Promise.all(
      names.map(async (name): Promise<ComponentStatus> => {
        const shared = components.filter((component) => formOf(component).container === name);
        const known = { process: name, components: shared, provider: 'compose' as const };
        if (unknown !== undefined) return { ...known, state: 'unknown', restarts: 0, lastLines: [unknown] };
        const container = containers.get(name);
        if (container === undefined) return { ...known, state: 'stopped', restarts: 0, lastLines: [] };
        return { ...known, ...(await this.describe(name, container)) };
      }),
    );
  }

  async *logs({ of, tail = TAIL_LINES, follow, signal }: LogOptions): AsyncGenerator<LogLine> {
    if (!this.folder.isWritten) return;
    const names = [...new Set(of?.map((name) => this.plan.containerNamed(name)).filter((name) => name !== undefined))];
    if (of !== undefined && names.length === 0) return;
    const args = this.compose(
      'logs',
      '--no-color',
      '--tail',
      String(tail),
      ...(follow === true ? ['--follow'] : []),
      ...names,
    );
    for await (const line of (await this.engineOnce()).lines(args, signal)) {
      const [, process, text] = /^(.+?)-\d+\s*\| ?(.*)$/.exec(line) ?? [];
      if (process !== undefined && text !== undefined) yield { process, text };
    }
  }

  async stop(component: Component): Promise<void> {
    if (!this.folder.isWritten) return;
    const engine = await this.engineOnce();
    await this.ups.afterLast(() => engine.run(this.compose('stop', formOf(component).container), this.context));
  }

  async restart(component: Component): Promise<void> {
    const name = formOf(component).container;
    if (!this.folder.isWritten) throw notRunning(component);
    const engine = await this.engineOnce();
    await this.ups.afterLast(() => engine.run(this.compose('restart', name), this.context));
    await this.untilReady(component, name, undefined);
  }

  async shutdown({ volumes }: ShutdownOptions): Promise<void> {
    if (!this.folder.isWritten) return;
    const engine = await this.engineOnce();
    const args = this.compose('down', '--remove-orphans', ...(volumes ? ['--volumes'] : []));
    await this.ups.afterLast(() => engine.run(args, this.context));
    if (volumes) this.folder.remove();
  }

  // ── what is written ───────────────────────────────────────────────────────────────────────────────────────

  private prepareOnce(): Promise<void> {
    this.prepared ??= this.prepare();
    this.prepared.catch(() => {
      this.prepared = undefined;
    });
    return this.prepared;
  }

  /** Looks at the engine before anything is made, chooses the ports of what does not run, and writes the secrets. */
  private async prepare(): Promise<void> {
    const { env, signal } = this.context;
    const engine = await this.engineOnce();
    requireMemory(await engine.facts(signal), reservedBytes(this.project(this.plan.preferredPorts())));
    const running = this.folder.isWritten ? await this.containers() : new Map<string, Container>();
    const free = this.plan.preferredPorts((name) => running.get(name)?.status !== 'running');
    await this.folder.choosePorts(
      free,
      this.input.components.flatMap(({ embedded }) => embedded.port ?? []),
      env,
    );
    const containers = this.plan.containers.flatMap((form) =>
      Object.entries(form.files?.(this.secrets) ?? {}).map(([name, text]) => [secretFile(form, name), text] as const),
    );
    for (const [name, text] of containers) this.folder.writeSecret(name, text);
    // Compose reads all files that a project names before it starts one service of it.
    for (const { launchFile } of this.plan.containers) if (launchFile !== undefined) this.keepSecret(launchFile.name);
  }

  private keepSecret(name: string): void {
    this.folder.writeSecret(name, this.folder.readSecret(name) ?? '');
  }

  private writeLaunch(component: Component, launch: Launch | undefined): void {
    const file = component.compose?.launchFile;
    if (file !== undefined && launch !== undefined) this.folder.writeSecret(file.name, file.text(launch, this.secrets));
  }

  private project(ports: HostPorts): Project {
    const contents = this.plan.containers.flatMap(({ container, launchFile }) => {
      const text = launchFile?.isMounted === true ? this.folder.readSecret(launchFile.name) : undefined;
      return text === undefined ? [] : [[container, text] as const];
    });
    return this.plan.project(ports, new Map(contents));
  }

  private movedPorts(name: string): readonly string[] {
    const ports = this.folder.ports();
    return Object.entries(this.plan.preferredPorts((one) => one === name)).flatMap(([variable, preferred]) => {
      const port = ports[variable];
      return port === undefined || port === preferred ? [] : [`port ${preferred} is taken: ${name} listens on ${port}`];
    });
  }

  // ── what runs ─────────────────────────────────────────────────────────────────────────────────────────────

  private async up(names: readonly string[]): Promise<void> {
    this.folder.writeProject(projectText(this.project(this.folder.ports())));
    const engine = await this.engineOnce();
    const builds = this.plan.containers.some(({ container, source }) => 'build' in source && names.includes(container));
    const options = ['--detach', '--no-deps', '--quiet-pull', ...(builds ? ['--build'] : [])];
    await engine.run(this.compose('up', ...options, ...new Set(names)), this.context);
  }

  private compose(command: string, ...args: readonly string[]): readonly string[] {
    return ['compose', '--file', this.folder.file, '--project-name', this.plan.name, command, ...args];
  }

  private async untilReady(component: Component, name: string, launch: Launch | undefined): Promise<Container> {
    const engine = await this.engineOnce();
    const { signal } = this.context;
    const ready = launch === undefined ? undefined : component.compose?.readiness?.(launch);
    const settled = await waitUntil(
      `${componentKey(component)} to become ready in container ${name}`,
      async () => {
        const container = (await containersOf(engine, this.plan.name, signal)).get(name);
        if (container === undefined) return undefined;
        const state = stateOf(container);
        if (state === 'failed' || state === 'stopped') return container;
        return state === 'running' && (await this.answers(component, container, ready)) ? container : undefined;
      },
      { timeoutMs: READY_TIMEOUT_MS, pauseMs: READY_PAUSE_MS, maxPauseMs: READY_PAUSE_MS, signal },
    );
    if (stateOf(settled) === 'running') return settled;
    throw await this.failure(component, name, settled);
  }

  /** A service has no health check inside its container: only evpipe knows its path. */
  private async answers(component: Component, container: Container, ready: Readiness | undefined): Promise<boolean> {
    if (ready === undefined || ready.kind === 'spawned') return true;
    if (ready.kind === 'alive') return Date.now() - container.startedAtMs >= ready.forMs;
    if (ready.kind !== 'http') return true; // what a container shows of itself is its own health check
    const { host } = await this.endpointNow(component);
    const url = component.address.text(host);
    return (
      url === undefined || (await probe(url, ready.path, { ...ready, timeoutMs: ANSWER_TIMEOUT_MS })) === undefined
    );
  }

  private async failure(component: Component, name: string, container: Container): Promise<EvpipeError> {
    const lines = await this.lastLinesOf(name);
    const why = container.outOfMemory ? 'it ran out of its memory limit' : `exit code ${container.exitCode}`;
    const log =
      lines.length === 0
        ? ''
        : `\n${lines
            .slice(-5)
            .map((line) => `  ${line}`)
            .join('\n')}`;
    return new EvpipeError('EVPIPE_COMPONENT_FAILED', `${componentKey(component)} ended: ${why}${log}`, {
      todo: `See the whole log: evpipe logs ${name}`,
    });
  }

  private async describe(
    name: string,
    container: Container,
  ): Promise<Omit<ComponentStatus, 'process' | 'components' | 'provider'>> {
    const state = stateOf(container);
    const port = Object.keys(this.plan.preferredPorts((one) => one === name)).map(
      (variable) => this.folder.ports()[variable],
    )[0];
    const ended = state === 'failed' || state === 'restarting';
    return {
      state,
      restarts: container.restarts,
      ...(port !== undefined && { port }),
      ...(state === 'running' && { uptimeMs: Math.max(0, Date.now() - container.startedAtMs) }),
      ...(ended && { lastExit: { code: container.exitCode, signal: null, atMs: container.finishedAtMs } }),
      lastLines: ended ? await this.lastLinesOf(name) : [],
    };
  }

  private async lastLinesOf(name: string): Promise<readonly string[]> {
    return lastLines(await this.engineOnce(), this.plan.name, name, this.context.signal).catch(() => []);
  }

  /** Asked for at the same time by many components, answered once. */
  private containers(): Promise<ReadonlyMap<string, Container>> {
    this.looking ??= this.engineOnce()
      .then((engine) => containersOf(engine, this.plan.name, this.context.signal))
      .finally(() => {
        this.looking = undefined;
      });
    return this.looking;
  }

  private async endpointNow(component: Component): Promise<Faces<Endpoint>> {
    return this.plan.endpoint(component, this.folder.ports());
  }

  private async engineOnce(): Promise<Engine> {
    this.engine ??= Promise.resolve().then(() => findEngine(this.context.env));
    return this.engine;
  }
}

const notRunning = (component: Component) =>
  new EvpipeError('EVPIPE_NOT_RUNNING', `${componentKey(component)} is not running`, {
    kind: 'unreachable',
    todo: 'Start the pipeline with `evpipe up`.',
  });
