import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeJson } from '../../../support/json-file.js';
import { type LogContext, PartitionLog } from '../log/partition-log.js';
import { type BrokerSettings, type TopicSettings, topicSettings } from './settings.js';

/** What is kept of a topic beside its records. */
export interface TopicFile {
  readonly version: 1;
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Where the coordinators keep their state. */
export const CONSUMER_OFFSETS = '__consumer_offsets';
export const TRANSACTION_STATE = '__transaction_state';

export const isInternalTopic = (name: string): boolean => name === CONSUMER_OFFSETS || name === TRANSACTION_STATE;

/** One topic. Its partitions' logs are opened when they are first used: thousands of idle ones cost nothing. */
export class Topic {
  readonly name: string;
  readonly id: string;
  readonly config: Map<string, string>;
  settings: TopicSettings;
  private count: number;
  private readonly logs: Array<PartitionLog | undefined> = [];
  private deleted = false;

  constructor(
    file: TopicFile,
    private readonly dir: string,
    private readonly broker: BrokerSettings,
    private readonly context: LogContext,
  ) {
    this.name = file.name;
    this.id = file.id;
    this.count = file.partitions;
    this.config = new Map(Object.entries(file.config));
    this.settings = topicSettings(this.config, broker);
  }

  get partitions(): number {
    return this.count;
  }

  /** Marked as such to clients, which do not write to it. */
  get internal(): boolean {
    return isInternalTopic(this.name);
  }

  has(partition: number): boolean {
    return !this.deleted && partition >= 0 && partition < this.count;
  }

  /** Undefined where there is no such partition. */
  log(partition: number): PartitionLog | undefined {
    if (!this.has(partition)) return undefined;
    let log = this.logs[partition];
    if (log === undefined) {
      log = PartitionLog.open(`${this.name}-${partition}`, join(this.dir, String(partition)), this.context);
      this.logs[partition] = log;
    }
    return log;
  }

  /** The same, of a partition that something was ever written to. */
  logWithData(partition: number): PartitionLog | undefined {
    if (this.logs[partition] === undefined && !existsSync(join(this.dir, String(partition)))) return undefined;
    return this.log(partition);
  }

  /** The logs that were used since the start. */
  openLogs(): PartitionLog[] {
    return this.logs.filter((log) => log !== undefined);
  }

  save(): void {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    writeJson(join(this.dir, 'topic.json'), {
      version: 1,
      name: this.name,
      id: this.id,
      partitions: this.count,
      config: Object.fromEntries(this.config),
    } satisfies TopicFile);
  }

  grow(partitions: number): void {
    const before = this.count;
    this.count = partitions;
    try {
      this.save();
    } catch (failure) {
      this.count = before;
      throw failure;
    }
  }

  configure(config: ReadonlyMap<string, string>): void {
    const before = [...this.config];
    const use = (entries: Iterable<readonly [string, string]>): void => {
      this.config.clear();
      for (const [name, value] of entries) this.config.set(name, value);
    };
    use([...config]);
    try {
      this.save();
    } catch (failure) {
      use(before);
      throw failure;
    }
    this.refreshSettings();
  }

  refreshSettings(): void {
    this.settings = topicSettings(this.config, this.broker);
  }

  remove(): void {
    this.deleted = true;
    // The file first: what is left without it counts as deleted after a crash.
    rmSync(join(this.dir, 'topic.json'), { force: true });
    for (const log of this.openLogs()) log.remove();
    rmSync(this.dir, { recursive: true, force: true });
  }

  close(): void {
    for (const log of this.openLogs()) log.close();
  }
}
