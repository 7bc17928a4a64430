import type pg from 'pg';
import { quoteIdentifier } from '../../../protocol/sql.js';
import { parseLsn } from '../../../support/brands.js';
import type { Settings } from './settings.js';

/** The two places in the stream between which a chunk of an incremental snapshot was read. */
export interface Watermarks {
  open(chunk: string): Promise<void>;
  /** Returns the place to wait for where nothing in the stream marks it. */
  close(chunk: string): Promise<bigint | undefined>;
}

/** By `read.only` and `incremental.snapshot.watermarking.strategy`. */
export function watermarks(client: pg.Client, settings: Settings, clock: () => number): Watermarks {
  if (settings.readOnly) return readOnlyWatermarks(client);
  const [schema = '', name = ''] = (settings.signalTable ?? '').split('.');
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  const now = (): string => new Date(clock()).toISOString();
  const insert = (id: string, type: string, data: string): Promise<unknown> =>
    client.query(`INSERT INTO ${table} VALUES ($1, $2, $3)`, [id, type, data]);
  let opened = '';
  return {
    async open(chunk) {
      opened = `"openWindowTimestamp": "${now()}"`;
      await insert(`${chunk}-open`, 'snapshot-window-open', `{${opened}}`);
    },
    async close(chunk) {
      if (settings.deletesWatermarks) await client.query(`DELETE FROM ${table} WHERE id = $1`, [`${chunk}-open`]);
      else await insert(`${chunk}-close`, 'snapshot-window-close', `{${opened}, "closeWindowTimestamp": "${now()}"}`);
      return undefined;
    },
  };
}

/** The insert position, since a commit can be visible before it is flushed; on a standby, what has been replayed. */
const CURRENT_LSN = `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text AS lsn`;

function readOnlyWatermarks(client: pg.Client): Watermarks {
  return {
    open: async () => {},
    close: async () => parseLsn((await client.query(CURRENT_LSN)).rows[0].lsn),
  };
}
