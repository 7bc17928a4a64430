import type { CheckReport } from '../../consistency/report.js';
import type { Located, Pipeline } from '../../pipeline/pipeline.js';
import { counted } from '../../support/counted.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import { verifyConsistency } from '../check/verify-consistency.js';
import { connectorReports } from '../connector/connectors.js';
import { databaseClient } from '../database/client.js';
import { flowEdges } from '../flow/flow.js';
import { type GroupLag, groupLag, repartitionTopics } from '../flow/group-lag.js';
import { ksqldbClient } from '../ksqldb/client.js';
import { runningQueries, stagesOf } from '../ksqldb/running-query.js';
import { outboxLag } from '../service/outbox-probe.js';
import type { Session } from '../session.js';
import { kafkaClient } from '../topic/client.js';

/** How long a connector may need to get over a rebalance or a restart. */
const CONNECTOR_SETTLE_MS = 3_000;
/** How long a group is watched whose lag is greater than it was. */
const LAG_WINDOW_MS = 5_000;
const SAMPLE_PAUSE_MS = 250;

/** Every declared connector and all its tasks run. Throws EVPIPE_SMOKE_CONNECTOR with the first lines of the trace. */
export async function connectorsRun(session: Session): Promise<string> {
  const names = session.pipeline.connectors.map(({ name }) => name);
  const untilMs = performance.now() + CONNECTOR_SETTLE_MS;
  for (;;) {
    const reports = await connectorReports(session, names);
    const troubles = reports.filter(({ trouble }) => trouble !== undefined);
    const [first] = troubles;
    if (first === undefined) return `${reports.length} with all their tasks running`;
    if (performance.now() > untilMs) {
      const text = troubles.map(({ name, trouble }) => `connector ${name}: ${trouble}`).join('\n');
      throw new EvpipeError('EVPIPE_SMOKE_CONNECTOR', text, {
        todo: `The whole trace: evpipe connectors status ${first.name}`,
        ...placeOf(session.pipeline.connectors, first.name),
      });
    }
    await pause(SAMPLE_PAUSE_MS, session.signal);
  }
}

interface Lag extends GroupLag {
  readonly unit: 'record' | 'event';
  /** Whose log tells why. */
  readonly component: string;
}

/** How far each consumer group of the pipeline, ksqlDB's queries included, and each polling outbox is behind, by what messages call it. */
export type Lags = ReadonlyMap<string, Lag>;

interface Group {
  /** As messages call it: the service or the query. */
  readonly name: string;
  readonly component: string;
  readonly group: string;
  readonly topics: readonly string[];
}

export async function measureLags(session: Session): Promise<Lags> {
  const groups = [...declaredGroups(session), ...(await queryGroups(session))];
  const readers = groups.map(async ({ name, component, group, topics }): Promise<readonly [string, Lag]> => {
    const lag = await groupLag(await kafkaClient(session.clients), group, topics);
    return [name, { ...lag, unit: 'record', component }];
  });
  const outboxes = pollingOutboxes(session.pipeline).map(
    async ({ name, ...place }): Promise<readonly [string, Lag]> => {
      const client = await databaseClient(session.clients, place.database);
      try {
        return [`the outbox of ${name}`, { ...(await outboxLag(place, client)), unit: 'event', component: name }];
      } finally {
        await client.close();
      }
    },
  );
  return new Map(await Promise.all([...readers, ...outboxes]));
}

/** By the service that sends from it. */
export function pollingOutboxes({ services }: Pipeline) {
  return services.flatMap(({ name, copyOf, outbox }) =>
    outbox?.sent === undefined || copyOf !== undefined ? [] : [{ ...outbox, name, sent: outbox.sent }],
  );
}

function declaredGroups({ pipeline }: Session): readonly Group[] {
  return pipeline.services.flatMap(({ name, copyOf, consumes }) =>
    consumes === undefined || copyOf !== undefined
      ? []
      : [{ name, component: name, group: consumes.group, topics: consumes.topics }],
  );
}

/** The groups of ksqlDB's queries: what a query reads is known from the file, its id is the server's. */
async function queryGroups(session: Session): Promise<readonly Group[]> {
  const stages = flowEdges(session.pipeline).flatMap(({ stage }) => (stage.kind === 'query' ? [stage] : []));
  if (stages.length === 0) return [];
  const [ksqldb, kafka] = await Promise.all([ksqldbClient(session.clients), kafkaClient(session.clients)]);
  const [queries, between] = await Promise.all([runningQueries(ksqldb), repartitionTopics(kafka)]);
  return queries.flatMap((query): Group[] => {
    const { id, group } = query;
    const mine = stagesOf(query, stages);
    if (mine.length === 0) return [];
    const topics = new Set([...mine.flatMap(({ reads }) => reads), ...between(group)]);
    return [{ name: id, component: 'ksqldb', group, topics: [...topics] }];
  });
}

/**
 * No group is further behind than it was in `before`; one that is gets a few seconds, and may stay behind under load if it
 * moves and does not fall back further. Throws EVPIPE_SMOKE_LAG.
 */
export async function lagDoesNotGrow(before: Lags, session: Session): Promise<string> {
  const startedMs = performance.now();
  const first = await measureLags(session);
  let now = first;
  for (;;) {
    const grown = [...now].filter(([name, { behind }]) => behind > (before.get(name)?.behind ?? 0n));
    if (grown.length === 0) return summary(now);
    if (performance.now() - startedMs > LAG_WINDOW_MS) {
      const growing = grown.filter(([name, { behind, handled }]) => {
        const then = first.get(name);
        return then === undefined || behind > then.behind || handled === then.handled;
      });
      if (growing.length === 0) return summary(now);
      const text = growing.map(([name, { behind, handled, unit }]) => {
        const moving = handled === first.get(name)?.handled ? 'is not moving' : 'is falling further behind';
        return `${name} is ${behind} ${unit}${behind === 1n ? '' : 's'} behind (${before.get(name)?.behind ?? 0n} before) and ${moving}`;
      });
      const worst = growing[0]?.[1].component ?? '';
      throw new EvpipeError('EVPIPE_SMOKE_LAG', text.join('\n'), {
        todo: `See its log: evpipe logs ${worst}`,
        ...placeOf(session.pipeline.services, worst),
      });
    }
    await pause(SAMPLE_PAUSE_MS, session.signal);
    now = await measureLags(session);
  }
}

function placeOf(sections: readonly Located[], name: string): { readonly location?: SourceLocation } {
  const location = sections.find((one) => one.name === name)?.location;
  return location === undefined ? {} : { location };
}

function summary(lags: Lags): string {
  const behind = [...lags].filter(([, lag]) => lag.behind > 0n);
  const outboxes = [...lags.values()].filter(({ unit }) => unit === 'event').length;
  const groups = lags.size - outboxes;
  const all = [
    ...(groups === 0 ? [] : [counted(groups, 'group')]),
    ...(outboxes === 0 ? [] : [counted(outboxes, 'outbox', 'outboxes')]),
  ];
  if (all.length === 0) return 'nothing to fall behind';
  if (behind.length === 0) return `${all.join(' and ')}, none behind`;
  return `${behind.map(([name, lag]) => `${name} ${lag.behind} behind`).join(', ')}, not growing`;
}

export function checksAgree(session: Session, deadlineMs: number | undefined): Promise<readonly CheckReport[]> {
  return verifyConsistency(session, { deadlineMs, waitingFor: () => {} });
}
