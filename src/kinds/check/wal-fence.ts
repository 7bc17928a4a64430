import type { PostgresClient } from '../../clients/postgres/client.js';
import type { TakenFence } from '../../consistency/confirm.js';
import type { Fence } from '../../consistency/stages.js';
import { formatLsn, type Lsn, parseLsn } from '../../support/brands.js';
import { messageOf } from '../../support/errors.js';
import { connectClient } from '../connector/client.js';
import { type ConnectorConfig, keepsFencesOut, POSTGRES_SOURCE, slotOf } from '../connector/connector-flow.js';
import type { Session } from '../session.js';

type WalFence = Extract<Fence, { readonly kind: 'wal' }>;

/** A connector whose config is known, from the file or from Connect. */
export interface KnownConnector {
  readonly name: string;
  readonly config: ConnectorConfig;
}

/**
 * A fence behind everything that a read of the source has seen. Written as a transactional message, a connector passes
 * it even on a quiet database. A reader that does not exclude the message's prefix gets it as a record instead, on which
 * an outbox router or ExtractField fails for good: then the fence is the WAL's own position, and nothing is written.
 */
export async function takeWalFence(
  database: string,
  client: PostgresClient,
  session: Session,
): Promise<TakenFence & { readonly fence: WalFence }> {
  const unwritten = await whyUnwritten(database, client, session);
  const lsn = await (unwritten === undefined ? writeFence(client) : currentPosition(client));
  return { fence: { kind: 'wal', database, lsn }, label: `WAL ${formatLsn(lsn)}`, unwritten };
}

async function writeFence(client: PostgresClient): Promise<Lsn> {
  const [row] = await client.queryText("SELECT pg_logical_emit_message(true, 'evpipe', 'fence')::text");
  return parseLsn(row?.[0] ?? '');
}

/** Where nothing reads the WAL on the way, the position only says when the source was read. */
export async function currentPosition(client: PostgresClient): Promise<Lsn> {
  const [row] = await client.queryText(
    `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text`,
  );
  return parseLsn(row?.[0] ?? '');
}

async function whyUnwritten(database: string, client: PostgresClient, session: Session): Promise<string | undefined> {
  try {
    const [slots, [row], connectors] = await Promise.all([
      client.queryText(
        "SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()",
      ),
      client.queryText('SELECT current_database(), pg_is_in_recovery()::text'),
      knownConnectors(database, session),
    ]);
    if (row?.[1] === 'true') return 'the source is a standby';
    return harmedReader(
      row?.[0] ?? '',
      slots.map(([slot]) => slot ?? ''),
      connectors,
    );
  } catch (failure) {
    session.signal.throwIfAborted();
    return `can't find out who reads the WAL: ${messageOf(failure)}`;
  }
}

/** All connectors on Connect, foreign ones and those made by ksqlDB too, and those the file declares for the database. */
async function knownConnectors(database: string, session: Session): Promise<readonly KnownConnector[]> {
  const { pipeline } = session;
  const live = await (await connectClient(session.clients)).configs();
  const declared = pipeline.connectors.flatMap(({ name, database: captured, config }) =>
    config === undefined || captured !== database || live.has(name) ? [] : [{ name, config }],
  );
  return [...[...live].map(([name, config]) => ({ name, config })), ...declared];
}

/**
 * The first reader of the database's WAL that a fence message might harm, as a sentence; undefined where there is none.
 * A connector counts before it has a slot, and a slot counts where no connector is known to own it.
 */
export function harmedReader(
  databaseName: string,
  slots: readonly string[],
  connectors: readonly KnownConnector[],
): string | undefined {
  const sources = connectors.filter(({ config }) => config['connector.class'] === POSTGRES_SOURCE);
  const ownerOf = (slot: string): KnownConnector | undefined => sources.find(({ config }) => slotOf(config) === slot);
  const readers = sources.filter(({ config }) => slots.includes(slotOf(config)) || mayRead(config, databaseName));
  const harmed = readers.find(({ config }) => !keepsFencesOut(config));
  if (harmed !== undefined)
    return `connector ${harmed.name} reads this database without message.prefix.exclude.list=evpipe`;
  const foreign = slots.find((slot) => ownerOf(slot) === undefined);
  return foreign === undefined
    ? undefined
    : `replication slot ${foreign} belongs to no connector known here, so its reader might get the message`;
}

/** A reference or a config provider's placeholder may stand for any name. */
function mayRead(config: ConnectorConfig, databaseName: string): boolean {
  const name = config['database.dbname'];
  return name === undefined || name === databaseName || name.includes('$');
}
