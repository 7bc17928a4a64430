import { placeOf } from '../../kinds/connector/lint/connector-views.js';
import { flowEdges, topicPlace } from '../../kinds/flow/flow.js';
import { checkRabbitmqWiring } from '../../kinds/rabbitmq/lint.js';
import { nodeAt, textsOf } from '../document.js';
import type { LintContext } from '../lint.js';
import { type Problem, warning } from '../problem.js';
import { parseReference, referencesIn } from '../references.js';

/** Dead wiring: what is declared and used by nobody, or fed by nobody. */
export function checkUnused(context: LintContext): readonly Problem[] {
  return [...databases(context), ...topics(context), ...stores(context), ...checkRabbitmqWiring(context)];
}

/** Names of a kind that some `$(…)` of the file refers to. */
function referredTo({ tree }: LintContext, kind: 'database' | 'store'): ReadonlySet<string> {
  const found = ['services', 'connectors', 'connect'].flatMap((section) => {
    const node = nodeAt(tree, [section]);
    return node === undefined ? [] : [...textsOf(node)].flatMap(({ text }) => referencesIn(text));
  });
  return new Set(
    found.flatMap((path) => {
      const reference = parseReference(path);
      return reference?.kind === kind ? [reference.name] : [];
    }),
  );
}

function databases(context: LintContext): readonly Problem[] {
  const { pipeline, spec } = context;
  const used = new Set([
    ...referredTo(context, 'database'),
    ...pipeline.connectors.map(({ database }) => database),
    ...pipeline.services.flatMap(({ outbox, writes }) => [
      outbox?.database,
      writes?.kind === 'tables' ? writes.database : undefined,
    ]),
    ...pipeline.checks.flatMap((check) =>
      check.kind === 'compare'
        ? [check.source, check.replica].flatMap((place) => (place.kind === 'table' ? [place.database] : []))
        : check.kind === 'rows'
          ? [check.database]
          : check.kind === 'conservation'
            ? [check.published?.database, check.effects?.database]
            : [],
    ),
    ...Object.values(spec.seed).flatMap((seed) =>
      'sql' in seed ? [seed.database] : 'csv' in seed ? [seed.into.database] : [],
    ),
  ]);
  return pipeline.databases
    .filter(({ name }) => !used.has(name))
    .map(({ name, location }) => warning('unused', location, `database ${name} is used by nothing in this file`));
}

function topics(context: LintContext): readonly Problem[] {
  const { pipeline, spec, ksql } = context;
  const edges = flowEdges(pipeline, ksql);
  const inKsql = ksql.flatMap(({ statements }) => statements.flatMap(({ effects }) => effects.topic ?? []));
  const written = new Set([
    ...edges.map(({ to }) => to),
    ...pipeline.connectors.flatMap(({ produces }) => produces.map(topicPlace)),
    ...pipeline.services.flatMap(({ produces, outbox }) => [...produces, ...(outbox?.topics ?? [])].map(topicPlace)),
    ...Object.values(spec.seed).flatMap((seed) => ('jsonl' in seed ? [topicPlace(seed.topic)] : [])),
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
        'Say who does: produces of a connector or service, topics of a polling outbox.',
      ),
    ];
  });
}

function stores(context: LintContext): readonly Problem[] {
  const used = referredTo(context, 'store');
  return context
    .names('stores')
    .filter((name) => !used.has(name))
    .map((name) => warning('unused', placeOf(context, 'stores', name), `store ${name} is used by no service`));
}
