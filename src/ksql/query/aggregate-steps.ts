import { NO_CAUSE, type Row, type RowWindow, withValue } from '../rows/row.js';
import { Store, type StoreEntry } from '../rows/store.js';
import type { Value } from '../values/value.js';
import { DueWindows } from './due-windows.js';
import type { AggregateStep } from './physical-plan.js';
import type { Step, StepContext, StepKeys } from './step.js';
import { keepResult, RESULTS, type TableRows, tableRows } from './table-results.js';
import { type WindowRules, windowFinder } from './windows.js';

type Emit = (row: Row) => void;
type Failed = StepContext['failed'];

/** A failure was logged when the group changed: whoever looks at it later says nothing. */
const SAID_BEFORE: Failed = () => {};

/** Rows of a stream (or changes of a table) to changes of their groups, and the groups as they are now. */
export function aggregateSteps(
  step: AggregateStep,
  context: StepContext,
): { readonly step: Step; readonly rows: TableRows } {
  const aggregation = new Aggregation(step, context);
  const groupOf = groupReader(step, context);
  const { rows } = aggregation;
  return {
    step: step.table ? tableStep(groupOf, aggregation, context) : streamStep(groupOf, aggregation, step.window),
    rows,
  };
}

/** Undefined: WHERE leaves the row out, or a part is null, so that the row belongs to no group. */
type GroupOf = (row: Row) => Value[] | undefined;

export function groupReader(
  { where, groups }: Pick<AggregateStep, 'where' | 'groups'>,
  { failed }: Pick<StepContext, 'failed'>,
): GroupOf {
  return (row) => {
    try {
      if (where !== undefined && where.evaluate(row) !== true) return undefined;
      const group = groups.map(({ evaluate }) => evaluate(row));
      return group.includes(null) ? undefined : group;
    } catch (failure) {
      failed(failure);
      return undefined;
    }
  };
}

function streamStep(groupOf: GroupOf, aggregation: Aggregation, rules: WindowRules | undefined): Step {
  return (row, emit) => {
    if (row.value === null) return;
    const group = groupOf(row);
    if (group === undefined) return;
    if (rules === undefined) aggregation.change(group, row, 'add', emit);
    else if (rules.kind === 'SESSION') aggregation.session(group, row, rules, emit);
    else aggregation.windows(group, row, rules, emit);
  };
}

export const AGGREGATE_STATES = 'Aggregate';
export const PREVIOUS_ROWS = 'Previous';

/**
 * A table's change takes its old row out of its old group, then puts the new one in. Where both are one group, that is
 * one change with one result.
 */
function tableStep(groupOf: GroupOf, aggregation: Aggregation, context: StepContext): Step {
  const previous = context.store(PREVIOUS_ROWS);
  const grouped = (row: Row): Grouped | undefined => {
    const group = groupOf(row);
    return group === undefined ? undefined : { group, row };
  };
  return (row, emit) => {
    const identity = Store.identity(row.key, row.window);
    const before = previous.get(identity);
    const old = before === undefined ? undefined : grouped({ ...row, value: before.state as readonly Value[] });
    if (row.value === null) previous.delete(identity);
    else previous.put(identity, { key: row.key, window: row.window, state: row.value, timestampMs: row.timestampMs });
    const now = row.value === null ? undefined : grouped(row);
    if (old !== undefined && now !== undefined && Store.identity(old.group) === Store.identity(now.group)) {
      aggregation.replace(old, now, emit);
      return;
    }
    if (old !== undefined) aggregation.change(old.group, old.row, 'undo', emit);
    if (now !== undefined) aggregation.change(now.group, now.row, 'add', emit);
  };
}

interface Grouped {
  readonly group: readonly Value[];
  readonly row: Row;
}

class Aggregation {
  private readonly states: Store;
  /** What EMIT FINAL has shown: it forgets the states. Else the states say it all. */
  private readonly results: Store | undefined;
  private readonly keys: StepKeys;
  /** By the partition that the group's rows would lie in. */
  private readonly streamTimes = new Map<number, number>();
  /** Windows that EMIT FINAL still holds back, and those that retention will remove, also of its results, by partition. */
  private readonly open = new Map<number, DueWindows>();
  /** Of each group that has any. */
  private readonly sessions = new Map<string, Set<string>>();
  private readonly windowsAt: (timestampMs: number) => readonly RowWindow[];

  constructor(
    private readonly step: AggregateStep,
    private readonly context: StepContext,
  ) {
    this.states = context.store(AGGREGATE_STATES);
    this.keys = context.keysOf(step);
    this.results = step.final ? context.store(RESULTS) : undefined;
    this.windowsAt = step.window === undefined ? () => [] : windowFinder(step.window);
    if (step.window !== undefined) context.recall(this.recalled(step.window));
  }

  /** Stream time, and what is to be done about the windows, as the stores say it. */
  private *recalled(rules: WindowRules): Iterable<unknown> {
    for (const place of this.states.places()) {
      yield;
      const { identity, key, window, timestampMs } = place;
      const partition = this.keys.partition(key);
      this.advance(partition, timestampMs);
      if (window === undefined) continue;
      this.watch(partition, identity, this.dueMs(window, rules));
      if (rules.kind === 'SESSION') this.sessionsOf(key).add(identity);
    }
    for (const place of this.results?.places() ?? []) {
      yield;
      const { identity, key, window, timestampMs } = place;
      const partition = this.keys.partition(key);
      this.advance(partition, timestampMs);
      if (window !== undefined) this.watch(partition, identity, removedMs(window, rules));
    }
  }

  get rows(): TableRows {
    if (this.results !== undefined) return tableRows(this.results);
    return tableRows(this.states, (entry) => this.rowOf(entry, NO_CAUSE, SAID_BEFORE));
  }

  /** Adds a row to a group, or takes it back, and emits the group as it is then. */
  change(group: readonly Value[], row: Row, how: 'add' | 'undo', emit: Emit): void {
    this.put(Store.identity(group), group, undefined, row, how, emit);
  }

  /** True: the group is new. */
  private put(
    identity: string,
    group: readonly Value[],
    window: RowWindow | undefined,
    row: Row,
    how: 'add' | 'undo',
    emit: Emit,
  ): boolean {
    const entry = this.states.get(identity);
    const state = this.next(entry?.state as readonly Value[] | undefined, row, how);
    const timestampMs = Math.max(entry?.timestampMs ?? -1, row.timestampMs);
    const next: StoreEntry = { key: group, window, state, timestampMs };
    this.states.put(identity, next);
    if (!this.step.final) this.show(next, entry, row, emit);
    return entry === undefined;
  }

  /** A row of a table that stays in its group. */
  replace(old: Grouped, now: Grouped, emit: Emit): void {
    const identity = Store.identity(now.group);
    const entry = this.states.get(identity);
    const without = this.next(entry?.state as readonly Value[] | undefined, old.row, 'undo');
    const state = this.next(without, now.row, 'add');
    const timestampMs = Math.max(entry?.timestampMs ?? -1, now.row.timestampMs);
    const next: StoreEntry = { key: now.group, window: undefined, state, timestampMs };
    this.states.put(identity, next);
    this.show(next, entry, now.row, emit);
  }

  private next(state: readonly Value[] | undefined, row: Row, how: 'add' | 'undo'): Value[] {
    return this.step.calls.map(({ aggregate, args }, at) => {
      const before = state === undefined ? aggregate.initial : (state[at] ?? null);
      try {
        const values = args.map((evaluate) => evaluate(row));
        if (how === 'add') return aggregate.add(before, values);
        return aggregate.undo === undefined ? before : aggregate.undo(before, values);
      } catch (failure) {
        this.context.failed(failure);
        return before;
      }
    });
  }

  /** A group that HAVING leaves out goes out as a deletion where it was in the table before. */
  private show(entry: StoreEntry, before: StoreEntry | undefined, cause: Row, emit: Emit): void {
    const row = this.rowOf(entry, cause, this.context.failed);
    if (this.results !== undefined) keepResult(this.results, row, emit);
    else if (row.value !== null || (before !== undefined && this.isShown(before))) emit(row);
  }

  /** A group as a row of the table; without a value where HAVING leaves it out. */
  private rowOf(entry: StoreEntry, cause: Row, failed: Failed): Row {
    const grouped = this.grouped(entry, cause);
    if (!this.holds(grouped, failed)) return { ...grouped, value: null };
    const value = this.step.columns.map(({ evaluate }) => {
      try {
        return evaluate(grouped);
      } catch (failure) {
        failed(failure);
        return null;
      }
    });
    return withValue(grouped, value);
  }

  private grouped({ key, window, state, timestampMs }: StoreEntry, cause: Row): Row {
    const states = state as readonly Value[];
    const results = this.step.calls.map(({ aggregate }, at) => aggregate.result(states[at] ?? null));
    const { partition, offset, headers } = cause;
    return { key, value: results, timestampMs, partition, offset, headers, window, keyless: false };
  }

  private isShown(entry: StoreEntry): boolean {
    return this.step.having === undefined || this.holds(this.grouped(entry, NO_CAUSE), SAID_BEFORE);
  }

  private holds(grouped: Row, failed: Failed): boolean {
    const { having } = this.step;
    try {
      return having === undefined || having.evaluate(grouped) === true;
    } catch (failure) {
      failed(failure);
      return false;
    }
  }

  /** Tumbling and hopping windows; a row that comes after a window has closed is left out of it. */
  windows(group: readonly Value[], row: Row, rules: WindowRules, emit: Emit): void {
    const partition = this.keys.partition(group);
    const now = this.advance(partition, row.timestampMs);
    for (const window of this.windowsAt(row.timestampMs)) {
      if (window.endMs + rules.graceMs <= now) continue;
      const identity = Store.identity(group, window);
      const isNew = this.put(identity, group, window, row, 'add', emit);
      if (isNew) this.watch(partition, identity, this.dueMs(window, rules));
    }
    this.close(partition, now, rules, row, emit);
  }

  private advance(partition: number, timestampMs: number): number {
    const now = Math.max(this.streamTimes.get(partition) ?? -1, timestampMs);
    this.streamTimes.set(partition, now);
    return now;
  }

  private watch(partition: number, identity: string, dueMs: number): void {
    const known = this.open.get(partition) ?? new DueWindows();
    this.open.set(partition, known);
    known.add(dueMs, identity);
  }

  private dueMs(window: RowWindow, rules: WindowRules): number {
    const removed = removedMs(window, rules);
    return this.step.final ? Math.min(closedMs(window.endMs, rules), removed) : removed;
  }

  private sessionsOf(group: readonly Value[]): Set<string> {
    const identity = Store.identity(group);
    const known = this.sessions.get(identity) ?? new Set<string>();
    this.sessions.set(identity, known);
    return known;
  }

  private forget(identity: string, { key }: StoreEntry): void {
    this.states.delete(identity);
    const group = this.sessions.size === 0 ? '' : Store.identity(key);
    const sessions = this.sessions.get(group);
    sessions?.delete(identity);
    if (sessions?.size === 0) this.sessions.delete(group);
  }

  /** What stream time has passed: EMIT FINAL shows it now, by the windows' ends, then by key; retention removes it. */
  private close(partition: number, now: number, rules: WindowRules, cause: Row, emit: Emit): void {
    const due: Array<{ identity: string; entry: StoreEntry; window: RowWindow; bytes: Uint8Array }> = [];
    for (const identity of this.open.get(partition)?.take(now) ?? []) {
      const entry = this.states.get(identity);
      if (entry?.window === undefined) this.results?.delete(identity);
      else if (this.step.final && closedMs(entry.window.endMs, rules) <= now)
        due.push({ identity, entry, window: entry.window, bytes: this.keys.bytes(entry.key) });
      else this.forget(identity, entry);
    }
    due.sort((a, b) => a.window.endMs - b.window.endMs || Buffer.compare(a.bytes, b.bytes));
    for (const { identity, entry, window } of due) {
      this.forget(identity, entry);
      this.show(entry, undefined, cause, emit);
      if (removedMs(window, rules) <= now) this.results?.delete(identity);
      else this.watch(partition, identity, removedMs(window, rules));
    }
  }

  /** Sessions grow and merge, in the order of their time: each one that ends in another goes out as a deletion first. */
  session(group: readonly Value[], row: Row, rules: WindowRules, emit: Emit): void {
    const partition = this.keys.partition(group);
    const before = this.streamTimes.get(partition) ?? -1;
    const now = this.advance(partition, row.timestampMs);
    const near: Array<readonly [string, StoreEntry]> = [];
    for (const identity of this.sessions.get(Store.identity(group)) ?? []) {
      const entry = this.states.get(identity);
      if (
        entry?.window !== undefined &&
        entry.window.startMs <= row.timestampMs + rules.sizeMs &&
        entry.window.endMs >= row.timestampMs - rules.sizeMs &&
        entry.window.endMs + rules.sessionMs > before
      ) {
        near.push([identity, entry]);
      }
    }
    near.sort(([, a], [, b]) => endOf(a) - endOf(b));
    const startMs = Math.min(row.timestampMs, ...near.map(([, { window }]) => window?.startMs ?? row.timestampMs));
    const endMs = Math.max(row.timestampMs, ...near.map(([, { window }]) => window?.endMs ?? row.timestampMs));
    if (endMs + rules.graceMs + rules.sizeMs < now) return;
    const window: RowWindow = { startMs, endMs };
    const merged = near
      .map(([, { state }]) => state as readonly Value[])
      .reduce<readonly Value[] | undefined>((all, state) => this.merge(all, state), undefined);
    const state = this.next(merged, row, 'add');
    const timestampMs = Math.max(row.timestampMs, ...near.map(([, entry]) => entry.timestampMs));
    const identity = Store.identity(group, window);
    // Kafka Streams keeps a session only where the row is one that lasts no time at all and it is the same.
    const grew = startMs !== row.timestampMs || endMs !== row.timestampMs;
    for (const [old, entry] of grew ? near : []) {
      this.forget(old, entry);
      if (entry.window !== undefined) this.open.get(partition)?.delete(this.dueMs(entry.window, rules), old);
      if (this.step.final || !this.isShown(entry)) continue;
      const gone: Row = { ...row, keyless: false, key: group, window: entry.window, value: null };
      emit({ ...gone, timestampMs: entry.window?.endMs ?? row.timestampMs });
    }
    const replaced = this.states.get(identity);
    const entry: StoreEntry = { key: group, window, state, timestampMs };
    this.states.put(identity, entry);
    this.sessionsOf(group).add(identity);
    if (replaced === undefined) this.watch(partition, identity, this.dueMs(window, rules));
    if (!this.step.final) this.show(entry, replaced, row, emit);
    this.close(partition, now, rules, row, emit);
  }

  private merge(left: readonly Value[] | undefined, right: readonly Value[]): readonly Value[] {
    if (left === undefined) return right;
    return this.step.calls.map(({ aggregate }, at) => aggregate.merge(left[at] ?? null, right[at] ?? null));
  }
}

const endOf = ({ window }: StoreEntry): number => window?.endMs ?? 0;

/** When stream time has left a window behind. A session may still be joined by what comes within the gap after it. */
const closedMs = (endMs: number, { kind, sizeMs, graceMs }: WindowRules): number =>
  endMs + graceMs + (kind === 'SESSION' ? sizeMs : 0);

/** When stream time has left a window so far behind that it is forgotten. */
const removedMs = ({ startMs }: RowWindow, { retentionMs }: WindowRules): number => startMs + retentionMs + 1;
