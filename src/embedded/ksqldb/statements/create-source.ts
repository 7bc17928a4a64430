import type { Source } from '../../../ksql/metadata/source.js';
import { planQuery } from '../../../ksql/query/plan-query.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { NO_PROPERTIES } from '../../../ksql/statements/properties.js';
import { declareSource, registerGiven, sourceOf } from '../../../ksql/statements/source.js';
import type { SourceProperties } from '../../../ksql/statements/with-properties.js';
import type { StatementOf } from '../../../protocol/ksql/ast.js';
import { formatCreate } from '../../../protocol/ksql/format-statement.js';
import { parseStatement } from '../../../protocol/ksql/parse.js';
import { quoteName } from '../../../protocol/ksql/types.js';
import { withEntry } from '../../../protocol/ksql/with-values.js';
import { type Applying, type Change, circumstances, type StatementContext } from './context.js';
import { alreadyThere } from './entity.js';
import { startQuery } from './start-query.js';

type CreateSource = StatementOf<'create-source'>;

/** CREATE [OR REPLACE] [SOURCE] STREAM/TABLE over a topic: columns given, or inferred from the registry. */
export const createSource: Change<'create-source'> = {
  async prepare(given, context) {
    const { registry } = context.engine.parts;
    const kind = given.type.toLowerCase();
    const declared = await declareSource(given, circumstances(context));
    if (declared.kind === 'exists')
      return { kind: 'done', entity: alreadyThere(given.written, kind, declared.existing) };
    const { statement, source, properties } = declared;
    const policy = cleanupPolicy(statement, properties);
    await ensureTopic(statement, properties, source.topic, policy, context);
    await registerGiven(source, given, registry);
    const completed = { ...statement, with: new Map(statement.with).set('CLEANUP_POLICY', withEntry(policy)) };
    return {
      kind: 'command',
      id: `${kind}/\`${statement.name}\`/create`,
      statement: `${formatCreate(completed)};`,
    };
  },

  async apply(statement, applying) {
    const { engine, properties } = applying;
    const source = sourceOf(statement, engine.metastore.types, properties);
    engine.metastore.sources.set(source.name, source);
    if (source.readOnly && source.type === 'TABLE' && source.window === undefined) await keepRows(source, applying);
    return { message: statement.type === 'STREAM' ? 'Stream created' : 'Table created', queryId: null };
  },
};

/** A source table is queryable: a query of its own keeps its rows. */
async function keepRows(source: Source, applying: Applying): Promise<void> {
  const { metastore, parts } = applying.engine;
  const id = `CST_${source.name}_${applying.sequence}`;
  const statement = parseStatement(`SELECT * FROM ${quoteName(source.name)} EMIT CHANGES`);
  if (statement.kind !== 'select') throw new Error('a SELECT is a SELECT');
  const { query } = statement;
  const plan = planQuery({
    query,
    use: 'persistent',
    sink: id,
    metastore,
    world: parts.world,
    properties: NO_PROPERTIES,
  });
  metastore.sources.set(source.name, { ...source, query: id });
  await startQuery(id, source.statement.slice(0, -1), plan, source, applying, true);
}

const cleanupPolicy = ({ type }: CreateSource, { cleanupPolicy, window }: SourceProperties): string =>
  cleanupPolicy ?? (type === 'TABLE' && window === undefined ? 'compact' : 'delete');

async function ensureTopic(
  statement: CreateSource,
  properties: SourceProperties,
  topic: string,
  policy: string,
  { engine }: StatementContext,
): Promise<void> {
  const { kafka } = engine.parts;
  const existing = await kafka.describeTopic(topic);
  const { partitions, replicas } = properties;
  if (existing !== undefined) {
    if (partitions !== undefined && existing.partitions.length !== partitions) {
      throw partitionMismatch(topic, partitions, existing.partitions.length);
    }
    return;
  }
  if (partitions === undefined) {
    throw new StatementError(
      `Topic '${topic}' does not exist. If you want to create a new topic for the stream/table please re-run the statement providing the required 'PARTITIONS' configuration in the WITH clause (and optionally 'REPLICAS'). For example: CREATE ${statement.type} ${statement.name} (...) WITH (KAFKA_TOPIC='${topic}', PARTITIONS=1);`,
    );
  }
  await kafka.createTopic({
    name: topic,
    partitions,
    ...(replicas === undefined ? {} : { replicationFactor: replicas }),
    config: {
      'cleanup.policy': policy,
      ...(properties.retentionMs === undefined ? {} : { 'retention.ms': properties.retentionMs }),
    },
  });
}

export const partitionMismatch = (topic: string, wanted: number, found: number): StatementError =>
  new StatementError(
    `A Kafka topic with the name '${topic}' already exists, with different partition/replica configuration than required. KSQL expects ${wanted} partitions (topic has ${found})`,
  );
