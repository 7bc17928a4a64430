import type { ConnectorStatus } from '../../clients/connect/client.js';
import { hasFailed, troubleOf } from '../../clients/connect/trouble.js';
import { offsetSum } from '../../clients/kafka/offset-sum.js';
import type { Located } from '../../pipeline/pipeline.js';
import { parseLsn } from '../../support/brands.js';
import { counted } from '../../support/counted.js';
import { type CheckSection, type CompareSection, placeName } from '../check/section.js';
import { connectClient } from '../connector/client.js';
import { slotOf } from '../connector/connector-flow.js';
import { databaseClient } from '../database/client.js';
import { type FlowStage, flowEdges } from '../flow/flow.js';
import { groupLag, repartitionTopics } from '../flow/group-lag.js';
import { readFlowInTime } from '../flow/read-flow.js';
import { type Way, waysOf } from '../flow/ways.js';
import { ksqldbClient } from '../ksqldb/client.js';
import { findQuery } from '../ksqldb/running-query.js';
import { readQueueNode, readReceiver } from '../rabbitmq/queue-flows.js';
import { firstFailure, readsOutbox } from '../service/outbox-probe.js';
import type { Session } from '../session.js';
import type { Flow, FlowNode, Health } from '../status-report.js';
import { kafkaClient } from '../topic/client.js';

/** How far data has come on each way of each compare check. */
export async function readCheckFlows(session: Session): Promise<readonly Flow[]> {
  const edges = flowEdges(session.pipeline);
  return Promise.all(session.pipeline.checks.filter(isCompare).flatMap((check) => flowsOf(check, edges, session)));
}

const isCompare = (check: CheckSection): check is Located & CompareSection => check.kind === 'compare';

function flowsOf(
  check: Located & CompareSection,
  edges: ReturnType<typeof flowEdges>,
  session: Session,
): readonly Promise<Flow>[] {
  const { name } = check;
  try {
    const ways = waysOf(check, edges);
    return ways.map((way, index) =>
      readFlowInTime(ways.length === 1 ? name : `${name} ${index + 1}/${ways.length}`, session, (nodes) =>
        readWay(check, way, nodes, session),
      ),
    );
  } catch (failure) {
    return [readFlowInTime(name, session, () => Promise.reject(failure))];
  }
}

async function readWay(
  { source, replica }: CompareSection,
  { stages, origin }: Way,
  nodes: FlowNode[],
  session: Session,
): Promise<void> {
  const from = source.kind === 'union' && origin.kind === 'wal' ? origin.database : placeName(source);
  nodes.push({ name: from, detail: '', health: 'good' });
  for (const [index, stage] of stages.entries()) {
    nodes.push({
      ...(await readStage(stage, session)),
      ...(index === 0 && stage.kind === 'connector' ? { via: 'WAL' } : {}),
    });
    for (const topic of topicsBetween(stage, stages[index + 1])) nodes.push(await readTopic(topic, session));
    for (const queue of queuesBetween(stage, stages[index + 1])) nodes.push(await readQueueNode(queue, session));
  }
  nodes.push({ name: placeName(replica), detail: '', health: 'good' });
}

/** The topics that one stage hands to the next; what it writes beside that is another way's. */
function topicsBetween(stage: FlowStage, next: FlowStage | undefined): readonly string[] {
  if (stage.kind === 'receiver') return [];
  const writes = stage.kind === 'connector' || stage.kind === 'outbox' ? stage.topics : stage.writes;
  const reads = next?.kind === 'query' || next?.kind === 'group' ? next.reads : writes;
  return writes.filter((topic) => reads.includes(topic));
}

function queuesBetween(stage: FlowStage, next: FlowStage | undefined): readonly string[] {
  if (next?.kind !== 'receiver' || (stage.kind !== 'outbox' && stage.kind !== 'receiver')) return [];
  return stage.queues.filter((queue) => next.receives.includes(queue));
}

/** How far a stage has come, and whether that is all that it was given. */
export async function readStage(stage: FlowStage, session: Session): Promise<FlowNode> {
  switch (stage.kind) {
    case 'connector':
      return readConnector(stage, session);
    case 'outbox':
      return readOutbox(stage, session);
    case 'receiver':
      return readReceiver(stage, session);
    case 'query': {
      const ksqldb = await ksqldbClient(session.clients);
      const query = await findQuery(stage, ksqldb);
      if (query === undefined) return { name: stage.name, detail: 'not running', health: 'bad' };
      const kafka = await kafkaClient(session.clients);
      const between = await repartitionTopics(kafka);
      const { behind } = await groupLag(kafka, query.group, [...stage.reads, ...between(query.group)]);
      const detail = query.state === 'RUNNING' ? `${behind} behind` : query.state;
      return { name: query.id, detail, health: query.state === 'RUNNING' ? healthOfLag(behind) : 'bad' };
    }
    case 'group': {
      const kafka = await kafkaClient(session.clients);
      const [{ members, state }, { behind: lag }] = await Promise.all([
        kafka.describeGroup(stage.group),
        groupLag(kafka, stage.group, stage.reads),
      ]);
      const detail = `lag ${lag}, ${counted(members.length, 'member')}${state === 'Stable' ? '' : ` (${state})`}`;
      return { name: stage.name, detail, health: members.length === 0 ? 'bad' : healthOfLag(lag) };
    }
  }
}

async function readOutbox(stage: Extract<FlowStage, { kind: 'outbox' }>, session: Session): Promise<FlowNode> {
  const client = await databaseClient(session.clients, stage.database);
  try {
    const { count, oldestMs } = await readsOutbox(stage, client).stillUnsent('all');
    const age = oldestMs === undefined ? '' : `, the oldest for ${Math.round(oldestMs / 1000)} s`;
    const failure = count === 0n ? undefined : await firstFailure(stage, client);
    return {
      name: stage.name,
      detail: `outbox, ${count} unsent${age}${failure === undefined ? '' : `: ${failure}`}`,
      health: failure === undefined ? healthOfLag(count) : 'bad',
    };
  } finally {
    await client.close();
  }
}

const healthOfLag = (lag: bigint): Health => (lag === 0n ? 'good' : 'waiting');

async function readConnector(stage: Extract<FlowStage, { kind: 'connector' }>, session: Session): Promise<FlowNode> {
  const connect = await connectClient(session.clients);
  const [status, config] = await Promise.all([connect.status(stage.name), connect.config(stage.name)]);
  if (status === undefined) return { name: stage.name, detail: 'not there', health: 'bad' };
  const client = await databaseClient(session.clients, stage.database);
  try {
    const [row] = await client.queryText(
      'SELECT confirmed_flush_lsn::text, pg_current_wal_insert_lsn()::text FROM pg_replication_slots WHERE slot_name = $1',
      [slotOf(config ?? {})],
    );
    const behind = row?.[0] == null || row[1] == null ? undefined : parseLsn(row[1]) - parseLsn(row[0]);
    return {
      name: stage.name,
      detail: `${taskText(status)}${behind === undefined ? '' : `, ${behind} B of WAL behind`}`,
      health: connectorHealth(status),
    };
  } finally {
    await client.close();
  }
}

function taskText({ connector, tasks }: ConnectorStatus): string {
  // Connect calls a connector RUNNING whose tasks have all failed.
  const stopped = tasks.find(({ state }) => state !== 'RUNNING');
  const state = connector.state === 'RUNNING' && stopped !== undefined ? `task ${stopped.state}` : connector.state;
  return `${state} ${tasks.filter(({ state }) => state === 'RUNNING').length}/${tasks.length}`;
}

function connectorHealth(status: ConnectorStatus): Health {
  if (hasFailed(status)) return 'bad';
  return troubleOf(status) === undefined ? 'good' : 'waiting';
}

async function readTopic(topic: string, session: Session): Promise<FlowNode> {
  const kafka = await kafkaClient(session.clients);
  if ((await kafka.describeTopic(topic)) === undefined) return { name: topic, detail: 'not there', health: 'waiting' };
  const [starts, ends] = await Promise.all([kafka.offsets(topic, 'earliest'), kafka.offsets(topic, 'latest')]);
  return { name: topic, detail: `${offsetSum(ends) - offsetSum(starts)} records`, health: 'good' };
}
