import type { RawConfig } from '../../../protocol/connect/option.js';
import { EvpipeError, messageOf } from '../../../support/errors.js';
import { pause } from '../../../support/retry.js';
import { type ConfigProviders, resolveProviders } from '../config/providers.js';
import { maskedOption, maskSecrets, redact, secretsOf, unmaskSecrets } from '../config/secrets.js';
import { traceOf } from '../data/failure.js';
import { RestFailure } from '../rest/failure.js';
import { CONNECTORS } from './connectors.js';
import type { ConnectorPlugin } from './plugin.js';
import {
  type ConnectorOffset,
  changeSinkOffsets,
  type OffsetChange,
  readSinkOffsets,
  sinkGroup,
} from './sink-offsets.js';
import { SinkRunner } from './sink-runner.js';
import { SourceRunner } from './source-runner.js';
import type { TargetState } from './stored-records.js';
import type { State, StoredOffset } from './stores.js';
import type { RunnerContext, TaskRunner } from './task-runner.js';
import { connectorPlugin, unknownConnector, type Validation, validate } from './validate.js';

export interface HerderContext extends RunnerContext {
  readonly providers: ConfigProviders;
  /** host:port of this worker's REST API. */
  readonly workerId: string;
}

interface Part {
  readonly state: State;
  readonly trace?: string | undefined;
}

interface Connector {
  readonly name: string;
  config: RawConfig;
  /** What its status and the log must not show: passwords, and what placeholders stand for. */
  secrets: readonly string[];
  plugin: ConnectorPlugin | undefined;
  target: TargetState;
  /** By task id; undefined where a task has ended. */
  runners: Array<TaskRunner | undefined>;
  status: Part;
  tasks: Part[];
  /** Changes to one connector happen one after the other. */
  queue: Promise<unknown>;
}

export interface ConnectorStatus {
  readonly name: string;
  readonly connector: {
    readonly state: State;
    readonly worker_id: string;
    readonly version: string;
    readonly trace?: string;
  };
  readonly tasks: ReadonlyArray<{
    readonly id: number;
    readonly state: State;
    readonly worker_id: string;
    readonly version: string;
    readonly trace?: string;
  }>;
  readonly type: string;
}

/** Keeps connectors as they were asked to be: their configurations, what they should do, and what became of it. */
export class Herder {
  private readonly connectors = new Map<string, Connector>();
  private stopping = false;

  constructor(private readonly context: HerderContext) {}

  /** Continues the last run as the topics describe it. */
  async start(): Promise<void> {
    const { stores } = this.context;
    for (const [name, config] of stores.connectors()) {
      const connector = this.add(name, config, stores.targetState(name));
      void this.serially(connector, () => this.bringUp(connector));
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(
      [...this.connectors.values()].map((connector) => this.serially(connector, () => this.halt(connector))),
    );
  }

  names(): string[] {
    return [...this.connectors.keys()];
  }

  info(name: string) {
    const connector = this.known(name, `Connector ${name} not found`);
    return {
      name,
      config: maskSecrets(connector.config),
      tasks: connector.target === 'STOPPED' ? [] : taskIds(connector).map((task) => ({ connector: name, task })),
      type: connector.plugin?.kind ?? 'unknown',
    };
  }

  status(name: string): ConnectorStatus {
    const connector = this.known(name, `No status found for connector ${name}`);
    const at = { worker_id: this.context.workerId, version: connector.plugin?.version ?? 'null' };
    const part = ({ state, trace }: Part) => ({ state, ...at, ...(trace === undefined ? {} : { trace }) });
    return {
      name,
      connector: part(connector.status),
      tasks: connector.tasks.map((task, id) => ({ id, ...part(task) })),
      type: connector.plugin?.kind ?? 'unknown',
    };
  }

  exists(name: string): boolean {
    return this.connectors.has(name);
  }

  taskConfigs(name: string) {
    const connector = this.known(name, `Connector ${name} not found`);
    if (connector.target === 'STOPPED') return [];
    const config = { ...maskSecrets(connector.config), 'task.class': `${connector.plugin?.className ?? ''}Task` };
    return taskIds(connector).map((task) => ({ id: { connector: name, task }, config }));
  }

  /** Checks, stores and runs a configuration; `created` where the name is new. */
  async put(
    name: string,
    given: RawConfig,
    options: { readonly mustBeNew?: boolean; readonly state?: TargetState } = {},
  ): Promise<boolean> {
    const config: RawConfig = { ...this.unmasked(name, given), name };
    if (options.mustBeNew === true && this.connectors.has(name))
      throw new RestFailure(409, `Connector ${name} already exists`);
    const className = config['connector.class'];
    if (className === undefined)
      throw new RestFailure(400, `Connector config ${printed(maskSecrets(config))} contains no connector type`);
    await this.refuseInvalid(className, config);
    const existing = this.connectors.get(name);
    if (existing === undefined) {
      const connector = this.add(name, config, options.state ?? 'STARTED');
      await this.serially(connector, async () => {
        await this.context.stores.putConnector(name, config, taskIds(connector).length);
        if (options.state !== undefined) await this.context.stores.putTargetState(name, options.state);
        await this.bringUp(connector);
      });
      return true;
    }
    await this.serially(existing, async () => {
      const same = printed(existing.config) === printed(config);
      if (same && !hasFailed(existing)) return;
      await this.halt(existing);
      existing.config = config;
      existing.plugin = pluginOf(config);
      await this.context.stores.putConnector(name, config, taskIds(existing).length);
      await this.bringUp(existing);
    });
    return false;
  }

  /** What a client means that sends back what it was shown. */
  unmasked(name: string | undefined, given: RawConfig): RawConfig {
    return unmaskSecrets(given, this.connectors.get(name ?? '')?.config ?? {});
  }

  validation(className: string, config: RawConfig): Promise<Validation> {
    const { providers, workerConfig } = this.context;
    return validate(className, config, providers, { worker: workerConfig });
  }

  private async refuseInvalid(className: string, config: RawConfig): Promise<void> {
    if (connectorPlugin(className) === undefined) throw new RestFailure(400, unknownConnector(className));
    const masked = maskedOption(config);
    if (masked !== undefined)
      throw new RestFailure(400, `Option ${masked} holds a mask instead of its value: send the value itself`);
    const validation = await this.validation(className, config);
    for (const warning of validation.warnings) this.context.log.warn(warning, { connector: config.name });
    const errors = validation.results.flatMap((result) => result.errors);
    if (errors.length > 0)
      throw new RestFailure(
        400,
        `Connector configuration is invalid and contains the following ${errors.length} error(s):\n${errors.join('\n')}\nYou can also find the above list of errors at the endpoint \`/connector-plugins/{connectorType}/config/validate\``,
      );
  }

  async remove(name: string): Promise<void> {
    const connector = this.known(name, `Connector ${name} not found`);
    await this.serially(connector, async () => {
      await this.halt(connector);
      await this.context.stores.removeConnector(name);
      this.connectors.delete(name);
    });
  }

  async restart(
    name: string,
    options: { readonly includeTasks: boolean; readonly onlyFailed: boolean },
  ): Promise<void> {
    const connector = this.known(name, `Unknown connector: ${name}`);
    await this.serially(connector, async () => {
      if (connector.target !== 'STARTED' || (options.onlyFailed && !hasFailed(connector))) return;
      // A connector's own part does nothing between configurations: only its task has something to start again.
      if (!options.includeTasks && connector.status.state !== 'FAILED') return;
      await this.halt(connector);
      await this.bringUp(connector);
    });
  }

  async restartTask(name: string, task: number): Promise<void> {
    const connector = this.known(name, `Unknown connector: ${name}`);
    if (connector.tasks[task] === undefined) throw new RestFailure(404, `Unknown task: ${name}-${task}`);
    await this.serially(connector, async () => {
      await this.haltTask(connector, task);
      await this.startTask(connector, task);
    });
  }

  async setTarget(name: string, target: TargetState): Promise<void> {
    const connector = this.known(name, `Unknown connector ${name}`);
    await this.serially(connector, async () => {
      if (connector.target === target) return;
      await this.context.stores.putTargetState(name, target);
      connector.target = target;
      if (target !== 'STARTED') await this.halt(connector);
      await this.bringUp(connector);
    });
  }

  async offsets(name: string): Promise<readonly ConnectorOffset[]> {
    const { plugin, config } = this.known(name, `Connector ${name} not found`);
    if (plugin?.kind === 'sink') return readSinkOffsets(this.context.kafka, sinkGroup(name, config));
    return this.context.stores.offsetsOf(name);
  }

  /** An offset of null removes that partition; without a list all are removed. Only while the connector is stopped. */
  async changeOffsets(name: string, changes: readonly OffsetChange[] | undefined): Promise<void> {
    const connector = this.known(name, `Connector ${name} not found`);
    await this.serially(connector, async () => {
      if (connector.target !== 'STOPPED')
        throw new RestFailure(
          400,
          `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
        );
      if (connector.plugin?.kind === 'sink') {
        await changeSinkOffsets(this.context.kafka, sinkGroup(name, connector.config), changes);
        return;
      }
      const stored = this.context.stores.offsetsOf(name);
      for (const { partition, offset } of changes ?? stored.map((one) => ({ partition: one.partition, offset: null })))
        await this.context.stores.putOffset(
          name,
          partition as StoredOffset['partition'],
          (offset ?? null) as StoredOffset['offset'] | null,
        );
    });
  }

  private add(name: string, config: RawConfig, target: TargetState): Connector {
    const connector: Connector = {
      name,
      config,
      secrets: secretsOf(config),
      plugin: pluginOf(config),
      target,
      runners: [],
      status: { state: 'UNASSIGNED' },
      tasks: [],
      queue: Promise.resolve(),
    };
    this.connectors.set(name, connector);
    return connector;
  }

  private known(name: string, otherwise: string): Connector {
    const connector = this.connectors.get(name);
    if (connector === undefined) throw new RestFailure(404, otherwise);
    return connector;
  }

  private serially<T>(connector: Connector, work: () => Promise<T>): Promise<T> {
    const result = connector.queue.then(work);
    connector.queue = result.catch(() => {}); // the caller gets the failure; the next in line continues
    return result;
  }

  /** Brings a halted connector to its target state. */
  private async bringUp(connector: Connector): Promise<void> {
    if (connector.target !== 'STARTED') {
      const tasks = connector.target === 'PAUSED' ? taskIds(connector).map((): Part => ({ state: 'PAUSED' })) : [];
      await this.publish(connector, { state: connector.target }, tasks);
      return;
    }
    try {
      const { plugin } = connector;
      if (plugin === undefined)
        throw new Error(
          `Failed to find any class that implements Connector and which name matches ${connector.config['connector.class']}`,
        );
      for (const task of taskIds(connector)) connector.runners[task] = this.runnerOf(connector, plugin, task);
    } catch (failure) {
      connector.runners = [];
      const why = redact(messageOf(failure), connector.secrets);
      this.context.log.error('connector failed to start', { connector: connector.name, why });
      await this.publish(connector, failedWith(failure, connector), []);
      return;
    }
    await this.publish(
      connector,
      { state: 'RUNNING' },
      connector.runners.map(() => ({ state: 'RUNNING' })),
    );
    await Promise.all(connector.runners.map((runner, task) => this.run(connector, task, runner)));
  }

  private runnerOf(connector: Connector, plugin: ConnectorPlugin, task: number): TaskRunner {
    const resolved = resolveProviders(connector.config, this.context.providers);
    connector.secrets = [...resolved.secrets, ...secretsOf(resolved.config)];
    const { config } = plugin.modernise(resolved.config);
    const failed = (failure: unknown): void => this.taskFailed(connector, task, runner, failure);
    const { name } = connector;
    const runner: TaskRunner =
      plugin.kind === 'source'
        ? new SourceRunner(name, plugin, config, this.context, failed)
        : new SinkRunner(name, task, plugin, config, this.context, failed);
    return runner;
  }

  private async startTask(connector: Connector, task: number): Promise<void> {
    const { plugin } = connector;
    if (plugin === undefined || connector.target !== 'STARTED') return;
    const runner = this.runnerOf(connector, plugin, task);
    connector.runners[task] = runner;
    await this.publishTask(connector, task, { state: 'RUNNING' });
    await this.run(connector, task, runner);
  }

  private async run(connector: Connector, task: number, runner: TaskRunner | undefined): Promise<void> {
    try {
      await runner?.start();
    } catch (failure) {
      this.taskFailed(connector, task, runner, failure);
    }
  }

  private taskFailed(connector: Connector, task: number, runner: TaskRunner | undefined, failure: unknown): void {
    if (runner === undefined || connector.runners[task] !== runner) return;
    this.context.log.error('task failed', {
      connector: connector.name,
      task,
      why: redact(chainOf(failure), connector.secrets),
    });
    connector.tasks[task] = failedWith(failure, connector);
    void this.serially(connector, async () => {
      if (connector.runners[task] !== runner) return;
      await this.haltTask(connector, task);
      if (isKafkaAway(failure)) {
        await this.startTaskLater(connector, task);
        return;
      }
      await this.publishTask(connector, task, failedWith(failure, connector));
    }).catch((second: unknown) =>
      this.context.log.error('could not stop a failed task', { connector: connector.name, why: messageOf(second) }),
    );
  }

  /** Kafka was away for longer than a request waits: everything not acknowledged is read again once it is back. */
  private async startTaskLater(connector: Connector, task: number): Promise<void> {
    connector.tasks[task] = { state: 'RUNNING' };
    while (!this.stopping) {
      await pause(KAFKA_PAUSE_MS);
      try {
        await this.startTask(connector, task);
        return;
      } catch (failure) {
        this.context.log.warn('Kafka is out of reach, trying again', {
          connector: connector.name,
          why: messageOf(failure),
        });
        await this.haltTask(connector, task);
      }
    }
  }

  private async halt(connector: Connector): Promise<void> {
    await Promise.all(connector.runners.map((_runner, task) => this.haltTask(connector, task)));
    connector.runners = [];
  }

  private async haltTask(connector: Connector, task: number): Promise<void> {
    const runner = connector.runners[task];
    connector.runners[task] = undefined;
    await runner?.stop();
  }

  private async publish(connector: Connector, status: Part, tasks: Part[]): Promise<void> {
    connector.status = status;
    connector.tasks = tasks;
    const { stores, workerId } = this.context;
    await stores.putStatus(`connector-${connector.name}`, status.state, status.trace ?? null, workerId);
    for (const [id, task] of tasks.entries())
      await stores.putStatus(`task-${connector.name}-${id}`, task.state, task.trace ?? null, workerId);
  }

  private async publishTask(connector: Connector, id: number, task: Part): Promise<void> {
    connector.tasks[id] = task;
    const { stores, workerId } = this.context;
    await stores.putStatus(`task-${connector.name}-${id}`, task.state, task.trace ?? null, workerId);
  }
}

const hasFailed = ({ status, tasks }: Connector): boolean => [status, ...tasks].some(({ state }) => state === 'FAILED');

/** A PostgreSQL source reads one slot with one task; a sink shares its partitions among as many as it may have. */
function taskIds({ plugin, config }: Connector): number[] {
  const count = plugin?.kind === 'sink' ? Number(config['tasks.max'] ?? 1) || 1 : 1;
  return Array.from({ length: count }, (_, id) => id);
}

const failedWith = (failure: unknown, { secrets }: Connector): Part => ({
  state: 'FAILED',
  trace: redact(traceOf(failure), secrets),
});

function pluginOf(config: RawConfig): ConnectorPlugin | undefined {
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
