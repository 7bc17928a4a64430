import type { KafkaClient, RecordReader } from '../../../clients/kafka/contract.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import { isJsonObject } from '../../../protocol/json/parse.js';
import { messageOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { Options } from '../config/options.js';
import { InternalTopic } from './internal-topic.js';
import type { SourceOffset, SourcePartition } from './source-task.js';
import {
  configProblem,
  offsetProblem,
  type ProblemOf,
  parsed,
  statusProblem,
  type TargetState,
} from './stored-records.js';
import { WORKER_OPTIONS } from './worker-options.js';

export type State = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING';

export interface StoredOffset {
  readonly partition: SourcePartition;
  readonly offset: SourceOffset;
}

export interface StoredStatus {
  readonly state: State;
  readonly trace?: string | undefined;
  readonly workerId: string;
}

type StatusKey = `connector-${string}` | `task-${string}`;

/** Of what all workers are asked by the topic of configurations, as by a real leader (KIP-745). */
export interface RestartRequest {
  readonly includeTasks: boolean;
  readonly onlyFailed: boolean;
}

const RESTART = 'restart-connector-';
const CONFIG_KEYS = ['connector-', 'target-state-', 'commit-'];
/** An answer comes with the first record: longer only means fewer questions. */
const FOLLOW_WAIT_MS = 5_000;

/** The three topics that the workers of a group share, with the keys and values that the real worker writes. */
export class Stores {
  private reader: RecordReader | undefined;

  private constructor(
    private readonly kafka: KafkaClient,
    private readonly log: Log,
    private readonly configs: InternalTopic,
    private readonly offsets: InternalTopic,
    private readonly statuses: InternalTopic,
  ) {}

  static async open(kafka: KafkaClient, workerConfig: RawConfig, log: Log): Promise<Stores> {
    const names = new Options(WORKER_OPTIONS, workerConfig);
    const open = (option: string, partitions: number, problemOf: ProblemOf) =>
      InternalTopic.open(kafka, { name: names.string(option), partitions, problemOf }, log);
    const [configs, offsets, statuses] = await Promise.all([
      open('config.storage.topic', 1, configProblem),
      open('offset.storage.topic', 25, offsetProblem),
      open('status.storage.topic', 5, statusProblem),
    ]);
    return new Stores(kafka, log, configs, offsets, statuses);
  }

  /** From now on tells which connectors others have changed, or want to be restarted. Until `close`. */
  async follow(
    onChange: (connector: string) => void,
    onRestart: (connector: string, request: RestartRequest) => void,
  ): Promise<void> {
    this.configs.onChange((keys) => {
      const prefixed = (prefix: string) =>
        keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
      for (const name of new Set(CONFIG_KEYS.flatMap(prefixed))) onChange(name);
      for (const name of prefixed(RESTART)) {
        const request = restartRequest(this.configs.get(RESTART + name));
        if (request !== undefined) onRestart(name, request);
      }
    });
    const topics = [this.configs, this.statuses];
    const from = (await Promise.all(topics.map((topic) => topic.nextPositions()))).flat();
    this.reader = this.kafka.reader({ from, maxWaitMs: FOLLOW_WAIT_MS });
    void this.takeFrom(this.reader, topics);
  }

  private async takeFrom(reader: RecordReader, topics: readonly InternalTopic[]): Promise<void> {
    for (;;) {
      try {
        for await (const batch of reader) topics.find(({ name }) => name === batch.topic)?.take(batch);
        return;
      } catch (failure) {
        this.log.warn('could not follow the other workers, trying again', { why: messageOf(failure) });
      }
    }
  }

  /** All configurations that have been written up to now. */
  readConfigs(): Promise<void> {
    return this.configs.read();
  }

  connector(name: string): RawConfig | undefined {
    const stored = this.configs.get(`connector-${name}`);
    return stored === undefined ? undefined : JSON.parse(stored).properties;
  }

  putRestart(connector: string, { includeTasks, onlyFailed }: RestartRequest): Promise<void> {
    const value = JSON.stringify({ 'include-tasks': includeTasks, 'only-failed': onlyFailed });
    return this.configs.put([[RESTART + connector, value]]);
  }

  connectors(): ReadonlyMap<string, RawConfig> {
    const found = new Map<string, RawConfig>();
    for (const [key, value] of this.configs.all())
      if (key.startsWith('connector-')) found.set(key.slice('connector-'.length), JSON.parse(value).properties);
    return found;
  }

  targetState(connector: string): TargetState {
    const stored = this.configs.get(`target-state-${connector}`);
    if (stored === undefined) return 'STARTED';
    const { state, 'state.v2': newer } = JSON.parse(stored) as { state?: TargetState; 'state.v2'?: TargetState };
    return newer ?? state ?? 'STARTED';
  }

  putConnector(name: string, config: RawConfig, tasks: number): Promise<void> {
    const task = JSON.stringify({ properties: { ...config, 'task.class': `${config['connector.class']}Task` } });
    return this.configs.put([
      [`connector-${name}`, JSON.stringify({ properties: config })],
      ...Array.from({ length: tasks }, (_, id) => [`task-${name}-${id}`, task] as const),
      [`commit-${name}`, JSON.stringify({ tasks })],
    ]);
  }

  putTargetState(name: string, state: TargetState): Promise<void> {
    const older = state === 'STOPPED' ? 'PAUSED' : state; // what workers before 3.5 know
    return this.configs.put([[`target-state-${name}`, JSON.stringify({ state: older, 'state.v2': state })]]);
  }

  /** Offsets stay: a connector made again under the same name continues where it was. */
  async removeConnector(name: string): Promise<void> {
    await this.configs.put([
      [`connector-${name}`, null],
      [`target-state-${name}`, null],
      ...[...this.configs.all().keys()]
        .filter((key) => isTaskOf(name, key, 'task-'))
        .map((key) => [key, null] as const),
      [`commit-${name}`, null],
      ...(this.configs.get(RESTART + name) === undefined ? [] : [[RESTART + name, null] as const]),
    ]);
    await this.removeStatuses(name);
  }

  async removeStatuses(name: string): Promise<void> {
    const gone = [...this.statuses.all().keys()].filter(
      (key) =>
        key === `status-connector-${name}` ||
        isTaskOf(name, key, 'status-task-') ||
        (key.startsWith('status-topic-') && key.endsWith(`:connector-${name}`)),
    );
    if (gone.length > 0) await this.statuses.put(gone.map((key) => [key, null] as const));
  }

  putStatus(key: StatusKey, state: State, trace: string | null, worker: string): Promise<void> {
    return this.statuses.put([[`status-${key}`, JSON.stringify({ state, trace, worker_id: worker, generation: 1 })]]);
  }

  status(key: StatusKey): StoredStatus | undefined {
    const stored = parsed(this.statuses.get(`status-${key}`) ?? '');
    if (!isJsonObject(stored)) return undefined;
    const { state, trace, worker_id: workerId } = stored;
    const isKnown = typeof state === 'string' && typeof workerId === 'string';
    return isKnown
      ? { state: state as State, workerId, trace: typeof trace === 'string' ? trace : undefined }
      : undefined;
  }

  async removeStatus(key: StatusKey): Promise<void> {
    if (this.statuses.get(`status-${key}`) !== undefined) await this.statuses.put([[`status-${key}`, null]]);
  }

  activeTopics(connector: string): string[] {
    const end = `:connector-${connector}`;
    return [...this.statuses.all().keys()]
      .filter((key) => key.startsWith('status-topic-') && key.endsWith(end))
      .map((key) => key.slice('status-topic-'.length, -end.length));
  }

  putActiveTopic(connector: string, topic: string, nowMs: number, task = 0): Promise<void> {
    const value = { topic: { name: topic, connector, task, discoverTimestamp: nowMs } };
    return this.statuses.put([[`status-topic-${topic}:connector-${connector}`, JSON.stringify(value)]]);
  }

  async resetActiveTopics(connector: string): Promise<void> {
    const keys = this.activeTopics(connector).map((topic) => `status-topic-${topic}:connector-${connector}`);
    if (keys.length > 0) await this.statuses.put(keys.map((key) => [key, null] as const));
  }

  offsetsOf(connector: string): StoredOffset[] {
    const found: StoredOffset[] = [];
    for (const [key, value] of this.offsets.all()) {
      const [name, partition] = JSON.parse(key) as [string, SourcePartition];
      if (name === connector) found.push({ partition, offset: JSON.parse(value) as SourceOffset });
    }
    return found;
  }

  /** What tasks have stored meanwhile on other workers; with `endsOpen` what is in an open transaction is waited for. */
  readOffsets(options: { readonly endsOpen?: boolean } = {}): Promise<void> {
    return this.offsets.read(options);
  }

  /** An offset that is written with the records before it. */
  offsetEntry(connector: string, partition: SourcePartition, offset: SourceOffset) {
    return this.offsets.entry(JSON.stringify([connector, partition]), offsetJson(offset));
  }

  /** Null removes. */
  putOffset(connector: string, partition: SourcePartition, offset: SourceOffset | null): Promise<void> {
    return this.offsets.put([[JSON.stringify([connector, partition]), offset === null ? null : offsetJson(offset)]]);
  }

  async close(): Promise<void> {
    await this.reader?.close();
    await Promise.all([this.configs.close(), this.offsets.close(), this.statuses.close()]);
  }
}

function restartRequest(stored: string | undefined): RestartRequest | undefined {
  const request = parsed(stored ?? '');
  if (!isJsonObject(request)) return undefined;
  return { includeTasks: request['include-tasks'] === true, onlyFailed: request['only-failed'] === true };
}

const isTaskOf = (connector: string, key: string, prefix: string): boolean =>
  key.startsWith(`${prefix}${connector}-`) && /^\d+$/.test(key.slice(prefix.length + connector.length + 1));

/** LSNs are 64-bit numbers in JSON. */
export function offsetJson(offset: SourceOffset): string {
  const pairs = Object.entries(offset).map(
    ([name, value]) => `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
  );
  return `{${pairs.join(',')}}`;
}
