import { quoteIdentifier } from '../clients/postgres/client.js';
import { EvpipeError } from '../support/errors.js';
import { renderSql } from './rendering.js';
import type { Key, Row, Side, SideColumn } from './side.js';

/** What a table's side needs of a database connection; clients/postgres has it. */
export interface TableReader {
  queryText(sql: string, values?: readonly unknown[]): Promise<readonly (readonly (string | null)[])[]>;
  /** Rows in blocks, through a cursor: never the whole table at once. */
  streamText(
    sql: string,
    values: readonly unknown[],
    signal: AbortSignal,
  ): AsyncIterable<readonly (readonly (string | null)[])[]>;
}

/** Settings under which text output is exact and alike on every server; a side's connection has to have them. */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '3',
  statement_timeout: '60000',
  lock_timeout: '5000',
};

export interface TablePlace {
  readonly database: string;
  /** As the file says it: `person_person` or `schema.person_person`. */
  readonly table: string;
  /** SQL condition: only these rows count. */
  readonly where?: string | undefined;
}

/** A compared or key column: its name in reports, and the SQL expression over this side's table. */
export interface TableColumn {
  readonly name: string;
  readonly expression: string;
  readonly type: string;
  /** The type on the other side, which decides the common text form. */
  readonly otherType: string;
}

/** A column of the side's own table, which every statement here calls t. */
export const quoteColumn = (name: string): string => `t.${quoteIdentifier(name)}`;

export function tableSql(table: string): string {
  return table.split('.').map(quoteIdentifier).join('.');
}

/** The table's columns in order with their types; throws where the table is missing or not readable. */
export async function readColumns(reader: TableReader, place: TablePlace): Promise<readonly SideColumn[]> {
  const rows = await reader.queryText(
    `SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
       FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [tableSql(place.table)],
  );
  if (rows.length === 0) {
    throw new EvpipeError('EVPIPE_TABLE_MISSING', `table ${place.table} does not exist in database ${place.database}`);
  }
  return rows.map(([name, type]) => ({ name: name ?? '', type: type ?? '' }));
}

/** The type of an SQL expression over the table, asked from the server without reading a row. */
export async function expressionType(reader: TableReader, place: TablePlace, expression: string): Promise<string> {
  const [row] = await reader.queryText(
    `SELECT pg_typeof((SELECT ${expression} FROM ${tableSql(place.table)} AS t LIMIT 1))::text`,
  );
  return row?.[0] ?? 'unknown';
}

export function tableSide(
  reader: TableReader,
  place: TablePlace,
  key: readonly TableColumn[],
  compared: readonly TableColumn[],
  /** With documents on the other side a hash that anybody can make; PostgreSQL's own is faster. */
  portionsBy: 'server' | 'md5' = 'server',
): Side {
  const table = tableSql(place.table);
  const keys = key.map((column) => renderSql(column.expression, column.type, column.otherType));
  const values = compared.map((column) => renderSql(column.expression, column.type, column.otherType));
  const version = "t.xmin::text || ' ' || t.ctid::text";
  const select = `SELECT ${[...keys, version, ...values].join(', ')} FROM ${table} AS t`;
  const filter = place.where === undefined ? 'true' : `(${place.where})`;
  // The hash is over the key's common text form, so that equal keys of both sides meet in the same portion.
  const keyArray = `jsonb_build_array(${keys.join(', ')})`;
  const keyHash =
    portionsBy === 'server'
      ? `(hashtextextended(${keyArray}::text, 0) & 9223372036854775807)`
      : `('x' || substr(md5(${keyArray}::text), 1, 8))::bit(32)::bigint`;

  const toRow = (fields: readonly (string | null)[]): Row => ({
    key: fields.slice(0, key.length),
    version: fields[key.length] ?? '',
    values: fields.slice(key.length + 1),
  });

  return {
    label: `${place.database}.${place.table}`,
    columns: compared.map(({ name, type }) => ({ name, type })),

    async estimateRows() {
      const [row] = await reader.queryText('SELECT reltuples::bigint::text FROM pg_class WHERE oid = to_regclass($1)', [
        table,
      ]);
      const estimate = Number(row?.[0] ?? -1);
      if (estimate >= 0) return estimate;
      const [counted] = await reader.queryText(`SELECT count(*)::text FROM ${table} AS t WHERE ${filter}`);
      return Number(counted?.[0] ?? -1);
    },

    async *portion(portion, of, signal) {
      const mine = of === 1 ? 'true' : `${keyHash} % ${of} = ${portion}`;
      for await (const block of reader.streamText(`${select} WHERE ${filter} AND ${mine}`, [], signal))
        yield block.map(toRow);
    },

    async rows(wanted: readonly Key[]) {
      const found: Row[] = [];
      for (let first = 0; first < wanted.length; first += KEYS_PER_QUERY) {
        const some = wanted.slice(first, first + KEYS_PER_QUERY);
        const parameters = key.map((_, index) => `$${index + 1}::text[]`);
        const names = key.map((_, index) => `k${index}`).join(', ');
        const rows = await reader.queryText(
          `${select} WHERE ${filter} AND ${keyArray} IN
             (SELECT jsonb_build_array(${names}) FROM unnest(${parameters.join(', ')}) AS wanted(${names}))`,
          key.map((_, index) => some.map((one) => one[index] ?? null)),
        );
        found.push(...rows.map(toRow));
      }
      return found;
    },
  };
}

/** Bounds one query's parameters; rows are looked up by rendered key, so each query is one scan of the table. */
const KEYS_PER_QUERY = 5_000;
