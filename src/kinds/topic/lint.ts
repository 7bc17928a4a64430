import { MIN_INSYNC } from '../../clients/kafka/contract.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { holdsVariable } from '../../pipeline/document.js';
import type { LintContext } from '../../pipeline/kind.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import { invalid, TOPIC_CONFIG_BY_NAME } from '../../protocol/kafka/topic-configs.js';
import type { SourceLocation } from '../../support/errors.js';
import { flowEdges, topicPlace } from '../flow/flow.js';
import { ksqlFiles } from '../ksqldb/ksql-files.js';
import { askedReplicas } from './asked-replicas.js';
import type { TopicSection } from './section.js';

/** Kafka: 249 characters, so that a partition's folder fits into 255. */
const NAME = /^[A-Za-z0-9._-]{1,249}$/;
/** Brokers that the servers of a target begin with. */
const BROKERS = { embedded: 1, compose: 1 } as const;

/** Names that Kafka takes, and replication that the target can give. */
export function checkTopics(context: LintContext): readonly Problem[] {
  return [...declared(context), ...madeByOthers(context)];
}

function declared({ pipeline }: LintContext): readonly Problem[] {
  const metrics = new Map<string, string>();
  return pipeline.topics.flatMap(({ name, location, locationOf, replicationFactor, config }) => {
    const found: Problem[] = [];
    if (!NAME.test(name) || name === '.' || name === '..') {
      found.push(
        problem(
          'special-characters',
          location,
          `topic ${name}: Kafka allows letters, digits, ".", "_" and "-", at most 249`,
        ),
      );
    }
    const folded = name.replaceAll('.', '_');
    const other = metrics.get(folded);
    metrics.set(folded, name);
    if (other !== undefined) {
      found.push(
        problem(
          'topic-collision',
          location,
          `topics ${other} and ${name} collide: Kafka treats "." and "_" as the same in metric names`,
        ),
      );
    }
    const brokers = brokersOf(pipeline.target);
    found.push(...replication(pipeline.target, `topic ${name}`, replicationFactor ?? 1, locationOf('replication')));
    const least = Number(config[MIN_INSYNC] ?? 1);
    if (brokers !== undefined && least > brokers) {
      found.push(
        warning(
          'replication',
          locationOf('config', MIN_INSYNC),
          `topic ${name}: ${MIN_INSYNC} ${least} with ${brokers} broker rejects every write with acks=all`,
        ),
      );
    }
    found.push(...settings(pipeline.target, { name, config, locationOf }));
    return found;
  });
}

/** Settings that Kafka refuses. A broker at an address may know more than Apache Kafka does. */
function settings(
  target: Pipeline['target'],
  { name, config, locationOf }: Pick<TopicSection, 'name' | 'config' | 'locationOf'>,
): readonly Problem[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const place = locationOf('config', key);
    const definition = TOPIC_CONFIG_BY_NAME.get(key);
    if (definition === undefined) {
      const found = target.base === 'cluster' || typeof target.kafka === 'object' ? warning : problem;
      const known = [...TOPIC_CONFIG_BY_NAME.keys()];
      return [found('topic-config', place, `topic ${name}: Kafka has no setting ${key}${didYouMean(key, known)}`)];
    }
    const why = holdsVariable(value) ? undefined : invalid(definition, value);
    return why === undefined ? [] : [problem('topic-config', place, `topic ${name}: ${why}`)];
  });
}

/** Topics that ksqlDB makes for a stream or table, and Connect for a connector's first record. */
function madeByOthers(context: LintContext): readonly Problem[] {
  const { pipeline, cwd } = context;
  return askedReplicas(pipeline, ksqlFiles(context), cwd).flatMap(({ who, wanted, place }) =>
    replication(pipeline.target, who, wanted, place),
  );
}

function replication(
  target: LintContext['pipeline']['target'],
  who: string,
  wanted: number,
  place: SourceLocation,
): readonly Problem[] {
  const brokers = brokersOf(target);
  if (brokers === undefined || !(wanted > brokers)) return [];
  const message = `${who} wants ${wanted} replicas; target ${target.name} has ${brokers} broker`;
  const todo = 'Leave replication out to use the default of the cluster, or set it in a profile for the cluster.';
  return [problem('replication', place, message, todo)];
}

function brokersOf(target: LintContext['pipeline']['target']): number | undefined {
  const placed = target.kafka ?? target.base;
  return placed === 'embedded' || placed === 'compose' ? BROKERS[placed] : undefined;
}

/** Topics that nothing writes or reads. */
export function unusedTopics(context: LintContext): readonly Problem[] {
  const { pipeline } = context;
  const ksql = ksqlFiles(context);
  const edges = flowEdges(pipeline, ksql);
  const inKsql = ksql.flatMap(({ statements }) => statements.flatMap(({ effects }) => effects.topic ?? []));
  const written = new Set([
    ...edges.map(({ to }) => to),
    ...pipeline.connectors.flatMap(({ produces }) => produces.map(topicPlace)),
    ...pipeline.services.flatMap(({ produces, outbox }) => [...produces, ...(outbox?.topics ?? [])].map(topicPlace)),
    ...pipeline.seeds.flatMap((seed) => (seed.kind === 'jsonl' ? [topicPlace(seed.topic)] : [])),
    ...ksql.flatMap(({ statements }) =>
      statements.flatMap(({ effects: { creates, writesSource } }) =>
        writesSource !== undefined && (creates?.kind === 'stream' || creates?.kind === 'table')
          ? [topicPlace(creates.topic)]
          : [],
      ),
    ),
  ]);
  const read = new Set([
    ...edges.map(({ from }) => from),
    ...inKsql.map(topicPlace),
    ...pipeline.services.flatMap(({ consumes }) => (consumes?.topics ?? []).map(topicPlace)),
    ...pipeline.checks.flatMap((check) => (check.kind === 'stages' ? [topicPlace(check.topic)] : [])),
    ...pipeline.smoke.flatMap(({ expect }) =>
      expect.flatMap((one) => (one.kind === 'record' ? [topicPlace(one.topic)] : [])),
    ),
  ]);
  // A connector without a config here may write to any of them.
  const opaque = pipeline.connectors.some(({ config, produces }) => config === undefined && produces.length === 0);
  return pipeline.topics.flatMap(({ name, location }) => {
    const place = topicPlace(name);
    if (!written.has(place) && !read.has(place))
      return [warning('unused', location, `topic ${name} is written and read by nothing in this file`)];
    if (written.has(place) || opaque) return [];
    return [
      warning(
        'topic-without-writer',
        location,
        `topic ${name} is read, but nothing in this file writes to it`,
        'Declare who does: produces of a connector or service, or topics of a polling outbox.',
      ),
    ];
  });
}
