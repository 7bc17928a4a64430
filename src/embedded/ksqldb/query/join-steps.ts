import type { Join } from '../../../protocol/ksql/ast.js';
import type { SqlType } from '../../../protocol/ksql/types.js';
import { BIGINT } from '../expressions/types.js';
import type { Row } from '../runtime/row.js';
import { Store, type StoreEntry, type StoreSpec } from '../runtime/store.js';
import { identityOf, sameValue, type Value } from '../values/value.js';
import type { Step, StepContext } from './plan.js';

export interface JoinParts {
  /** Unique in the query: names its stores. */
  readonly name: string;
  readonly kind: Join['kind'];
  readonly leftKey: (row: Row) => Value;
  readonly rightKey: (row: Row) => Value;
  readonly keyType: SqlType;
  readonly leftCells: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  readonly rightCells: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
  readonly within: Join['within'];
  /** Types of the left table's own key: a foreign-key join keeps it. */
  readonly leftPrimary: readonly SqlType[];
}

interface BuiltJoin {
  readonly stores: readonly StoreSpec[];
  readonly build: (context: StepContext, next: Step) => { readonly left: Step; readonly right: Step };
}

type Cells = readonly Value[];

const cellsType = (cells: ReadonlyArray<{ type: SqlType }>): SqlType => ({
  kind: 'STRUCT',
  fields: cells.map(({ type }, at) => ({ name: `C${at}`, type })),
});

const nulls = (cells: readonly unknown[]): Value[] => cells.map(() => null);

/** What an expression gives, null where it fails. */
function guarded(context: StepContext, evaluate: (row: Row) => Value): (row: Row) => Value {
  return (row) => {
    try {
      return evaluate(row);
    } catch (failure) {
      context.failed(failure);
      return null;
    }
  };
}

/** Each row of the stream with the table's row as it is then; the table's changes make no rows. */
export function streamTableJoin(parts: JoinParts): BuiltJoin {
  const table = `${parts.name}Right`;
  const missing = nulls(parts.rightCells);
  return {
    stores: [{ name: table, key: [parts.keyType], state: cellsType(parts.rightCells) }],
    build: (context, next) => {
      const rows = context.store(table);
      const key = guarded(context, parts.leftKey);
      return {
        left: (row, emit) => {
          if (row.value === null) return;
          const on = key(row);
          const found = on === null ? undefined : rows.get(Store.identity([on]));
          if (found === undefined && parts.kind === 'INNER') return;
          next({ ...row, key: [on], value: [...row.value, ...((found?.state as Cells | undefined) ?? missing)] }, emit);
        },
        right: (row) => keep(rows, [row.key[0] ?? null], row),
      };
    },
  };
}

function keep(store: Store, key: Cells, row: Row): void {
  const identity = Store.identity(key);
  if (row.value === null) store.delete(identity);
  else store.put(identity, { key, window: undefined, state: row.value, timestampMs: row.timestampMs });
}

/** Both tables by their primary key: every change of either side changes the joined row. */
export function tableTableJoin(parts: JoinParts): BuiltJoin {
  const [leftName, rightName] = [`${parts.name}Left`, `${parts.name}Right`];
  const [noLeft, noRight] = [nulls(parts.leftCells), nulls(parts.rightCells)];
  return {
    stores: [
      { name: leftName, key: [parts.keyType], state: cellsType(parts.leftCells) },
      { name: rightName, key: [parts.keyType], state: cellsType(parts.rightCells) },
    ],
    build: (context, next) => {
      const [lefts, rights] = [context.store(leftName), context.store(rightName)];
      const change = (row: Row, own: Store, emit: (row: Row) => void): void => {
        const key: Cells = [row.key[0] ?? null];
        const identity = Store.identity(key);
        const before = lefts.get(identity) !== undefined || rights.get(identity) !== undefined;
        keep(own, key, row);
        const [left, right] = [lefts.get(identity), rights.get(identity)];
        const shown = joins(parts.kind, left, right);
        if (!shown && !before) return;
        const value = shown ? [...((left?.state as Cells) ?? noLeft), ...((right?.state as Cells) ?? noRight)] : null;
        const timestampMs = Math.max(row.timestampMs, left?.timestampMs ?? -1, right?.timestampMs ?? -1);
        next({ ...row, key, value, timestampMs }, emit);
      };
      return { left: (row, emit) => change(row, lefts, emit), right: (row, emit) => change(row, rights, emit) };
    },
  };
}

function joins(kind: Join['kind'], left: StoreEntry | undefined, right: StoreEntry | undefined): boolean {
  if (kind === 'INNER') return left !== undefined && right !== undefined;
  if (kind === 'LEFT') return left !== undefined;
  return kind === 'RIGHT' ? right !== undefined : left !== undefined || right !== undefined;
}

/** The left table refers to the right one's key by a column; its own key stays the key. */
export function foreignKeyJoin(parts: JoinParts): BuiltJoin {
  const [leftName, rightName] = [`${parts.name}Left`, `${parts.name}Right`];
  const noRight = nulls(parts.rightCells);
  return {
    stores: [
      { name: leftName, key: parts.leftPrimary, state: cellsType(parts.leftCells) },
      { name: rightName, key: [parts.keyType], state: cellsType(parts.rightCells) },
    ],
    build: (context, next) => {
      const [lefts, rights] = [context.store(leftName), context.store(rightName)];
      const foreign = guarded(context, parts.leftKey);
      const referrers = new Map<string, Set<string>>();
      const link = (identity: string, on: Value): void => {
        const key = Store.identity([on]);
        const known = referrers.get(key);
        if (known === undefined) referrers.set(key, new Set([identity]));
        else known.add(identity);
      };
      const asRow = (entry: StoreEntry, row: Row): Row => ({ ...row, key: entry.key, value: entry.state as Cells });
      const blank: Row = {
        key: [],
        value: null,
        timestampMs: 0,
        partition: 0,
        offset: 0n,
        headers: [],
        window: undefined,
      };
      for (const [identity, entry] of lefts.all()) link(identity, foreign(asRow(entry, blank)));
      const show = (entry: StoreEntry, row: Row, emit: (row: Row) => void): void => {
        const on = foreign(asRow(entry, row));
        const right = on === null ? undefined : rights.get(Store.identity([on]));
        const shown = right !== undefined || parts.kind === 'LEFT';
        const value = shown ? [...(entry.state as Cells), ...((right?.state as Cells) ?? noRight)] : null;
        const timestampMs = Math.max(row.timestampMs, entry.timestampMs, right?.timestampMs ?? -1);
        next({ ...row, key: entry.key, value, timestampMs }, emit);
      };
      return {
        left: (row, emit) => {
          const identity = Store.identity(row.key);
          const before = lefts.get(identity);
          if (before !== undefined) referrers.get(Store.identity([foreign(asRow(before, row))]))?.delete(identity);
          keep(lefts, row.key, row);
          const entry = lefts.get(identity);
          if (entry === undefined) {
            next({ ...row, value: null }, emit);
            return;
          }
          link(identity, foreign(asRow(entry, row)));
          show(entry, row, emit);
        },
        right: (row, emit) => {
          const key: Cells = [row.key[0] ?? null];
          keep(rights, key, row);
          for (const identity of referrers.get(Store.identity(key)) ?? []) {
            const entry = lefts.get(identity);
            if (entry !== undefined) show(entry, row, emit);
          }
        },
      };
    },
  };
}

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

  arrive(side: SideName, row: Row, emit: (row: Row) => void): void {
    if (row.value === null) return;
    const on = guarded(this.context, side === 'left' ? this.parts.leftKey : this.parts.rightKey)(row);
    if (on === null) {
      if (this.outer(side)) this.pad(side, on, row.value, row, emit);
      return;
    }
    const partition = this.context.partitionOf([on]);
    const now = Math.max(this.streamTimes.get(partition) ?? -1, row.timestampMs);
    this.streamTimes.set(partition, now);
    // A left row meets right ones from `before` it to `after` it; seen from the right it is the other way round.
    const [back, ahead] = side === 'left' ? [this.beforeMs, this.afterMs] : [this.afterMs, this.beforeMs];
    if (row.timestampMs + ahead + this.graceMs < now) {
      if (this.outer(side)) this.pad(side, on, row.value, row, emit);
      return;
    }
    const other = this.sides[side === 'left' ? 'right' : 'left'];
    let joined = false;
    for (const entry of other.of(on)) {
      if (entry.timestampMs < row.timestampMs - back || entry.timestampMs > row.timestampMs + ahead) continue;
      joined = true;
      const [, cells] = entry.state as [boolean, Cells];
      const value = side === 'left' ? [...row.value, ...cells] : [...cells, ...row.value];
      this.next({ ...row, key: [on], value, timestampMs: Math.max(row.timestampMs, entry.timestampMs) }, emit);
      other.markJoined(entry);
    }
    if (!joined && this.eager && this.outer(side)) this.pad(side, on, row.value, row, emit);
    this.sequence += 1n;
    const state: Value = [joined || this.eager, row.value];
    this.sides[side].add({ key: [on, this.sequence], window: undefined, state, timestampMs: row.timestampMs });
    this.expire(now, row, emit);
  }

  private pad(side: SideName, on: Value, cells: Cells, row: Row, emit: (row: Row) => void): void {
    const value = side === 'left' ? [...cells, ...this.missing.right] : [...this.missing.left, ...cells];
    this.next({ ...row, key: [on], value }, emit);
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
      this.pad(side, entry.key[0] ?? null, cells, { ...cause, timestampMs: entry.timestampMs }, emit);
    }
  }
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** One side's rows by join key, each with a number of its own, in a store. */
class Buffered {
  private readonly byKey = new Map<ReturnType<typeof identityOf>, StoreEntry[]>();
  private oldestMs = Number.POSITIVE_INFINITY;

  constructor(private readonly store: Store) {
    for (const [, entry] of store.all()) this.index(entry);
  }

  private index(entry: StoreEntry): void {
    const on = identityOf(entry.key[0] ?? null);
    const known = this.byKey.get(on);
    if (known === undefined) this.byKey.set(on, [entry]);
    else known.push(entry);
    this.oldestMs = Math.min(this.oldestMs, entry.timestampMs);
  }

  *entries(): Iterable<StoreEntry> {
    for (const list of this.byKey.values()) yield* list;
  }

  of(on: Value): readonly StoreEntry[] {
    return [...(this.byKey.get(identityOf(on)) ?? [])];
  }

  add(entry: StoreEntry): void {
    this.index(entry);
    this.store.put(Store.identity(entry.key), entry);
  }

  markJoined(entry: StoreEntry): void {
    const [joined, cells] = entry.state as [boolean, Cells];
    if (joined) return;
    const marked: StoreEntry = { ...entry, state: [true, cells] };
    const list = this.byKey.get(identityOf(entry.key[0] ?? null)) ?? [];
    const at = list.findIndex((each) => sameValue(each.key, entry.key));
    if (at !== -1) list[at] = marked;
    this.store.put(Store.identity(entry.key), marked);
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
    for (const entry of taken) this.store.delete(Store.identity(entry.key));
    return taken;
  }
}
