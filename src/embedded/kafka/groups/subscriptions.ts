import type { NamePattern } from '../name-pattern.js';
import type { Topic } from '../topics/topic.js';

/** What one or many members of a group read: topics by name and by pattern, internal ones as well, as in Kafka. */
export interface Subscription {
  readonly topicNames: readonly string[];
  readonly pattern: NamePattern | undefined;
  /** The topics of these that exist. */
  readonly topicIds: ReadonlySet<string>;
}

interface Entry extends Subscription {
  topicIds: ReadonlySet<string>;
  isResolved: boolean;
}

/** The distinct subscriptions of a group: its members usually share one, which is then matched with the topics once. */
export class Subscriptions {
  private readonly entries = new Map<string, Entry>();
  private counts = new Map<string, number>();
  private version = -1;

  /** The same object for the same topics. */
  of(topicNames: readonly string[], pattern: NamePattern | undefined): Subscription {
    const sorted = [...topicNames].sort();
    const key = JSON.stringify([pattern?.source ?? null, ...sorted]);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { topicNames: sorted, pattern, topicIds: new Set(), isResolved: false };
      this.entries.set(key, entry);
    }
    return entry;
  }

  /** Forgets all others. */
  keep(inUse: Iterable<Subscription>): void {
    const used = new Set(inUse);
    for (const [key, entry] of this.entries) if (!used.has(entry)) this.entries.delete(key);
  }

  /** Matches subscriptions with topics where either changed. True where something else is read now. */
  resolve(topics: () => readonly Topic[], version: number): boolean {
    const stale = [...this.entries.values()].filter(({ isResolved }) => !isResolved || version !== this.version);
    if (stale.length === 0) {
      this.version = version;
      return false;
    }
    this.version = version;
    const all = topics();
    let changed = false;
    for (const entry of stale) {
      const names = new Set(entry.topicNames);
      const read = all.filter(({ name }) => names.has(name) || entry.pattern?.matches(name));
      const topicIds = new Set(read.map(({ id }) => id));
      changed ||= !sameElements(topicIds, entry.topicIds);
      entry.topicIds = topicIds;
      entry.isResolved = true;
    }
    return this.recount(all) || changed;
  }

  private recount(topics: readonly Topic[]): boolean {
    const read = topics.filter(({ id }) => [...this.entries.values()].some(({ topicIds }) => topicIds.has(id)));
    const counts = new Map(read.map(({ id, partitions }) => [id, partitions]));
    const changed = counts.size !== this.counts.size || read.some(({ id }) => counts.get(id) !== this.counts.get(id));
    this.counts = counts;
    return changed;
  }

  /** Of all topics that are read, by id. */
  partitionCounts(): ReadonlyMap<string, number> {
    return this.counts;
  }
}

const sameElements = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((element) => b.has(element));
