import type { PostgresClient } from '../../clients/postgres/client.js';
import { EvpipeError } from '../../support/errors.js';
import type { Emit } from '../events.js';
import { ledgerEntry } from './entry.js';
import type { LedgerStore } from './store.js';

/** Another evpipe's login may have made one that this one may not read: to it there is none. */
const READABLE = `
  SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'evpipe' AND c.relname = 'ledger'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`;

/** Rows of the table evpipe.ledger, which several pipelines can share. */
export function tableStore(client: PostgresClient, pipeline: string, emit: Emit): LedgerStore {
  let last: Promise<unknown> = Promise.resolve();
  // Several nodes of `up` note things at once, and a connection carries out one statement at a time.
  const queued = (sql: string, values: readonly string[]): Promise<void> => {
    const done = last.then(() => client.query(sql, values)).then(() => {});
    last = done.catch(() => {});
    return done;
  };
  return {
    read: async () => {
      if ((await client.queryText(READABLE)).length === 0) return undefined;
      const rows = await client.queryText('SELECT key, value FROM evpipe.ledger WHERE pipeline = $1', [pipeline]);
      if (rows.length === 0) return undefined;
      return new Map(
        rows.flatMap(([key, value]) => {
          const entry = ledgerEntry(String(value), `row ${key} of evpipe.ledger`, emit);
          return entry === undefined ? [] : [[String(key), entry] as const];
        }),
      );
    },
    create: () => createTable(client),
    put: (key, value) =>
      queued(
        `INSERT INTO evpipe.ledger VALUES ($1, $2, $3)
         ON CONFLICT (pipeline, key) DO UPDATE SET value = excluded.value`,
        [pipeline, key, JSON.stringify(value)],
      ),
    forget: (key) => queued('DELETE FROM evpipe.ledger WHERE pipeline = $1 AND key = $2', [pipeline, key]),
    drop: () => queued('DELETE FROM evpipe.ledger WHERE pipeline = $1', [pipeline]),
    close: () => client.close(),
  };
}

/** Throws EVPIPE_LEDGER_REFUSED where the login may not make it. */
async function createTable(client: PostgresClient): Promise<void> {
  try {
    await client.withAdvisoryLock('evpipe.ledger', () =>
      client.execute(
        `CREATE SCHEMA IF NOT EXISTS evpipe;
         CREATE TABLE IF NOT EXISTS evpipe.ledger
           (pipeline text NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (pipeline, key))`,
      ),
    );
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.code !== 'EVPIPE_POSTGRES_42501') throw failure;
    const message = `evpipe keeps its notes in the table evpipe.ledger, and may not create it: ${failure.message}`;
    throw new EvpipeError('EVPIPE_LEDGER_REFUSED', message, {
      cause: failure,
      todo: 'Grant its login CREATE on the database, or declare a topic: with Kafka its notes are there.',
    });
  }
}
