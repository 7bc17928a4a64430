import type { Value } from '../data/schema.js';
import type { Change, Shape } from './change.js';

/** Rows that one statement stores. */
export interface Batch {
  readonly kind: 'write' | 'delete' | 'truncate';
  readonly table: string;
  readonly shape: Shape | undefined;
  readonly rows: ReadonlyArray<readonly Value[]>;
}

/**
 * Consecutive changes of one table and shape as few batches, in order. Where rows have keys, a batch holds each key
 * once, with its newest row: what the older ones did would not be seen in the end. A deletion joins the writes before
 * it by taking its key out of them. With `reduces` off (plain inserts) every change is kept.
 */
export function batched(changes: readonly Change[], rowsMax: number, reduces: boolean): Batch[] {
  const batches: Batch[] = [];
  for (const [table, ofTable] of groupByTable(changes)) batches.push(...batchedTable(table, ofTable, rowsMax, reduces));
  return batches;
}

/** Tables don't depend on each other more than topics do; within each the order is kept. */
function groupByTable(changes: readonly Change[]): ReadonlyMap<string, Change[]> {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const group = groups.get(change.table);
    if (group === undefined) groups.set(change.table, [change]);
    else group.push(change);
  }
  return groups;
}

interface Open {
  readonly kind: 'write' | 'delete';
  readonly shape: Shape;
  readonly rows: Map<unknown, readonly Value[]>;
}

function batchedTable(table: string, changes: readonly Change[], rowsMax: number, reduces: boolean): Batch[] {
  const batches: Batch[] = [];
  let writes: Open | undefined;
  let deletes: Open | undefined;
  const close = (open: Open | undefined): void => {
    if (open !== undefined && open.rows.size > 0)
      batches.push({ kind: open.kind, table, shape: open.shape, rows: [...open.rows.values()] });
  };
  const closeAll = (): void => {
    close(writes);
    close(deletes);
    writes = undefined;
    deletes = undefined;
  };
  for (const change of changes) {
    if (change.kind === 'truncate') {
      closeAll();
      batches.push({ kind: 'truncate', table, shape: undefined, rows: [] });
      continue;
    }
    const { shape, values, kind } = change;
    const keyed = reduces && shape.keyCount > 0;
    const key: unknown = keyed ? keyOf(values, shape.keyCount) : values;
    const open = kind === 'write' ? writes : deletes;
    // A write after the deletion of its key must not come before it; without keys everything stays in order.
    const conflicts =
      kind === 'write'
        ? deletes !== undefined && (!keyed || deletes.rows.has(key))
        : writes !== undefined && (!keyed || writes.shape.keyCount !== shape.keyCount);
    const differs = open !== undefined && open.shape !== shape;
    if (conflicts || differs || (open?.rows.size ?? 0) >= rowsMax) closeAll();
    if (kind === 'delete') writes?.rows.delete(key);
    const into: Open = (kind === 'write' ? writes : deletes) ?? { kind, shape, rows: new Map() };
    into.rows.delete(key);
    into.rows.set(key, values);
    if (kind === 'write') writes = into;
    else deletes = into;
  }
  closeAll();
  return batches;
}

/** Keys that are equal give equal texts or numbers. */
function keyOf(values: readonly Value[], count: number): unknown {
  if (count === 1) {
    const [value] = values;
    return Buffer.isBuffer(value) ? `b${value.toString('latin1')}` : typeof value === 'object' ? asText(value) : value;
  }
  return values.slice(0, count).map(asText).join('\u0000');
}

function asText(value: Value): string {
  if (Buffer.isBuffer(value)) return `b${value.toString('latin1')}`;
  return `${typeof value} ${JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one))}`;
}
