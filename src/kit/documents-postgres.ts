import { quoteIdentifier } from '../protocol/sql.js';
import type { Log } from '../support/log.js';
import { type Database, openDatabase } from './database.js';
import type { Collection, DocumentStore, Stored } from './document-store.js';

/** A collection is a table of two columns; the id is taken out of the document, so that the two can't disagree. */
export function openPostgresStore(url: string, name: string, log: Log): DocumentStore {
  const database = openDatabase(url, name, log);
  return {
    async collection<D extends Stored>(collection: string) {
      const table = quoteIdentifier(collection);
      await makeTable(database, table);
      return collectionIn<D>(database, table);
    },
    async ping() {
      await database.query('SELECT 1');
    },
    close: () => database.close(),
  };
}

/** Several services may do so at the same time: the lock keeps them from making it twice. */
async function makeTable(database: Database, table: string): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('evpipe.documents', 0))");
    await transaction.query(
      `CREATE TABLE IF NOT EXISTS ${table}
         (id text GENERATED ALWAYS AS (document ->> 'id') STORED PRIMARY KEY, document jsonb NOT NULL)`,
    );
  });
}

interface Held<D> {
  readonly document: D;
}

function collectionIn<D extends Stored>(database: Database, table: string): Collection<D> {
  return {
    async find(id) {
      const [found] = await database.query<Held<D>>(`SELECT document FROM ${table} WHERE id = $1`, [id]);
      return found?.document;
    },

    async list(where, page, pageSize) {
      const values = [JSON.stringify(where)];
      const [rows, [count]] = await Promise.all([
        database.query<Held<D>>(
          `SELECT document FROM ${table} WHERE document @> $1::jsonb ORDER BY id
           LIMIT ${pageSize} OFFSET ${(page - 1) * pageSize}`,
          values,
        ),
        database.query<{ total: number }>(`SELECT count(*) AS total FROM ${table} WHERE document @> $1::jsonb`, values),
      ]);
      return { items: rows.map(({ document }) => document), total: count?.total ?? 0 };
    },

    async put(document) {
      const written = await database.query(
        `INSERT INTO ${table} AS held (document) VALUES ($1::jsonb)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document
         WHERE (held.document ->> 'version')::bigint < (excluded.document ->> 'version')::bigint
         RETURNING id`,
        [JSON.stringify(document)],
      );
      return written.length > 0;
    },
  };
}
