import { compareKeyed } from '../rows/key-range.js';
import type { Row, RowWindow } from '../rows/row.js';
import { Store, type StoreEntry } from '../rows/store.js';
import type { Value } from '../values/value.js';
import { type Cells, guarded, type JoinSteps, leftStore, nulls, rightStore } from './join-steps.js';
import type { JoinStep } from './physical-plan.js';
import type { Step, StepContext, StepKeys } from './step.js';

/** How late a row may be where no GRACE PERIOD is given: a day. */
const GRACE_MS = 86_400_000;

/**
 * Two streams, within a time of each other. A row without a partner goes out null-padded (outer joins): at once where
 * no GRACE PERIOD is given, as ksqlDB always did; with one, when stream time has closed its window.
 */
export function streamStreamJoin(step: JoinStep, context: StepContext, next: Step): JoinSteps {
  const join = new WindowedJoin(step, context, next);
  return {
    left: (row, emit) => join.arrive('left', row, emit),
    right: (row, emit) => join.arrive('right', row, emit),
  };
}

const SIDES = ['right', 'left'] as const;
type SideName = (typeof SIDES)[number];

/** What one partition's rows have come to: time and the rows of each side. */
interface Progress {
  nowMs: number;
  /** No row that waits is older; that one may have met its partner since. */
  oldestMs: number;
  readonly left: Buffered;
  readonly right: Buffered;
}

class WindowedJoin {
  private readonly partitions = new Map<number, Progress>();
  private readonly missing: Readonly<Record<SideName, Value[]>>;
  private sequence = 0;
  private readonly beforeMs: number;
  private readonly afterMs: number;
  private readonly graceMs: number;
  private readonly eager: boolean;
  private readonly keys: Readonly<Record<SideName, (row: Row) => Value>>;
  private readonly places: StepKeys;

  constructor(
    private readonly step: JoinStep,
    private readonly context: StepContext,
    private readonly next: Step,
  ) {
    const { within } = step;
    this.beforeMs = within?.before.ms ?? 0;
    this.afterMs = within?.after.ms ?? 0;
    this.graceMs = within?.grace?.ms ?? GRACE_MS;
    this.eager = within?.grace === undefined;
    this.keys = { left: guarded(context, step.leftKey), right: guarded(context, step.rightKey) };
    this.places = context.keysOf(step);
    this.missing = { left: nulls(step.leftCells), right: nulls(step.rightCells) };
    for (const side of SIDES) {
      for (const [, entry] of this.storeOf(side).all()) {
        this.sequence = Math.max(this.sequence, sequenceOf(entry));
        const progress = this.progressOf(this.places.partition([entry.key[0] ?? null]));
        progress.nowMs = Math.max(progress.nowMs, entry.timestampMs);
        progress[side].index(entry, identityOf(entry));
        if (this.outer(side) && !isJoined(entry)) progress.oldestMs = Math.min(progress.oldestMs, entry.timestampMs);
      }
    }
  }

  private storeOf(side: SideName): Store {
    return this.context.store(side === 'left' ? leftStore(this.step) : rightStore(this.step));
  }

  private progressOf(partition: number): Progress {
    const known = this.partitions.get(partition);
    if (known !== undefined) return known;
    // Kafka Streams keeps a row this long after the latest one of its own side.
    const keptMs = this.beforeMs + this.afterMs + this.graceMs;
    const buffered = (side: SideName): Buffered => new Buffered(this.storeOf(side), keptMs, this.outer(side));
    const progress: Progress = {
      nowMs: -1,
      oldestMs: Number.POSITIVE_INFINITY,
      left: buffered('left'),
      right: buffered('right'),
    };
    this.partitions.set(partition, progress);
    return progress;
  }

  private outer(side: SideName): boolean {
    const { join: kind } = this.step;
    return kind === 'FULL' || (kind === 'LEFT' && side === 'left') || (kind === 'RIGHT' && side === 'right');
  }

  /** Rows without a join key join nothing, not even in an outer join. */
  arrive(side: SideName, row: Row, emit: (row: Row) => void): void {
    if (row.value === null) return;
    const on = this.keys[side](row);
    if (on === null) return;
    const progress = this.progressOf(this.places.partition([on]));
    progress.nowMs = Math.max(progress.nowMs, row.timestampMs);
    // A left row meets right ones from `before` it to `after` it; seen from the right it is the other way round.
    const [back, ahead] = side === 'left' ? [this.beforeMs, this.afterMs] : [this.afterMs, this.beforeMs];
    const closedMs = progress.nowMs - this.graceMs;
    if (row.timestampMs === progress.nowMs && progress.oldestMs < closedMs - back) {
      this.padClosed(progress, closedMs - ahead, row, emit);
    }
    const other = progress[side === 'left' ? 'right' : 'left'];
    let joined = false;
    for (const entry of other.between(on, row.window, row.timestampMs - back, row.timestampMs + ahead)) {
      joined = true;
      const [, cells] = entry.state as [boolean, Cells];
      const value = side === 'left' ? [...row.value, ...cells] : [...cells, ...row.value];
      this.next(
        { ...row, keyless: false, key: [on], value, timestampMs: Math.max(row.timestampMs, entry.timestampMs) },
        emit,
      );
      other.markJoined(entry);
    }
    // However late it is, it has met what is still kept. Where its window is over nothing is waited for; a late partner still joins.
    const alone = !joined && (this.eager || row.timestampMs + ahead < progress.nowMs);
    if (alone && this.outer(side)) this.pad(side, on, row.value, row, emit);
    this.sequence += 1;
    const state: Value = [joined || alone, row.value];
    const key = [on, BigInt(this.sequence)];
    progress[side].add({ key, window: row.window, state, timestampMs: row.timestampMs });
    if (this.outer(side) && !joined && !alone) progress.oldestMs = Math.min(progress.oldestMs, row.timestampMs);
  }

  private pad(side: SideName, on: Value, cells: Cells, row: Row, emit: (row: Row) => void): void {
    const value = side === 'left' ? [...cells, ...this.missing.right] : [...this.missing.left, ...cells];
    this.next({ ...row, keyless: false, key: [on], value }, emit);
  }

  /**
   * Rows of before a time that found no partner go out, in the order of Kafka Streams' store of them: by time, the right side's
   * first, then by key. Which they are the side that moved time says for both, as in the Kafka Streams of ksqlDB 0.29.
   */
  private padClosed(progress: Progress, beforeMs: number, cause: Row, emit: (row: Row) => void): void {
    const due = SIDES.flatMap((side) =>
      progress[side].takeWaiting(beforeMs).map((entry) => {
        const on = entry.key[0] ?? null;
        return { side, entry, on, bytes: this.places.bytes([on]) };
      }),
    );
    due.sort((a, b) => {
      const earlier = a.entry.timestampMs - b.entry.timestampMs;
      if (earlier !== 0 || a.side !== b.side) return earlier || (a.side === 'right' ? -1 : 1);
      return Buffer.compare(a.bytes, b.bytes) || compareKeyed(a.entry, b.entry);
    });
    for (const { side, entry, on } of due) {
      const [, cells] = entry.state as [boolean, Cells];
      const { timestampMs, window } = entry;
      this.pad(side, on, cells, { ...cause, timestampMs, window }, emit);
    }
    const waitingMs = Math.min(progress.left.waitingSinceMs, progress.right.waitingSinceMs);
    progress.oldestMs = Number.isFinite(waitingMs) ? waitingMs : (due.at(-1)?.entry.timestampMs ?? waitingMs);
  }
}

const keyOf = ({ key, window }: StoreEntry): string => Store.identity([key[0] ?? null], window);

const identityOf = ({ key, window }: StoreEntry): string => Store.identity(key, window);

const isJoined = ({ state }: StoreEntry): boolean => (state as [boolean, Cells])[0];

const sequenceOf = ({ key }: StoreEntry): number => Number(key[1]);

/** What is known of a row without asking the store. */
interface Place {
  readonly timestampMs: number;
  readonly sequence: number;
  readonly identity: string;
}

/** By time, then as they came: the order in which Kafka Streams' window stores give them, and so that of what joins. */
function insertInOrder(list: Place[], place: Place): void {
  let at = list.length;
  while (at > 0 && isAfter(list[at - 1], place)) at -= 1;
  list.splice(at, 0, place);
}

const isAfter = (one: Place | undefined, other: Place): boolean =>
  one !== undefined &&
  (one.timestampMs > other.timestampMs || (one.timestampMs === other.timestampMs && one.sequence > other.sequence));

/** One side's rows of a partition, each with a number of its own, in a store; where they are by join key and time. */
class Buffered {
  private readonly byKey = new Map<string, Place[]>();
  /** Rows without a partner so far, in order of time. Some may have found one since. */
  private readonly waiting: Place[] = [];
  private oldestMs = Number.POSITIVE_INFINITY;
  private latestMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: Store,
    private readonly keptMs: number,
    private readonly waits: boolean,
  ) {}

  index(entry: StoreEntry, identity: string): void {
    const { timestampMs } = entry;
    const place = { timestampMs, sequence: sequenceOf(entry), identity };
    const on = keyOf(entry);
    const known = this.byKey.get(on);
    if (known === undefined) this.byKey.set(on, [place]);
    else insertInOrder(known, place);
    this.oldestMs = Math.min(this.oldestMs, timestampMs);
    this.latestMs = Math.max(this.latestMs, timestampMs);
    if (!this.waits || isJoined(entry)) return;
    insertInOrder(this.waiting, place);
  }

  /** Rows of a key from one time to another, without those that are kept for nothing but the next clearing. */
  *between(on: Value, window: RowWindow | undefined, fromMs: number, toMs: number): Iterable<StoreEntry> {
    for (const { timestampMs, identity } of this.byKey.get(Store.identity([on], window)) ?? []) {
      if (timestampMs < fromMs || timestampMs > toMs || timestampMs <= this.latestMs - this.keptMs) continue;
      const entry = this.store.get(identity);
      if (entry !== undefined) yield entry;
    }
  }

  /** What is too late to be met by anything is not kept: it would have all be cleared at once. */
  add(entry: StoreEntry): void {
    if (entry.timestampMs < this.latestMs - this.keptMs) return;
    const identity = identityOf(entry);
    this.index(entry, identity);
    this.store.put(identity, entry);
    // Cleared rarely, so that a row costs the same however many are kept.
    if (this.oldestMs < this.latestMs - this.keptMs - this.keptMs / 2) this.clear(this.latestMs - this.keptMs);
  }

  markJoined(entry: StoreEntry): void {
    if (isJoined(entry)) return;
    const [, cells] = entry.state as [boolean, Cells];
    this.store.put(identityOf(entry), { ...entry, state: [true, cells] });
  }

  /** Rows of before that time that found no partner; they count as joined from now on. */
  takeWaiting(beforeMs: number): StoreEntry[] {
    let count = 0;
    while ((this.waiting[count]?.timestampMs ?? Number.POSITIVE_INFINITY) < beforeMs) count += 1;
    if (count === 0) return [];
    const alone = this.waiting.splice(0, count).flatMap(({ identity }) => {
      const entry = this.store.get(identity);
      return entry === undefined || isJoined(entry) ? [] : [entry];
    });
    for (const entry of alone) this.markJoined(entry);
    return alone;
  }

  /** The time of the oldest row without a partner. */
  get waitingSinceMs(): number {
    let met = 0;
    while (met < this.waiting.length && !this.isWaiting(this.waiting[met]?.identity ?? '')) met += 1;
    this.waiting.splice(0, met);
    return this.waiting[0]?.timestampMs ?? Number.POSITIVE_INFINITY;
  }

  private isWaiting(identity: string): boolean {
    const entry = this.store.get(identity);
    return entry !== undefined && !isJoined(entry);
  }

  private clear(beforeMs: number): void {
    this.oldestMs = Number.POSITIVE_INFINITY;
    for (const [on, list] of this.byKey) {
      const left = list.filter(({ timestampMs }) => timestampMs >= beforeMs);
      for (const { timestampMs, identity } of list) if (timestampMs < beforeMs) this.store.delete(identity);
      if (left.length === 0) this.byKey.delete(on);
      else if (left.length < list.length) this.byKey.set(on, left);
      for (const { timestampMs } of left) this.oldestMs = Math.min(this.oldestMs, timestampMs);
    }
  }
}
