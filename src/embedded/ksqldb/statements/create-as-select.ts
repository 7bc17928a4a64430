import type { Source } from '../../../ksql/metadata/source.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { declareSink, planSink, registerSink } from '../../../ksql/statements/sink.js';
import type { SourceProperties } from '../../../ksql/statements/with-properties.js';
import type { Engine } from '../engine.js';
import { type Change, circumstances, circumstancesOf } from './context.js';
import { partitionMismatch } from './create-source.js';
import { alreadyThere } from './entity.js';
import { startQuery } from './start-query.js';

/** CREATE [OR REPLACE] STREAM/TABLE … AS SELECT: a sink topic, its schema, and a query that fills it. */
export const createAsSelect: Change<'create-as-select'> = {
  async prepare(statement, context) {
    const kind = statement.type.toLowerCase();
    const declared = declareSink(statement, circumstances(context));
    if (declared.kind === 'exists') {
      return { kind: 'done', entity: alreadyThere(statement.text, kind, declared.existing) };
    }
    const { plan, sink, properties } = declared;
    const { engine } = context;
    await checkPartitions(plan, engine);
    await ensureSinkTopic(plan, sink, properties, engine);
    await registerSink(sink, engine.parts.registry);
    return { kind: 'command', id: `${kind}/\`${statement.name}\`/create`, statement: `${statement.text};` };
  },

  async apply(statement, applying) {
    const { engine, sequence } = applying;
    const { plan, sink, properties } = planSink(statement, circumstancesOf(engine, applying.properties));
    const prefix = statement.type === 'STREAM' ? 'CSAS' : 'CTAS';
    const existing = engine.metastore.sources.get(statement.name);
    const id =
      (statement.orReplace ? existing?.query : undefined) ??
      properties.queryId ??
      `${prefix}_${statement.name}_${sequence}`;
    await engine.queries.get(id)?.stop();
    engine.metastore.sources.set(sink.name, { ...sink, query: id });
    await startQuery(id, statement.text, plan, { ...sink, query: id }, applying);
    return { message: `Created query with ID ${id}`, queryId: id };
  },
};

/** Joined sources lie side by side only where they have the same number of partitions. */
export async function checkPartitions(plan: QueryPlan, { parts }: Engine): Promise<void> {
  const count = async ({ topic }: Source): Promise<number> =>
    (await parts.kafka.describeTopic(topic))?.partitions.length ?? 0;
  for (const [left, right] of plan.copartitioned) {
    const [a, b] = await Promise.all([count(left), count(right)]);
    if (a === b) continue;
    throw new StatementError(
      `Can't join \`${left.name}\` with \`${right.name}\` since the number of partitions don't match. \`${left.name}\` partitions = ${a}; \`${right.name}\` partitions = ${b}. Please repartition either one so that the number of partitions match.`,
    );
  }
}

/** The sink has as many partitions as the first source unless WITH says otherwise. */
async function ensureSinkTopic(
  plan: QueryPlan,
  sink: Source,
  properties: SourceProperties,
  engine: Engine,
): Promise<void> {
  const { kafka } = engine.parts;
  const [existing, first] = await Promise.all([
    kafka.describeTopic(sink.topic),
    kafka.describeTopic(plan.inputs[0]?.source.topic ?? ''),
  ]);
  for (const { source } of plan.inputs) {
    if (
      source === plan.inputs[0]?.source ? first === undefined : (await kafka.describeTopic(source.topic)) === undefined
    ) {
      throw new StatementError(`Topic '${source.topic}' of ${source.name} does not exist.`);
    }
  }
  const partitions = properties.partitions ?? first?.partitions.length ?? 1;
  if (existing !== undefined) {
    if (existing.partitions.length !== partitions)
      throw partitionMismatch(sink.topic, partitions, existing.partitions.length);
    return;
  }
  const replicas = properties.replicas ?? first?.partitions[0]?.replicas.length;
  const table = plan.type === 'TABLE';
  const policy =
    properties.cleanupPolicy ?? (table ? (plan.window === undefined ? 'compact' : 'compact,delete') : 'delete');
  await kafka.createTopic({
    name: sink.topic,
    partitions,
    ...(replicas === undefined || replicas < 1 ? {} : { replicationFactor: replicas }),
    config: {
      'cleanup.policy': policy,
      ...(properties.retentionMs === undefined ? {} : { 'retention.ms': properties.retentionMs }),
    },
  });
}
