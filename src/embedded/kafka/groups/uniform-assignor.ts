/** A partition by its topic's id. */
export type PartitionKey = `${string}:${number}`;

export interface AssignableMember {
  readonly id: string;
  /** Ids of the topics that it reads. */
  readonly topics: ReadonlySet<string>;
}

/** Partition counts by topic id. */
export type PartitionCounts = ReadonlyMap<string, number>;
export type Target = Map<string, Set<PartitionKey>>;

/** Spreads all partitions evenly over the members that read them, and leaves with each member what it has as far as that goes. */
export function assignUniformly(
  members: readonly AssignableMember[],
  counts: PartitionCounts,
  before: ReadonlyMap<string, ReadonlySet<PartitionKey>>,
): Target {
  const target: Target = new Map(members.map(({ id }) => [id, new Set<PartitionKey>()]));
  const owners = new Map<PartitionKey, string>();
  for (const { id } of members) for (const key of before.get(id) ?? []) owners.set(key, id);
  const size = (id: string): number => target.get(id)?.size ?? 0;
  const open: Array<{ key: PartitionKey; topic: string; readers: readonly AssignableMember[] }> = [];
  let total = 0;
  const byId = new Map(members.map((member) => [member.id, member]));
  const readersOf = topicReaders(members);
  for (const [topic, count] of counts) {
    const readers = readersOf(topic);
    if (readers.length === 0) continue;
    for (let partition = 0; partition < count; partition++) open.push({ key: `${topic}:${partition}`, topic, readers });
    total += count;
  }
  // Nobody keeps more than its share; of the shares that are one larger there are as many as divide evenly.
  const share = Math.floor(total / Math.max(1, members.length));
  let larger = total - share * members.length;
  const left = open.filter(({ key, topic }) => {
    const owner = owners.get(key);
    if (owner === undefined || byId.get(owner)?.topics.has(topic) !== true) return true;
    if (size(owner) >= share) {
      if (size(owner) > share || larger === 0) return true;
      larger--;
    }
    target.get(owner)?.add(key);
    return false;
  });
  for (const { key, readers } of left) {
    let least = readers[0] as AssignableMember;
    for (const reader of readers) if (size(reader.id) < size(least.id)) least = reader;
    target.get(least.id)?.add(key);
  }
  if (members.some(({ topics }) => !sameTopics(topics, members[0]?.topics))) level(target, open);
  return target;
}

const sameTopics = (a: ReadonlySet<string>, b: ReadonlySet<string> | undefined): boolean =>
  a === b || (a.size === b?.size && [...a].every((topic) => b.has(topic)));

/**
 * Where members read different topics, some have too much because what they keep could be others': moves a partition
 * wherever that brings two members closer. Each move does, so this ends.
 */
function level(
  target: Target,
  partitions: ReadonlyArray<{ readonly key: PartitionKey; readonly readers: readonly AssignableMember[] }>,
): void {
  const size = (id: string): number => target.get(id)?.size ?? 0;
  const owners = new Map([...target].flatMap(([id, keys]) => [...keys].map((key) => [key, id] as const)));
  for (let moved = true; moved; ) {
    moved = false;
    const smallest = Math.min(...[...target.values()].map((keys) => keys.size));
    for (const { key, readers } of partitions) {
      const owner = owners.get(key);
      if (owner === undefined || size(owner) - smallest < 2) continue;
      let least = owner;
      for (const { id } of readers) if (size(id) < size(least)) least = id;
      if (size(owner) - size(least) < 2) continue;
      target.get(owner)?.delete(key);
      target.get(least)?.add(key);
      owners.set(key, least);
      moved = true;
    }
  }
}

/** The members that read a topic. Members with the same set of topics are looked at once for all of them. */
function topicReaders(members: readonly AssignableMember[]): (topic: string) => readonly AssignableMember[] {
  const subscriptions = [...new Set(members.map(({ topics }) => topics))];
  const known = new Map<string, readonly AssignableMember[]>();
  return (topic) => {
    const pattern = subscriptions.map((topics) => (topics.has(topic) ? '1' : '0')).join('');
    let readers = known.get(pattern);
    if (readers === undefined) {
      readers = members.filter(({ topics }) => topics.has(topic));
      known.set(pattern, readers);
    }
    return readers;
  };
}

/** Of every topic a contiguous part to each member, in the order of the members' ids. */
export function assignRanges(members: readonly AssignableMember[], counts: PartitionCounts): Target {
  const target: Target = new Map(members.map(({ id }) => [id, new Set<PartitionKey>()]));
  const readersOf = topicReaders([...members].sort((a, b) => (a.id < b.id ? -1 : 1)));
  for (const [topic, count] of counts) {
    const readers = readersOf(topic);
    let next = 0;
    for (const [at, { id }] of readers.entries()) {
      const end = next + Math.floor(count / readers.length) + (at < count % readers.length ? 1 : 0);
      for (; next < end; next++) target.get(id)?.add(`${topic}:${next}`);
    }
  }
  return target;
}
