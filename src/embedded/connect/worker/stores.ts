import type { KafkaClient } from '../../../clients/kafka/contract.js';
import type { RawConfig } from '../../../protocol/connect/option.js';
import type { Log } from '../../../support/log.js';
import { Options } from '../config/options.js';
import { InternalTopic } from './internal-topic.js';
import type { SourceOffset, SourcePartition } from './source-task.js';
import { configProblem, offsetProblem, type ProblemOf, statusProblem, type TargetState } from './stored-records.js';
import { WORKER_OPTIONS } from './worker-options.js';

export type State = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING';

export interface StoredOffset {
  readonly partition: SourcePartition;
  readonly offset: SourceOffset;
}

/** The worker's three topics, with the keys and values that the real worker writes. */
export class Stores {
  private constructor(
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
    return new Stores(configs, offsets, statuses);
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
    ]);
    const gone = [...this.statuses.all().keys()].filter(
      (key) =>
        key === `status-connector-${name}` ||
        isTaskOf(name, key, 'status-task-') ||
        (key.startsWith('status-topic-') && key.endsWith(`:connector-${name}`)),
    );
    if (gone.length > 0) await this.statuses.put(gone.map((key) => [key, null] as const));
  }

  putStatus(
    key: `connector-${string}` | `task-${string}`,
    state: State,
    trace: string | null,
    worker: string,
  ): Promise<void> {
    return this.statuses.put([[`status-${key}`, JSON.stringify({ state, trace, worker_id: worker, generation: 1 })]]);
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

  /** What this connector's tasks have stored, also on other workers. */
  rereadOffsets(connector: string): Promise<void> {
    return this.offsets.reread((key) => key.startsWith(`[${JSON.stringify(connector)},`), offsetProblem);
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
    await Promise.all([this.configs.close(), this.offsets.close(), this.statuses.close()]);
  }
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
