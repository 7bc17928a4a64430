import type { KsqldbClient, KsqlQueryInfo } from '../../clients/ksqldb/client.js';
import { isSameQuery } from '../../protocol/ksql/meaning.js';
import type { FlowStage } from '../flow/flow.js';

type QueryStage = Extract<FlowStage, { readonly kind: 'query' }>;

export interface RunningQuery extends KsqlQueryInfo {
  /** The consumer group that it commits in. */
  readonly group: string;
}

/** Is this query one that the stage may mean? Ids are given by the server (CSAS_X_3): the kind and what it writes tell. */
export function mayBeQuery({ name, writes }: QueryStage, { id, sinkTopics }: KsqlQueryInfo): boolean {
  return id.startsWith(name) && writes.every((topic) => sinkTopics.includes(topic));
}

/** The stages that a running query carries out: of several that it may be those with its statement. */
export function stagesOf(query: KsqlQueryInfo, stages: readonly QueryStage[]): readonly QueryStage[] {
  const candidates = stages.filter((stage) => mayBeQuery(stage, query));
  const same = candidates.filter((stage) => isSameQuery(stage.text, query.text));
  return same.length > 0 ? same : candidates;
}

/** All queries of the server, each with its group. */
export async function runningQueries(ksqldb: KsqldbClient): Promise<readonly RunningQuery[]> {
  const [{ serviceId }, queries] = await Promise.all([ksqldb.info(), ksqldb.runningQueries()]);
  return queries.map((query) => ({ ...query, group: `_confluent-ksql-${serviceId}query_${query.id}` }));
}

/** The query of a stage; of several inserts into one stream the one with its statement. Undefined: it does not run, or it cannot be told from others. */
export async function findQuery(stage: QueryStage, ksqldb: KsqldbClient): Promise<RunningQuery | undefined> {
  const candidates = (await runningQueries(ksqldb)).filter((query) => mayBeQuery(stage, query));
  return (
    candidates.find((one) => isSameQuery(one.text, stage.text)) ?? (candidates.length === 1 ? candidates[0] : undefined)
  );
}
