import { BIGINT } from '../expressions/types.js';
import type { Row, RowWindow } from '../rows/row.js';
import { Store, type StoreEntry, type StoreSpec } from '../rows/store.js';
import { sameValue, type Value } from '../values/value.js';
import { type BuiltJoin, type Cells, cellsType, guarded, type JoinParts, nulls } from './join-steps.js';
import type { Step, StepContext } from './plan.js';

/** How late a row may be where no GRACE PERIOD is given: a day. */
const GRACE_MS = 86_400_000;

/**
 * Two streams, within a time of each other. A row without a partner goes out null-padded (outer joins): at once where
 * no GRACE PERIOD is given, as ksqlDB always did; with one, when stream time has closed its window.
 */
export function streamStreamJoin(parts: JoinParts): BuiltJoin {
  const spec = (side: 'Left' | 'Right', cells: JoinParts['leftCells']): StoreSpec => ({
    name: `${parts.name}${side}`,
    key: [parts.keyType, BIGINT],
    state: {
      kind: 'STRUCT',
      fields: [
        { name: 'JOINED', type: { kind: 'BOOLEAN' } },
        { name: 'CELLS', type: cellsType(cells) },
      ],
    },
  });
  const specs = [spec('Left', parts.leftCells), spec('Right', parts.rightCells)];
  return {
    stores: specs,
    build: (context, next) => {
      const join = new WindowedJoin(parts, context, next);
      return {
        left: (row, emit) => join.arrive('left', row, emit),
        right: (row, emit) => join.arrive('right', row, emit),
      };
    },
  };
}

type SideName = 'left' | 'right';

class WindowedJoin {
  private readonly sides: Readonly<Record<SideName, Buffered>>;
  private readonly missing: Readonly<Record<SideName, Value[]>>;
  private readonly streamTimes = new Map<number, number>();
  private sequence = 0n;
  private readonly beforeMs: number;
  private readonly afterMs: number;
  private readonly graceMs: number;
  private readonly eager: boolean;
  private readonly keys: Readonly<Record<SideName, (row: Row) => Value>>;

  constructor(
    private readonly parts: JoinParts,
    private readonly context: StepContext,
    private readonly next: Step,
  ) {
    const { within } = parts;
    this.beforeMs = within?.before.ms ?? 0;
    this.afterMs = within?.after.ms ?? 0;
    this.graceMs = within?.grace?.ms ?? GRACE_MS;
    this.eager = within?.grace === undefined;
    this.keys = { left: guarded(context, parts.leftKey), right: guarded(context, parts.rightKey) };
    this.missing = { left: nulls(parts.leftCells), right: nulls(parts.rightCells) };
    this.sides = {
      left: new Buffered(context.store(`${parts.name}Left`)),
      right: new Buffered(context.store(`${parts.name}Right`)),
    };
    for (const side of Object.values(this.sides)) {
      for (const { key, timestampMs } of side.entries()) {
        this.sequence = maxOf(this.sequence, key[1] as bigint);
        const partition = context.partitionOf([key[0] ?? null]);
        this.streamTimes.set(partition, Math.max(this.streamTimes.get(partition) ?? -1, timestampMs));
      }
    }
  }

  private outer(side: SideName): boolean {
    const { kind } = this.parts;
    return kind === 'FULL' || (kind === 'LEFT' && side === 'left') || (kind === 'RIGHT' && side === 'right');
  }

  /** Rows without a join key join nothing, not even in an outer join. */
  arrive(side: SideName, row: Row, emit: (row: Row) => void): void {
    if (row.value === null) return;
    const on = this.keys[side](row);
    if (on === null) return;
    const partition = this.context.partitionOf([on]);
    const now = Math.max(this.streamTimes.get(partition) ?? -1, row.timestampMs);
    this.streamTimes.set(partition, now);
    this.expire(now, row, emit);
    // A left row meets right ones from `before` it to `after` it; seen from the right it is the other way round.
    const [back, ahead] = side === 'left' ? [this.beforeMs, this.afterMs] : [this.afterMs, this.beforeMs];
    if (row.timestampMs + ahead + this.graceMs < now) {
      if (this.outer(side)) this.pad(side, on, row.value, row, emit);
      return;
    }
    const other = this.sides[side === 'left' ? 'right' : 'left'];
    let joined = false;
    for (const entry of other.of(on, row.window)) {
      if (entry.timestampMs < row.timestampMs - back || entry.timestampMs > row.timestampMs + ahead) continue;
      joined = true;
      const [, cells] = entry.state as [boolean, Cells];
      const value = side === 'left' ? [...row.value, ...cells] : [...cells, ...row.value];
      this.next(
        { ...row, keyless: false, key: [on], value, timestampMs: Math.max(row.timestampMs, entry.timestampMs) },
        emit,
      );
      other.markJoined(entry);
    }
    // Its window may be over already, only its grace not: then nothing is waited for, but a late partner still joins.
    const alone = !joined && (this.eager || row.timestampMs + ahead < now);
    if (alone && this.outer(side)) this.pad(side, on, row.value, row, emit);
    this.sequence += 1n;
    const state: Value = [joined || alone, row.value];
    const key = [on, this.sequence];
    this.sides[side].add({ key, window: row.window, state, timestampMs: row.timestampMs });
  }

  private pad(side: SideName, on: Value, cells: Cells, row: Row, emit: (row: Row) => void): void {
    const value = side === 'left' ? [...cells, ...this.missing.right] : [...this.missing.left, ...cells];
    this.next({ ...row, keyless: false, key: [on], value }, emit);
  }

  /** Rows that no row to come can join: those that found no partner go out now, in order of time. */
  private expire(now: number, cause: Row, emit: (row: Row) => void): void {
    const due: Array<readonly [SideName, StoreEntry]> = [];
    for (const side of ['left', 'right'] as const) {
      const ahead = side === 'left' ? this.afterMs : this.beforeMs;
      for (const entry of this.sides[side].takeBefore(now - ahead - this.graceMs)) {
        const [joined] = entry.state as [boolean, Cells];
        if (!joined && this.outer(side)) due.push([side, entry]);
      }
    }
    due.sort(([, a], [, b]) => a.timestampMs - b.timestampMs);
    for (const [side, entry] of due) {
      const [, cells] = entry.state as [boolean, Cells];
      const { timestampMs, window } = entry;
      this.pad(side, entry.key[0] ?? null, cells, { ...cause, timestampMs, window }, emit);
    }
  }
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

const keyOf = ({ key, window }: StoreEntry): string => Store.identity([key[0] ?? null], window);

/** One side's rows by join key, each with a number of its own, in a store. */
class Buffered {
  private readonly byKey = new Map<string, StoreEntry[]>();
  private oldestMs = Number.POSITIVE_INFINITY;

  constructor(private readonly store: Store) {
    for (const [, entry] of store.all()) this.index(entry);
  }

  private index(entry: StoreEntry): void {
    const on = keyOf(entry);
    const known = this.byKey.get(on);
    if (known === undefined) this.byKey.set(on, [entry]);
    else known.push(entry);
    this.oldestMs = Math.min(this.oldestMs, entry.timestampMs);
  }

  *entries(): Iterable<StoreEntry> {
    for (const list of this.byKey.values()) yield* list;
  }

  of(on: Value, window: RowWindow | undefined): readonly StoreEntry[] {
    return [...(this.byKey.get(Store.identity([on], window)) ?? [])];
  }

  add(entry: StoreEntry): void {
    this.index(entry);
    this.store.put(Store.identity(entry.key, entry.window), entry);
  }

  markJoined(entry: StoreEntry): void {
    const [joined, cells] = entry.state as [boolean, Cells];
    if (joined) return;
    const marked: StoreEntry = { ...entry, state: [true, cells] };
    const list = this.byKey.get(keyOf(entry)) ?? [];
    const at = list.findIndex((each) => sameValue(each.key, entry.key));
    if (at !== -1) list[at] = marked;
    this.store.put(Store.identity(entry.key, entry.window), marked);
  }

  /** Removes and returns what is older; cheap where nothing is. */
  takeBefore(ms: number): StoreEntry[] {
    if (this.oldestMs >= ms) return [];
    const taken: StoreEntry[] = [];
    this.oldestMs = Number.POSITIVE_INFINITY;
    for (const [on, list] of this.byKey) {
      const left = list.filter((entry) => entry.timestampMs >= ms);
      if (left.length < list.length) {
        taken.push(...list.filter((entry) => entry.timestampMs < ms));
        if (left.length === 0) this.byKey.delete(on);
        else this.byKey.set(on, left);
      }
      for (const { timestampMs } of left) this.oldestMs = Math.min(this.oldestMs, timestampMs);
    }
    for (const entry of taken) this.store.delete(Store.identity(entry.key, entry.window));
    return taken;
  }
}
