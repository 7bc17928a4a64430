import type { PostgresClient } from '../../clients/postgres/client.js';
import type { Emit } from '../events.js';
import { ledgerEntry } from './entry.js';
import type { LedgerStore } from './store.js';

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
      const [found] = await client.queryText("SELECT to_regclass('evpipe.ledger')::text");
      if (found?.[0] == null) return undefined;
      const rows = await client.queryText('SELECT key, value FROM evpipe.ledger WHERE pipeline = $1', [pipeline]);
      if (rows.length === 0) return undefined;
      return new Map(
        rows.flatMap(([key, value]) => {
          const entry = ledgerEntry(String(value), `row ${key} of evpipe.ledger`, emit);
          return entry === undefined ? [] : [[String(key), entry] as const];
        }),
      );
    },
    create: () =>
      client.withAdvisoryLock('evpipe.ledger', () =>
        client.execute(
          `CREATE SCHEMA IF NOT EXISTS evpipe;
           CREATE TABLE IF NOT EXISTS evpipe.ledger
             (pipeline text NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (pipeline, key))`,
        ),
      ),
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
