import type { Answer } from '../../../http/api.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import { KSQLDB_VERSION } from '../version.js';
import type { KsqlCall } from './request.js';

/** GET /clusterStatus: one node, which is alive as it answers, and holds all partitions of all stores. */
export async function clusterStatus({ headers }: KsqlCall, { queries, parts }: Engine): Promise<Answer> {
  const holding = [...queries.values()].filter(({ options }) => options.plan.stores.length > 0);
  const activeStandbyPerQuery = Object.fromEntries(
    await Promise.all(holding.map(async (query) => [query.id, await activeStores(query, parts)] as const)),
  );
  const nowMs = parts.world.now();
  const host = {
    hostAlive: true,
    lastStatusUpdateMs: nowMs,
    activeStandbyPerQuery,
    hostStoreLags: { stateStoreLags: {}, updateTimeMs: nowMs },
  };
  return {
    status: 200,
    body: { clusterStatus: { [headers.host ?? String(headers[':authority'] ?? 'localhost:8088')]: host } },
  };
}

async function activeStores({ options, topics }: RunningQuery, { kafka }: Engine['parts']): Promise<unknown> {
  const ends = (await Promise.all(topics.map((topic) => kafka.offsets(topic, 'latest')))).flat();
  return {
    activeStores: options.plan.stores.map(({ name }) => name),
    activePartitions: ends.map(({ topic, partition }) => ({ topic, partition })),
    standByStores: [],
    standByPartitions: [],
  };
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
