import type { LintContext } from '../../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../../pipeline/problem.js';
import { BoundedRegex } from '../../../support/bounded-regex.js';
import { type ConnectorConfig, listOf, predicateOf } from '../connector-flow.js';
import { type ConnectorView, connectorViews, isPostgres } from './connector-views.js';

/** Transform chains that hang together, and that leave heartbeats alone: those pass through the whole chain as rows do. */
export function checkTransforms(context: LintContext): readonly Problem[] {
  return connectorViews(context).flatMap((view) => [
    ...chain(view),
    ...(isPostgres(view) && Number(view.config['heartbeat.interval.ms'] ?? 0) > 0 ? heartbeats(view) : []),
  ]);
}

function chain(view: ConnectorView): readonly Problem[] {
  const { config } = view;
  const lists = [
    ['transforms', 'transform'],
    ['predicates', 'predicate'],
  ] as const;
  return lists
    .flatMap(([option, noun]) => {
      const aliases = listOf(config[option]);
      const untyped = aliases
        .filter((alias) => config[`${option}.${alias}.type`] === undefined)
        .map((alias) =>
          problem('transform-type-missing', view.locationOf(option), `${noun} ${alias} has no ${option}.${alias}.type`),
        );
      const strays = new Set(
        Object.keys(config).flatMap((key) => {
          const alias = key.startsWith(`${option}.`) ? (key.split('.')[1] ?? '') : '';
          return alias === '' || aliases.includes(alias) ? [] : [alias];
        }),
      );
      const unlisted = [...strays].map((alias) => {
        const first = Object.keys(config).find((key) => key.startsWith(`${option}.${alias}`)) ?? option;
        return warning(
          'transform-unlisted',
          view.locationOf(first),
          `${noun} ${alias} has options but is missing from ${option}`,
        );
      });
      return [...untyped, ...unlisted];
    })
    .concat(unknownPredicates(view));
}

function unknownPredicates(view: ConnectorView): readonly Problem[] {
  const { config } = view;
  const known = listOf(config.predicates);
  return listOf(config.transforms).flatMap((alias) => {
    const option = `transforms.${alias}.predicate`;
    const name = config[option];
    if (name === undefined || known.includes(name)) return [];
    return [
      problem('predicate-unknown', view.locationOf(option), `${option}: there is no predicate ${name} in predicates`),
    ];
  });
}

/** See debezium.md: a router takes heartbeats along, ExtractField fails the task, BinaryDataConverter can't write them. */
function heartbeats(view: ConnectorView): readonly Problem[] {
  const { config } = view;
  const topic = `${config['topic.heartbeat.prefix'] ?? '__debezium-heartbeat'}.${config['topic.prefix'] ?? config['database.server.name'] ?? ''}`;
  const found: Problem[] = [];
  for (const alias of listOf(config.transforms)) {
    const prefix = `transforms.${alias}.`;
    if (!predicateOf(config, prefix)(topic)) continue;
    const harm = harmOf(config, prefix, topic);
    if (harm === undefined) continue;
    found.push(
      problem(
        'transform-sees-heartbeats',
        view.locationOf(`${prefix}type`),
        `transform ${alias} sees heartbeats too: ${harm}`,
        `Keep them out of it with a predicate: predicates: heartbeat, predicates.heartbeat.type: org.apache.kafka.connect.transforms.predicates.TopicNameMatches, predicates.heartbeat.pattern: __debezium-heartbeat\\..*, ${prefix}predicate: heartbeat, ${prefix}negate: "true".`,
      ),
    );
  }
  for (const side of ['key', 'value']) {
    const option = `${side}.converter`;
    const raw = /\.(BinaryDataConverter|ByteBufferConverter)$/.test(config[option] ?? '');
    if (!raw || config[`${option}.delegate.converter.type`] !== undefined) continue;
    found.push(
      problem(
        'converter-without-delegate',
        view.locationOf(option),
        `${option} can't write heartbeats, which are no bytes: the task would fail`,
        `Add ${option}.delegate.converter.type: org.apache.kafka.connect.json.JsonConverter and ${option}.delegate.converter.type.schemas.enable: "false".`,
      ),
    );
  }
  return found;
}

function harmOf(config: ConnectorConfig, prefix: string, topic: string): string | undefined {
  const type = config[`${prefix}type`] ?? '';
  const regex = config[`${prefix}topic.regex`] ?? config[`${prefix}regex`];
  const replacement = config[`${prefix}topic.replacement`] ?? config[`${prefix}replacement`];
  if (/\.(ByLogicalTableRouter|RegexRouter)$/.test(type)) {
    return matches(regex, topic) ? `it would send them to ${replacement ?? 'the topic of the rows'}` : undefined;
  }
  const field = config[`${prefix}field`];
  if (type.endsWith('.ExtractField$Key') && field !== 'serverName')
    return `their key has no field ${field}, and the task would fail`;
  if (type.endsWith('.ExtractField$Value') && field !== 'ts_ms')
    return `their value has no field ${field}, and the task would fail`;
  return type.endsWith('.ValueToKey') ? 'their value has none of these fields, and the task would fail' : undefined;
}

function matches(regex: string | undefined, topic: string): boolean {
  try {
    return regex !== undefined && new BoundedRegex(`^(?:${regex})$`).test(topic);
  } catch {
    return false; // Connect itself says what is wrong with the pattern
  }
}
