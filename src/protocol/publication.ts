import { quoteIdentifier } from './sql.js';

/** What a connector needs of a publication; `mode` as in Debezium's publication.autocreate.mode. */
export interface WantedPublication {
  readonly name: string;
  readonly mode: 'all_tables' | 'filtered' | 'disabled' | 'no_tables';
  readonly viaPartitionRoot: boolean;
  /** Of a filtered one; not empty. */
  readonly tables: readonly PublishedTable[];
}

export interface PublishedTable {
  readonly schema: string;
  readonly name: string;
}

/** One row of `LIVE_PUBLICATION`. */
export interface LivePublication {
  readonly all: boolean;
  /** As `[schema, name]`. */
  readonly tables: readonly (readonly [string, string])[];
}

/** Asked with the publication's name; no row where there is none. */
export const LIVE_PUBLICATION = `
SELECT puballtables AS all,
       (SELECT coalesce(json_agg(json_build_array(nspname, relname)), '[]'::json)
          FROM pg_catalog.pg_publication_rel JOIN pg_catalog.pg_class c ON c.oid = prrelid
          JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace WHERE prpubid = p.oid) AS tables
FROM pg_catalog.pg_publication p WHERE pubname = $1`;

/** What makes it, or gives a filtered one the tables that are wanted; undefined where it is as wanted. */
export function publicationStatement(wanted: WantedPublication, live: LivePublication | undefined): string | undefined {
  const { mode, tables } = wanted;
  const name = quoteIdentifier(wanted.name);
  const list = tables.map((one) => `${quoteIdentifier(one.schema)}.${quoteIdentifier(one.name)}`).join(', ');
  if (mode === 'disabled') return undefined;
  if (live === undefined) {
    const scope = { all_tables: ' FOR ALL TABLES', filtered: ` FOR TABLE ${list}`, no_tables: '' }[mode];
    return `CREATE PUBLICATION ${name}${scope}${wanted.viaPartitionRoot ? ' WITH (publish_via_partition_root = true)' : ''}`;
  }
  if (mode !== 'filtered' || live.all || isSame(tables, live.tables)) return undefined;
  return `ALTER PUBLICATION ${name} SET TABLE ${list}`;
}

function isSame(wanted: readonly PublishedTable[], live: LivePublication['tables']): boolean {
  const key = (schema: string, name: string): string => JSON.stringify([schema, name]);
  const there = new Set(live.map(([schema, name]) => key(schema, name)));
  return there.size === wanted.length && wanted.every((one) => there.has(key(one.schema, one.name)));
}
