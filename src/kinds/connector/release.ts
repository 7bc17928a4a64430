import type { ConnectClient, ConnectorConfig } from '../../clients/connect/client.js';
import type { PostgresClient } from '../../clients/postgres/client.js';
import { quoteIdentifier } from '../../protocol/sql.js';
import { EvpipeError } from '../../support/errors.js';
import { waitUntil } from '../../support/retry.js';
import { server } from '../../targets/component.js';
import { administratorClient } from '../database/client.js';
import { database } from '../database/component.js';
import type { Released } from '../kind.js';
import { madeKey } from '../ledger/ledger.js';
import { withLedger } from '../ledger/with-ledger.js';
import type { Session } from '../session.js';
import { connectClient } from './client.js';
import { POSTGRES_SOURCE, slotOf } from './connector-flow.js';
import type { ConnectorSection } from './section.js';

export function releases({ pipeline, target }: Session): readonly string[] {
  const foreign = (component: Parameters<typeof target.providerOf>[0]): boolean =>
    target.providerOf(component) === 'address';
  const keepsOffsets = foreign(server('connect')) || foreign(server('kafka'));
  return pipeline.connectors.flatMap(({ name, database: source }) => {
    const hasSlot = source !== undefined && foreign(database(source));
    if (!hasSlot && !keepsOffsets) return [];
    return [`connector ${name} with its offsets${hasSlot ? ` and its slot in database ${source}` : ''}`];
  });
}

/**
 * Takes this pipeline's connectors (with their offsets: a new database of the same name must not go on at the old one's
 * position), slots and publications from servers with an address, so that none retains WAL for ever. Throws what the
 * servers say, and EVPIPE_SLOT_ACTIVE where something else reads a slot.
 */
export async function release(session: Session): Promise<Released> {
  const { pipeline, target } = session;
  const foreign = (component: Parameters<typeof target.providerOf>[0]): boolean =>
    target.providerOf(component) === 'address';
  const made = await connectorsMade(session);
  const sources = made.filter((one) => one.database !== undefined && foreign(database(one.database)));
  const removed: string[] = [];
  // Configs first: only Connect knows those that a ksql migration has made.
  const configs = new Map(made.map(({ name, config }) => [name, config ?? {}]));
  if (sources.length > 0 || foreign(server('connect')) || foreign(server('kafka'))) {
    for (const [name, config] of await removeConnectors(made, session)) {
      configs.set(name, config);
      removed.push(`connector ${name} and its offsets`);
    }
  }
  for (const { name, database: source } of sources) {
    removed.push(...(await dropSlot(configs.get(name) ?? {}, source ?? '', session)));
  }
  if (made.length > 0 && foreign(server('connect'))) {
    await withLedger(session, async (ledger) => {
      for (const { name } of made) await ledger.forget(madeKey('connector', name));
    });
  }
  const found = pipeline.connectors.filter((one) => !made.includes(one)).map(({ name }) => name);
  const left = (await existingConnectors(found, session)).map(
    (name) => `on Connect connector ${name} and its slot, which were created by others`,
  );
  return { removed, left };
}

/** All but those that `up` found on a Connect with an address: an imported file declares what others own. */
async function connectorsMade(session: Session): Promise<readonly ConnectorSection[]> {
  const { pipeline, target } = session;
  const declared = pipeline.connectors.filter(({ config }) => config !== undefined);
  if (declared.length === 0 || target.providerOf(server('connect')) !== 'address') return pipeline.connectors;
  const noted = (await withLedger(session, async (ledger) => ledger.keys(madeKey('connector', '')))) ?? [];
  return pipeline.connectors.filter(
    ({ name, config }) => config === undefined || noted.includes(madeKey('connector', name)),
  );
}

async function existingConnectors(names: readonly string[], session: Session): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const existing = await (await connectClient(session.clients)).connectors();
  return names.filter((name) => existing.includes(name));
}

/**
 * Their configs by name. A stopped Connect of evpipe's own is started for it where it keeps its connectors on a foreign Kafka:
 * found there by the next `up`, with their offsets, they would go on at positions of a database that is gone.
 */
async function removeConnectors(
  made: readonly ConnectorSection[],
  session: Session,
): Promise<ReadonlyMap<string, ConnectorConfig>> {
  const removed = new Map<string, ConnectorConfig>();
  if (made.length === 0) return removed;
  if ((await session.target.endpoint(server('connect'))) === undefined) {
    if (session.target.providerOf(server('kafka')) !== 'address') return removed;
    await session.target.start(server('connect'));
  }
  const connect = await connectClient(session.clients);
  await Promise.all(
    made.map(async ({ name }) => {
      const config = await connect.config(name);
      if (config === undefined) return;
      await removeConnector(name, connect, session);
      removed.set(name, config);
    }),
  );
  return removed;
}

/** One connector with its offsets, its slot and its publication; `left` names what could not be found or reached. */
export async function removeConnectorWithSlot(name: string, session: Session): Promise<Released> {
  const connect = await connectClient(session.clients);
  const config = await connect.config(name);
  if (config === undefined) return { removed: [], left: [] };
  const source = await databaseOf(name, config, session);
  await removeConnector(name, connect, session);
  const removed = [`connector ${name} and its offsets`];
  if (config['connector.class'] !== POSTGRES_SOURCE) return { removed, left: [] };
  if (source === undefined)
    return { removed, left: [`slot ${slotOf(config)}, whose database this pipeline does not declare`] };
  return { removed: [...removed, ...(await dropSlot(config, source, session))], left: [] };
}

/** The declared database that it reads: as the file says, or by the address in its config. */
async function databaseOf(name: string, config: ConnectorConfig, session: Session): Promise<string | undefined> {
  const declared = session.pipeline.connectors.find((one) => one.name === name)?.database;
  if (declared !== undefined) return declared;
  for (const { name: candidate } of session.pipeline.databases) {
    const { inside } = await session.clients.endpoint(database(candidate));
    if (
      new URL(inside.url).pathname === `/${config['database.dbname']}` &&
      inside.host === config['database.hostname'] &&
      String(inside.port) === config['database.port']
    )
      return candidate;
  }
  return undefined;
}

async function removeConnector(name: string, connect: ConnectClient, session: Session): Promise<void> {
  await connect.stop(name);
  await waitUntil(
    `connector ${name} to stop`,
    async () => {
      const status = await connect.status(name);
      return status === undefined || (status.connector.state === 'STOPPED' && status.tasks.length === 0) || undefined;
    },
    { timeoutMs: session.timeoutMs, signal: session.signal, maxPauseMs: 200 },
  );
  await connect.removeOffsets(name);
  await connect.remove(name);
}

/** Drops the slot and the publication that the connector has made, once nothing reads the slot any more. */
async function dropSlot(config: ConnectorConfig, name: string, session: Session): Promise<readonly string[]> {
  if (config['connector.class'] !== POSTGRES_SOURCE) return [];
  const slot = slotOf(config);
  const publication = config['publication.name']; // the default one others may read too
  const client = await administratorClient(session.clients, name);
  const removed: string[] = [];
  if (await becomesIdle(slot, name, client, session)) {
    await client.query('SELECT pg_drop_replication_slot($1)', [slot]);
    removed.push(`slot ${slot} of database ${name}`);
  }
  if (publication !== undefined && config['publication.autocreate.mode'] !== 'disabled') {
    await client.query(`DROP PUBLICATION IF EXISTS ${quoteIdentifier(publication)}`);
  }
  return removed;
}

/** False where there is no such slot. */
async function becomesIdle(slot: string, name: string, client: PostgresClient, session: Session): Promise<boolean> {
  let holder: string | null | undefined;
  const idle = async (): Promise<boolean | undefined> => {
    const [row] = await client.queryText(
      'SELECT active_pid::text FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database()',
      [slot],
    );
    if (row === undefined) return false;
    holder = row[0];
    return holder === null ? true : undefined;
  };
  const { signal } = session;
  try {
    return await waitUntil(`slot ${slot} to be released`, idle, {
      timeoutMs: SLOT_TIMEOUT_MS,
      signal,
      maxPauseMs: 200,
    });
  } catch (failure) {
    if (holder === null || holder === undefined) throw failure;
    throw new EvpipeError('EVPIPE_SLOT_ACTIVE', `slot ${slot} of database ${name} is read by process ${holder}`, {
      cause: failure,
      todo: 'Stop its reader and rerun evpipe down --volumes: an unused slot retains WAL until the disk is full.',
    });
  }
}

const SLOT_TIMEOUT_MS = 20_000;
