import { EvpipeError, messageOf } from '../../../support/errors.js';
import { pause } from '../../../support/retry.js';
import type { RawConfig } from '../config/option.js';
import { resolveProviders } from '../config/providers.js';
import { traceOf } from '../data/failure.js';
import { RestFailure } from '../rest/failure.js';
import { CONNECTORS } from './connectors.js';
import type { ConnectorPlugin } from './plugin.js';
import { type RunnerContext, SourceRunner } from './source-runner.js';
import type { State, StoredOffset, TargetState } from './stores.js';
import { connectorPlugin, unknownConnector, validate } from './validate.js';

export interface HerderContext extends RunnerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
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
  plugin: ConnectorPlugin | undefined;
  target: TargetState;
  runner: SourceRunner | undefined;
  status: Part;
  task: Part | undefined;
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

  /** What the topics tell of the last run goes on. */
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
      config: connector.config,
      tasks: connector.target === 'STOPPED' ? [] : [{ connector: name, task: 0 }],
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
      tasks: connector.task === undefined ? [] : [{ id: 0, ...part(connector.task) }],
      type: connector.plugin?.kind ?? 'unknown',
    };
  }

  exists(name: string): boolean {
    return this.connectors.has(name);
  }

  taskConfigs(name: string) {
    const connector = this.known(name, `Connector ${name} not found`);
    if (connector.target === 'STOPPED') return [];
    const config = { ...connector.config, 'task.class': `${connector.plugin?.className ?? ''}Task` };
    return [{ id: { connector: name, task: 0 }, config }];
  }

  /** Checks, stores and runs a configuration; `created` where the name is new. */
  async put(
    name: string,
    given: RawConfig,
    options: { readonly mustBeNew?: boolean; readonly state?: TargetState } = {},
  ): Promise<boolean> {
    const config: RawConfig = { ...given, name };
    if (options.mustBeNew === true && this.connectors.has(name))
      throw new RestFailure(409, `Connector ${name} already exists`);
    const className = config['connector.class'];
    if (className === undefined)
      throw new RestFailure(400, `Connector config ${printed(config)} contains no connector type`);
    await this.refuseInvalid(className, config);
    const existing = this.connectors.get(name);
    if (existing === undefined) {
      const connector = this.add(name, config, options.state ?? 'STARTED');
      await this.serially(connector, async () => {
        await this.context.stores.putConnector(name, config);
        if (options.state !== undefined) await this.context.stores.putTargetState(name, options.state);
        await this.bringUp(connector);
      });
      return true;
    }
    await this.serially(existing, async () => {
      const same = printed(existing.config) === printed(config);
      if (same && existing.task?.state !== 'FAILED' && existing.status.state !== 'FAILED') return;
      await this.context.stores.putConnector(name, config);
      await this.halt(existing);
      existing.config = config;
      existing.plugin = pluginOf(config);
      await this.bringUp(existing);
    });
    return false;
  }

  private async refuseInvalid(className: string, config: RawConfig): Promise<void> {
    if (connectorPlugin(className) === undefined) throw new RestFailure(400, unknownConnector(className));
    const validation = await validate(className, config, this.context.env);
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
      const failed = connector.status.state === 'FAILED' || connector.task?.state === 'FAILED';
      if (connector.target !== 'STARTED' || (options.onlyFailed && !failed)) return;
      // A connector's own part does nothing between configurations: only its task has something to start again.
      if (!options.includeTasks && connector.status.state !== 'FAILED') return;
      await this.halt(connector);
      await this.bringUp(connector);
    });
  }

  async restartTask(name: string, task: number): Promise<void> {
    const connector = this.known(name, `Unknown connector: ${name}`);
    if (task !== 0 || connector.task === undefined) throw new RestFailure(404, `Unknown task: ${name}-${task}`);
    await this.serially(connector, async () => {
      await this.halt(connector);
      await this.bringUp(connector);
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

  offsets(name: string): StoredOffset[] {
    this.known(name, `Connector ${name} not found`);
    return this.context.stores.offsetsOf(name);
  }

  /** An offset of null removes that partition; without a list all are removed. Only while the connector is stopped. */
  async changeOffsets(
    name: string,
    changes: ReadonlyArray<{ partition: StoredOffset['partition']; offset: StoredOffset['offset'] | null }> | undefined,
  ): Promise<void> {
    const connector = this.known(name, `Connector ${name} not found`);
    await this.serially(connector, async () => {
      if (connector.target !== 'STOPPED')
        throw new RestFailure(
          400,
          `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
        );
      const stored = this.context.stores.offsetsOf(name);
      for (const { partition, offset } of changes ?? stored.map((one) => ({ partition: one.partition, offset: null })))
        await this.context.stores.putOffset(name, partition, offset);
    });
  }

  private add(name: string, config: RawConfig, target: TargetState): Connector {
    const connector: Connector = {
      name,
      config,
      plugin: pluginOf(config),
      target,
      runner: undefined,
      status: { state: 'UNASSIGNED' },
      task: undefined,
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
    connector.queue = result.catch(() => {}); // the caller gets the failure; the next in line goes on
    return result;
  }

  /** Brings a halted connector to its target state. */
  private async bringUp(connector: Connector): Promise<void> {
    if (connector.target !== 'STARTED') {
      await this.tell(
        connector,
        { state: connector.target },
        connector.target === 'PAUSED' ? { state: 'PAUSED' } : undefined,
      );
      return;
    }
    const { plugin } = connector;
    let runner: SourceRunner;
    try {
      if (plugin === undefined)
        throw new Error(
          `Failed to find any class that implements Connector and which name matches ${connector.config['connector.class']}`,
        );
      const { config } = plugin.modernise(resolveProviders(connector.config, this.context.env));
      runner = new SourceRunner(connector.name, plugin, config, this.context, (failure) =>
        this.taskFailed(connector, runner, failure),
      );
    } catch (failure) {
      this.context.log.error('connector failed to start', { connector: connector.name, why: messageOf(failure) });
      await this.tell(connector, { state: 'FAILED', trace: traceOf(failure) }, undefined);
      return;
    }
    connector.runner = runner;
    await this.tell(connector, { state: 'RUNNING' }, { state: 'RUNNING' });
    try {
      await runner.start();
    } catch (failure) {
      this.taskFailed(connector, runner, failure);
    }
  }

  private taskFailed(connector: Connector, runner: SourceRunner, failure: unknown): void {
    if (connector.runner !== runner) return;
    this.context.log.error('task failed', { connector: connector.name, task: 0, why: chainOf(failure) });
    connector.task = { state: 'FAILED', trace: traceOf(failure) };
    void this.serially(connector, async () => {
      if (connector.runner !== runner) return;
      connector.runner = undefined;
      await runner.stop();
      if (isKafkaAway(failure)) {
        await this.bringUpLater(connector);
        return;
      }
      await this.tell(connector, connector.status, { state: 'FAILED', trace: traceOf(failure) });
    }).catch((second: unknown) =>
      this.context.log.error('a failed task could not be ended', { connector: connector.name, why: messageOf(second) }),
    );
  }

  /** Kafka was away for longer than a request waits: everything not acknowledged is read again once it is back. */
  private async bringUpLater(connector: Connector): Promise<void> {
    connector.task = { state: 'RUNNING' };
    while (!this.stopping) {
      await pause(KAFKA_PAUSE_MS);
      try {
        await this.bringUp(connector);
        return;
      } catch (failure) {
        this.context.log.warn('Kafka is away, trying again', { connector: connector.name, why: messageOf(failure) });
        await this.halt(connector);
      }
    }
  }

  private async halt(connector: Connector): Promise<void> {
    const { runner } = connector;
    connector.runner = undefined;
    await runner?.stop();
  }

  private async tell(connector: Connector, status: Part, task: Part | undefined): Promise<void> {
    connector.status = status;
    connector.task = task;
    const { stores, workerId } = this.context;
    await stores.putStatus(`connector-${connector.name}`, status.state, status.trace ?? null, workerId);
    if (task !== undefined)
      await stores.putStatus(`task-${connector.name}-0`, task.state, task.trace ?? null, workerId);
  }
}

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
