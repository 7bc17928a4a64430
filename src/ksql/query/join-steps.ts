import type { Join } from '../../protocol/ksql/ast.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Typed } from '../expressions/compiled.js';
import { BIGINT } from '../expressions/types.js';
import { NO_CAUSE, type Row } from '../rows/row.js';
import { Store, type StoreEntry, type StoreSpec } from '../rows/store.js';
import { TextLists } from '../rows/text-lists.js';
import type { Value } from '../values/value.js';
import type { JoinStep } from './physical-plan.js';
import type { Step, StepContext, StepKeys } from './step.js';

/** What takes the rows of each side. */
export interface JoinSteps {
  readonly left: Step;
  readonly right: Step;
}

export type Cells = readonly Value[];

const cellsType = (cells: readonly SqlType[]): SqlType => ({
  kind: 'STRUCT',
  fields: cells.map((type, at) => ({ name: `C${at}`, type })),
});

export const leftStore = ({ name }: Pick<JoinStep, 'name'>): string => `${name}Left`;
export const rightStore = ({ name }: Pick<JoinStep, 'name'>): string => `${name}Right`;

/** The rows of both sides; of a stream beside a table only the table's. */
export function joinStores(step: Omit<JoinStep, 'stores'>): StoreSpec[] {
  const { form, keyType, leftPrimary } = step;
  const [left, right] = [cellsType(step.leftCells), cellsType(step.rightCells)];
  if (form === 'stream-stream') {
    return [
      { name: leftStore(step), key: [keyType, BIGINT], state: waitingType(left) },
      { name: rightStore(step), key: [keyType, BIGINT], state: waitingType(right) },
    ];
  }
  const table = { name: rightStore(step), key: [keyType], state: right };
  if (form === 'stream-table') return [table];
  return [{ name: leftStore(step), key: form === 'foreign-key' ? leftPrimary : [keyType], state: left }, table];
}

/** A stream's row that waits for others, and whether it has met one. */
const waitingType = (cells: SqlType): SqlType => ({
  kind: 'STRUCT',
  fields: [
    { name: 'JOINED', type: { kind: 'BOOLEAN' } },
    { name: 'CELLS', type: cells },
  ],
});

export const nulls = (cells: readonly unknown[]): Value[] => cells.map(() => null);

/** Written out: `concat` takes five times as long, and each joined row is one. */
function sideBySide(left: Cells, right: Cells): Value[] {
  const cells = new Array<Value>(left.length + right.length);
  let place = 0;
  for (let at = 0; at < left.length; at += 1) cells[place++] = left[at] ?? null;
  for (let at = 0; at < right.length; at += 1) cells[place++] = right[at] ?? null;
  return cells;
}

/** What an expression gives, null where it fails. */
export function guarded(context: StepContext, { evaluate }: Typed): (row: Row) => Value {
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
export function streamTableJoin(join: JoinStep, context: StepContext, next: Step): JoinSteps {
  const missing = nulls(join.rightCells);
  const rows = context.store(rightStore(join));
  const key = guarded(context, join.leftKey);
  return {
    left: (row, emit) => {
      const on = row.value === null ? null : key(row);
      if (row.value === null || on === null) return;
      const found = rows.get(Store.identity([on], row.window));
      if (found === undefined && join.join === 'INNER') return;
      const { timestampMs, partition, offset, headers, window } = row;
      const value = sideBySide(row.value, (found?.state as Cells | undefined) ?? missing);
      next({ key: [on], value, timestampMs, partition, offset, headers, window, keyless: false }, emit);
    },
    right: (row) => keep(rows, [row.key[0] ?? null], row),
  };
}

/** Gives the entry that the row is now; undefined where it is a deletion. */
function keep(store: Store, key: Cells, { window, value, timestampMs, madeOfMs }: Row): StoreEntry | undefined {
  const identity = Store.identity(key, window);
  if (value === null) {
    store.delete(identity);
    return undefined;
  }
  const entry = { key, window, state: value, timestampMs: madeOfMs ?? timestampMs };
  store.put(identity, entry);
  return entry;
}

/** Both tables by their primary key: every change of either side changes the joined row. */
export function tableTableJoin(join: JoinStep, context: StepContext, next: Step): JoinSteps {
  const [noLeft, noRight] = [nulls(join.leftCells), nulls(join.rightCells)];
  const [lefts, rights] = [context.store(leftStore(join)), context.store(rightStore(join))];
  const change = (side: 'left' | 'right', row: Row, emit: (row: Row) => void): void => {
    const key: Cells = [row.key[0] ?? null];
    const identity = Store.identity(key, row.window);
    const [own, others] = side === 'left' ? [lefts, rights] : [rights, lefts];
    const [before, other] = [own.get(identity), others.get(identity)];
    keep(own, key, row);
    if (!concerns(join.join, side, row.value ?? before, other)) return;
    const [left, right] = [lefts.get(identity), rights.get(identity)];
    const shown = joins(join.join, left, right);
    const value = shown
      ? sideBySide((left?.state as Cells | undefined) ?? noLeft, (right?.state as Cells | undefined) ?? noRight)
      : null;
    const madeOfMs = Math.max(left?.timestampMs ?? -1, right?.timestampMs ?? -1);
    next({ ...row, key, value, timestampMs: latest(row, other), madeOfMs }, emit);
  };
  return {
    left: (row, emit) => change('left', row, emit),
    right: (row, emit) => change('right', row, emit),
  };
}

/** Whether a change of one side can change the joined row: not where the side that has to be there is not. */
function concerns(kind: Join['kind'], side: 'left' | 'right', own: unknown, other: StoreEntry | undefined): boolean {
  const preserved = kind === 'FULL' || (kind === 'LEFT' && side === 'left') || (kind === 'RIGHT' && side === 'right');
  return other !== undefined || (preserved && own !== undefined);
}

function joins(kind: Join['kind'], left: StoreEntry | undefined, right: StoreEntry | undefined): boolean {
  if (kind === 'INNER') return left !== undefined && right !== undefined;
  if (kind === 'LEFT') return left !== undefined;
  return kind === 'RIGHT' ? right !== undefined : left !== undefined || right !== undefined;
}

/** The left table refers to the right one's key by a column or expression; its own key stays the key. */
export function foreignKeyJoin(step: JoinStep, context: StepContext, next: Step): JoinSteps {
  const join = new ForeignKeyJoin(step, context, next);
  return { left: (row, emit) => join.left(row, emit), right: (row, emit) => join.right(row, emit) };
}

class ForeignKeyJoin {
  /** Left rows by the right row that they refer to. */
  private readonly referrers = new TextLists<string>();
  private readonly foreign: (row: Row) => Value;
  private readonly noRight: Value[];
  private readonly lefts: Store;
  private readonly rights: Store;
  private readonly keys: StepKeys;

  constructor(
    private readonly step: JoinStep,
    context: StepContext,
    private readonly next: Step,
  ) {
    this.lefts = context.store(leftStore(step));
    this.rights = context.store(rightStore(step));
    this.keys = context.keysOf(step);
    this.foreign = guarded(context, step.leftKey);
    this.noRight = nulls(step.rightCells);
    context.recall(this.recalled());
  }

  private *recalled(): Iterable<unknown> {
    for (const [identity, entry] of this.lefts.all()) {
      yield;
      this.refer(identity, null, this.foreignOf(entry, NO_CAUSE));
    }
  }

  private foreignOf({ key, state }: StoreEntry, cause: Row): Value {
    return this.foreign({ ...cause, key, value: state as Cells });
  }

  /** A left row refers to another right one than before, or to none. */
  private refer(identity: string, from: Value, to: Value): void {
    const old = from === null ? undefined : Store.identity([from]);
    const now = to === null ? undefined : Store.identity([to]);
    if (old === now) return;
    if (old !== undefined) this.referrers.delete(old, identity);
    if (now !== undefined) this.referrers.add(now, identity);
  }

  /**
   * As in Kafka Streams: a row that was there before makes a tombstone where it joins nothing now, whether it joined something
   * before or not; a new one is silent then. Until Kafka 4.1 (KAFKA-16407), a change from or to a row that refers to nothing
   * shows nothing, not even in a left join.
   */
  left(row: Row, emit: (row: Row) => void): void {
    const identity = Store.identity(row.key);
    const before = this.lefts.get(identity);
    const old = before === undefined ? null : this.foreignOf(before, row);
    const entry = keep(this.lefts, row.key, row);
    const on = entry === undefined ? null : this.foreign(row);
    const isUnseen = (before !== undefined && old === null) || (entry !== undefined && on === null);
    this.refer(identity, old, isUnseen ? null : on);
    if (isUnseen) return;
    if (entry !== undefined) this.show(entry, on, row, old !== null, emit);
    else if (old !== null) this.next({ ...row, value: null, timestampMs: latest(row, this.rightOf(old)) }, emit);
  }

  /** As in Kafka Streams, left rows follow in the order of their keys, at the right row's time even where theirs is later. */
  right(row: Row, emit: (row: Row) => void): void {
    const key: Cells = [row.key[0] ?? null];
    keep(this.rights, key, row);
    const entries = [...this.referrers.get(Store.identity(key))].flatMap((identity) => this.lefts.get(identity) ?? []);
    const placed = entries.map((entry) => ({ entry, bytes: this.keys.bytes(entry.key) }));
    placed.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    for (const { entry } of placed) this.show(entry, this.foreignOf(entry, row), row, true, emit);
  }

  private rightOf(on: Value): StoreEntry | undefined {
    return on === null ? undefined : this.rights.get(Store.identity([on]));
  }

  private show(entry: StoreEntry, on: Value, cause: Row, known: boolean, emit: (row: Row) => void): void {
    const right = this.rightOf(on);
    const shown = right !== undefined || this.step.join === 'LEFT';
    if (!shown && !known) return;
    const cells = (right?.state as Cells | undefined) ?? this.noRight;
    const value = shown ? sideBySide(entry.state as Cells, cells) : null;
    const { partition, offset, headers, window } = cause;
    const timestampMs = latest(cause, right);
    this.next({ key: entry.key, value, timestampMs, partition, offset, headers, window, keyless: false }, emit);
  }
}

/** When a change shows: with a later row that it meets. */
const latest = (change: Row, met: StoreEntry | undefined): number =>
  Math.max(change.timestampMs, met?.timestampMs ?? -1);
