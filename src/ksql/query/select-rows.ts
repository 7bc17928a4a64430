import type { Row } from '../rows/row.js';
import type { Value } from '../values/value.js';
import type { SelectStep } from './physical-plan.js';
import type { Step } from './step.js';

interface Selecting {
  readonly row: Step;
  /** A client sees which row is deleted: its key columns stay, the others are null. */
  readonly shown: (row: Row) => Row;
}

/**
 * Filter, project, and give a new key. An expression that fails makes its column null, a condition that fails is
 * false; both are logged. A stream's null value passes as null unless there is a WHERE.
 */
export function selectRows(step: SelectStep, log: (failure: unknown) => void): Selecting {
  const { table, transient } = step;
  const filter = step.where?.evaluate;
  const values = step.columns.map(({ evaluate }) => evaluate);
  const keyValues = step.keys?.map(({ evaluate }) => evaluate);
  const each = (evaluate: (row: Row) => Value, row: Row): Value => {
    try {
      return evaluate(row);
    } catch (failure) {
      log(failure);
      return null;
    }
  };
  const passes = (row: Row): boolean => {
    if (filter === undefined) return true;
    try {
      return filter(row) === true;
    } catch (failure) {
      log(failure);
      return false;
    }
  };
  const select: Step = (row, emit) => {
    if (row.value === null && !table) {
      if (filter !== undefined) return;
      if (transient) return;
    }
    const kept = row.value !== null && passes(row);
    // A table's row that stops matching, or is deleted, goes out as a deletion; a stream's is simply not there.
    if (!kept && filter !== undefined && !table) return;
    const key = keyValues === undefined ? row.key : keyValues.map((evaluate) => each(evaluate, row));
    if (row.value === null || !kept) {
      emit({ ...row, key, value: null, keyless: keyValues === undefined && row.keyless === true });
      return;
    }
    const projected = new Array<Value>(values.length);
    for (let at = 0; at < values.length; at += 1) {
      const evaluate = values[at];
      projected[at] = evaluate === undefined ? null : each(evaluate, row);
    }
    emit({
      key,
      value: projected,
      timestampMs: row.timestampMs,
      partition: row.partition,
      offset: row.offset,
      headers: row.headers,
      window: row.window,
      keyless: keyValues === undefined && row.keyless === true,
    });
  };
  const shown = (row: Row): Row =>
    transient && row.value === null
      ? { ...row, value: values.map((evaluate) => each(evaluate, row)), deleted: true }
      : row;
  return { row: select, shown };
}
