import { AGGREGATES } from '../../../ksql/functions/aggregates.js';
import { parseSignature } from '../../../ksql/functions/signature.js';
import { SCALAR_FUNCTIONS } from '../../../ksql/functions/table.js';
import { TABLE_FUNCTIONS } from '../../../ksql/functions/table-functions.js';
import type { Source } from '../../../ksql/metadata/source.js';
import { StatementError } from '../../../ksql/statement-error.js';
import { formatType, type SqlType } from '../../../protocol/ksql/types.js';
import type { Engine } from '../engine.js';
import { topicsOf } from '../runtime/plan-run.js';
import type { Handler } from './context.js';
import { entity } from './entity.js';
import { queryInfo } from './query-info.js';
import { fieldInfos } from './schema-info.js';

/** In the order in which they are shown. */
export const sourcesOf = (engine: Engine, type: Source['type']): Source[] =>
  [...engine.metastore.sources.values()]
    .filter((source) => source.type === type)
    .sort((a, b) => (a.name < b.name ? -1 : 1));

export async function describeSource(
  source: Source,
  engine: Engine,
  extended: boolean,
): Promise<Record<string, unknown>> {
  const { readers, writers } = engine.queriesOf(source.name);
  const info = (ids: readonly string[]) => ids.flatMap((id) => engine.queries.get(id) ?? []).map(queryInfo);
  const topic = extended ? await engine.parts.kafka.describeTopic(source.topic) : undefined;
  return {
    name: source.name,
    windowType: source.window?.kind ?? null,
    readQueries: info(readers),
    writeQueries: info(writers),
    fields: fieldInfos(source.schema),
    type: source.type,
    timestamp: source.timestamp?.column ?? '',
    statistics: '',
    errorStats: '',
    extended,
    keyFormat: source.key.format,
    valueFormat: source.value.format,
    topic: source.topic,
    partitions: topic?.partitions.length ?? 0,
    replication: topic?.partitions[0]?.replicas.length ?? 0,
    statement: source.statement,
    queryOffsetSummaries: extended ? await offsetSummaries([...readers, ...writers], engine) : [],
    sourceConstraints: engine.madeFrom(source.name),
    clusterStatistics: [],
    clusterErrorStats: [],
  };
}

async function offsetSummaries(ids: readonly string[], engine: Engine): Promise<unknown[]> {
  const { kafka } = engine.parts;
  return Promise.all(
    [...new Set(ids)]
      .flatMap((id) => engine.queries.get(id) ?? [])
      .map(async ({ options, parts }) => {
        const topics = parts.flatMap(topicsOf);
        const committed = await kafka.committedOffsets(options.group, topics);
        const topicSummaries = await Promise.all(
          topics.map(async (kafkaTopic) => {
            const [starts, ends] = await Promise.all([
              kafka.offsets(kafkaTopic, 'earliest'),
              kafka.offsets(kafkaTopic, 'latest'),
            ]);
            const offsets = ends.map((end) => ({
              partition: end.partition,
              logStartOffset: Number(starts.find(({ partition }) => partition === end.partition)?.offset ?? 0n),
              logEndOffset: Number(end.offset),
              consumerOffset: Number(
                committed.find((each) => each.topic === kafkaTopic && each.partition === end.partition)?.offset ?? 0n,
              ),
            }));
            return { kafkaTopic, offsets };
          }),
        );
        return { groupId: options.group, topicSummaries };
      }),
  );
}

export const describe: Handler<'describe-source'> = async (statement, { engine }) => {
  const source = engine.metastore.sources.get(statement.name);
  if (source === undefined)
    throw new StatementError(`Could not find STREAM/TABLE '${statement.name}' in the Metastore`);
  const sourceDescription = await describeSource(source, engine, statement.extended);
  return entity('sourceDescription', statement.written, { sourceDescription });
};

export const describeAll: Handler<'describe-sources'> = async (statement, { engine }) => {
  const sourceDescriptions = await Promise.all(
    sourcesOf(engine, statement.type).map((source) => describeSource(source, engine, statement.extended)),
  );
  return entity('source_descriptions', statement.written, { sourceDescriptions });
};

/** Types as DESCRIBE FUNCTION shows them: `INT` and `VARCHAR`. */
const shownType = (type: SqlType): string =>
  formatType(type).replaceAll('`', '').replaceAll('INTEGER', 'INT').replaceAll('STRING', 'VARCHAR');

/** A function of any kind, with its signatures. */
export const describeFunction: Handler<'describe-function'> = async (statement) => {
  const wanted = statement.name.toUpperCase();
  const scalar = SCALAR_FUNCTIONS.get(wanted);
  const other = AGGREGATES.get(wanted) ?? TABLE_FUNCTIONS.get(wanted);
  const found = scalar ?? other;
  if (found === undefined) throw new StatementError(`Can't find any functions with the name '${statement.name}'`);
  const signatures = scalar?.variants.map(({ signature }) => signature) ?? other?.signatures ?? [];
  const { name, description } = found;
  const functions = signatures.map((signature) => {
    const { parameters, variadic, returns } = parseSignature(signature);
    const described = parameters.map((type, at) => ({
      name: '',
      type: type.kind === 'NAMED' ? type.name : shownType(type),
      description: '',
      isVariadic: variadic && at === parameters.length - 1,
    }));
    return { arguments: described, returnType: shownType(returns), description };
  });
  const type = scalar !== undefined ? 'SCALAR' : AGGREGATES.has(wanted) ? 'AGGREGATE' : 'TABLE';
  return entity('describe_function', statement.written, {
    name,
    description,
    author: 'evpipe',
    version: '',
    path: 'internal',
    functions,
    type,
  });
};
