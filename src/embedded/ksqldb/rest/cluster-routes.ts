import type { Answer } from '../../../http/api.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import { topicsOf } from '../runtime/plan-run.js';
import { KSQLDB_VERSION } from '../version.js';
import type { KsqlCall } from './request.js';

export const HOST_STATUS_PATH = '/host-status';

/** GET /clusterStatus: all engines of the service, each with what it holds. One that does not answer is not alive. */
export async function clusterStatus({ headers }: KsqlCall, engine: Engine): Promise<Answer> {
  const { peers, world } = engine.parts;
  const called = headers.host ?? String(headers[':authority'] ?? 'localhost:8088');
  const answers = (await peers?.askAll(HOST_STATUS_PATH, {})) ?? [];
  const others = answers.map((answer) => [answer.member.address, 'body' in answer ? answer.body : dead(world.now())]);
  const own = [peers?.group.self.address ?? called, await hostStatus(engine)];
  return { status: 200, body: { clusterStatus: Object.fromEntries([own, ...others]) } };
}

/** What this engine tells another one that is asked for the status of all. */
export const hostStatusRoute = async (_: KsqlCall, engine: Engine): Promise<Answer> => ({
  status: 200,
  body: await hostStatus(engine),
});

const dead = (nowMs: number) => ({
  hostAlive: false,
  lastStatusUpdateMs: nowMs,
  activeStandbyPerQuery: {},
  hostStoreLags: { stateStoreLags: {}, updateTimeMs: 0 },
});

async function hostStatus({ queries, parts }: Engine) {
  const holding = [...queries.values()].filter(({ options }) => options.plan.stores.length > 0);
  const held = await Promise.all(holding.map((query) => holdings(query, parts)));
  const nowMs = parts.world.now();
  return {
    hostAlive: true,
    lastStatusUpdateMs: nowMs,
    activeStandbyPerQuery: Object.fromEntries(held.map(({ id, active }) => [id, active])),
    hostStoreLags: {
      stateStoreLags: Object.fromEntries(
        held.flatMap(({ id, stores, lag }) => stores.map((name) => [`${id}#${name}`, lag])),
      ),
      updateTimeMs: nowMs,
    },
  };
}

interface Lag {
  currentOffsetPosition: number;
  endOffsetPosition: number;
  offsetLag: number;
}

/** What a query holds, and how far its stores are behind its inputs, by partition: topics that are joined count together. */
async function holdings({ id, options, parts, holding }: RunningQuery, { kafka, group }: Engine['parts']) {
  const topics = topicsOf(parts.at(-1) ?? options.plan); // the last part has the state
  const [committed, all] = await Promise.all([
    kafka.committedOffsets(options.group, topics),
    Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest'))).then((each) => each.flat()),
  ]);
  const isHeld = (partition: number): boolean =>
    group === undefined || holding?.tasks.includes(partition % holding.of) === true;
  const ends = all.filter(({ partition }) => isHeld(partition));
  const done = new Map(committed.map(({ topic, partition, offset }) => [`${topic} ${partition}`, Number(offset)]));
  const lagByPartition: Record<string, Lag> = {};
  for (const { topic, partition, offset } of ends) {
    lagByPartition[partition] ??= { currentOffsetPosition: 0, endOffsetPosition: 0, offsetLag: 0 };
    const lag = lagByPartition[partition];
    const current = done.get(`${topic} ${partition}`) ?? 0;
    lag.currentOffsetPosition += current;
    lag.endOffsetPosition += Number(offset);
    lag.offsetLag += Number(offset) - current;
  }
  const stores = options.plan.stores.map(({ name }) => name);
  const active = {
    activeStores: stores,
    activePartitions: ends.map(({ topic, partition }) => ({ topic, partition })),
    standByStores: [],
    standByPartitions: [],
  };
  return { id, stores, active, lag: { lagByPartition, size: Object.keys(lagByPartition).length } };
}

const scope = (clusterId: string, serviceId: string) => ({
  path: [],
  clusters: { 'kafka-cluster': clusterId, 'ksql-cluster': serviceId },
});

/** GET /v1/metadata/id */
export const metadataId = (clusterId: string, { parts }: Engine): Answer => ({
  status: 200,
  body: { id: '', scope: scope(clusterId, parts.serviceId) },
});

/** GET /v1/metadata */
export const metadata = (clusterId: string, engine: Engine): Answer => ({
  status: 200,
  body: { version: KSQLDB_VERSION, clusterId: metadataId(clusterId, engine).body },
});
