import { quoteIdentifier } from '../../protocol/sql.js';
import { connectPostgres, type PostgresClient, type PostgresConnectOptions, type TextRow } from '../postgres/client.js';
import type { DocumentQuery, DocumentsClient, FieldValue, FoundDocument, Lookup } from './contract.js';
import { decimalText } from './json-text.js';

/** As the settings of a table's side: text output is exact, and nothing waits for ever. */
const SETTINGS = { client_encoding: 'UTF8', timezone: 'UTC', statement_timeout: '60000', lock_timeout: '5000' };

/** Documents as jsonb: a collection is a table `(id text primary key, document jsonb)`, as evpipe/kit makes it. */
export async function openPostgresDocuments(access: PostgresConnectOptions): Promise<DocumentsClient> {
  const client = await connectPostgres({ ...access, settings: SETTINGS });
  return {
    versioned: true,
    scans: false,
    async version() {
      const [row] = await client.queryText('SHOW server_version');
      return `PostgreSQL ${row?.[0]?.split(' ')[0] ?? ''}`;
    },

    async estimate(collection) {
      if (!(await isThere(client, collection))) return 0;
      const [row] = await client.queryText('SELECT reltuples::bigint::text FROM pg_class WHERE oid = to_regclass($1)', [
        quoteIdentifier(collection),
      ]);
      const estimate = Number(row?.[0] ?? -1);
      if (estimate >= 0) return estimate;
      const [counted] = await client.queryText(`SELECT count(*)::text FROM ${quoteIdentifier(collection)}`);
      return Number(counted?.[0] ?? -1);
    },

    async *stream(query, signal) {
      if (!(await isThere(client, query.collection))) return;
      const { sql, values } = select(query);
      for await (const rows of client.streamText(sql, values, signal)) yield rows.map(toDocument);
    },

    async find(query, lookups) {
      if (!(await isThere(client, query.collection))) return [];
      const { sql, values } = select(query);
      const conditions = lookups.map((lookup) => condition(lookup, values));
      const rows = await client.queryText([sql, ...conditions].join(' AND '), values);
      return rows.map(toDocument);
    },

    close: () => client.close(),
  };
}

async function isThere(client: PostgresClient, collection: string): Promise<boolean> {
  const [row] = await client.queryText('SELECT (to_regclass($1) IS NOT NULL)::text', [quoteIdentifier(collection)]);
  return row?.[0] === 'true';
}

/** Its values may be added to. */
function select({ collection, paths, where }: DocumentQuery): { sql: string; values: unknown[] } {
  const values: unknown[] = paths.map((path) => path.split('.'));
  const fields = paths.map((_, index) => `(document #> $${index + 1}::text[])::text`);
  const conditions = Object.entries(where).map(([path, value]) => {
    values.push(path.split('.'), JSON.stringify(value));
    return `document #> $${values.length - 1}::text[] = $${values.length}::jsonb`;
  });
  return {
    sql: `SELECT ${["xmin::text || ' ' || ctid::text", ...fields].join(', ')} FROM ${quoteIdentifier(collection)}
           WHERE ${['true', ...conditions].join(' AND ')}`,
    values,
  };
}

/** Adds its values. Numbers are compared without the zeros at their end, texts without regard to case. */
function condition({ path, texts }: Lookup, values: unknown[]): string {
  values.push(path.split('.'), [...new Set(texts.map((text) => text.toLowerCase()))]);
  const field = `document #> $${values.length - 1}::text[]`;
  const text = `document #>> $${values.length - 1}::text[]`;
  return `(CASE jsonb_typeof(${field}) WHEN 'number' THEN trim_scale((${text})::numeric)::text ELSE lower(${text}) END)
          = ANY($${values.length}::text[])`;
}

const toDocument = ([version, ...fields]: TextRow): FoundDocument => ({
  version: version ?? '',
  values: fields.map(fieldOf),
});

/** From the text of jsonb; SQL NULL is a field that is not there. */
function fieldOf(text: string | null): FieldValue {
  if (text === null) return { kind: 'missing' };
  switch (text[0]) {
    case 'n':
      return { kind: 'null' };
    case '"':
      return { kind: 'text', text: JSON.parse(text) as string };
    case 't':
      return { kind: 'boolean', text: 'true' };
    case 'f':
      return { kind: 'boolean', text: 'false' };
    case '{':
    case '[':
      return { kind: 'json', text };
    default:
      return { kind: 'number', text: decimalText(text) };
  }
}
