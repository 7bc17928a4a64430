import { type Difference, Differences } from './differences.js';
import { Join } from './join.js';
import {
  type Buckets,
  type Key,
  keyOfText,
  keyText,
  type PartlyRead,
  type Scan,
  type Side,
  type SideName,
} from './side.js';

export interface Comparison {
  readonly sourceRows: number;
  readonly replicaRows: number;
  /** As many as DIFFERENCES_BYTES allow. */
  readonly differences: Differences;
  /** How many more keys differed than were kept. */
  readonly notKept: number;
  /** When it began, for a comparison that follows; undefined where a side can't tell what changed since. */
  readonly moment?: Moment | undefined;
}

/** A time of both sides, which are compared in just this way. */
export interface Moment {
  readonly definition: string;
  readonly source: string;
  readonly replica: string;
}

export type DifferenceKind = 'missing' | 'extra' | 'different';

export function kindOf(difference: Pick<Difference, 'source' | 'replica'>): DifferenceKind {
  if (difference.replica === 0) return 'missing';
  return difference.source === 0 ? 'extra' : 'different';
}

/** How a whole comparison reads: cancelled by the signal, told and slowed down by what it has read. */
export interface CompareOptions {
  readonly signal: AbortSignal;
  /** About how many rows both sides have together, before the first is read; not called where that is unknown. */
  expect(rows: number): void;
  /** Rows of one side read; `pass` 1 reads every row, 2 those of buckets that differ. */
  read(side: SideName, pass: 1 | 2, rows: number): Promise<void>;
  /** Keeps what has been read, so that another run goes on from there; undefined where nothing is kept. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Both sides were found to agree then: only what changed since is compared, and which keys there are. */
  readonly since?: Moment | undefined;
  /** Only rows that either side's column of changes shows as changed since this value; both sides have `keysFrom`. */
  readonly changedFrom?: string | undefined;
}

export interface Checkpoint {
  /** What a run before this one has read of these sides, by `Side.resumable`. */
  load(definition: Definition): Standing | undefined;
  save(definition: Definition, standing: Standing): void;
}

export type Definition = Readonly<Record<SideName, string | undefined>>;

/** How far a first pass is. */
export interface Standing {
  /** The number of buckets. */
  readonly of: number;
  readonly sides: Readonly<Partial<Record<SideName, SideStanding>>>;
}

export interface SideStanding extends PartlyRead {
  /** `Side.now` before its first row was read. */
  readonly then: string;
}

const ROWS_PER_BUCKET = 1_000;
/** Of a side that can't tell how many rows it has, as a view: buckets that stay empty cost little, those that are too full memory. */
const ROWS_WHERE_UNKNOWN = 4_000_000;
const BUCKETS_MIN = 256;
const BUCKETS_MAX = 16_384;

/** Keys of each side held in memory at once while differing buckets are taken apart. */
const GROUP_ROWS = 100_000;

/** Memory of differing keys that are kept and confirmed; beyond it they are only counted, and the report says so. */
const DIFFERENCES_BYTES = 100 * 2 ** 20;
/** Of one of them beside its key's text: map entry, number, header of the string. */
const DIFFERENCE_BYTES = 80;

/** Keys that are looked up at once, and where each look-up reads a whole side. */
const KEYS_AT_ONCE = 2_000;
const KEYS_AT_ONCE_OF_SCANS = 100_000;

export const keysAtOnce = (...sides: readonly Side[]): number =>
  sides.some(({ scans }) => scans === true) ? KEYS_AT_ONCE_OF_SCANS : KEYS_AT_ONCE;

/**
 * Compares both sides in two passes: sums of digests by bucket, and the keys of those buckets whose sums differ. Both
 * sides are read at once. What was written meanwhile is compared key by key at the end, as a scan may have missed it.
 */
export async function compareSides(source: Side, replica: Side, options: CompareOptions): Promise<Comparison> {
  const { signal, changedFrom } = options;
  const scan = (side: SideName, pass: 1 | 2): Scan => ({
    signal,
    read: (rows) => options.read(side, pass, rows),
    ...(changedFrom === undefined ? {} : { since: changedFrom }),
  });
  const both = <T>(work: (side: Side, name: SideName) => Promise<T>): Promise<[T, T]> =>
    Promise.all([work(source, 'source'), work(replica, 'replica')]);

  const definition: Definition = { source: source.resumable, replica: replica.resumable };
  const isSame = options.since?.definition === JSON.stringify(definition);
  const since =
    isSame && [source, replica].every(({ incremental }) => incremental === true) ? options.since : undefined;
  const checkpoint = since === undefined && changedFrom === undefined ? options.checkpoint : undefined;
  const before = checkpoint?.load(definition);
  const [sourceThen, replicaThen] = await both(async (side, name) => before?.sides[name]?.then ?? side.now(signal));
  const estimates = await both((side) => side.estimateRows(signal));
  const alreadyRead = Object.values(before?.sides ?? {}).reduce((sum, { buckets }) => sum + buckets.rows, 0);
  if (changedFrom === undefined && estimates.every((rows) => rows >= 0))
    options.expect(Math.max(1, estimates[0] + estimates[1] - alreadyRead));
  const of = before?.of ?? bucketsFor(Math.max(...estimates.map((rows) => (rows < 0 ? ROWS_WHERE_UNKNOWN : rows))));
  const standing: Partial<Record<SideName, SideStanding>> = { ...before?.sides };
  const [sourceBuckets, replicaBuckets] = await both(async (side, name) => {
    const from = standing[name];
    const then = name === 'source' ? sourceThen : replicaThen;
    const reached = (partly: PartlyRead): void => {
      standing[name] = { ...partly, then };
      checkpoint?.save(definition, { of, sides: standing });
    };
    return side.buckets(of, { ...scan(name, 1), reached, keysOnly: since !== undefined }, from);
  });

  const found = new Found(sourceBuckets.rows, replicaBuckets.rows);
  const unique = source.uniqueKey && replica.uniqueKey;
  for (const group of groupsOf(sourceBuckets, replicaBuckets)) {
    const join = new Join(unique, source.versioned);
    await both(async (side, name) => {
      for await (const entries of side.entries(of, group, scan(name, 2))) {
        join.add(name, entries);
        await options.read(name, 2, entries.length);
      }
    });
    // Rows may have come or gone since the first pass: what was found now is what counts.
    found.count(join.rows.source - sourceBuckets.rowsOf(group), join.rows.replica - replicaBuckets.rowsOf(group));
    const differences = join.differences();
    if (changedFrom === undefined) found.keepAll(differences);
    else await keepChanged(source, replica, differences, found, signal);
  }

  const changed = new Set(
    [
      ...(await source.changedSince(since?.source ?? sourceThen, signal)),
      ...(await replica.changedSince(since?.replica ?? replicaThen, signal)),
    ]
      .map(keyText)
      .filter((key) => !found.differences.has(key)),
  );
  for (const keys of chunksOf([...changed], keysAtOnce(source, replica)))
    found.keepAll((await compareKeys(source, replica, keys, signal)).differences);
  const moment: Moment = { definition: JSON.stringify(definition), source: sourceThen, replica: replicaThen };
  if (before !== undefined) {
    // What was deleted after the stopped run had read it has left no trace but in the keys.
    const now = await compareSides(source, replica, { ...options, checkpoint: undefined, since: moment });
    found.update(now);
  }
  return { ...found.comparison(), ...(changedFrom === undefined ? { moment } : {}) };
}

/** What a comparison has found so far. */
class Found {
  readonly differences = new Differences();
  private notKept = 0;
  private room = DIFFERENCES_BYTES;

  constructor(
    private sourceRows: number,
    private replicaRows: number,
  ) {}

  count(source: number, replica: number): void {
    this.sourceRows += source;
    this.replicaRows += replica;
  }

  keepAll(differences: Differences): void {
    for (const [key, difference] of differences) this.keep(key, difference);
  }

  keep(key: string, difference: Difference): void {
    if (this.room > 0 || this.differences.has(key)) {
      this.differences.set(key, difference);
      this.room -= DIFFERENCE_BYTES + key.length;
    } else this.notKept += 1;
  }

  /** A comparison that followed knows more: of the rows that there are, and of what it has looked at. */
  update({ sourceRows, replicaRows, differences, notKept }: Comparison): void {
    this.sourceRows = sourceRows;
    this.replicaRows = replicaRows;
    this.notKept += notKept;
    this.keepAll(differences);
  }

  comparison(): Comparison {
    const { sourceRows, replicaRows, differences, notKept } = this;
    return { sourceRows, replicaRows, differences, notKept };
  }
}

/**
 * What differs among the rows that changed. A row that did so on one side only, or that counts on one side only, has to be
 * looked for on the other; of two that did the digests tell.
 */
async function keepChanged(
  source: Side,
  replica: Side,
  differences: Differences,
  found: Found,
  signal: AbortSignal,
): Promise<void> {
  const unsure: string[] = [];
  for (const [key, difference] of differences) {
    if (source.uniqueKey && replica.uniqueKey && difference.source === 1 && difference.replica === 1)
      found.keep(key, difference);
    else unsure.push(key);
  }
  for (const keys of chunksOf(unsure, keysAtOnce(source, replica))) {
    const now = await compareKeys(source, replica, keys, signal);
    for (const key of keys) {
      const [before, rows] = [differences.get(key), now.rowsOf(key)];
      found.count(rows.source - (before?.source ?? 0), rows.replica - (before?.replica ?? 0));
    }
    found.keepAll(now.differences);
  }
}

/** Compares these keys and nothing else. */
export async function compareOnly(
  source: Side,
  replica: Side,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Comparison> {
  const all = new Differences();
  const rows = { source: 0, replica: 0 };
  for (const some of chunksOf([...new Set(keys.map(keyText))], keysAtOnce(source, replica))) {
    const { rowsOf, differences } = await compareKeys(source, replica, some, signal);
    for (const key of some) {
      rows.source += rowsOf(key).source;
      rows.replica += rowsOf(key).replica;
    }
    for (const [key, difference] of differences) all.set(key, difference);
  }
  return { sourceRows: rows.source, replicaRows: rows.replica, differences: all, notKept: 0 };
}

/** Some keys as they are now. */
export interface KeysNow {
  /** Rows of the key on either side. */
  readonly rowsOf: (key: string) => { readonly source: number; readonly replica: number };
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
  const join = new Join(false, source.versioned);
  join.add('replica', await replica.entriesOf(wanted, signal));
  join.add('source', await source.entriesOf(wanted, signal));
  const rowsOf = (key: string) => ({ source: join.countOf('source', key), replica: join.countOf('replica', key) });
  return { rowsOf, differences: join.differences() };
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
