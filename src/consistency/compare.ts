import { type Buckets, type Entry, type Key, keyOfText, keyText, type Scan, type Side } from './side.js';

/** All rows of one key on one side. */
export interface Holding {
  readonly count: number;
  /** Equal exactly where the rows are; of several rows it is the sum, whatever their order. */
  readonly digest: string;
  readonly version: string;
}

/** One key on which the sides did not agree when they were read; no verdict yet. */
export interface Difference {
  readonly source: Holding | undefined;
  readonly replica: Holding | undefined;
}

/** By `keyText`. */
export type Differences = Map<string, Difference>;

export interface Comparison {
  readonly sourceRows: number;
  readonly replicaRows: number;
  /** At most DIFFERENCES_MAX. */
  readonly differences: Differences;
  /** How many more keys differed than were kept. */
  readonly notKept: number;
}

export type DifferenceKind = 'missing' | 'extra' | 'different';

export function kindOf(difference: Difference): DifferenceKind {
  if (difference.replica === undefined) return 'missing';
  return difference.source === undefined ? 'extra' : 'different';
}

/** How a whole comparison reads: cancelled by the signal, told and slowed down by what it has read. */
export interface CompareOptions {
  readonly signal: AbortSignal;
  /** Rows of one side read; `pass` 1 reads every row, 2 those of buckets that differ. */
  read(side: 'source' | 'replica', pass: 1 | 2, rows: number): Promise<void>;
}

const ROWS_PER_BUCKET = 1_000;
const BUCKETS_MIN = 256;
const BUCKETS_MAX = 16_384;

/** Keys of each side held in memory at once while differing buckets are taken apart. */
const GROUP_ROWS = 100_000;

/** Differing keys that are kept and confirmed; beyond it they are only counted, and the report says so. */
const DIFFERENCES_MAX = 1_000_000;

/** Changed keys that are looked up at once. */
const KEYS_AT_ONCE = 10_000;

/**
 * Compares both sides in two passes: sums of digests by bucket, and the keys of those buckets whose sums differ. Both
 * sides are read at once. What was written meanwhile is compared key by key at the end, as a scan may have missed it.
 */
export async function compareSides(source: Side, replica: Side, options: CompareOptions): Promise<Comparison> {
  const { signal } = options;
  const scan = (side: 'source' | 'replica', pass: 1 | 2): Scan => ({
    signal,
    read: (rows) => options.read(side, pass, rows),
  });
  const both = <T>(work: (side: Side, name: 'source' | 'replica') => Promise<T>): Promise<[T, T]> =>
    Promise.all([work(source, 'source'), work(replica, 'replica')]);

  const [sourceThen, replicaThen] = await both((side) => side.now(signal));
  const of = bucketsFor(Math.max(...(await both((side) => side.estimateRows(signal)))));
  const [sourceBuckets, replicaBuckets] = await both((side, name) => side.buckets(of, scan(name, 1)));

  const differences: Differences = new Map();
  let notKept = 0;
  const keep = (key: string, difference: Difference): void => {
    if (differences.size < DIFFERENCES_MAX || differences.has(key)) differences.set(key, difference);
    else notKept += 1;
  };
  let sourceRows = sourceBuckets.rows;
  let replicaRows = replicaBuckets.rows;
  for (const group of groupsOf(sourceBuckets, replicaBuckets)) {
    const [sources, replicas] = await both(async (side, name) => {
      const holdings = new Holdings();
      for await (const entries of side.entries(of, group, scan(name, 2))) {
        holdings.add(entries);
        await options.read(name, 2, entries.length);
      }
      return holdings;
    });
    for (const [key, difference] of differencesOf(sources, replicas)) keep(key, difference);
    // Rows may have come or gone since the first pass: what was found now is what counts.
    sourceRows += sources.rows - sourceBuckets.rowsOf(group);
    replicaRows += replicas.rows - replicaBuckets.rowsOf(group);
  }

  const changed = new Set(
    [...(await source.changedSince(sourceThen, signal)), ...(await replica.changedSince(replicaThen, signal))]
      .map(keyText)
      .filter((key) => !differences.has(key)),
  );
  for (const keys of chunksOf([...changed], KEYS_AT_ONCE)) {
    const now = await compareKeys(source, replica, keys, signal);
    for (const [key, difference] of now.differences) keep(key, difference);
  }
  return { sourceRows, replicaRows, differences, notKept };
}

/** Some keys as they are now. */
export interface KeysNow {
  readonly sources: Holdings;
  readonly replicas: Holdings;
  readonly differences: Differences;
}

/** Reads only these keys again: replica first, source after, so that an unchanged source row proves an old replica row wrong. */
export async function compareKeys(
  source: Side,
  replica: Side,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<KeysNow> {
  const wanted: readonly Key[] = keys.map(keyOfText);
  const replicas = new Holdings();
  replicas.add(await replica.entriesOf(wanted, signal));
  const sources = new Holdings();
  sources.add(await source.entriesOf(wanted, signal));
  return { sources, replicas, differences: differencesOf(sources, replicas) };
}

/** Everything that one side holds, by key. */
export class Holdings {
  readonly byKey = new Map<string, Holding>();
  rows = 0;

  add(entries: readonly Entry[]): void {
    this.rows += entries.length;
    for (const { key, digest, version } of entries) {
      const text = keyText(key);
      const before = this.byKey.get(text);
      this.byKey.set(text, before === undefined ? { count: 1, digest, version } : joined(before, digest, version));
    }
  }
}

function joined({ count, digest, version }: Holding, moreDigest: string, moreVersion: string): Holding {
  return {
    count: count + 1,
    digest: String(BigInt(digest) + BigInt(moreDigest)),
    version: String((count === 1 ? numberOf(version) : BigInt(version)) + numberOf(moreVersion)),
  };
}

/** Versions are short texts: their bytes as one number, so that sums of them don't depend on the order. */
const numberOf = (version: string): bigint => BigInt(`0x${Buffer.from(version).toString('hex') || '0'}`);

export function differencesOf(sources: Holdings, replicas: Holdings): Differences {
  const differences: Differences = new Map();
  for (const [key, source] of sources.byKey) {
    const replica = replicas.byKey.get(key);
    if (replica === undefined || replica.count !== source.count || replica.digest !== source.digest)
      differences.set(key, { source, replica });
  }
  for (const [key, replica] of replicas.byKey)
    if (!sources.byKey.has(key)) differences.set(key, { source: undefined, replica });
  return differences;
}

function bucketsFor(rows: number): number {
  const wanted = Math.min(Math.max(rows / ROWS_PER_BUCKET, BUCKETS_MIN), BUCKETS_MAX);
  return 2 ** Math.ceil(Math.log2(wanted));
}

/** The differing buckets, together as many at a time as fit into memory. */
function groupsOf(source: Buckets, replica: Buckets): readonly (readonly number[])[] {
  const groups: number[][] = [];
  let group: number[] = [];
  let rows = 0;
  for (const bucket of source.differing(replica)) {
    const more = Math.max(source.counts[bucket] ?? 0, replica.counts[bucket] ?? 0);
    if (group.length > 0 && rows + more > GROUP_ROWS) {
      groups.push(group);
      group = [];
      rows = 0;
    }
    group.push(bucket);
    rows += more;
  }
  return group.length === 0 ? groups : [...groups, group];
}

export function chunksOf<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
