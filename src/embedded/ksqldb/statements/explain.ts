import type { PlanNode, QueryPlan } from '../../../ksql/query/plan.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Statement } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import type { Handler } from './context.js';
import { entity } from './entity.js';
import { fieldInfos } from './schema-info.js';

/** EXPLAIN id | statement: what a query reads, writes and does. */
export const explain: Handler<'explain'> = async (statement, { engine, session }) => {
  if (statement.query !== undefined) {
    const query = engine.queries.get(statement.query);
    if (query === undefined)
      throw new StatementError(
        `Query with id:${statement.query} does not exist, use SHOW QUERIES to view the full set of queries.`,
      );
    const { options } = query;
    return entity('queryDescription', `${statement.text};`, {
      queryDescription: {
        ...description(options.plan, options.sql, options.keepsOnly !== true),
        id: query.id,
        sinks: [options.sink.name],
        // Of the query as it was made, not of who asks; latest and at_least_once are the defaults.
        overriddenProperties: {
          ...(options.offsetReset !== 'latest' && { 'auto.offset.reset': options.offsetReset }),
          ...(options.exactlyOnce && { 'processing.guarantee': 'exactly_once_v2' }),
        },
        ksqlHostQueryStatus: { 'localhost:8088': query.state },
        queryType: 'PERSISTENT',
        queryErrors: query.errors.map(({ timestampMs, message }) => ({
          timestamp: timestampMs,
          errorMessage: message,
          type: 'UNKNOWN',
        })),
        state: query.state,
      },
    });
  }
  const plan = planOf(statement.statement, engine);
  return entity('queryDescription', `${statement.text};`, {
    queryDescription: {
      ...description(plan, statement.statement?.text ?? '', statement.statement?.kind !== 'select'),
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

function planOf(statement: Statement | undefined, engine: Engine): QueryPlan {
  if (statement?.kind !== 'select' && statement?.kind !== 'create-as-select' && statement?.kind !== 'insert-select') {
    throw new StatementError('The provided statement does not run a ksql query');
  }
  const { metastore, parts } = engine;
  const use = statement.kind === 'select' ? 'transient' : 'persistent';
  return planQuery({ query: statement.query, use, sink: 'EXPLAIN', metastore, world: parts.world });
}

function description(plan: QueryPlan, text: string, written: boolean): Record<string, unknown> {
  const { explain: node } = plan;
  const root = written ? { name: 'SINK', schema: node.schema, inputs: [node] } : node;
  return {
    statementText: `${text};`,
    windowType: plan.window?.kind ?? null,
    fields: fieldInfos(plan.output),
    sources: [...new Set(plan.inputs.map(({ source }) => source.name))],
    topology: topology(plan),
    executionPlan: executionPlan(root, 0),
    tasksMetadata: [],
  };
}

function topology(plan: QueryPlan): string {
  const sources = [...new Map(plan.inputs.map(({ source }) => [source.topic, source])).values()].map(
    ({ topic, type }, at) =>
      `    Source: ${type === 'STREAM' ? 'KSTREAM' : 'KTABLE'}-SOURCE-${String(at).padStart(10, '0')} (topics: [${topic}])\n`,
  );
  const stores = plan.stores.map(({ name }) => name).join(', ');
  return `Topologies:\n   Sub-topology: 0\n${sources.join('')}    Processor: (stores: [${stores}])\n`;
}

const executionPlan = (node: PlanNode, depth: number): string =>
  `${'\t'.repeat(depth)} > [ ${node.name} ] | Schema: ${node.schema}\n${node.inputs.map((each) => executionPlan(each, depth + 1)).join('')}`;
