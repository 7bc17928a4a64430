import type { Column } from '../../../ksql/metadata/schema.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { offsetReset } from '../../../ksql/statements/properties.js';
import type { StatementOf } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import { type ResultRow, TransientQuery } from '../runtime/transient-query.js';
import { checkPartitions } from './copartitioned.js';
import { checkPull, openPull, planPull, resultColumns, type Setting } from './pull-query.js';

export interface ResultColumn extends Column {
  readonly key: boolean;
}

export interface OpenedQuery {
  readonly id: string;
  readonly columns: readonly ResultColumn[];
  /** Said at the end of /query; a pull query on a table says it only where LIMIT cut it off. */
  readonly endMessage: () => string | undefined;
  readonly push: boolean;
  rows(): AsyncIterable<ResultRow> | Iterable<ResultRow>;
  stop(): Promise<void>;
}

let transients = 0;

/** A property of the request, of ALTER SYSTEM, or none. */
export const setting =
  (engine: Engine, properties: ReadonlyMap<string, string>): Setting =>
  (name) =>
    properties.get(name) ?? engine.systemProperties.get(name);

/** SELECT … EMIT CHANGES is a push query; without it the answer is what is there now. Throws StatementError. */
export async function openQuery(
  engine: Engine,
  statement: StatementOf<'select'>,
  properties: ReadonlyMap<string, string>,
): Promise<OpenedQuery> {
  const { query } = statement;
  const { metastore, parts } = engine;
  const push = query.emit !== undefined;
  const source = metastore.queried(query.from.name);
  if (!push) checkPull(query, setting(engine, properties));
  if (!push && source.type === 'TABLE') {
    const pull = planPull(engine, statement, source, setting(engine, properties));
    return openPull(engine, pull, { sql: statement.text, properties });
  }
  const plan = planQuery({ query, use: 'transient', sink: 'transient', metastore, world: parts.world, properties });
  for (const input of plan.inputs) {
    if ((await parts.kafka.describeTopic(input.source.topic)) === undefined) {
      throw new StatementError(`Topic '${input.source.topic}' of ${input.source.name} does not exist.`);
    }
  }
  await checkPartitions(plan, engine);
  transients += 1;
  const id = `transient_${source.name}_${parts.world.now()}${transients}`;
  const transient = new TransientQuery({
    id,
    sql: statement.text,
    plan,
    offsetReset: offsetReset(properties, engine.systemProperties),
    untilEnd: !push,
    kafka: parts.kafka,
    registry: parts.registry,
    log: parts.log,
  });
  engine.transient.set(id, transient);
  return {
    id,
    columns: resultColumns(plan, () => false),
    endMessage: () => (plan.limit !== undefined ? 'Limit Reached' : 'Query Completed'),
    push: true,
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
