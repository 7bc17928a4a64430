import type { PostgresClient } from '../../clients/postgres/client.js';
import { quoteColumn, readColumns, SESSION_SETTINGS, tableSql } from '../../consistency/table-place.js';
import { databaseClient } from '../../kinds/database/client.js';
import type { Session } from '../../kinds/session.js';
import type { TracedTable } from './places.js';
import type { TraceEntry } from './trace-entry.js';

/** The current rows of a table whose key begins so, with the first time that they hold. None where it is unknown which column is the key. */
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
    `SELECT ${expression}::text, ${await commitTime(client, table)}, ${timeOf(columns)}, to_jsonb(t)::text FROM ${tableSql(table)} t
      WHERE starts_with(${expression}::text, $1) LIMIT ${ROWS_MAX}`,
    [wanted],
  );
  return rows.map(([found, committedMs, ms, value]) => {
    const timeIs = committedMs != null ? 'commit' : ms != null ? 'column' : undefined;
    const time = committedMs ?? ms;
    return {
      key: found ?? '',
      timestampMs: time == null ? undefined : Number(time),
      ...(timeIs === undefined ? {} : { timeIs }),
      place: `${database}.${table}`,
      partition: undefined,
      offset: undefined,
      status: undefined,
      readBy: [],
      value: JSON.parse(value ?? 'null') as unknown,
    };
  });
}

type Client = Pick<PostgresClient, 'queryText'>;

/** SQL for when the row as it is was committed, in milliseconds; NULL where the server does not keep it (track_commit_timestamp), or a view has no rows of its own. */
async function commitTime(client: Client, table: string): Promise<string> {
  const [row] = await client.queryText(
    `SELECT (current_setting('track_commit_timestamp') = 'on' AND relkind IN ('r', 'm'))::text
       FROM pg_class WHERE oid = to_regclass($1)`,
    [tableSql(table)],
  );
  return row?.[0] === 'true' ? milliseconds('pg_xact_commit_timestamp(t.xmin)') : 'NULL::text';
}

const milliseconds = (sql: string): string => `floor(extract(epoch FROM ${sql}) * 1000)::bigint::text`;

/** More than a prefix that means one key ever finds. */
const ROWS_MAX = 100;

/** Names of columns that say when a row was written, the last change before its making; others hold any time at all. */
const WRITTEN = [
  /(updat|modif|chang)/i,
  /(creat|insert|record|event|occur|order|sen[dt]|receiv|publish)/i,
  /^(at|time|timestamp|ts)$|_at$/i,
];

/** SQL for the row's time in milliseconds as its own columns tell it: a point in time, or a bigint that is called timestamp. */
function timeOf(columns: readonly { readonly name: string; readonly type: string }[]): string {
  const times = columns.filter(({ type }) => type.startsWith('timestamp'));
  const time = WRITTEN.map((pattern) => times.find(({ name }) => pattern.test(name))).find((one) => one !== undefined);
  if (time !== undefined) return milliseconds(quoteColumn(time.name));
  const number = columns.find(({ name, type }) => name === 'timestamp' && type === 'bigint');
  return number === undefined ? 'NULL::text' : `${quoteColumn(number.name)}::text`;
}

async function primaryKey(client: Client, table: string): Promise<string | undefined> {
  const names = await client.queryText(
    `SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
      WHERE i.indrelid = to_regclass($1) AND i.indisprimary`,
    [tableSql(table)],
  );
  return names.length === 1 ? (names[0]?.[0] ?? undefined) : undefined;
}
