import { connectorViews, placeOf } from '../../kinds/connector/lint/connector-views.js';
import { knownTopics } from '../../kinds/topic/known-topics.js';
import { didYouMean } from '../did-you-mean.js';
import type { LintContext } from '../lint.js';
import { type Problem, problem } from '../problem.js';

/** Every name of a database, topic, service, seed, store, queue that is used is declared somewhere. */
export function checkDeclared(context: LintContext): readonly Problem[] {
  const found: Problem[] = [];
  const topics = knownTopics(context);
  const queues = context.names('rabbitmq', 'queues');
  const expect = (kind: string, known: readonly string[], name: string | undefined, ...path: string[]): void => {
    if (name === undefined || known.includes(name)) return;
    found.push(
      problem('dangling-reference', placeOf(context, ...path), `there is no ${kind} ${name}${didYouMean(name, known)}`),
    );
  };
  const database = (name: string | undefined, ...path: string[]): void =>
    expect('database', context.names('databases'), name, ...path);
  const documents = (name: string, ...path: string[]): void => {
    expect('store', context.names('stores'), name, ...path);
    if (context.pipeline.stores.find((one) => one.name === name)?.kind !== 'cache') return;
    found.push(problem('store-kind', placeOf(context, ...path), `store ${name} is a cache: it holds no documents`));
  };
  const service = (name: string | undefined, ...path: string[]): void =>
    expect('service', context.names('services'), name, ...path);
  const eachTopic = (names: readonly string[] | undefined, ...path: string[]): void => {
    for (const [index, name] of (names ?? []).entries()) expect('topic', topics, name, ...path, String(index));
  };

  const { pipeline, spec } = context;
  for (const { name, database: source, produces } of pipeline.connectors) {
    database(source, 'connectors', name, 'database');
    eachTopic(produces, 'connectors', name, 'produces');
  }
  for (const { name, outbox, consumes, produces, writes } of pipeline.services) {
    database(outbox?.database, 'services', name, 'outbox', 'database');
    eachTopic(outbox?.topics, 'services', name, 'outbox', 'topics');
    eachTopic(consumes?.topics, 'services', name, 'consumes', 'topics');
    eachTopic(produces, 'services', name, 'produces');
    if (writes?.kind === 'documents') documents(writes.store, 'services', name, 'writes', 'store');
    else database(writes?.database, 'services', name, 'writes', 'database');
  }
  for (const check of pipeline.checks) {
    if (check.kind === 'compare') {
      for (const side of ['source', 'replica'] as const) {
        const place = check[side];
        if (place.kind === 'table') database(place.database, 'checks', check.name, side, 'database');
        else documents(place.store, 'checks', check.name, side, 'store');
      }
    } else if (check.kind === 'rows') database(check.database, 'checks', check.name, 'database');
    else if (check.kind === 'stages') {
      expect('topic', topics, check.topic, 'checks', check.name, 'stages', 'topic');
      database(check.keys?.database, 'checks', check.name, 'stages', 'keys', 'database');
      if (check.view !== undefined && 'database' in check.view)
        database(check.view.database, 'checks', check.name, 'stages', 'view', 'database');
      for (const [status, by] of check.reportedBy) service(by, 'checks', check.name, 'stages', 'reportedBy', status);
    } else {
      expect('queue', queues, check.queue, 'checks', check.name, 'conservation', 'queue');
      for (const side of ['published', 'effects'] as const)
        database(check[side]?.database, 'checks', check.name, 'conservation', side, 'database');
    }
  }
  for (const [name, seed] of Object.entries(spec.seed)) {
    if ('service' in seed) service(seed.service, 'seed', name, 'service');
    else if ('sql' in seed) database(seed.database, 'seed', name, 'database');
    else if ('csv' in seed) database(seed.into.database, 'seed', name, 'into', 'database');
    else expect('topic', topics, seed.topic, 'seed', name, 'topic');
  }
  for (const { name, requests, expect: expectations } of pipeline.smoke) {
    for (const request of requests) {
      if (request.service !== 'gateway' || pipeline.gateway === undefined)
        service(request.service, 'smoke', name, ...request.at, 'service');
    }
    for (const [index, one] of expectations.entries()) {
      if (one.kind === 'document') documents(one.store, 'smoke', name, 'expect', String(index), 'store');
      else if (one.kind === 'row') database(one.database, 'smoke', name, 'expect', String(index), 'database');
      else expect('topic', topics, one.topic, 'smoke', name, 'expect', String(index), 'topic');
    }
  }
  for (const [name, target] of Object.entries(spec.targets)) {
    for (const section of ['databases', 'services', 'stores'] as const) {
      for (const one of Object.keys(target[section] ?? {}))
        expect(section.slice(0, -1), context.names(section), one, 'targets', name, section, one);
    }
    if (target.gateway !== undefined && spec.gateway === undefined)
      expect('gateway', [], 'gateway', 'targets', name, 'gateway');
  }
  for (const [path, to] of Object.entries(spec.gateway?.routes ?? {})) service(to, 'gateway', 'routes', path);
  checkRabbit(context, expect);
  return [...found, ...connectorsThatNobodyMakes(context)];
}

function checkRabbit(
  context: LintContext,
  expect: (kind: string, known: readonly string[], name: string | undefined, ...path: string[]) => void,
): void {
  const queues = context.names('rabbitmq', 'queues');
  const exchanges = context.names('rabbitmq', 'exchanges');
  const { rabbitmq, services } = context.spec;
  for (const [name, queue] of Object.entries(rabbitmq?.queues ?? {}))
    expect('queue', queues, queue?.deadLetter, 'rabbitmq', 'queues', name, 'deadLetter');
  for (const [index, { exchange, queue }] of (rabbitmq?.bindings ?? []).entries()) {
    expect('exchange', exchanges, exchange, 'rabbitmq', 'bindings', String(index), 'exchange');
    expect('queue', queues, queue, 'rabbitmq', 'bindings', String(index), 'queue');
  }
  for (const [name, { receives = [], publishes = [] }] of Object.entries(services)) {
    for (const [index, one] of receives.entries())
      expect('queue', queues, one, 'services', name, 'receives', String(index));
    for (const [index, one] of publishes.entries())
      expect('exchange or queue', [...exchanges, ...queues], one, 'services', name, 'publishes', String(index));
  }
}

/** Without `config` a ksql migration has to make the connector, under exactly this name. */
function connectorsThatNobodyMakes(context: LintContext): readonly Problem[] {
  if (context.ksql.some(({ syntaxError }) => syntaxError !== undefined)) return [];
  const made = connectorViews(context).map(({ name }) => name);
  return context.pipeline.connectors.flatMap(({ name, config, location }) => {
    if (config !== undefined || made.includes(name)) return [];
    const folded = made.find((one) => one.toLowerCase() === name.toLowerCase());
    if (folded !== undefined) {
      const message = `connector ${name} is made by no migration: there it is called ${folded}`;
      return [
        problem(
          'connector-unmade',
          location,
          message,
          `Without backticks ksqlDB writes names in capitals: CREATE SOURCE CONNECTOR \`${name}\`.`,
        ),
      ];
    }
    return [problem('connector-unmade', location, `connector ${name} has no config, and no ksql migration makes it`)];
  });
}
