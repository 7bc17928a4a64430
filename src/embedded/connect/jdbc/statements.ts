import { quoteIdentifier } from '../../../protocol/sql.js';
import type { Shape } from './change.js';
import { type ToText, textOf } from './column-text.js';
import type { JdbcSettings } from './settings.js';
import type { Tables, TargetColumn, TargetTable } from './tables.js';

/**
 * One statement for any number of rows: every column is one parameter, an array of texts, which PostgreSQL's own input
 * functions turn into values of the column's type. So the statement is planned once, and every type works the same way.
 */
export interface RowStatement {
  readonly sql: string;
  readonly toText: readonly ToText[];
}

interface Bound {
  readonly column: TargetColumn;
  readonly toText: ToText;
  readonly isKey: boolean;
}

function bind(table: TargetTable, shape: Shape, tables: Tables, settings: JdbcSettings): Bound[] {
  return shape.fields.flatMap((field) => {
    const column = table.columns.get(tables.columnName(field));
    if (column === undefined) throw new Error(`${table.sql} has no column for ${field.name}`);
    return [{ column, toText: textOf(field.schema, column.type, settings.flavour), isKey: field.isKey }];
  });
}

/** `unnest($1::text[], …) AS u(c0, …)` */
const unnested = (bound: readonly Bound[]): string =>
  `unnest(${bound.map((_, at) => `$${at + 1}::text[]`).join(', ')}) AS u(${bound.map((_, at) => `c${at}`).join(', ')})`;

const value = (bound: Bound, at: number): string => `u.c${at}::${bound.column.type}`;
const name = (bound: Bound): string => quoteIdentifier(bound.column.name);

export function writeStatement(table: TargetTable, shape: Shape, tables: Tables, settings: JdbcSettings): RowStatement {
  const bound = bind(table, shape, tables, settings);
  const sql = settings.insertMode === 'update' ? updateSql(table, bound) : insertSql(table, bound, settings);
  return { sql, toText: bound.map((one) => one.toText) };
}

function insertSql(table: TargetTable, bound: readonly Bound[], { insertMode }: JdbcSettings): string {
  const overriding = bound.some((one) => one.column.alwaysIdentity) ? ' OVERRIDING SYSTEM VALUE' : '';
  const insert = `INSERT INTO ${table.sql} (${bound.map(name).join(', ')})${overriding} SELECT ${bound.map(value).join(', ')} FROM ${unnested(bound)}`;
  const keys = bound.filter((one) => one.isKey);
  if (insertMode === 'insert' || keys.length === 0) return insert;
  const rest = bound.filter((one) => !one.isKey).map((one) => `${name(one)} = EXCLUDED.${name(one)}`);
  const action = rest.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${rest.join(', ')}`;
  return `${insert} ON CONFLICT (${keys.map(name).join(', ')}) ${action}`;
}

function updateSql(table: TargetTable, bound: readonly Bound[]): string {
  const assigned = bound.flatMap((one, at) => (one.isKey ? [] : [`${name(one)} = ${value(one, at)}`]));
  return `UPDATE ${table.sql} AS t SET ${assigned.join(', ')} FROM ${unnested(bound)} WHERE ${keysEqual(bound)}`;
}

export function deleteStatement(
  table: TargetTable,
  shape: Shape,
  tables: Tables,
  settings: JdbcSettings,
): RowStatement {
  const bound = bind(table, shape, tables, settings);
  const sql = `DELETE FROM ${table.sql} AS t USING ${unnested(bound)} WHERE ${keysEqual(bound)}`;
  return { sql, toText: bound.map((one) => one.toText) };
}

const keysEqual = (bound: readonly Bound[]): string => {
  const keys = bound.flatMap((one, at) => (one.isKey ? [`t.${name(one)} = ${value(one, at)}`] : []));
  return keys.length === 0 ? 'true' : keys.join(' AND ');
};
