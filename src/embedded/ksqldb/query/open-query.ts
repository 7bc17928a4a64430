import type { StatementOf } from '../../../protocol/ksql/ast.js';
import { waitUntil } from '../../../support/retry.js';
import type { Engine } from '../engine.js';
import type { Column } from '../metadata/schema.js';
import type { Source } from '../metadata/source.js';
import { PlanRun } from '../runtime/plan-run.js';
import { Store } from '../runtime/store.js';
import { type ResultRow, TransientQuery, toResult } from '../runtime/transient-query.js';
import { StatementError } from '../statement-error.js';
import { offsetReset } from '../statements/properties.js';
import type { QueryPlan } from './plan.js';
import { planQuery } from './plan-query.js';

export interface ResultColumn extends Column {
  readonly key: boolean;
}

export interface OpenedQuery {
  readonly id: string;
  readonly columns: readonly ResultColumn[];
  readonly endMessage: string | undefined;
  rows(): AsyncGenerator<ResultRow>;
  stop(): Promise<void>;
}

let transients = 0;

/** How long a pull query waits for a table whose state is being restored. */
const RESTORED_WITHIN_MS = 20_000;

/** SELECT … EMIT CHANGES is a push query; without it the answer is what is there now. Throws StatementError. */
export async function openQuery(
  engine: Engine,
  statement: StatementOf<'select'>,
  properties: ReadonlyMap<string, string>,
): Promise<OpenedQuery> {
  const { query } = statement;
  const { metastore, parts } = engine;
  const push = query.emit !== undefined;
  const source = metastore.source(query.from.name);
  if (!push && source.type === 'TABLE') return openPull(engine, statement, source);
  const plan = planQuery({ query, use: 'transient', sink: 'transient', metastore, world: parts.world });
  for (const input of plan.inputs) {
    if ((await parts.kafka.describeTopic(input.source.topic)) === undefined) {
      throw new StatementError(`Topic '${input.source.topic}' of ${input.source.name} does not exist.`);
    }
  }
  transients += 1;
  const id = `transient_${source.name}_${parts.world.now()}${transients}`;
  const transient = new TransientQuery({
    id,
    sql: statement.text,
    plan,
    offsetReset: offsetReset(properties),
    untilEnd: !push,
    kafka: parts.kafka,
    registry: parts.registry,
    log: parts.log,
  });
  engine.transient.set(id, transient);
  return {
    id,
    columns: resultColumns(plan),
    endMessage: plan.limit !== undefined ? 'Limit Reached' : 'Query Completed',
    async *rows() {
      try {
        yield* transient.rows();
      } finally {
        engine.transient.delete(id);
      }
    },
    async stop() {
      engine.transient.delete(id);
      await transient.stop();
    },
  };
}

/** A pull query on a table: WHERE and projection over the rows that the table's query holds. */
async function openPull(engine: Engine, statement: StatementOf<'select'>, source: Source): Promise<OpenedQuery> {
  const { query } = statement;
  const { metastore, parts } = engine;
  if (query.joins.length > 0) throw new StatementError("Pull queries don't support JOIN clauses.");
  if (query.window !== undefined) throw new StatementError("Pull queries don't support WINDOW clauses.");
  if (query.groupBy.length > 0) throw new StatementError("Pull queries don't support GROUP BY clauses.");
  if (query.partitionBy.length > 0) throw new StatementError("Pull queries don't support PARTITION BY clauses.");
  if (query.having !== undefined) throw new StatementError("Pull queries don't support HAVING clauses.");
  const maintainer = engine.queries.get(source.query ?? '');
  if (maintainer === undefined) throw notQueryable(source.name);
  const plan = planQuery({ query, use: 'transient', sink: 'transient', metastore, world: parts.world });
  const table = await waitUntil(`the state of ${source.name}`, async () => maintainer.rows, {
    timeoutMs: RESTORED_WITHIN_MS,
  });
  transients += 1;
  return {
    id: `query_${parts.world.now()}${transients}`,
    columns: resultColumns(plan),
    endMessage: undefined,
    async *rows() {
      const stores = new Map(plan.stores.map((spec) => [spec.name, new Store(spec)]));
      const { built } = await PlanRun.create({
        id: 'pull',
        plan,
        registry: parts.registry,
        log: parts.log,
        stores,
        partitions: 1,
      });
      const [step] = built.steps;
      const results: ResultRow[] = [];
      for (const row of table()) {
        if (plan.limit !== undefined && results.length >= plan.limit) break;
        step?.(row, (each) => {
          if (each.value !== null) results.push(toResult(each, plan));
        });
      }
      yield* results;
    },
    async stop() {},
  };
}

export const resultColumns = (plan: QueryPlan): ResultColumn[] =>
  plan.order.map(({ name, from, at }) => {
    const type = plan.output[from][at]?.type ?? { kind: 'STRING' };
    return { name, type, key: from === 'key' };
  });

const notQueryable = (name: string): StatementError =>
  new StatementError(
    `The \`${name}\` table isn't queryable. To derive a queryable table, you can do 'CREATE TABLE QUERYABLE_${name} AS SELECT * FROM ${name}'. See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.`,
  );
