import { formatType } from '../../../protocol/ksql/types.js';
import type { Engine } from '../engine.js';
import { parseSignature } from '../functions/signature.js';
import { SCALAR_FUNCTIONS } from '../functions/table.js';
import type { Source } from '../metadata/source.js';
import { StatementError } from '../statement-error.js';
import type { Handler } from './context.js';
import { entity } from './entity.js';
import { queryInfo } from './list.js';
import { fieldInfos } from './schema-info.js';

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
    sourceConstraints: [],
    clusterStatistics: [],
    clusterErrorStats: [],
  };
}

async function offsetSummaries(ids: readonly string[], engine: Engine): Promise<unknown[]> {
  const { kafka } = engine.parts;
  return Promise.all(
    [...new Set(ids)]
      .flatMap((id) => engine.queries.get(id) ?? [])
      .map(async ({ options, topics }) => {
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
  return entity('sourceDescription', `${statement.text};`, { sourceDescription });
};

export const describeAll: Handler<'describe-sources'> = async (statement, { engine }) => {
  const sources = [...engine.metastore.sources.values()].filter(({ type }) => type === statement.type);
  const sourceDescriptions = await Promise.all(
    sources.map((source) => describeSource(source, engine, statement.extended)),
  );
  return entity('source_descriptions', `${statement.text};`, { sourceDescriptions });
};

export const describeFunction: Handler<'describe-function'> = async (statement) => {
  const found = SCALAR_FUNCTIONS.get(statement.name.toUpperCase());
  if (found === undefined) throw new StatementError(`Can't find any functions with the name '${statement.name}'`);
  const functions = found.variants.map(({ signature }) => {
    const { parameters, variadic, returns } = parseSignature(signature);
    return {
      arguments: parameters.map((type, at) => ({
        name: '',
        type: formatType(type),
        description: '',
        isVariadic: variadic && at === parameters.length - 1,
      })),
      returnType: formatType(returns),
      description: found.description,
    };
  });
  const { name, description } = found;
  return entity('describe_function', `${statement.text};`, {
    name,
    description,
    author: 'evpipe',
    version: '',
    path: 'internal',
    functions,
    type: 'SCALAR',
  });
};
