import { quoteLiteral } from '../protocol/sql.js';
import { type ColumnType, parseType, typeQuery } from './column-types.js';
import { relationSql, type TablePlace, tableMissing, tableSql } from './table-place.js';
import type { TableReader } from './table-reader.js';

/** A part of a table that is read in ranges of its pages; a partitioned table has several. */
export interface Relation {
  /** Quoted SQL name. */
  readonly name: string;
  readonly pages: number;
  /** The file that holds it: another one where the table was written anew, and its rows stand elsewhere. */
  readonly file: string;
}

/** What reading a table well depends on. */
export interface TableFacts {
  readonly columns: ReadonlyMap<string, ColumnType>;
  /** Undefined where it has to be read in one statement: a view, a foreign table, partitions that may not be read. */
  readonly relations: readonly Relation[] | undefined;
  /** Has every row a version (xmin) and a place? */
  readonly versioned: boolean;
  /** About how many rows: as dense as the last ANALYZE or VACUUM found them in the pages that there are now; -1 where nothing tells. */
  readonly estimate: number;
  /** Columns that lead a usable index. */
  readonly indexed: ReadonlySet<string>;
  /** Columns, never NULL, that together are unique over the whole table. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Its version, as server_version_num has it. */
  readonly server: number;
  /** Which database of which server this is. */
  readonly place: string;
  /** Of its texts. */
  readonly encoding: string;
  /** Whether the server notes when each transaction was committed (track_commit_timestamp). */
  readonly commitTimes: boolean;
}

/** Ranges of pages are read without reading the rest since PostgreSQL 14 (TID Range Scan). */
const TID_RANGES_SINCE = 140_000;

/** Throws EVPIPE_TABLE_MISSING where the table is missing or not visible, and what the server says of a query. */
export async function readTableFacts(reader: TableReader, place: TablePlace, signal: AbortSignal): Promise<TableFacts> {
  if (place.query !== undefined) return readQueryFacts(reader, place, signal);
  const oid = `to_regclass(${quoteLiteral(tableSql(place.table))})`;
  const [names = [], types = [], parts = [], indexes = [], uniques = [], version = []] = await reader.readAll(
    [columnNames(oid), columnTypes(oid), partsOf(oid), indexesOf(oid), uniquesOf(oid), SERVER],
    { signal },
  );
  if (names.length === 0) throw tableMissing(place);
  const server = Number(version[0]?.[0] ?? 0);
  const root = parts.find(([, , , , isRoot]) => isRoot === 'true');
  const heaps = parts.filter(([, kind]) => kind !== 'p');
  const versioned = heaps.length > 0 && heaps.every(([, kind]) => kind === 'r' || kind === 'm');
  const readable = parts.every(([, , , mayRead]) => mayRead === 'true');
  const estimates = heaps.map(([, , pages, , , , , density]) => Number(pages ?? 0) * Number(density ?? 0));
  return {
    columns: new Map(names.map(([name], index) => [name ?? '', parseType(types[index] ?? [])])),
    relations:
      versioned && readable && server >= TID_RANGES_SINCE
        ? heaps.map(([name, , pages, , , , file]) => ({
            name: name ?? '',
            pages: Number(pages ?? 0),
            file: file ?? '',
          }))
        : undefined,
    versioned: versioned && root !== undefined,
    estimate: versioned ? Math.round(estimates.reduce((sum, rows) => sum + rows, 0)) : -1,
    indexed: new Set(indexes.map(([name]) => name ?? '')),
    // An index of a table says nothing of those that inherit from it; one of a partitioned table does.
    uniqueKeys:
      heaps.length === 1 || root?.[1] === 'p' ? uniques.map(([names]) => JSON.parse(names ?? '[]') as string[]) : [],
    server,
    place: version[0]?.[1] ?? '',
    encoding: version[0]?.[2] ?? '',
    commitTimes: version[0]?.[3] === 'on',
  };
}

const SERVER = `SELECT current_setting('server_version_num'), concat_ws(' ', inet_server_addr(), inet_server_port(), oid),
      pg_encoding_to_char(encoding), current_setting('track_commit_timestamp')
    FROM pg_database WHERE datname = current_database()`;

/** A query is read in one statement: what its rows are made of, and how many there are, only reading them tells. */
async function readQueryFacts(reader: TableReader, place: TablePlace, signal: AbortSignal): Promise<TableFacts> {
  const shown = await reader.describe(`SELECT * FROM ${relationSql(place)} AS t LIMIT 0`, { signal });
  const given = shown.map(({ oid, modifier }, n) => `(${n}, ${oid}::oid, ${modifier})`).join(', ');
  const [types = [], version = []] = await reader.readAll(
    [typeQuery(`SELECT * FROM (VALUES ${given}) AS shown(n, oid, mod)`), SERVER],
    { signal },
  );
  return {
    columns: new Map(shown.map(({ name }, index) => [name, parseType(types[index] ?? [])])),
    relations: undefined,
    versioned: false,
    estimate: -1,
    indexed: new Set(),
    uniqueKeys: [],
    server: Number(version[0]?.[0] ?? 0),
    place: version[0]?.[1] ?? '',
    encoding: version[0]?.[2] ?? '',
    commitTimes: false,
  };
}

/** Of a row with its place in the page: the shortest there is, and a common one where no statistics tell. */
const ROW_BYTES_MIN = 28;
const ROW_BYTES = 128;

/** The table with all that inherit from it, partitions or not. */
const partsOf = (oid: string): string => `WITH RECURSIVE tree AS (
    SELECT ${oid}::oid AS oid UNION ALL SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = tree.oid
  )
  SELECT quote_ident(nspname) || '.' || quote_ident(relname), relkind::text,
         CASE WHEN relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / current_setting('block_size')::int ELSE 0 END::text,
         has_table_privilege(c.oid, 'SELECT')::text, (c.oid = ${oid}::oid)::text, reltuples::bigint::text,
         pg_relation_filenode(c.oid)::text,
         CASE WHEN reltuples > 0 AND relpages > 0
              THEN least(reltuples / relpages, current_setting('block_size')::int / ${ROW_BYTES_MIN})
              ELSE current_setting('block_size')::int / ${ROW_BYTES} END::text
    FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = relnamespace ORDER BY c.oid`;

const indexesOf = (oid: string): string => `SELECT a.attname::text FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
   WHERE i.indrelid = ${oid} AND i.indisvalid AND i.indpred IS NULL`;

const uniquesOf = (oid: string): string => `SELECT jsonb_agg(a.attname)::text FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
   WHERE i.indrelid = ${oid} AND i.indisunique AND i.indisvalid AND i.indimmediate
     AND i.indpred IS NULL AND i.indexprs IS NULL
   GROUP BY i.indexrelid HAVING bool_and(a.attnotnull)`;

const live = (oid: string): string => `a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped`;
const columnNames = (oid: string): string =>
  `SELECT attname::text FROM pg_attribute a WHERE ${live(oid)} ORDER BY attnum`;
/** In the same order. */
const columnTypes = (oid: string): string =>
  typeQuery(`SELECT attnum::int AS n, atttypid AS oid, atttypmod AS mod FROM pg_attribute a WHERE ${live(oid)}`);

/** The type of an SQL expression over the table, asked from the server without reading a row. */
export async function expressionType(
  reader: TableReader,
  place: TablePlace,
  expression: string,
  signal: AbortSignal,
): Promise<ColumnType> {
  const [row] = await reader.read(
    typeQuery(
      `SELECT 1 AS n, pg_typeof((SELECT ${expression} FROM ${relationSql(place)} AS t LIMIT 1))::oid AS oid, -1 AS mod`,
    ),
    [],
    { signal },
  );
  return parseType(row ?? []);
}
