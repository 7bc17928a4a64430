import type { QueryPlan } from '../../../ksql/query/plan.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { type DeclaredSink, declareSink, planSink, registerSink } from '../../../ksql/statements/sink.js';
import type { WithClause } from '../../../protocol/ksql/ast.js';
import { formatCreate } from '../../../protocol/ksql/format-statement.js';
import { withEntry } from '../../../protocol/ksql/with-values.js';
import type { Engine } from '../engine.js';
import { checkPartitions } from '../query/copartitioned.js';
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
      return { kind: 'done', entity: alreadyThere(statement.written, kind, declared.existing) };
    }
    const { plan, sink, properties } = declared;
    const { engine } = context;
    const policy = properties.cleanupPolicy ?? cleanupPolicy(plan);
    await checkPartitions(plan, engine);
    await ensureSinkTopic(declared, policy, engine);
    await registerSink(sink, engine.parts.registry);
    const completed = {
      ...declared.statement,
      with: await withTopic(statement.with, sink.topic, policy, engine),
    };
    return { kind: 'command', id: `${kind}/\`${statement.name}\`/create`, statement: `${formatCreate(completed)};` };
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

/** The sink has as many partitions as the first source unless WITH says otherwise. */
async function ensureSinkTopic(
  { plan, sink, properties }: Extract<DeclaredSink, { kind: 'new' }>,
  policy: string,
  { parts: { kafka } }: Engine,
): Promise<void> {
  const topics = await Promise.all(plan.inputs.map(({ source }) => kafka.describeTopic(source.topic)));
  const missing = plan.inputs.find((_, at) => topics[at] === undefined)?.source;
  if (missing !== undefined) throw new StatementError(`Topic '${missing.topic}' of ${missing.name} does not exist.`);
  const [first] = topics;
  const partitions = properties.partitions ?? first?.partitions.length ?? 1;
  const existing = await kafka.describeTopic(sink.topic);
  if (existing !== undefined) {
    if (existing.partitions.length !== partitions)
      throw partitionMismatch(sink.topic, partitions, existing.partitions.length);
    return;
  }
  const replicas = properties.replicas ?? first?.partitions[0]?.replicas.length;
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

const cleanupPolicy = ({ type, window }: QueryPlan): string =>
  type === 'STREAM' ? 'delete' : window === undefined ? 'compact' : 'compact,delete';

/** The WITH clause with what is known of the topic now, as ksqlDB keeps it. */
async function withTopic(clause: WithClause, topic: string, policy: string, { parts: { kafka } }: Engine) {
  const [description, config] = await Promise.all([kafka.describeTopic(topic), kafka.topicConfig(topic)]);
  const retention = config.find(({ name }) => name === 'retention.ms')?.value;
  return new Map([
    ...clause,
    ['CLEANUP_POLICY', withEntry(policy)],
    ['KAFKA_TOPIC', withEntry(topic)],
    ['PARTITIONS', withEntry(description?.partitions.length ?? 1)],
    ['REPLICAS', withEntry(description?.partitions[0]?.replicas.length ?? 1)],
    ...(retention == null ? [] : [['RETENTION_MS', withEntry(Number(retention))] as const]),
  ]);
}
