import type { Diagnosis } from '../diagnosis.js';
import type { Session } from '../session.js';
import { databaseClient } from './client.js';
import { database } from './component.js';
import { missingGrants } from './missing-grants.js';

/** More WAL than this behind a slot fills disks. */
const RETAINED_WARN_BYTES = 1024 ** 3;

/** Whether it can be replicated, and what its slots retain. */
export async function examineDatabase(session: Session, name: string): Promise<readonly Diagnosis[]> {
  const about = `database ${name}`;
  const client = await databaseClient(session.clients, name);
  try {
    const [facts] = await client.queryText("SELECT current_setting('server_version'), current_setting('wal_level')");
    const [version = '', walLevel = ''] = facts ?? [];
    const captured = session.pipeline.connectors.filter((one) => one.database === name);
    const found: Diagnosis[] = [{ about, health: 'good', says: `PostgreSQL ${version}, wal_level ${walLevel}` }];
    if (captured.length > 0 && walLevel !== 'logical') {
      const says = `wal_level is ${walLevel}: connector ${captured[0]?.name} can't read its changes`;
      found.push({ about, health: 'bad', says, todo: 'Set wal_level = logical and restart PostgreSQL.' });
    }
    const missing =
      session.target.providerOf(database(name)) === 'address' ? await missingGrants(client, session, name) : [];
    if (missing.length > 0) {
      const says = 'its user lacks privileges that this pipeline needs; a superuser can grant them:';
      found.push({ about, health: 'warning', says, todo: `${missing.join(';\n')};` });
    }
    const slots = await client.query<Slot>(
      `SELECT slot_name::text AS name, active, wal_status::text AS "walStatus",
              pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text AS retained
         FROM pg_replication_slots WHERE database = current_database() ORDER BY 1`,
    );
    return [...found, ...slots.flatMap((slot) => slotDiagnosis(about, slot, session))];
  } finally {
    await client.close();
  }
}

interface Slot {
  readonly name: string;
  readonly active: boolean;
  readonly walStatus: string | null;
  readonly retained: string | null;
}

function slotDiagnosis(
  about: string,
  { name, active, walStatus, retained }: Slot,
  session: Session,
): readonly Diagnosis[] {
  const bytes = Number(retained ?? 0);
  const owner = session.pipeline.connectors.find(({ config }) => config?.['slot.name'] === name)?.name;
  const whose = owner === undefined ? 'not of this pipeline' : `of connector ${owner}`;
  const size = `${(bytes / 1024 ** 2).toFixed(1)} MB of WAL retained`;
  if (walStatus === 'lost') {
    const says = `slot ${name} (${whose}) has lost its WAL: its changes are gone`;
    return [{ about, health: 'bad', says, todo: 'Remove the connector and the slot, and let it take a new snapshot.' }];
  }
  if (active && bytes < RETAINED_WARN_BYTES)
    return [{ about, health: 'good', says: `slot ${name} (${whose}): ${size}` }];
  const says = `slot ${name} (${whose}) is ${active ? 'read' : 'not in use'}: ${size}`;
  const todo =
    owner === undefined
      ? `WAL grows until the disk is full. If nobody needs it: SELECT pg_drop_replication_slot('${name}')`
      : `WAL grows until the disk is full: evpipe connectors status ${owner}`;
  return [{ about, health: 'warning', says, todo }];
}
