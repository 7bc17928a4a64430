import type { RawConfig } from '../../../protocol/connect/option.js';
import { EvpipeError, messageOf } from '../../../support/errors.js';
import { pause } from '../../../support/retry.js';
import { type ConfigProviders, resolveProviders } from '../config/providers.js';
import { redact, secretsOf } from '../config/secrets.js';
import { traceOf } from '../data/failure.js';
import { CONNECTOR_ITSELF, type Work } from './assignment.js';
import { CONNECTORS } from './connectors.js';
import type { ConnectorPlugin } from './plugin.js';
import { SinkRunner } from './sink-runner.js';
import { SourceRunner } from './source-runner.js';
import type { TargetState } from './stored-records.js';
import type { RestartRequest, State } from './stores.js';
import type { RunnerContext, TaskRunner } from './task-runner.js';

export interface HostContext extends RunnerContext {
  readonly providers: ConfigProviders;
  /** host:port of this worker's REST API. */
  readonly workerId: string;
}

export interface Part {
  readonly state: State;
  readonly trace?: string | undefined;
}

/** This worker's share of one connector, as it was brought up. */
interface Hosted {
  readonly name: string;
  config: RawConfig;
  target: TargetState;
  plugin: ConnectorPlugin | undefined;
  /** What its status and the log must not show: passwords, and what placeholders stand for. */
  secrets: readonly string[];
  /** By number, CONNECTOR_ITSELF among them; absent where it was not brought up. */
  readonly parts: Map<number, Part>;
  /** By task; absent where a task has ended. */
  readonly runners: Map<number, TaskRunner>;
  /** Changes to one connector happen one after the other. */
  queue: Promise<unknown>;
}

/**
 * Runs what this worker was assigned, as the stored configurations say, and stores what becomes of it. What it has is
 * brought in line with what it should have whenever an assignment or a configuration changes.
 */
export class TaskHost {
  private readonly hosted = new Map<string, Hosted>();
  private assigned: ReadonlyMap<string, ReadonlySet<number>> = new Map();
  private stopping = false;

  constructor(private readonly context: HostContext) {}

  held(): Work[] {
    return [...this.assigned].flatMap(([connector, tasks]) => [...tasks].map((task) => ({ connector, task })));
  }

  holds({ connector, task }: Work): boolean {
    return this.assigned.get(connector)?.has(task) === true;
  }

  /** Undefined: not this worker's, or not brought up. */
  part({ connector, task }: Work): Part | undefined {
    return this.hosted.get(connector)?.parts.get(task);
  }

  /** Resolves once what is no longer assigned has stopped; the rest begins meanwhile. */
  async take(assigned: readonly Work[]): Promise<void> {
    this.assigned = byConnector(assigned);
    for (const connector of this.assigned.keys()) this.hostedOf(connector);
    const all = [...this.hosted.values()];
    const stopped = all.map((one) => this.serially(one, () => this.giveUp(one)));
    for (const one of all) this.inBackground(one, () => this.bringInLine(one));
    await Promise.all(stopped);
  }

  /** Resolves once this connector is here as its configuration has it. */
  async refresh(connector: string): Promise<void> {
    const one = this.hosted.get(connector);
    if (one !== undefined) await this.serially(one, () => this.bringInLine(one));
  }

  async restart(connector: string, { includeTasks, onlyFailed }: RestartRequest): Promise<void> {
    const one = this.hosted.get(connector);
    if (one === undefined) return;
    await this.serially(one, async () => {
      if (one.target !== 'STARTED') return;
      const itself = one.parts.get(CONNECTOR_ITSELF);
      if (itself?.state === 'FAILED') {
        await this.halt(one);
        await this.bringInLine(one);
        return;
      }
      // A connector's own part does nothing between configurations: only tasks have something to start again.
      const tasks = includeTasks ? tasksOf(one.parts.keys()) : [];
      for (const task of tasks)
        if (!onlyFailed || one.parts.get(task)?.state === 'FAILED') await this.startAgain(one, task);
    });
  }

  async restartTask(connector: string, task: number): Promise<void> {
    const one = this.hosted.get(connector);
    if (one !== undefined) await this.serially(one, () => this.startAgain(one, task));
  }

  /** Others may have all of it: nothing is stored any more. */
  async drop(): Promise<void> {
    this.assigned = new Map();
    await Promise.all([...this.hosted.values()].map((one) => this.serially(one, () => this.halt(one))));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.hosted.values()].map((one) => this.serially(one, () => this.halt(one))));
  }

  private hostedOf(name: string): Hosted {
    const existing = this.hosted.get(name);
    if (existing !== undefined) return existing;
    const one: Hosted = {
      name,
      config: {},
      target: 'STARTED',
      plugin: undefined,
      secrets: [],
      parts: new Map(),
      runners: new Map(),
      queue: Promise.resolve(),
    };
    this.hosted.set(name, one);
    return one;
  }

  private serially<T>(one: Hosted, work: () => Promise<T>): Promise<T> {
    const result = one.queue.then(work);
    one.queue = result.catch(() => {}); // the caller gets the failure; the next in line continues
    return result;
  }

  private inBackground(one: Hosted, work: () => Promise<void>): void {
    this.serially(one, work).catch((failure: unknown) =>
      this.context.log.error('could not bring a connector up', { connector: one.name, why: messageOf(failure) }),
    );
  }

  /** Stops what others get, and says that it is nobody's until then. */
  private async giveUp(one: Hosted): Promise<void> {
    const given = [...one.parts.keys()].filter((task) => !this.holds({ connector: one.name, task }));
    await Promise.all(given.map((task) => this.haltTask(one, task)));
    const isThere = this.context.stores.connector(one.name) !== undefined;
    for (const task of given) {
      one.parts.delete(task);
      if (isThere && one.target !== 'STOPPED') await this.store(one, task, { state: 'UNASSIGNED' });
    }
  }

  private async bringInLine(one: Hosted): Promise<void> {
    const { stores } = this.context;
    const config = stores.connector(one.name);
    if (config === undefined) {
      await this.halt(one);
      this.hosted.delete(one.name);
      if (this.assigned.has(one.name)) await stores.removeStatuses(one.name); // also what its tasks have said at last
      return;
    }
    const target = stores.targetState(one.name);
    if (printed(config) !== printed(one.config) || target !== one.target) {
      await this.halt(one);
      Object.assign(one, { config, target, plugin: pluginOf(config), secrets: secretsOf(config) });
    }
    const hasFailed = one.parts.get(CONNECTOR_ITSELF)?.state === 'FAILED'; // then it has no tasks
    const missing = [...(this.assigned.get(one.name) ?? [])].filter((task) => !hasFailed && !one.parts.has(task));
    if (missing.length > 0 && !this.stopping) await this.bringUp(one, missing);
  }

  private async bringUp(one: Hosted, wanted: readonly number[]): Promise<void> {
    const { target } = one;
    const numbers = taskIds(one);
    const parts = wanted.filter((task) => task === CONNECTOR_ITSELF || numbers.includes(task));
    if (target !== 'STARTED') {
      for (const task of parts) await this.publish(one, task, { state: target });
      return;
    }
    try {
      this.resolved(one);
      for (const task of tasksOf(parts)) one.runners.set(task, this.runnerOf(one, task));
    } catch (failure) {
      for (const task of parts) one.runners.delete(task);
      const why = redact(messageOf(failure), one.secrets);
      this.context.log.error('connector failed to start', { connector: one.name, why });
      // Without the connector there are no tasks; where it is another worker's, that one says so of it.
      const failed = parts.includes(CONNECTOR_ITSELF) ? [CONNECTOR_ITSELF] : parts;
      for (const part of failed) await this.publish(one, part, failedWith(failure, one));
      return;
    }
    for (const part of parts) await this.publish(one, part, { state: 'RUNNING' });
    await Promise.all(tasksOf(parts).map((task) => this.run(one, task, one.runners.get(task))));
  }

  private resolved(one: Hosted): { readonly plugin: ConnectorPlugin; readonly config: RawConfig } {
    const { plugin } = one;
    if (plugin === undefined)
      throw new Error(
        `Failed to find any class that implements Connector and which name matches ${one.config['connector.class']}`,
      );
    const resolved = resolveProviders(one.config, this.context.providers);
    one.secrets = [...resolved.secrets, ...secretsOf(resolved.config)];
    return { plugin, config: plugin.modernise(resolved.config).config };
  }

  private runnerOf(one: Hosted, task: number): TaskRunner {
    const { plugin, config } = this.resolved(one);
    const failed = (failure: unknown): void => this.taskFailed(one, task, runner, failure);
    const { name } = one;
    const runner: TaskRunner =
      plugin.kind === 'source'
        ? new SourceRunner(name, plugin, config, this.context, failed)
        : new SinkRunner(name, task, plugin, config, this.context, failed);
    return runner;
  }

  private async startAgain(one: Hosted, task: number): Promise<void> {
    await this.haltTask(one, task);
    await this.startTask(one, task);
  }

  private async startTask(one: Hosted, task: number): Promise<void> {
    const isWanted = one.target === 'STARTED' && this.holds({ connector: one.name, task }) && !this.stopping;
    if (one.plugin === undefined || !isWanted) return;
    const runner = this.runnerOf(one, task);
    one.runners.set(task, runner);
    await this.publish(one, task, { state: 'RUNNING' });
    await this.run(one, task, runner);
  }

  private async run(one: Hosted, task: number, runner: TaskRunner | undefined): Promise<void> {
    try {
      this.context.checkMembership();
      await runner?.start();
    } catch (failure) {
      this.taskFailed(one, task, runner, failure);
    }
  }

  private taskFailed(one: Hosted, task: number, runner: TaskRunner | undefined, failure: unknown): void {
    if (runner === undefined || one.runners.get(task) !== runner) return;
    this.context.log.error('task failed', {
      connector: one.name,
      task,
      why: redact(chainOf(failure), one.secrets),
    });
    one.parts.set(task, failedWith(failure, one));
    void this.serially(one, async () => {
      if (one.runners.get(task) !== runner) return;
      await this.haltTask(one, task);
      if (isKafkaAway(failure)) {
        await this.startTaskLater(one, task);
        return;
      }
      await this.publish(one, task, failedWith(failure, one));
    }).catch((second: unknown) =>
      this.context.log.error('could not stop a failed task', { connector: one.name, why: messageOf(second) }),
    );
  }

  /** Kafka was away for longer than a request waits: everything not acknowledged is read again once it is back. */
  private async startTaskLater(one: Hosted, task: number): Promise<void> {
    one.parts.set(task, { state: 'RUNNING' });
    while (!this.stopping && this.holds({ connector: one.name, task })) {
      await pause(KAFKA_PAUSE_MS);
      try {
        this.context.checkMembership();
        await this.startTask(one, task);
        return;
      } catch (failure) {
        this.context.log.warn('Kafka is out of reach, trying again', {
          connector: one.name,
          why: messageOf(failure),
        });
        await this.haltTask(one, task);
      }
    }
  }

  private async halt(one: Hosted): Promise<void> {
    await Promise.all([...one.runners.keys()].map((task) => this.haltTask(one, task)));
    one.parts.clear();
  }

  private async haltTask(one: Hosted, task: number): Promise<void> {
    const runner = one.runners.get(task);
    one.runners.delete(task);
    await runner?.stop();
  }

  private async publish(one: Hosted, task: number, part: Part): Promise<void> {
    one.parts.set(task, part);
    await this.store(one, task, part);
  }

  private async store({ name }: Hosted, task: number, { state, trace }: Part): Promise<void> {
    const { stores, workerId } = this.context;
    const key = statusKey({ connector: name, task });
    // As in the original a stopped connector has no tasks.
    if (state === 'STOPPED' && task !== CONNECTOR_ITSELF) await stores.removeStatus(key);
    else await stores.putStatus(key, state, trace ?? null, workerId);
  }
}

export const statusKey = ({ connector, task }: Work) =>
  task === CONNECTOR_ITSELF ? (`connector-${connector}` as const) : (`task-${connector}-${task}` as const);

const tasksOf = (parts: Iterable<number>): number[] => [...parts].filter((task) => task !== CONNECTOR_ITSELF);

function byConnector(work: readonly Work[]): ReadonlyMap<string, ReadonlySet<number>> {
  const found = new Map<string, Set<number>>();
  for (const { connector, task } of work) found.set(connector, (found.get(connector) ?? new Set()).add(task));
  return found;
}

/** A PostgreSQL source reads one slot with one task; a sink shares its partitions among as many as it may have. */
export function taskIds({ plugin, config }: Pick<Hosted, 'plugin' | 'config'>): number[] {
  const count = plugin?.kind === 'sink' ? Number(config['tasks.max'] ?? 1) || 1 : 1;
  return Array.from({ length: count }, (_, id) => id);
}

const failedWith = (failure: unknown, { secrets }: Hosted): Part => ({
  state: 'FAILED',
  trace: redact(traceOf(failure), secrets),
});

export function pluginOf(config: RawConfig): ConnectorPlugin | undefined {
  const wanted = config['connector.class'] ?? '';
  return CONNECTORS.find((plugin) => plugin.className === wanted || plugin.aliases.includes(wanted));
}

/** As Java prints a map. */
export const printed = (config: RawConfig): string =>
  `{${Object.entries(config)
    .sort()
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}}`;

const KAFKA_PAUSE_MS = 1000;

const isKafkaAway = (failure: unknown): boolean =>
  failure instanceof EvpipeError
    ? failure.kind === 'unreachable' || /TIMED_OUT|NOT_LEADER|COORDINATOR|NETWORK/.test(failure.code)
    : failure instanceof Error && failure.cause !== undefined && isKafkaAway(failure.cause);

/** A failure with what caused it, in one line. */
function chainOf(failure: unknown): string {
  const cause = failure instanceof Error ? failure.cause : undefined;
  return cause === undefined || cause === null ? messageOf(failure) : `${messageOf(failure)}: ${chainOf(cause)}`;
}
