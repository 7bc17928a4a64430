import type { SqlType } from '../../protocol/ksql/types.js';
import type { Compiled, Scope } from '../expressions/compiled.js';
import { BIGINT, INTEGER } from '../expressions/types.js';
import type { Source } from '../metadata/source.js';
import type { Row } from '../rows/row.js';
import type { Value } from '../values/value.js';

export const PSEUDO_COLUMNS: ReadonlyMap<string, { type: SqlType; get: (row: Row) => Value }> = new Map([
  ['ROWTIME', { type: BIGINT, get: (row: Row): Value => BigInt(row.timestampMs) }],
  ['ROWPARTITION', { type: INTEGER, get: (row: Row): Value => row.partition }],
  ['ROWOFFSET', { type: BIGINT, get: (row: Row): Value => row.offset }],
]);

export const WINDOW_COLUMNS: ReadonlyMap<string, { type: SqlType; get: (row: Row) => Value }> = new Map([
  [
    'WINDOWSTART',
    { type: BIGINT, get: (row: Row): Value => (row.window === undefined ? null : BigInt(row.window.startMs)) },
  ],
  [
    'WINDOWEND',
    { type: BIGINT, get: (row: Row): Value => (row.window === undefined ? null : BigInt(row.window.endMs)) },
  ],
]);

/** The columns of one stream or table, by its alias and by its name. */
export function sourceScope(source: Source, alias: string, read: Set<string>): Scope {
  const columns = new Map<string, Compiled>();
  for (const [at, { name, type }] of source.schema.key.entries()) {
    columns.set(name, { type, evaluate: (row) => row.key[at] ?? null });
  }
  for (const [at, { name, type }] of [...source.schema.value, ...source.schema.headers].entries()) {
    columns.set(name, { type, evaluate: (row) => row.value?.[at] ?? null });
  }
  for (const [name, { type, get }] of PSEUDO_COLUMNS) {
    if (!columns.has(name)) columns.set(name, { type, evaluate: get });
  }
  if (source.window !== undefined) {
    for (const [name, { type, get }] of WINDOW_COLUMNS) columns.set(name, { type, evaluate: get });
  }
  return {
    sources: [alias],
    column(from, name) {
      if (from !== undefined && from !== alias) return undefined;
      read.add(name);
      return columns.get(name);
    },
  };
}
