import type pg from 'pg';
import type { PgType } from './types.js';

/** What the catalogue tells about a table, as far as records need it. */
export interface TableInfo {
  readonly schema: string;
  readonly name: string;
  /** d default, n nothing, f full, i index. */
  readonly replicaIdentity: string;
  readonly isPartition: boolean;
  /** Who says what its columns are: the stream by a relation message, which tells less. */
  readonly describedBy: 'catalogue' | 'stream';
  readonly columns: readonly ColumnInfo[];
  /** Names in key order: the primary key, else the first unique index on plain columns; [] where there is neither. */
  readonly key: readonly string[];
}

export interface ColumnInfo {
  readonly name: string;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly notNull: boolean;
  readonly generated: boolean;
  readonly defaultExpression: string | null;
}

export const tableName = (table: { readonly schema: string; readonly name: string }): string =>
  `${table.schema}.${table.name}`;

/** All types, by oid. */
export async function readTypes(client: pg.Client): Promise<Map<number, PgType>> {
  const { rows } = await client.query(TYPES);
  return new Map(
    rows.map((row) => [
      Number(row.oid),
      {
        oid: Number(row.oid),
        name: row.typname,
        kind: row.typtype,
        elementOid: Number(row.typelem),
        baseOid: Number(row.typbasetype),
        baseModifier: Number(row.typtypmod),
        labels: row.labels,
      },
    ]),
  );
}

const TYPES = `
SELECT t.oid, t.typname, t.typtype, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS typelem, t.typbasetype, t.typtypmod,
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels
FROM pg_catalog.pg_type t
WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm', 'c')`;

const OUTSIDE_THE_SYSTEM = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'`;

/**
 * Ordinary and partitioned tables outside the system's schemas, and partitions, by name. Partitions are tables of their
 * own to a snapshot whatever `publish.via.partition.root` says, which is about the stream alone.
 */
export async function readTables(client: pg.Client): Promise<TableInfo[]> {
  return groupTables((await client.query(tablesWhere(OUTSIDE_THE_SYSTEM))).rows);
}

/** One table as it is now; undefined where it has been dropped. */
export async function readTable(client: pg.Client, schema: string, name: string): Promise<TableInfo | undefined> {
  const { rows } = await client.query(tablesWhere('n.nspname = $1 AND c.relname = $2'), [schema, name]);
  return groupTables(rows)[0];
}

const tablesWhere = (condition: string): string => `
SELECT n.nspname, c.relname, c.relreplident, c.relispartition, a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attgenerated,
       CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS default_expression,
       (SELECT array_agg(k.attname::text ORDER BY o.position)
        FROM (SELECT i.indkey, i.indrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
              WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
              ORDER BY i.indisprimary DESC, ic.relname LIMIT 1) ix
        CROSS JOIN LATERAL unnest(ix.indkey::int2[]) WITH ORDINALITY o(attnum, position)
        JOIN pg_catalog.pg_attribute k ON k.attrelid = ix.indrelid AND k.attnum = o.attnum) AS key
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND ${condition}
ORDER BY n.nspname, c.relname, a.attnum`;

interface CatalogueRow {
  readonly nspname: string;
  readonly relname: string;
  readonly relreplident: string;
  readonly relispartition: boolean;
  readonly attname: string;
  readonly atttypid: string | number;
  readonly atttypmod: string | number;
  readonly attnotnull: boolean;
  readonly attgenerated: string;
  readonly default_expression: string | null;
  readonly key: readonly string[] | null;
}

function groupTables(rows: readonly CatalogueRow[]): TableInfo[] {
  const tables = new Map<string, TableInfo & { columns: ColumnInfo[] }>();
  for (const row of rows) {
    const id = `${row.nspname}.${row.relname}`;
    let table = tables.get(id);
    if (table === undefined) {
      table = {
        schema: row.nspname,
        name: row.relname,
        replicaIdentity: row.relreplident,
        isPartition: row.relispartition,
        describedBy: 'catalogue',
        columns: [],
        key: row.key ?? [],
      };
      tables.set(id, table);
    }
    table.columns.push({
      name: row.attname,
      typeOid: Number(row.atttypid),
      typeModifier: Number(row.atttypmod),
      notNull: row.attnotnull,
      generated: row.attgenerated !== '',
      defaultExpression: row.default_expression,
    });
  }
  return [...tables.values()];
}
