import { formatNamed } from '../../../ksql/formats/table.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { QueryPlan } from '../../../ksql/query/plan.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import { StatementError } from '../../../ksql/statement-error.js';
import type { Properties } from '../../../ksql/statements/properties.js';
import { readSourceProperties, recordFormat, type SourceProperties } from '../../../ksql/statements/with-properties.js';
import type { Query, StatementOf } from '../../../protocol/ksql/ast.js';
import type { Engine } from '../engine.js';
import { serdeOptions } from '../runtime/record-codec.js';
import type { Change } from './context.js';
import { checkReplacement, checkTimestamp, partitionMismatch } from './create-source.js';
import { entity } from './entity.js';
import { startQuery } from './start-query.js';

type CreateAsSelect = StatementOf<'create-as-select'>;

/** CREATE [OR REPLACE] STREAM/TABLE … AS SELECT: a sink topic, its schema, and a query that fills it. */
export const createAsSelect: Change<'create-as-select'> = {
  async prepare(statement, { engine, session }) {
    const kind = statement.type.toLowerCase();
    const existing = engine.metastore.sources.get(statement.name);
    if (existing !== undefined && !statement.orReplace) {
      const found = existing.type.toLowerCase();
      if (!statement.ifNotExists) {
        throw new StatementError(
          `Cannot add ${kind} '${statement.name}': A ${found} with the same name already exists`,
        );
      }
      const message = `Cannot add ${kind} \`${statement.name}\`: A ${found} with the same name already exists.`;
      return { kind: 'done', entity: entity('warning_entity', `${statement.text};`, { message }) };
    }
    const { plan, sink, properties } = planSink(statement, engine, session.properties);
    if (existing !== undefined) checkUpgrade(existing, sink, plan, statement.query);
    await checkPartitions(plan, engine);
    await ensureSinkTopic(plan, sink, properties, engine);
    await registerSink(sink, engine);
    return { kind: 'command', id: `${kind}/\`${statement.name}\`/create`, statement: `${statement.text};` };
  },

  async apply(statement, applying) {
    const { engine, sequence } = applying;
    const { plan, sink, properties } = planSink(statement, engine, applying.properties);
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

function planSink(
  statement: CreateAsSelect,
  engine: Engine,
  session: Properties,
): { plan: QueryPlan; sink: Source; properties: SourceProperties } {
  const { metastore, parts } = engine;
  const { query } = statement;
  const plan = planQuery({ query, use: 'persistent', sink: statement.name, metastore, world: parts.world });
  if (plan.type !== statement.type) {
    const advice =
      plan.type === 'TABLE'
        ? 'Use `CREATE TABLE AS SELECT` instead.\nSee https://docs.ksqldb.io for the difference of streams and tables.'
        : 'Use `CREATE STREAM AS SELECT` instead.';
    throw new StatementError(
      `Invalid result type. Your SELECT query produces a ${plan.type}. Please use CREATE ${plan.type} AS SELECT statement instead.\n${advice}`.split(
        '\n',
      )[0] ?? '',
    );
  }
  const properties = readSourceProperties(statement.with, 'query', session);
  const sink = sinkOf(statement, plan, properties);
  return { plan, sink, properties };
}

function sinkOf(statement: CreateAsSelect, plan: QueryPlan, properties: SourceProperties): Source {
  const first = plan.inputs[0]?.source;
  if (first === undefined) throw new StatementError('the query has no source');
  const schema = plan.output;
  const keyFormat = properties.keyFormat ?? (schema.key.length === 0 ? 'NONE' : first.key.format);
  const key = recordFormat('key', schema.key.length > 0 && keyFormat === 'NONE' ? 'KAFKA' : keyFormat, schema.key, {
    ...properties,
    keyDelimiter: properties.keyDelimiter ?? first.key.delimiter,
    delimiterGiven: properties.keyDelimiter !== undefined,
  });
  const value = recordFormat('value', properties.valueFormat ?? first.value.format, schema.value, {
    ...properties,
    valueDelimiter: properties.valueDelimiter ?? first.value.delimiter,
    delimiterGiven: properties.valueDelimiter !== undefined,
  });
  if (properties.timestamp !== undefined) checkTimestamp(schema, properties.timestamp);
  return {
    name: statement.name,
    type: plan.type,
    schema,
    topic: properties.topic ?? statement.name,
    key,
    value,
    timestamp: properties.timestamp,
    window: plan.window,
    readOnly: false,
    statement: `${statement.text};`,
    query: undefined,
  };
}

/** CREATE OR REPLACE keeps the old query's state and offsets, so it may add columns and change filters, no more. */
function checkUpgrade(existing: Source, next: Source, plan: QueryPlan, query: Query): void {
  const stateful = plan.window !== undefined || query.groupBy.length > 0 || query.joins.length > 0;
  if (stateful || existing.window !== undefined) {
    const what = query.joins.length > 0 ? 'joins' : 'aggregations';
    throw new StatementError(
      `Cannot replace ${existing.type.toLowerCase()} '${existing.name}': upgrades are not supported for ${what}`,
    );
  }
  checkReplacement(existing, next);
}

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

async function registerSink(sink: Source, engine: Engine): Promise<void> {
  for (const role of ['key', 'value'] as const) {
    if (sink.schema[role].length === 0) continue;
    await formatNamed(sink[role].format).prepare?.(
      serdeOptions(sink[role], role, sink.schema, sink.topic, engine.parts.registry),
    );
  }
}
