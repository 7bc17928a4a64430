import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../../support/json-file.js';
import type { LogContext } from '../log/partition-log.js';
import type { BrokerSettings } from './settings.js';
import { Topic, type TopicFile } from './topic.js';

const metricName = (topic: string): string => topic.replaceAll('.', '_');

/** All topics: each one a folder named by its id, so that a topic that is made anew under an old name shares nothing with it. */
export class TopicCatalog {
  private readonly byName = new Map<string, Topic>();
  private readonly byId = new Map<string, Topic>();
  private readonly byMetric = new Map<string, string>();
  /** Grows whenever a topic or a partition comes or goes. */
  version = 0;

  constructor(
    private readonly dir: string,
    private readonly settings: BrokerSettings,
    private readonly context: LogContext,
    private readonly newId: () => string,
  ) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const folder of readdirSync(dir)) {
      const path = join(dir, folder);
      const file = readJson<TopicFile>(join(path, 'topic.json'), 1);
      // Without its file a topic was being made or being deleted when the broker was killed.
      if (file === undefined) rmSync(path, { recursive: true, force: true });
      else this.add(new Topic(file, path, settings, context));
    }
  }

  private add(topic: Topic): void {
    this.byName.set(topic.name, topic);
    this.byMetric.set(metricName(topic.name), topic.name);
    this.byId.set(topic.id, topic);
  }

  get(name: string): Topic | undefined {
    return this.byName.get(name);
  }

  getById(id: string): Topic | undefined {
    return this.byId.get(id);
  }

  /** In the order of their names. */
  all(): Topic[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Kafka's metrics replace dots by underscores: two names must not become the same by that. */
  collision(name: string): string | undefined {
    const other = this.byMetric.get(metricName(name));
    return other === name ? undefined : other;
  }

  get size(): number {
    return this.byName.size;
  }

  create(name: string, partitions: number, config: Readonly<Record<string, string>>): Topic {
    const id = this.newId();
    const topic = new Topic(
      { version: 1, name, id, partitions, config },
      join(this.dir, id),
      this.settings,
      this.context,
    );
    topic.save();
    this.add(topic);
    this.version++;
    return topic;
  }

  delete(topic: Topic): void {
    this.byName.delete(topic.name);
    this.byId.delete(topic.id);
    this.byMetric.delete(metricName(topic.name));
    this.version++;
    topic.remove();
  }

  grow(topic: Topic, partitions: number): void {
    topic.grow(partitions);
    this.version++;
  }

  refreshSettings(): void {
    for (const topic of this.byName.values()) topic.refreshSettings();
  }

  close(): void {
    for (const topic of this.byName.values()) topic.close();
  }
}
