import type { PostgresClient } from '../clients/postgres/client.js';
import type { CompareCheck } from '../consistency/confirm.js';
import {
  type ConnectorProbe,
  connectorStage,
  type GroupProbe,
  groupStage,
  type OutboxProbe,
  outboxStage,
  type ReceiverProbe,
  receiverStage,
  type Stage,
} from '../consistency/stages.js';
import {
  expressionType,
  quoteColumn,
  readColumns,
  SESSION_SETTINGS,
  type TableColumn,
  type TablePlace,
  tableSide,
  tableSql,
} from '../consistency/table-side.js';
import { type FlowStage, flowEdges, wayOf } from '../pipeline/flow.js';
import type { ColumnMap, CompareSection, Located } from '../pipeline/pipeline.js';
import { formatLsn, type Lsn, parseLsn } from '../support/brands.js';
import { EvpipeError } from '../support/errors.js';
import { readQueue, staleMs, unfinished } from './queues.js';
import { findQuery } from './running-query.js';
import type { Session } from './session.js';

/** A compare check wired to what runs: its sides read the databases, its stages ask Connect, ksqlDB and Kafka. */
export async function wireCompare(check: Located & CompareSection, session: Session): Promise<CompareCheck> {
  const way = wayOf(check, flowEdges(session.pipeline));
  const [source, replica] = await Promise.all([
    session.clients.database(check.source.database, SESSION_SETTINGS),
    session.clients.database(check.replica.database, SESSION_SETTINGS),
  ]);
  const columns = await matchColumns(check, source, replica);
  return {
    name: check.name,
    source: tableSide(source, check.source, columns.sourceKey, columns.source),
    replica: tableSide(replica, check.replica, columns.replicaKey, columns.replica),
    way: await Promise.all(way.map((stage) => wireStage(stage, session))),
    takeFence: () => takeFence(check.source.database, source),
    skipped: columns.skipped,
  };
}

/**
 * The fence is a transactional message in the source's WAL, behind everything the source read has seen. A connector passes it even
 * on a quiet database; `message.prefix.exclude.list` keeps it out of every topic.
 */
async function takeFence(
  database: string,
  source: PostgresClient,
): Promise<{ fence: { kind: 'wal'; database: string; lsn: Lsn }; label: string }> {
  const [row] = await source.queryText("SELECT pg_logical_emit_message(true, 'evpipe', 'fence')::text");
  const lsn = parseLsn(row?.[0] ?? '');
  return { fence: { kind: 'wal', database, lsn }, label: `WAL ${formatLsn(lsn)}` };
}

interface MatchedColumns {
  readonly sourceKey: readonly TableColumn[];
  readonly replicaKey: readonly TableColumn[];
  readonly source: readonly TableColumn[];
  readonly replica: readonly TableColumn[];
  readonly skipped: readonly string[];
}

/** Pairs the columns of both sides with their types; refuses names that do not exist before any row is read. */
async function matchColumns(
  check: Located & CompareSection,
  source: PostgresClient,
  replica: PostgresClient,
): Promise<MatchedColumns> {
  const [sourceTable, replicaTable] = await Promise.all([
    typesOf(source, check.source, check),
    typesOf(replica, check.replica, check),
  ]);
  const pair = (columns: ColumnMap, key: string) =>
    pairColumns(columns, { check, key, source, sourceTable, replicaTable });
  const keys = await pair(check.key, 'key');
  const wanted =
    check.columns ??
    new Map(
      [...sourceTable.keys()]
        .filter((name) => replicaTable.has(name) && !check.key.has(name))
        .map((name) => [name, name]),
    );
  const compared = await pair(wanted, 'columns');
  const used = new Set([...check.key.keys(), ...wanted.keys(), ...check.key.values(), ...wanted.values()]);
  const skipped = [
    ...[...sourceTable.keys()].filter((name) => !used.has(name)).map((name) => `${check.source.table}.${name}`),
    ...[...replicaTable.keys()].filter((name) => !used.has(name)).map((name) => `${check.replica.table}.${name}`),
  ];
  return {
    sourceKey: keys.source,
    replicaKey: keys.replica,
    source: compared.source,
    replica: compared.replica,
    skipped,
  };
}

async function typesOf(
  client: PostgresClient,
  place: TablePlace,
  check: Located,
): Promise<ReadonlyMap<string, string>> {
  try {
    return new Map((await readColumns(client, place)).map(({ name, type }) => [name, type]));
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.code !== 'EVPIPE_TABLE_MISSING') throw failure;
    throw new EvpipeError(failure.code, `check ${check.name}: ${failure.message}`, {
      location: check.location,
      kind: 'usage',
    });
  }
}

interface PairContext {
  readonly check: Located & CompareSection;
  readonly key: string;
  readonly source: PostgresClient;
  readonly sourceTable: ReadonlyMap<string, string>;
  readonly replicaTable: ReadonlyMap<string, string>;
}

async function pairColumns(
  columns: ColumnMap,
  context: PairContext,
): Promise<{ source: TableColumn[]; replica: TableColumn[] }> {
  const { check, key, sourceTable, replicaTable } = context;
  const pairs = { source: [] as TableColumn[], replica: [] as TableColumn[] };
  for (const [name, from] of columns) {
    const replicaType = replicaTable.get(name);
    if (replicaType === undefined) {
      throw new EvpipeError(
        'EVPIPE_COLUMN_MISSING',
        `check ${check.name}: table ${check.replica.table} has no column ${name}; it has ${[...replicaTable.keys()].join(', ')}`,
        {
          kind: 'usage',
          location: check.locationOf(key),
        },
      );
    }
    const plain = sourceTable.get(from);
    const expression = plain === undefined ? from : quoteColumn(from);
    const sourceType = plain ?? (await sourceExpressionType(context, from));
    pairs.source.push({ name, expression, type: sourceType, otherType: replicaType });
    pairs.replica.push({ name, expression: quoteColumn(name), type: replicaType, otherType: sourceType });
  }
  return pairs;
}

async function sourceExpressionType(
  { check, key, source, sourceTable }: PairContext,
  expression: string,
): Promise<string> {
  try {
    return await expressionType(source, check.source, expression);
  } catch (failure) {
    if (!(failure instanceof EvpipeError) || failure.kind === 'unreachable') throw failure;
    throw new EvpipeError(
      'EVPIPE_COLUMN_MISSING',
      `check ${check.name}: ${expression} is neither a column of table ${check.source.table} (${[...sourceTable.keys()].join(', ')}) nor SQL over it: ${failure.message}`,
      {
        kind: 'usage',
        location: check.locationOf(key),
        cause: failure,
      },
    );
  }
}

async function wireStage(stage: FlowStage, session: Session): Promise<Stage> {
  const kafka = await session.clients.kafka();
  switch (stage.kind) {
    case 'connector':
      return connectorStage(await connectorProbe(stage, session), kafka);
    case 'outbox':
      return outboxStage(await outboxProbe(stage, session), kafka);
    case 'query':
      return groupStage(await queryProbe(stage, session), kafka);
    case 'group': {
      const { name, group, reads, writes } = stage;
      const trouble = async (): Promise<string | undefined> => {
        const inProcess = await processTrouble(name, session);
        if (inProcess !== undefined) return inProcess;
        const { members, state } = await kafka.describeGroup(group);
        return members.length === 0 ? `group ${group} has no member (${state})` : undefined;
      };
      return groupStage({ kind: 'group', name, group, reads, writes, trouble }, kafka);
    }
    case 'receiver':
      return receiverStage(receiverProbe(stage, session));
  }
}

type StageOf<Kind> = Extract<FlowStage, { readonly kind: Kind }>;

async function outboxProbe(stage: StageOf<'outbox'>, session: Session): Promise<OutboxProbe> {
  const client = await session.clients.database(stage.database);
  return {
    name: stage.name,
    topics: stage.topics,
    queues: stage.queues,
    unsent: async () => {
      const sql = `SELECT count(*)::text FROM ${tableSql(stage.table)} AS t WHERE NOT ${quoteColumn(stage.sent)}`;
      const [row] = await client.queryText(sql);
      return BigInt(row?.[0] ?? 0);
    },
    trouble: () => processTrouble(stage.name, session),
  };
}

function receiverProbe({ name, receives, queues }: StageOf<'receiver'>, session: Session): ReceiverProbe {
  return {
    name,
    receives,
    queues,
    unfinished: (queue) => unfinished(queue, session),
    staleMs: staleMs(session),
    trouble: () => receiverTrouble(name, receives, session),
  };
}

/** Why nobody receives: the service does not run, or its queue has no consumer. */
export async function receiverTrouble(
  name: string,
  receives: readonly string[],
  session: Session,
): Promise<string | undefined> {
  const inProcess = await processTrouble(name, session);
  if (inProcess !== undefined) return inProcess;
  const states = await Promise.all(receives.map((queue) => readQueue(queue, session)));
  const alone = receives.find((_, index) => states[index]?.consumers === 0);
  return alone === undefined ? undefined : `queue ${alone} has no consumer`;
}

async function connectorProbe(
  { name, database, topics }: StageOf<'connector'>,
  session: Session,
): Promise<ConnectorProbe> {
  const [connect, client] = await Promise.all([session.clients.connect(), session.clients.database(database)]);
  return {
    name,
    topics: async () => topics,
    confirmedLsn: async () => {
      const slot = (await connect.config(name))?.['slot.name'] ?? DEBEZIUM_SLOT;
      const [row] = await client.queryText(
        'SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = $1',
        [slot],
      );
      return row?.[0] == null ? undefined : parseLsn(row[0]);
    },
    trouble: async () => {
      const status = await connect.status(name);
      if (status === undefined) return 'Kafka Connect has no such connector';
      if (status.connector.state !== 'RUNNING') return `the connector is ${status.connector.state}`;
      const task = status.tasks.find(({ state }) => state !== 'RUNNING');
      if (task === undefined) return undefined;
      return `task ${task.id} is ${task.state}${task.trace === undefined ? '' : `: ${task.trace.split('\n')[0]}`}`;
    },
  };
}

/** The slot of a connector that names none. */
const DEBEZIUM_SLOT = 'debezium';

async function queryProbe(stage: StageOf<'query'>, session: Session): Promise<GroupProbe> {
  const { name, reads, writes } = stage;
  const ksqldb = await session.clients.ksqldb();
  const query = await findQuery(stage, ksqldb);
  if (query === undefined) {
    throw new EvpipeError('EVPIPE_QUERY_MISSING', `ksqlDB runs no query ${name}… that writes ${writes.join(', ')}`, {
      todo: 'Deploy the streams with evpipe init-ksqldb.',
    });
  }
  return {
    kind: 'query',
    name: query.id,
    group: query.group,
    reads,
    writes,
    trouble: async () => {
      const now = (await ksqldb.runningQueries()).find(({ id }) => id === query.id);
      if (now === undefined) return 'the query is gone';
      return now.state === 'RUNNING' ? undefined : `the query is ${now.state}`;
    },
  };
}

/** Why a declared service does not do its work, as its supervisor sees it. */
export async function processTrouble(name: string, session: Session): Promise<string | undefined> {
  const status = (await session.target.status()).find((one) => one.process === name);
  if (status === undefined || status.state === 'running' || status.state === 'unknown') return undefined;
  const exit = status.lastExit === undefined ? '' : `, last exit ${status.lastExit.code ?? status.lastExit.signal}`;
  const next = status.restartInMs === undefined ? '' : `, restart in ${Math.ceil(status.restartInMs / 1000)} s`;
  return `its service ${name} is ${status.state}${exit}${next}: evpipe logs ${name}`;
}
