import type pg from 'pg';
import { LIVE_PUBLICATION, type LivePublication, publicationStatement } from '../../../protocol/publication.js';
import { quoteIdentifier } from '../../../protocol/sql.js';
import { parseLsn } from '../../../support/brands.js';
import { codeOf } from '../../../support/errors.js';
import type { Log } from '../../../support/log.js';
import { pause } from '../../../support/retry.js';
import { type TableInfo, tableName } from './catalogue.js';
import { debeziumFailure } from './connection.js';
import type { Settings } from './settings.js';

export interface SlotState {
  readonly plugin: string;
  readonly database: string;
  readonly activePid: number | null;
  readonly confirmedLsn: bigint | null;
  readonly restartLsn: bigint | null;
  readonly lost: boolean;
}

export async function readSlot(client: pg.Client, name: string): Promise<SlotState | undefined> {
  const { rows } = await client.query(
    `SELECT plugin, database, active_pid, confirmed_flush_lsn::text AS confirmed, restart_lsn::text AS restart, to_jsonb(s) ->> 'wal_status' AS wal_status
     FROM pg_catalog.pg_replication_slots s WHERE slot_name = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    plugin: row.plugin ?? '',
    database: row.database ?? '',
    activePid: row.active_pid,
    confirmedLsn: row.confirmed === null ? null : parseLsn(row.confirmed),
    restartLsn: row.restart === null ? null : parseLsn(row.restart),
    lost: row.wal_status === 'lost',
  };
}

/** Waits while another walsender holds the slot: ours of before may need a moment to see that we have gone. */
export async function waitUntilFree(
  client: pg.Client,
  settings: Settings,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const slot = await readSlot(client, settings.slot);
    if (slot === undefined || slot.activePid === null) return;
    const waitMs = Math.min(settings.slotRetryMs, 50 * 2 ** attempt);
    if (attempt >= settings.slotRetries + 8)
      throw debeziumFailure(
        `Failed to start replication stream at slot ${settings.slot}: replication slot "${settings.slot}" is active for PID ${slot.activePid}`,
        undefined,
        true,
      );
    if (attempt > 3)
      log.warn('replication slot is held by another walsender, waiting', { slot: settings.slot, pid: slot.activePid });
    await pause(waitMs, signal);
  }
}

/** Makes the publication, or brings the tables of a filtered one to what the filters say; by publication.autocreate.mode. */
export async function ensurePublication(
  client: pg.Client,
  settings: Settings,
  tables: readonly TableInfo[],
  log: Log,
): Promise<void> {
  const name = settings.publication;
  const { rows } = await client.query(LIVE_PUBLICATION, [name]);
  const live: LivePublication | undefined = rows[0];
  if (settings.publicationMode === 'disabled' && live === undefined)
    throw debeziumFailure('Publication autocreation is disabled, please create one and restart the connector.');
  if (settings.publicationMode === 'filtered' && tables.length === 0)
    throw debeziumFailure(
      `No table filters found for filtered publication ${name}: no table of database ${settings.database} matches table.include.list`,
    );
  const { publicationMode: mode, viaPartitionRoot } = settings;
  const published = tables.filter(({ isPartition }) => !(viaPartitionRoot && isPartition));
  const statement = publicationStatement({ name, mode, viaPartitionRoot, tables: published }, live);
  if (statement === undefined) return;
  try {
    await client.query(statement);
  } catch (cause) {
    if (codeOf(cause) === '42710') return; // another session made it at the same time
    throw debeziumFailure(`Unable to create filtered publication ${name} with statement: ${statement}`, cause);
  }
  log.info(live === undefined ? 'created publication' : 'changed publication', {
    publication: name,
    tables: mode === 'filtered' ? tables.map(tableName).join(',') : mode,
  });
}

const IDENTITY_LETTERS: Readonly<Record<string, string>> = { DEFAULT: 'd', FULL: 'f', NOTHING: 'n' };

/** `replica.identity.autoset.values`: which old values changed and deleted rows carry. */
export async function setReplicaIdentities(
  client: pg.Client,
  settings: Settings,
  tables: readonly TableInfo[],
  log: Log,
): Promise<void> {
  for (const table of tables) {
    const name = tableName(table);
    const wanted = settings.replicaIdentities.find((entry) => entry.matches(name))?.identity.toUpperCase();
    if (wanted === undefined || IDENTITY_LETTERS[wanted] === table.replicaIdentity) continue;
    const index = /^INDEX\s+(.+)$/i.exec(wanted)?.[1];
    const identity = index === undefined ? wanted : `USING INDEX ${quoteIdentifier(index.toLowerCase())}`;
    await client.query(
      `ALTER TABLE ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)} REPLICA IDENTITY ${identity}`,
    );
    log.info('set the replica identity', { table: name, identity });
  }
}
