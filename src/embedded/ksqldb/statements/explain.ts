import { cutPlan } from '../../../ksql/query/cut-plan.js';
import type { PlanPart, QueryPlan } from '../../../ksql/query/plan.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import { type Explained, executionPlan, topology } from '../../../ksql/query/print-plan.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { planInsert } from '../../../ksql/statements/insert-select.js';
import type { Properties } from '../../../ksql/statements/properties.js';
import { planSink } from '../../../ksql/statements/sink.js';
import type { Statement } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import type { RunningQuery } from '../runtime/persistent-query.js';
import { topicsOf } from '../runtime/plan-run.js';
import type { TransientQuery } from '../runtime/transient-query.js';
import { circumstancesOf, type Handler } from './context.js';
import { entity } from './entity.js';
import { pushQuery } from './queries.js';
import { fieldInfos } from './schema-info.js';

/** EXPLAIN id | statement: what a query reads, writes and does. */
export const explain: Handler<'explain'> = async (statement, { engine, session }) => {
  const text = statement.written;
  if (statement.query !== undefined) {
    const query = engine.queries.get(statement.query);
    const push = pushQuery(engine, statement.query);
    if (push !== undefined) return entity('queryDescription', text, { queryDescription: describeTransient(push) });
    if (query === undefined)
      throw new StatementError(
        `Query with id:${statement.query} does not exist, use SHOW QUERIES to view the full set of queries.`,
      );
    return entity('queryDescription', text, { queryDescription: describeQuery(query) });
  }
  const { plan, sink } = planOf(statement.statement, engine, session.properties);
  return entity('queryDescription', text, {
    queryDescription: {
      ...description(plan, statement.statement?.text ?? '', { id: '', sink }, await partsOf(plan, sink, engine)),
      id: '',
      sinks: [],
      overriddenProperties: Object.fromEntries(session.properties),
      ksqlHostQueryStatus: {},
      queryType: statement.statement?.kind === 'select' ? 'PUSH' : 'PERSISTENT',
      queryErrors: [],
      state: null,
    },
  });
};

/** A persistent query, as EXPLAIN and SHOW QUERIES EXTENDED tell it. */
export function describeQuery({ id, options, parts, state, errors }: RunningQuery): Record<string, unknown> {
  const sink = options.keepsOnly === true ? undefined : options.sink;
  return {
    ...description(options.plan, options.sql, { id, sink }, parts),
    id,
    sinks: [options.sink.name],
    // Of the query as it was made, not of who asks; latest and at_least_once are the defaults.
    overriddenProperties: {
      ...(options.offsetReset !== 'latest' && { 'auto.offset.reset': options.offsetReset }),
      ...(options.exactlyOnce && { 'processing.guarantee': 'exactly_once_v2' }),
    },
    ksqlHostQueryStatus: { 'localhost:8088': state },
    queryType: 'PERSISTENT',
    queryErrors: errors.map(({ timestampMs, message }) => ({
      timestamp: timestampMs,
      errorMessage: message,
      type: 'UNKNOWN',
    })),
    state,
  };
}

/** The same of a push query. */
export function describeTransient({ id, options }: TransientQuery): Record<string, unknown> {
  return {
    ...description(options.plan, options.sql, { id, sink: undefined }),
    id,
    sinks: [],
    overriddenProperties: {},
    ksqlHostQueryStatus: { 'localhost:8088': 'RUNNING' },
    queryType: 'PUSH',
    queryErrors: [],
    state: 'RUNNING',
  };
}

function planOf(
  statement: Statement | undefined,
  engine: Engine,
  properties: Properties,
): { plan: QueryPlan; sink: Explained['sink'] } {
  const { metastore, parts } = engine;
  const base = { sink: 'EXPLAIN', metastore, world: parts.world, properties };
  switch (statement?.kind) {
    case 'select':
      return { plan: planQuery({ ...base, query: statement.query, use: 'transient' }), sink: undefined };
    case 'insert-select':
      return planInsert(statement, base);
    case 'create-as-select':
      return planSink(statement, circumstancesOf(engine, properties));
    default:
      throw new StatementError('The provided statement does not run a ksql query');
  }
}

/** Engines that share queries cut those that one alone need not cut. */
async function partsOf(plan: QueryPlan, sink: Explained['sink'], { parts }: Engine): Promise<readonly PlanPart[]> {
  const cut = sink === undefined || parts.group === undefined ? undefined : cutPlan(plan);
  if (cut === undefined) return [plan];
  const topics = await Promise.all(topicsOf(plan).map((topic) => parts.kafka.describeTopic(topic)));
  return topics.every((topic) => topic !== undefined && topic.partitions.length > 1) ? cut : [plan];
}

function description(
  plan: QueryPlan,
  text: string,
  explained: Explained,
  parts: readonly PlanPart[] = [plan],
): Record<string, unknown> {
  return {
    statementText: `${text};`,
    windowType: plan.window?.kind ?? null,
    fields: fieldInfos(plan.output),
    sources: [...new Set(plan.inputs.map(({ source }) => source.name))],
    topology: topology(parts, { ...explained, type: plan.type }),
    executionPlan: executionPlan(plan, explained),
    tasksMetadata: [],
  };
}
