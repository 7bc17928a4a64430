import { AGGREGATES } from '../../../ksql/functions/aggregates.js';
import { SCALAR_FUNCTIONS } from '../../../ksql/functions/table.js';
import { TABLE_FUNCTIONS } from '../../../ksql/functions/table-functions.js';
import type { Source } from '../../../ksql/metadata/source.js';
import type { Handler } from './context.js';
import { describeSource, sourcesOf } from './describe.js';
import { entity } from './entity.js';
import { describeQuery, describeTransient } from './explain.js';
import { queryInfo } from './query-info.js';
import { topicConsumers } from './topic-consumers.js';

export const summary = (source: Source): Record<string, unknown> => ({
  type: source.type,
  name: source.name,
  topic: source.topic,
  keyFormat: source.key.format,
  valueFormat: source.value.format,
  isWindowed: source.window !== undefined,
});

export const listStreams: Handler<'list-streams' | 'list-tables' | 'list-queries'> = async (statement, { engine }) => {
  const sources = sourcesOf(engine, 'STREAM');
  if (statement.kind === 'list-streams' && statement.extended) {
    const sourceDescriptions = await Promise.all(sources.map((source) => describeSource(source, engine, true)));
    return entity('source_descriptions', statement.written, { sourceDescriptions });
  }
  return entity('streams', statement.written, { streams: sources.map(summary) });
};

export const listTables: Handler<'list-streams' | 'list-tables' | 'list-queries'> = async (statement, { engine }) => {
  const sources = sourcesOf(engine, 'TABLE');
  if (statement.kind === 'list-tables' && statement.extended) {
    const sourceDescriptions = await Promise.all(sources.map((source) => describeSource(source, engine, true)));
    return entity('source_descriptions', statement.written, { sourceDescriptions });
  }
  return entity('tables', statement.written, { tables: sources.map(summary) });
};

export const listQueries: Handler<'list-streams' | 'list-tables' | 'list-queries'> = async (statement, { engine }) => {
  if (statement.kind === 'list-queries' && statement.extended) {
    const persistent = [...engine.queries.values()].map(describeQuery);
    const queryDescriptions = [...persistent, ...[...engine.transient.values()].map(describeTransient)];
    return entity('query_descriptions', statement.written, { queryDescriptions });
  }
  const persistent = [...engine.queries.values()].map(queryInfo);
  const transient = [...engine.transient.values()].map(({ id, options }) => ({
    queryString: `${options.sql};`,
    sinks: [],
    sinkKafkaTopics: [],
    id,
    statusCount: { RUNNING: 1 },
    queryType: 'PUSH',
    state: 'RUNNING',
  }));
  return entity('queries', statement.written, { queries: [...persistent, ...transient] });
};

export const listTopics: Handler<'list-topics'> = async (statement, { engine }) => {
  const all = await engine.parts.kafka.listTopics();
  const topics = all
    .filter(({ name, internal }) => statement.all || !(internal || name.startsWith('_')))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, partitions }) => ({ name, replicaInfo: partitions.map(({ replicas }) => replicas.length) }));
  if (!statement.extended) return entity('kafka_topics', statement.written, { topics });
  const consumers = await topicConsumers(engine);
  const extended = topics.map((topic) => ({ ...topic, ...consumers(topic.name) }));
  return entity('kafka_topics_extended', statement.written, { topics: extended });
};

export const listFunctions: Handler<'list-functions' | 'list-properties' | 'list-types' | 'list-variables'> = async (
  statement,
) => {
  const functions = [
    ...[...SCALAR_FUNCTIONS.values()].map(({ name, category }) => ({ name, type: 'SCALAR', category })),
    ...[...AGGREGATES.values()].map(({ name }) => ({ name, type: 'AGGREGATE', category: 'AGGREGATE' })),
    ...[...TABLE_FUNCTIONS.values()].map(({ name }) => ({ name, type: 'TABLE', category: 'TABLE' })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  return entity('function_names', statement.written, { functions });
};
