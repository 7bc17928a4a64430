import type pg from 'pg';
import { quoteIdentifier } from '../../../protocol/sql.js';
import { parseLsn } from '../../../support/brands.js';
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
  const { rows } = await client.query('SELECT puballtables FROM pg_catalog.pg_publication WHERE pubname = $1', [name]);
  const exists = rows.length > 0;
  const withRoot = settings.viaPartitionRoot ? ' WITH (publish_via_partition_root = true)' : '';
  if (settings.publicationMode === 'disabled') {
    if (exists) return;
    throw debeziumFailure('Publication autocreation is disabled, please create one and restart the connector.');
  }
  if (settings.publicationMode !== 'filtered') {
    if (exists) return;
    const scope = settings.publicationMode === 'all_tables' ? ' FOR ALL TABLES' : '';
    await createPublication(client, `CREATE PUBLICATION ${quoteIdentifier(name)}${scope}${withRoot}`, name);
    log.info('created publication', { publication: name, tables: 'all' });
    return;
  }
  if (tables.length === 0)
    throw debeziumFailure(
      `No table filters found for filtered publication ${name}: no table of database ${settings.database} matches table.include.list`,
    );
  const list = tables.map((table) => `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`).join(', ');
  if (!exists) {
    await createPublication(client, `CREATE PUBLICATION ${quoteIdentifier(name)} FOR TABLE ${list}${withRoot}`, name);
    log.info('created publication', { publication: name, tables: tables.map(tableName).join(',') });
    return;
  }
  if (rows[0].puballtables === true) return;
  const published = await client.query(
    'SELECT schemaname, tablename FROM pg_catalog.pg_publication_tables WHERE pubname = $1',
    [name],
  );
  const current = new Set(published.rows.map((row) => `${row.schemaname}.${row.tablename}`));
  const same = current.size === tables.length && tables.every((table) => current.has(tableName(table)));
  if (!same) await createPublication(client, `ALTER PUBLICATION ${quoteIdentifier(name)} SET TABLE ${list}`, name);
}

async function createPublication(client: pg.Client, statement: string, name: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    if (code === '42710') return; // somebody made it at the same time
    throw debeziumFailure(`Unable to create filtered publication ${name} with statement: ${statement}`, cause);
  }
}

const IDENTITY_LETTERS: Readonly<Record<string, string>> = { DEFAULT: 'd', FULL: 'f', NOTHING: 'n' };

/** `replica.identity.autoset.values`: what changed and deleted rows tell of their old values. */
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
