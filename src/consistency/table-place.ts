import type { PostgresClient } from '../clients/postgres/client.js';
import { quoteIdentifier } from '../protocol/sql.js';
import { EvpipeError } from '../support/errors.js';

export interface TablePlace {
  readonly database: string;
  /** As the file says it: `person_person` or `schema.person_person`; of a query what reports call it. */
  readonly table: string;
  /** What is read instead of the table. */
  readonly query?: string | undefined;
  /** SQL condition: only these rows count. */
  readonly where?: string | undefined;
  /** `where` leaves out rows that are there and count as deleted. */
  readonly marksDeleted?: boolean;
}

/** Settings under which text output is exact and alike on every server. */
export const TEXT_SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '3',
};

/** The same for a connection that keeps them, with bounds for what it waits for. */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  ...TEXT_SETTINGS,
  client_encoding: 'UTF8',
  statement_timeout: '60000',
  lock_timeout: '5000',
};

/** A column of the side's own table, which every statement here calls t. */
export const quoteColumn = (name: string): string => `t.${quoteIdentifier(name)}`;

export function tableSql(table: string): string {
  return table.split('.').map(quoteIdentifier).join('.');
}

/** What stands behind FROM. A query may end in a comment. */
export const relationSql = ({ table, query }: TablePlace): string =>
  query === undefined ? tableSql(table) : `(${query}\n)`;

/** The table's columns in order with their types; throws EVPIPE_TABLE_MISSING where the table is missing or not readable. */
export async function readColumns(
  client: Pick<PostgresClient, 'queryText'>,
  place: TablePlace,
): Promise<ReadonlyArray<{ readonly name: string; readonly type: string }>> {
  const rows = await client.queryText(
    `SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
       FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [tableSql(place.table)],
  );
  if (rows.length === 0) throw tableMissing(place);
  return rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
}

export const tableMissing = ({ table, database }: TablePlace): EvpipeError =>
  new EvpipeError('EVPIPE_TABLE_MISSING', `table ${table} does not exist in database ${database}`);
