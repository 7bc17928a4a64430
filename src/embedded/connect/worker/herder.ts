import { hostname } from 'node:os';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { EvpipeError, messageOf } from '../../../support/errors.js';
import { waitUntil } from '../../../support/retry.js';
import { maskedOption, maskSecrets, unmaskSecrets } from '../config/secrets.js';
import { RestFailure } from '../rest/failure.js';
import { CONNECTOR_ITSELF, type Work } from './assignment.js';
import type { ConnectorPlugin } from './plugin.js';
import {
  type ConnectorOffset,
  changeSinkOffsets,
  type OffsetChange,
  readSinkOffsets,
  sinkGroup,
} from './sink-offsets.js';
import type { TargetState } from './stored-records.js';
import type { RestartRequest, State, StoredOffset } from './stores.js';
import { type HostContext, type Part, pluginOf, printed, statusKey, TaskHost, taskIds } from './task-host.js';
import { connectorPlugin, unknownConnector, type Validation, validate } from './validate.js';
import { WorkerGroup } from './worker-group.js';
import { groupOf } from './worker-options.js';

/** For the tasks of a connector that was stopped to end on the workers that ran them. */
const STOPPED_MS = 5_000;

export interface HerderContext extends Omit<HostContext, 'checkMembership'> {
  /** Another worker has this one's name, or the group is of other workers. */
  onLost(failure: unknown): void;
}

interface Connector {
  readonly name: string;
  readonly config: RawConfig;
  readonly plugin: ConnectorPlugin | undefined;
  readonly target: TargetState;
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

/**
 * Keeps connectors as they were asked to be, together with the other workers of the group: the topic of configurations
 * says what there is, the group shares it out, and each worker runs its share. Changes are made by the group's leader.
 */
export class Herder {
  private readonly host: TaskHost;
  private readonly group: WorkerGroup;

  constructor(private readonly context: HerderContext) {
    const { stores, kafka, log, workerId, workerConfig, onLost } = context;
    this.host = new TaskHost({ ...context, checkMembership: () => this.checkMembership() });
    this.group = new WorkerGroup({
      kafka,
      group: groupOf(workerConfig),
      sessionTimeoutMs: Number(workerConfig['session.timeout.ms']),
      workerId,
      hostName: hostname(),
      log,
      onLost,
      work: {
        all: async () => {
          await stores.readConfigs();
          return this.work();
        },
        running: () => this.host.held(),
        take: async (assigned) => {
          if (!this.group.leads) await stores.readConfigs(); // a leader has read them to share them out
          await this.host.take(assigned);
        },
        drop: () => this.host.drop(),
      },
    });
  }

  /** Continues the last run as the topics describe it, or takes a share of what others run. */
  async start(): Promise<void> {
    await this.context.stores.follow(
      (connector) => this.inBackground(connector, this.changed(connector)),
      (connector, request) => this.inBackground(connector, this.host.restart(connector, request)),
    );
    await this.group.enter();
  }

  /** What this worker runs has ended when its group hears of it: the others take over at once. */
  async stop(): Promise<void> {
    await this.host.stop();
    await this.group.leave();
  }

  /** Where to send a change; undefined: here. */
  get leaderUrl(): string | undefined {
    if (this.group.leads) return undefined;
    const { leaderUrl } = this.group;
    if (leaderUrl === undefined) throw rebalancing();
    return leaderUrl;
  }

  /** Of the worker that runs this task; undefined: here. */
  ownerUrl(name: string, task: number): string | undefined {
    const work = { connector: name, task };
    if (this.host.holds(work)) return undefined;
    const stored = this.context.stores.status(statusKey(work));
    if (stored === undefined || stored.state === 'UNASSIGNED') return this.leaderUrl;
    if (stored.workerId === this.context.workerId) throw rebalancing();
    return `http://${stored.workerId}/`;
  }

  /** What others have written up to now is known here. */
  catchUp(): Promise<void> {
    return this.context.stores.readConfigs();
  }

  names(): string[] {
    return [...this.context.stores.connectors().keys()];
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
    const version = connector.plugin?.version ?? 'null';
    const itself = this.partOf({ connector: name, task: CONNECTOR_ITSELF });
    const { workerId } = this.context;
    return {
      name,
      connector: { state: 'UNASSIGNED', worker_id: workerId, ...itself, version },
      tasks: taskIds(connector).flatMap((id) => {
        const part = this.partOf({ connector: name, task: id });
        const isThere = part !== undefined && part.state !== 'STOPPED';
        return isThere ? [{ id, ...part, version }] : [];
      }),
      type: connector.plugin?.kind ?? 'unknown',
    };
  }

  /** As this worker knows it of its own share, and as it was stored of the others'. */
  private partOf(work: Work) {
    const { stores, workerId } = this.context;
    const shown = ({ state, trace }: Part, worker: string) => ({
      state,
      worker_id: worker,
      ...(trace === undefined ? {} : { trace }),
    });
    const stored = this.host.holds(work) ? undefined : stores.status(statusKey(work));
    if (stored !== undefined) return shown(stored, stored.workerId);
    const part = this.host.part(work);
    return part === undefined ? undefined : shown(part, workerId);
  }

  exists(name: string): boolean {
    return this.context.stores.connector(name) !== undefined;
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
    const { stores } = this.context;
    const config: RawConfig = { ...this.unmasked(name, given), name };
    if (options.mustBeNew === true && this.exists(name)) throw new RestFailure(409, `Connector ${name} already exists`);
    const className = config['connector.class'];
    if (className === undefined)
      throw new RestFailure(400, `Connector config ${printed(maskSecrets(config))} contains no connector type`);
    await this.refuseInvalid(className, config);
    const existing = stores.connector(name);
    if (existing !== undefined && printed(existing) === printed(config)) {
      if (this.hasFailed(name)) await this.restart(name, { includeTasks: true, onlyFailed: false });
      return false;
    }
    const tasks = taskIds({ config, plugin: pluginOf(config) }).length;
    if (existing === undefined && options.state !== undefined) await stores.putTargetState(name, options.state);
    await stores.putConnector(name, config, tasks);
    await this.changed(name);
    return existing === undefined;
  }

  /** What a client means that sends back what it was shown. */
  unmasked(name: string | undefined, given: RawConfig): RawConfig {
    return unmaskSecrets(given, this.context.stores.connector(name ?? '') ?? {});
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
    this.known(name, `Connector ${name} not found`);
    await this.context.stores.removeConnector(name);
    await this.changed(name);
  }

  async restart(name: string, request: RestartRequest): Promise<void> {
    const { target } = this.known(name, `Unknown connector: ${name}`);
    if (target !== 'STARTED' || (request.onlyFailed && !this.hasFailed(name))) return;
    if (!this.group.isAlone) await this.context.stores.putRestart(name, request);
    await this.host.restart(name, request);
  }

  async restartTask(name: string, task: number): Promise<void> {
    this.known(name, `Unknown connector: ${name}`);
    if (!this.status(name).tasks.some(({ id }) => id === task))
      throw new RestFailure(404, `Unknown task: ${name}-${task}`);
    await this.host.restartTask(name, task);
  }

  async setTarget(name: string, target: TargetState): Promise<void> {
    const connector = this.known(name, `Unknown connector ${name}`);
    if (connector.target === target) return;
    await this.context.stores.putTargetState(name, target);
    await this.host.refresh(name);
  }

  async offsets(name: string): Promise<readonly ConnectorOffset[]> {
    const { plugin, config } = this.known(name, `Connector ${name} not found`);
    if (plugin?.kind === 'sink') return readSinkOffsets(this.context.kafka, sinkGroup(name, config));
    await this.context.stores.readOffsets();
    return this.context.stores.offsetsOf(name);
  }

  /** An offset of null removes that partition; without a list all are removed. Only while the connector is stopped. */
  async changeOffsets(name: string, changes: readonly OffsetChange[] | undefined): Promise<void> {
    const { stores, kafka } = this.context;
    const connector = this.known(name, `Connector ${name} not found`);
    if (connector.target !== 'STOPPED')
      throw new RestFailure(
        400,
        `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
      );
    await this.untilStopped(connector);
    if (connector.plugin?.kind === 'sink') {
      await changeSinkOffsets(kafka, sinkGroup(name, connector.config), changes);
      return;
    }
    await stores.readOffsets();
    const stored = stores.offsetsOf(name);
    for (const { partition, offset } of changes ?? stored.map((one) => ({ partition: one.partition, offset: null })))
      await stores.putOffset(
        name,
        partition as StoredOffset['partition'],
        (offset ?? null) as StoredOffset['offset'] | null,
      );
  }

  /** Whatever runs on other workers has to have stored its last offset. */
  private async untilStopped({ name }: Connector): Promise<void> {
    const isStopped = async (): Promise<true | undefined> => {
      const { connector, tasks } = this.status(name);
      return (connector.state === 'STOPPED' && tasks.length === 0) || undefined;
    };
    await waitUntil(`the tasks of ${name} to end`, isStopped, { timeoutMs: STOPPED_MS }).catch(() => {
      throw new RestFailure(409, `The tasks of connector ${name} have not ended yet. Try again in a few seconds`);
    });
  }

  /** A configuration, by whoever it was written: what is here follows it, and the leader shares out what is new or gone. */
  private async changed(name: string): Promise<void> {
    await this.host.refresh(name);
    const shared = this.group.adapt(this.work());
    if (!this.group.isAlone) return;
    // Nobody else is waited for: it runs when this resolves.
    await shared;
    await this.host.refresh(name);
  }

  private inBackground(connector: string, work: Promise<void>): void {
    work.catch((failure: unknown) =>
      this.context.log.error('could not follow a change', { connector, why: messageOf(failure) }),
    );
  }

  private work(): Work[] {
    return [...this.context.stores.connectors()].flatMap(([name, config]) =>
      [CONNECTOR_ITSELF, ...taskIds({ config, plugin: pluginOf(config) })].map((task) => ({ connector: name, task })),
    );
  }

  private hasFailed(name: string): boolean {
    const { connector, tasks } = this.status(name);
    return [connector, ...tasks].some(({ state }) => state === 'FAILED');
  }

  private checkMembership(): void {
    if (this.group.isMember()) return;
    const group = groupOf(this.context.workerConfig);
    throw new EvpipeError(
      'EVPIPE_CONNECT_MEMBERSHIP_LOST',
      `this worker has not heard of group ${group} for as long as a session lasts: another one may run its tasks by now`,
      { kind: 'unreachable' },
    );
  }

  private known(name: string, otherwise: string): Connector {
    const { stores } = this.context;
    const config = stores.connector(name);
    if (config === undefined) throw new RestFailure(404, otherwise);
    return { name, config, plugin: pluginOf(config), target: stores.targetState(name) };
  }
}

/** As the original answers while it is not known who leads. */
const rebalancing = (): RestFailure =>
  new RestFailure(409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)');
