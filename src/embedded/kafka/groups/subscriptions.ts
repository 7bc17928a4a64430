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
  /** The names among the topics that the pattern matches. */
  matched: ReadonlySet<string>;
  /** The version of the topics that it was matched with; undefined: with none yet. */
  version: number | undefined;
}

/** The distinct subscriptions of a group: its members usually share one, which is then matched with the topics once. */
export class Subscriptions {
  private readonly entries = new Map<string, Entry>();
  private counts = new Map<string, number>();

  /** The same object for the same topics. `matched`: what its pattern was known to match before a restart. */
  of(topicNames: readonly string[], pattern: NamePattern | undefined, matched: readonly string[] = []): Subscription {
    const sorted = [...topicNames].sort();
    const key = JSON.stringify([pattern?.source ?? null, ...sorted]);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { topicNames: sorted, pattern, topicIds: new Set(), matched: new Set(matched), version: undefined };
      this.entries.set(key, entry);
    }
    return entry;
  }

  /** Forgets all others. */
  keep(inUse: Iterable<Subscription>): void {
    const used = new Set(inUse);
    for (const [key, entry] of this.entries) if (!used.has(entry)) this.entries.delete(key);
  }

  /**
   * Matches subscriptions with topics where either changed. True where something else is read now. Patterns find what
   * `mayDescribe` allows; without it, which is where no member has asked, they keep what they have found before.
   */
  resolve(topics: () => readonly Topic[], version: number, mayDescribe?: (topic: string) => boolean): boolean {
    const stale = [...this.entries.values()].filter((entry) => entry.version !== version);
    if (stale.length === 0) return false;
    const all = topics();
    let changed = false;
    for (const entry of stale) {
      const { pattern } = entry;
      if (pattern !== undefined && mayDescribe !== undefined) {
        const matched = all.filter(({ name }) => pattern.matches(name) && mayDescribe(name));
        entry.matched = new Set(matched.map(({ name }) => name));
      }
      const names = new Set(entry.topicNames);
      const read = all.filter(({ name }) => names.has(name) || entry.matched.has(name));
      const topicIds = new Set(read.map(({ id }) => id));
      changed ||= !sameElements(topicIds, entry.topicIds);
      entry.topicIds = topicIds;
      if (pattern === undefined || mayDescribe !== undefined) entry.version = version;
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

  /** What each pattern matches, in the order of the names. */
  patterns(): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    for (const { pattern, matched } of this.entries.values()) {
      if (pattern !== undefined) found.set(pattern.source, [...matched].sort());
    }
    return found;
  }
}

const sameElements = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((element) => b.has(element));
