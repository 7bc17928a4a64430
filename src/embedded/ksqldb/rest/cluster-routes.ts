import type { Answer } from '../../../http/api.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import { KSQLDB_VERSION } from '../version.js';
import type { KsqlCall } from './request.js';

/** GET /clusterStatus: one node, which is alive as it answers, and holds all partitions of all stores. */
export async function clusterStatus({ headers }: KsqlCall, { queries, parts }: Engine): Promise<Answer> {
  const holding = [...queries.values()].filter(({ options }) => options.plan.stores.length > 0);
  const held = await Promise.all(holding.map((query) => holdings(query, parts)));
  const nowMs = parts.world.now();
  const host = {
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
  return {
    status: 200,
    body: { clusterStatus: { [headers.host ?? String(headers[':authority'] ?? 'localhost:8088')]: host } },
  };
}

interface Lag {
  currentOffsetPosition: number;
  endOffsetPosition: number;
  offsetLag: number;
}

/** What a query holds, and how far its stores are behind its inputs, by partition: topics that are joined count together. */
async function holdings({ id, options, topics }: RunningQuery, { kafka }: Engine['parts']) {
  const [committed, ends] = await Promise.all([
    kafka.committedOffsets(options.group, topics),
    Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest'))).then((each) => each.flat()),
  ]);
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
