import type { ConnectClient } from '../../clients/connect/client.js';
import { hasEnded, troubleOf } from '../../clients/connect/trouble.js';
import type { KafkaClient, PartitionPosition } from '../../clients/kafka/contract.js';
import type { CompareCheck, TakenFence } from '../../consistency/confirm.js';
import type { Key } from '../../consistency/side.js';
import {
  type ConnectorProbe,
  connectorStage,
  endsOf,
  type GroupProbe,
  groupStage,
  type HandsOn,
  lasting,
  type OutboxProbe,
  outboxStage,
  type ReceiverProbe,
  receiverStage,
  type SnapshotState,
  type Stage,
  type Trouble,
} from '../../consistency/stages.js';
import { SESSION_SETTINGS } from '../../consistency/table-place.js';
import type { Located } from '../../pipeline/pipeline.js';
import { formatLsn, parseLsn } from '../../support/brands.js';
import { counted } from '../../support/counted.js';
import { EvpipeError } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import type { ComponentStatus } from '../../targets/target.js';
import { connectClient } from '../connector/client.js';
import { slotOf } from '../connector/connector-flow.js';
import { databaseClient } from '../database/client.js';
import { type FlowStage, flowEdges } from '../flow/flow.js';
import { repartitionTopics } from '../flow/group-lag.js';
import { type Origin, waysOf } from '../flow/ways.js';
import { ksqldbClient } from '../ksqldb/client.js';
import { findQuery } from '../ksqldb/running-query.js';
import { readQueue, staleMs, unfinished } from '../rabbitmq/queues.js';
import { errorLine, lastErrorOf, lastLinesOf } from '../service/last-words.js';
import { firstFailure, readsOutbox } from '../service/outbox-probe.js';
import type { Session } from '../session.js';
import { kafkaClient } from '../topic/client.js';
import { type SideOptions, wireSides } from './check-sides.js';
import { type CompareSection, placeName } from './section.js';
import { currentPosition, takeWalFence } from './wal-fence.js';

/** The keys of a check that are compared, where those are not all. */
export interface KeysOfCheck {
  readonly keys: readonly Key[];
  /** For people: `3 keys`. */
  readonly part: string;
  /** Both sides may have lost all of them since they differed, and agree then. */
  readonly mayBeGone: boolean;
}

/** A compare check wired to what runs: its sides read databases and stores, its stages ask Connect, ksqlDB and Kafka. */
export async function wireCompare(
  check: Located & CompareSection,
  session: Session,
  options: SideOptions & { readonly keys?: KeysOfCheck | undefined; readonly since?: string | undefined },
): Promise<CompareCheck> {
  const ways = waysOf(check, flowEdges(session.pipeline));
  const sides = await wireSides(check, session, options);
  const wired = await Promise.all(
    ways.map(async ({ origin, stages }) => ({
      takeFence: () => takeFence(origin, stages[0], session),
      stages: await Promise.all(stages.map((stage, index) => wireStage(stage, stages[index + 1], session))),
    })),
  );
  const { name } = check;
  const { sample, where, keys, since } = options;
  if (since !== undefined && sides.source.keysFrom === undefined) throw noColumnOfChanges(check);
  const columns = check.key.size || sides.source.columns.length;
  const unlike = keys?.keys.find((key) => key.length !== columns);
  if (unlike !== undefined) {
    const message = `a key of check ${name} has ${columns} columns, and ${JSON.stringify(unlike)} has ${unlike.length}`;
    throw new EvpipeError('EVPIPE_OPTION', message, { kind: 'usage' });
  }
  const parts = [
    sample?.part,
    where === undefined ? undefined : `rows where ${where}`,
    since === undefined
      ? undefined
      : check.changed === undefined
        ? `rows committed from ${since} on`
        : `rows with ${check.changed} from ${since} on`,
    keys?.part,
  ];
  const part = parts.filter((one) => one !== undefined).join(', ') || undefined;
  return {
    ...{ name, ...sides, part, keys: keys?.keys, since, changed: check.changed },
    ...oneAfterTheOther(wired),
    // That nothing has changed is an answer too.
    allowEmpty: check.allowEmpty || keys?.mayBeGone === true || since !== undefined,
  };
}

const noColumnOfChanges = ({ name, source, ...check }: Located & CompareSection): EvpipeError =>
  new EvpipeError(
    'EVPIPE_OPTION',
    `--since needs a column of ${placeName(source)} that every change raises, or a server that notes when transactions were committed (track_commit_timestamp); check ${name} has neither`,
    { kind: 'usage', location: check.location, todo: 'Declare it in the check: changed: updated_at' },
  );

interface WiredWay {
  readonly stages: readonly Stage[];
  takeFence(): Promise<TakenFence>;
}

/** Several ways as one: all their fences are taken at once, and behind the last stage of one way comes the fence of the next. */
function oneAfterTheOther(ways: readonly WiredWay[]): Pick<CompareCheck, 'way' | 'takeFence'> {
  let taken: readonly TakenFence[] = [];
  return {
    way: ways.flatMap(({ stages }, index) =>
      stages.map((stage, at) =>
        at < stages.length - 1 ? stage : { ...stage, outputs: async () => taken[index + 1]?.fence },
      ),
    ),
    async takeFence() {
      taken = await Promise.all(ways.map((way) => way.takeFence()));
      const [first] = taken;
      if (first === undefined) throw new Error('a check without a way');
      const unwritten = taken.find((one) => one.unwritten !== undefined)?.unwritten;
      return { fence: first.fence, label: taken.map(({ label }) => label).join(', '), unwritten };
    },
  };
}

async function takeFence(origin: Origin, first: FlowStage | undefined, session: Session): Promise<TakenFence> {
  if (origin.kind === 'none') return { fence: { kind: 'offsets', positions: [] }, label: origin.label };
  if (origin.kind === 'topics') {
    const fence = await endsOf(await kafkaClient(session.clients), origin.topics);
    return { fence, label: `end of ${origin.topics.join(', ')}` };
  }
  const { database } = origin;
  const client = await databaseClient(session.clients, database);
  try {
    if (first?.kind === 'connector') return await takeWalFence(database, client, session);
    const lsn = await currentPosition(client);
    return { fence: { kind: 'wal', database, lsn }, label: `WAL ${formatLsn(lsn)}` };
  } finally {
    await client.close();
  }
}

/** A stage by itself, with a fence behind all that it has been given when the fence is taken. */
export async function wireAlone(
  declared: FlowStage,
  session: Session,
): Promise<{ readonly stage: Stage; takeFence(): Promise<TakenFence> }> {
  const stage = await wireStage(declared, undefined, session);
  return {
    stage,
    async takeFence() {
      if (declared.kind !== 'receiver') return takeFence(originBefore(declared), declared, session);
      const queues = declared.receives;
      return { fence: { kind: 'queues', queues, takenMs: performance.now() }, label: `queues ${queues.join(', ')}` };
    },
  };
}

const originBefore = (stage: Exclude<FlowStage, { readonly kind: 'receiver' }>): Origin =>
  stage.kind === 'connector' || stage.kind === 'outbox'
    ? { kind: 'wal', database: stage.database }
    : { kind: 'topics', topics: stage.reads };

async function wireStage(stage: FlowStage, next: FlowStage | undefined, session: Session): Promise<Stage> {
  const kafka = () => kafkaClient(session.clients);
  const handsOn = handedOn(stage, next);
  switch (stage.kind) {
    case 'connector':
      return wireConnector(stage, session, await kafka());
    case 'outbox':
      return outboxStage(await outboxProbe(stage, handsOn, session), kafka);
    case 'query':
      return groupStage(await queryProbe(stage, handsOn, session), await kafka());
    case 'group':
      return groupStage(await groupProbe(stage, handsOn, session), await kafka());
    case 'receiver':
      return receiverStage(receiverProbe(stage, handsOn, session), kafka);
  }
}

/** Of all that a stage writes what the next one reads: a service may write to topics and queues. */
function handedOn(stage: FlowStage, next: FlowStage | undefined): HandsOn {
  const nothing = { topics: [], queues: [] };
  if (next === undefined || stage.kind === 'connector') return nothing;
  if (next.kind === 'receiver') {
    const queues = 'queues' in stage ? stage.queues : [];
    return { topics: [], queues: queues.filter((queue) => next.receives.includes(queue)) };
  }
  if (next.kind !== 'group' && next.kind !== 'query') return nothing;
  const topics = stage.kind === 'outbox' ? stage.topics : stage.writes;
  return { topics: topics.filter((topic) => next.reads.includes(topic)), queues: [] };
}

type StageOf<Kind> = Extract<FlowStage, { readonly kind: Kind }>;

async function groupProbe(stage: StageOf<'group'>, handsOn: HandsOn, session: Session): Promise<GroupProbe> {
  const { name, group, reads, applied } = stage;
  const kafka = await kafkaClient(session.clients);
  return {
    ...{ kind: 'group', name, group, reads, handsOn },
    ...(applied === undefined ? {} : { applied: () => appliedPositions(name, applied, session) }),
    trouble: async () => {
      const inProcess = await processTrouble(name, session);
      if (inProcess !== undefined) return inProcess;
      const { members, state } = await kafka.describeGroup(group);
      if (members.length > 0) return undefined;
      const passes = state.endsWith('Rebalance') || (await hasJustStarted(name, session));
      return { says: `group ${group} has no member (${state})`, passes };
    },
    lastError: () => lastErrorIn(name, session),
  };
}

/** As the replica's own database has it. */
async function appliedPositions(
  service: string,
  { database, query }: NonNullable<StageOf<'group'>['applied']>,
  session: Session,
): Promise<readonly PartitionPosition[]> {
  const settings = { ...SESSION_SETTINGS, default_transaction_read_only: 'on' };
  const client = await databaseClient(session.clients, database, settings);
  try {
    const rows = await client.queryText(query);
    return rows.map(([topic, partition, offset]) => {
      if (topic == null || !/^\d+$/.test(partition ?? '') || !/^\d+$/.test(offset ?? ''))
        throw new EvpipeError(
          'EVPIPE_APPLIED_POSITION',
          `applied of service ${service} must return topic, partition and next offset, and returns ${JSON.stringify([topic, partition, offset])}`,
        );
      return { topic, partition: Number(partition), offset: BigInt(offset ?? 0) };
    });
  } finally {
    await client.close();
  }
}

async function outboxProbe(stage: StageOf<'outbox'>, handsOn: HandsOn, session: Session): Promise<OutboxProbe> {
  const client = await databaseClient(session.clients, stage.database);
  return {
    name: stage.name,
    handsOn,
    table: stage.table,
    ...readsOutbox(stage, client),
    trouble: async () => (await processTrouble(stage.name, session)) ?? lasting(await firstFailure(stage, client)),
    lastError: () => lastErrorIn(stage.name, session),
  };
}

function receiverProbe({ name, receives }: StageOf<'receiver'>, handsOn: HandsOn, session: Session): ReceiverProbe {
  return {
    name,
    receives,
    handsOn,
    unfinished: (queue) => unfinished(queue, session),
    staleMs: Math.max(0, ...receives.map((queue) => staleMs(queue, session))),
    trouble: () => receiverTrouble(name, receives, session),
    lastError: () => lastErrorIn(name, session),
  };
}

/** Why nothing receives: the service does not run, or its queue has no consumer. */
export async function receiverTrouble(
  name: string,
  receives: readonly string[],
  session: Session,
): Promise<Trouble | undefined> {
  const inProcess = await processTrouble(name, session);
  if (inProcess !== undefined) return inProcess;
  const states = await Promise.all(receives.map((queue) => readQueue(queue, session)));
  const alone = receives.find((_, index) => states[index]?.consumers === 0);
  if (alone === undefined) return undefined;
  return { says: `queue ${alone} has no consumer`, passes: await hasJustStarted(name, session) };
}

async function wireConnector(
  { name, database, topics }: StageOf<'connector'>,
  session: Session,
  kafka: KafkaClient,
): Promise<Stage> {
  const [connect, client] = await Promise.all([
    connectClient(session.clients),
    databaseClient(session.clients, database),
  ]);
  const probe: ConnectorProbe = {
    name,
    topics: async () => topics,
    confirmedLsn: async () => {
      const slot = slotOf((await connect.config(name)) ?? {});
      const [row] = await client.queryText(
        'SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = $1',
        [slot],
      );
      return row?.[0] == null ? undefined : parseLsn(row[0]);
    },
    snapshot: () => snapshotOf(name, connect),
    takeFence: async () => {
      const { fence } = await takeWalFence(database, client, session);
      return fence.lsn;
    },
    trouble: async () => {
      const status = await connect.status(name);
      const says = troubleOf(status);
      return says === undefined ? undefined : { says, passes: status !== undefined && !hasEnded(status) };
    },
  };
  return connectorStage(probe, kafka, await probe.confirmedLsn());
}

/** Debezium marks the offsets of a snapshot, and keeps the last mark until it has streamed something. */
async function snapshotOf(name: string, connect: ConnectClient): Promise<SnapshotState | undefined> {
  try {
    const offsets = (await connect.offsets(name)).map(({ offset }) => fieldsOf(offset));
    if (offsets.length === 0) return 'pending';
    const running = offsets.some(
      (offset) =>
        offset.incremental_snapshot_collections !== undefined ||
        (offset.snapshot != null && offset.last_snapshot_record !== true && offset.snapshot_completed !== true),
    );
    return running ? 'running' : 'done';
  } catch (failure) {
    if (failure instanceof EvpipeError && failure.code === 'EVPIPE_CONNECT_404') return undefined;
    throw failure;
  }
}

async function queryProbe(stage: StageOf<'query'>, handsOn: HandsOn, session: Session): Promise<GroupProbe> {
  const { name, reads, writes } = stage;
  const ksqldb = await ksqldbClient(session.clients);
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
    between: async () => (await repartitionTopics(await kafkaClient(session.clients)))(query.group),
    handsOn,
    trouble: async () => {
      const now = (await ksqldb.runningQueries()).find(({ id }) => id === query.id);
      if (now === undefined) return { says: 'the query is gone' };
      if (now.state === 'RUNNING') return undefined;
      return { says: `the query is ${now.state}`, passes: now.state !== 'PAUSED' && now.state !== 'ERROR' };
    },
  };
}

async function lastErrorIn(name: string, session: Session): Promise<string | undefined> {
  if (session.pipeline.services.every((one) => one.name !== name)) return undefined;
  const said = await lastErrorOf(name, session).catch(() => undefined);
  return said === undefined ? undefined : `the last error in its log: ${said.slice(0, WORDS_MAX)}`;
}

/** A crash or a start that long ago says nothing about a process that is running now. */
const RECENT_MS = 60_000;

/** Why a declared service does not do its work, as its supervisor sees it, with the last error that it wrote. */
export async function processTrouble(name: string, session: Session): Promise<Trouble | undefined> {
  const status = await statusOf(name, session);
  if (status === undefined || status.state === 'unknown') return undefined;
  const { state, lastExit, restarts, restartInMs } = status;
  const ends = lastExit !== undefined && Date.now() - lastExit.atMs < RECENT_MS && restarts > 0;
  if (state === 'running' && !ends) return undefined;
  const is = state === 'running' ? `was restarted ${counted(restarts, 'time')}` : `is ${state}`;
  const exit = lastExit === undefined ? '' : `, last exit ${lastExit.code ?? lastExit.signal}`;
  const next = restartInMs === undefined ? '' : `, restart in ${Math.ceil(restartInMs / 1000)} s`;
  const said = errorLine(await lastLinesOf(name, session, LAST_LINES), true);
  const words = said === undefined ? '' : `; its last error: ${said.slice(0, WORDS_MAX)}`;
  const passes = state === 'starting' || (state !== 'stopped' && state !== 'failed' && restarts <= RESTARTS_PASSING);
  return { says: `its service ${name} ${is}${exit}${next}: evpipe logs ${name}${words}`, passes };
}

const statusOf = async (name: string, session: Session): Promise<ComponentStatus | undefined> =>
  (await session.target.status()).find((one) => one.process === name);

/** A process that was restarted more often will crash again. */
const RESTARTS_PASSING = 2;

/** What has just started is still about to join its group: on a busy machine that takes a while. */
async function hasJustStarted(name: string, session: Session): Promise<boolean> {
  const { uptimeMs = Number.POSITIVE_INFINITY } = (await statusOf(name, session)) ?? {};
  return uptimeMs < RECENT_MS;
}

const LAST_LINES = 40;
const WORDS_MAX = 300;
