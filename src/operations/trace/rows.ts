import { quoteColumn, readColumns, SESSION_SETTINGS, tableSql } from '../../consistency/table-place.js';
import { databaseClient } from '../../kinds/database/client.js';
import type { Session } from '../../kinds/session.js';
import type { TraceEntry } from './trace.js';

export interface TracedTable {
  readonly database: string;
  readonly table: string;
  /** A column or an SQL expression; undefined: the primary key, where it is one column. */
  readonly key: string | undefined;
}

/** The rows of a table whose key begins so, as they are now; with the first time that they tell. None where nobody can tell which column is the key. */
export async function traceRows(
  { database, table, key }: TracedTable,
  wanted: string,
  session: Session,
): Promise<readonly TraceEntry[]> {
  const client = await databaseClient(session.clients, database, SESSION_SETTINGS);
  const columns = await readColumns(client, { database, table });
  const name = key ?? (await primaryKey(client, table));
  if (name === undefined) return [];
  const expression = columns.some((column) => column.name === name) ? quoteColumn(name) : `(${name})`;
  const rows = await client.queryText(
    `SELECT ${expression}::text, ${timeOf(columns)}, to_jsonb(t)::text FROM ${tableSql(table)} t
      WHERE starts_with(${expression}::text, $1) LIMIT ${ROWS_MAX}`,
    [wanted],
  );
  return rows.map(([found, ms, value]) => ({
    key: found ?? '',
    timestampMs: ms == null ? undefined : Number(ms),
    place: `${database}.${table}`,
    partition: undefined,
    offset: undefined,
    status: undefined,
    value: JSON.parse(value ?? 'null') as unknown,
  }));
}

/** More than a prefix that means one key ever finds. */
const ROWS_MAX = 100;

/** SQL for the row's time in milliseconds: a column of a time, or a bigint that is called so. */
function timeOf(columns: readonly { readonly name: string; readonly type: string }[]): string {
  const time = columns.find(({ type }) => type.startsWith('timestamp'));
  if (time !== undefined) return `floor(extract(epoch FROM ${quoteColumn(time.name)}) * 1000)::bigint::text`;
  const number = columns.find(({ name, type }) => name === 'timestamp' && type === 'bigint');
  return number === undefined ? 'NULL::text' : `${quoteColumn(number.name)}::text`;
}

async function primaryKey(
  client: { queryText(sql: string, values?: readonly string[]): Promise<readonly (readonly (string | null)[])[]> },
  table: string,
): Promise<string | undefined> {
  const names = await client.queryText(
    `SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
      WHERE i.indrelid = to_regclass($1) AND i.indisprimary`,
    [tableSql(table)],
  );
  return names.length === 1 ? (names[0]?.[0] ?? undefined) : undefined;
}
