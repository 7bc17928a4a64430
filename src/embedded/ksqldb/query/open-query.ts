import type { StatementOf } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import type { Column } from '../metadata/schema.js';
import { type ResultRow, TransientQuery } from '../runtime/transient-query.js';
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
  if (!push && source.type === 'TABLE') throw notQueryable(source.name);
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
    endMessage: plan.limit !== undefined && push ? 'Limit Reached' : push ? 'Query Completed' : 'Query Completed',
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

export const resultColumns = (plan: QueryPlan): ResultColumn[] =>
  plan.order.map(({ name, from, at }) => {
    const type = plan.output[from][at]?.type ?? { kind: 'STRING' };
    return { name, type, key: from === 'key' };
  });

const notQueryable = (name: string): StatementError =>
  new StatementError(
    `The \`${name}\` table isn't queryable. To derive a queryable table, you can do 'CREATE TABLE QUERYABLE_${name} AS SELECT * FROM ${name}'. See https://cnfl.io/queries for more info.\nAdd EMIT CHANGES if you intended to issue a push query.`,
  );
