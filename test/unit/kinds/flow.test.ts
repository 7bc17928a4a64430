import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CompareSection } from '../../../src/kinds/check/section.js';
import { flowEdges } from '../../../src/kinds/flow/flow.js';
import { stagesOf, waysOf as waysBetween } from '../../../src/kinds/flow/ways.js';
import type { Located, Pipeline } from '../../../src/pipeline/pipeline.js';
import { textOf, Workspace } from '../pipeline/workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

function loaded({ pipeline, problems }: ReturnType<Workspace['load']>): Pipeline {
  if (pipeline === undefined) throw new Error(problems.map(textOf).join('\n'));
  return pipeline;
}

/** A file of its own, in the same folder. */
function alone(text: string, ksql: Readonly<Record<string, string>> = {}): Pipeline {
  for (const [name, sql] of Object.entries(ksql)) workspace.write(`alone-ksql/${name}`, sql);
  workspace.write('alone.yaml', `version: 1\nname: alone\n${text}`);
  // Only a real Connect has sinks.
  return loaded(workspace.load({ files: ['alone.yaml'], target: 'compose' }));
}

function waysOf(pipeline: Pipeline): string[][] {
  const edges = flowEdges(pipeline);
  return pipeline.checks.flatMap((check) =>
    check.kind === 'compare' ? [stagesOf(check, edges).map(({ kind, name }) => `${kind} ${name}`)] : [],
  );
}

/** The way between two tables of a loaded pipeline, `through` these. */
function between(pipeline: Pipeline, from: string, to: string, through?: string[]): string[] {
  const place = (name: string) => {
    const [database = '', ...table] = name.split('.');
    return {
      kind: 'table' as const,
      database,
      table: table.join('.'),
      where: undefined,
      deleted: undefined,
      constants: new Map<string, string>(),
    };
  };
  const location = { file: 'x', line: 1, column: 1 };
  const check: Located & CompareSection = {
    name: 'c',
    location,
    locationOf: () => location,
    kind: 'compare',
    source: place(from),
    replica: place(to),
    key: new Map([['id', 'id']]),
    columns: undefined,
    compare: 'semantic',
    meanings: new Map(),
    changed: undefined,
    allowEmpty: false,
    through,
    withinMs: undefined,
  };
  return stagesOf(check, flowEdges(pipeline)).map(({ kind, name }) => `${kind} ${name}`);
}

const POSTGRES = 'connector.class: io.debezium.connector.postgresql.PostgresConnector';

const TWO_DATABASES = 'databases: { a: {}, b: {} }\n';

const reader = (name: string, topic: string, tables: string, more = ''): string =>
  `  ${name}: { command: [cat], consumes: { group: ${name}-group, topics: [${topic}] }, writes: { database: b, tables: [${tables}] }${more} }\n`;

describe('the way of the data', () => {
  it.each([[[]], [['ksql-connectors']]])(
    'leads from each source of person-planning to its replica (profiles %j)',
    (profiles) => {
      expect(waysOf(loaded(workspace.load({ profiles })))).toEqual([
        ['connector person-outbox', 'group planning-person-consumer'],
        ['connector accounting-cdc', 'query CSAS_BALANCE_SHEET_EVENTS', 'group planning-balance-sheet-consumer'],
      ]);
    },
  );

  it('follows the patterns of an include list, and the default names of topics', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { p.public.orders: {} }
connectors: { c: { database: a, config: { ${POSTGRES}, table.include.list: "public\\\\.ord.*", topic.prefix: p } } }
services:
${reader('r', 'p.public.orders', 'copy')}
checks: { c: { source: { database: a, table: orders }, replica: { database: b, table: copy }, key: [id] } }
`);
    expect(waysOf(pipeline)).toEqual([['connector c', 'group r']]);
  });

  it('leaves out a transform whose predicate rows do not pass', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { p.public.orders: {}, elsewhere: {} }
connectors:
  c:
    database: a
    config:
      ${POSTGRES}
      table.include.list: public.orders
      topic.prefix: p
      transforms: only
      transforms.only.type: org.apache.kafka.connect.transforms.RegexRouter
      transforms.only.regex: .*orders
      transforms.only.replacement: elsewhere
      transforms.only.predicate: others
      predicates: others
      predicates.others.type: org.apache.kafka.connect.transforms.predicates.TopicNameMatches
      predicates.others.pattern: .*customers
services:
${reader('r', 'p.public.orders', 'copy')}
`);
    expect(between(pipeline, 'a.orders', 'b.copy')).toEqual(['connector c', 'group r']);
  });

  it('ends at the table of a JDBC sink, whose group is its stage', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { p.public.orders: {} }
connectors:
  c: { database: a, config: { ${POSTGRES}, table.include.list: public.orders, topic.prefix: p } }
  s: { database: b, config: { connector.class: io.debezium.connector.jdbc.JdbcSinkConnector, topics: p.public.orders } }
`);
    expect(between(pipeline, 'a.orders', 'b.p_public_orders')).toEqual(['connector c', 'group s']);
    expect(flowEdges(pipeline).flatMap(({ stage }) => (stage.kind === 'group' ? [stage.group] : []))).toEqual([
      'connect-s',
    ]);
  });

  it('goes through a polling outbox', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { events: {} }
services:
  w: { command: [cat], outbox: { database: a, table: event, reports: [orders], sent: sent, topics: [events] } }
${reader('r', 'events', 'copy')}
`);
    expect(between(pipeline, 'a.orders', 'b.copy')).toEqual(['outbox w', 'group r']);
  });

  it('tells inserts into one stream apart by their statements', () => {
    const pipeline = alone(
      `${TWO_DATABASES}
topics: { x: {}, y: {}, both: {} }
ksqldb: { migrations: alone-ksql }
services:
  xs: { command: [cat], outbox: { database: a, table: e, reports: [xs], sent: s, topics: [x] } }
  ys: { command: [cat], outbox: { database: a, table: f, reports: [ys], sent: s, topics: [y] } }
${reader('r', 'both', 'copy')}
`,
      {
        'V000001__streams.sql': `
CREATE STREAM x (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC = 'x', VALUE_FORMAT = 'JSON');
CREATE STREAM y (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC = 'y', VALUE_FORMAT = 'JSON');
CREATE STREAM both (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC = 'both', VALUE_FORMAT = 'JSON');
INSERT INTO both SELECT * FROM x EMIT CHANGES;
INSERT INTO both SELECT * FROM y EMIT CHANGES;
`,
      },
    );
    expect(between(pipeline, 'a.ys', 'b.copy')).toEqual(['outbox ys', 'query INSERTQUERY', 'group r']);
    const queries = flowEdges(pipeline).flatMap(({ stage }) => (stage.kind === 'query' ? [stage.text] : []));
    expect(queries).toEqual([
      'INSERT INTO both SELECT * FROM x EMIT CHANGES',
      'INSERT INTO both SELECT * FROM y EMIT CHANGES',
    ]);
  });

  it('is not guessed where there are several, until `through` names one', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { events: {} }
services:
  w: { command: [cat], outbox: { database: a, table: event, reports: [orders], sent: sent, topics: [events] } }
${reader('one', 'events', 'copy')}${reader('two', 'events', 'copy')}
`);
    expect(() => between(pipeline, 'a.orders', 'b.copy')).toThrow(/several paths.*\[w, one\] or \[w, two\]/);
    expect(between(pipeline, 'a.orders', 'b.copy', ['two'])).toEqual(['outbox w', 'group two']);
    expect(between(pipeline, 'a.orders', 'b.copy', ['w', 'one-group'])).toEqual(['outbox w', 'group one']);
    expect(() => between(pipeline, 'a.orders', 'b.copy', ['two', 'w'])).toThrow(/no path leads/);
    expect(between(pipeline, 'a.orders', 'b.copy', [])).toEqual([]);
  });

  it('can be named where all its names are on a longer way too', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { events: {}, enriched: {} }
services:
  w: { command: [cat], outbox: { database: a, table: event, reports: [orders], sent: sent, topics: [events] } }
  enrich: { command: [cat], consumes: { group: enrich, topics: [events] }, produces: [enriched] }
  r: { command: [cat], consumes: { group: r, topics: [events, enriched] }, writes: { database: b, tables: [copy] } }
`);
    expect(() => between(pipeline, 'a.orders', 'b.copy')).toThrow(/several paths.*\[w, enrich, r\] or \[w, r\]/);
    expect(between(pipeline, 'a.orders', 'b.copy', ['w', 'r'])).toEqual(['outbox w', 'group r']);
    expect(between(pipeline, 'a.orders', 'b.copy', ['enrich'])).toEqual(['outbox w', 'group enrich', 'group r']);
  });

  it('goes from a topic to a queue, from there to a topic, and on', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { events: {}, done: {} }
rabbitmq: { queues: { work: {} } }
services:
  w: { command: [cat], outbox: { database: a, table: event, reports: [orders], sent: sent, topics: [events] } }
  dispatcher: { command: [cat], consumes: { group: dispatcher, topics: [events] }, publishes: [work] }
  worker: { command: [cat], receives: [work], produces: [done] }
  r: { command: [cat], consumes: { group: r, topics: [done] }, writes: { database: b, tables: [copy] } }
`);
    const way = ['outbox w', 'group dispatcher', 'receiver worker', 'group r'];
    expect(between(pipeline, 'a.orders', 'b.copy')).toEqual(way);
  });

  it('begins at the service that keeps documents and hands on what it keeps, and is refused where none does', () => {
    const keeper = (more: string) => `databases: { b: {} }
topics: { events: {}, kept: {} }
stores: { docs: { kind: documents } }
services:
  keeper: { command: [cat], consumes: { group: keeper, topics: [events] }, writes: { store: docs, collections: [c] }${more} }
  r: { command: [cat], consumes: { group: r, topics: [kept] }, writes: { database: b, tables: [copy] } }
checks:
  on: { source: { store: docs, collection: c }, replica: { database: b, table: copy }, key: [id] }
`;
    const pipeline = alone(keeper(', produces: [kept]'));
    expect(waysOf(pipeline)).toEqual([['group keeper', 'group r']]);
    const named =
      alone(`${keeper(', produces: [kept]')}  named: { source: { store: docs, collection: c }, replica: { topic: kept }, key: [id], columns: [name], through: [keeper] }
`);
    expect(waysOf(named)).toEqual([['group keeper', 'group r'], ['group keeper']]);
    expect(() => alone(keeper(''))).toThrow(
      'no path leads from documents docs.c to table b.copy: nothing that is declared reads documents docs.c',
    );
  });

  it('goes a way from each query that fills what ksqlDB shows', () => {
    const pipeline = alone(
      `databases: { b: {} }
topics: { x: {}, y: {}, both: {} }
ksqldb: { migrations: alone-ksql }
services:
  r: { command: [cat], consumes: { group: r, topics: [both] }, writes: { database: b, tables: [copy] } }
checks:
  on: { source: { ksqldb: BOTH }, replica: { database: b, table: copy }, key: [id], columns: [id] }
`,
      {
        'V000001__streams.sql': `CREATE STREAM x (id INT KEY) WITH (kafka_topic='x', value_format='json');
CREATE STREAM y (id INT KEY) WITH (kafka_topic='y', value_format='json');
CREATE STREAM both (id INT KEY) WITH (kafka_topic='both', value_format='json');
INSERT INTO both SELECT * FROM x EMIT CHANGES;
INSERT INTO both SELECT * FROM y EMIT CHANGES;`,
      },
    );
    const [check] = pipeline.checks;
    if (check?.kind !== 'compare') throw new Error('no check');
    expect(
      waysBetween(check, flowEdges(pipeline)).map(({ origin, stages }) => [origin, stages.map(({ kind }) => kind)]),
    ).toEqual([
      [{ kind: 'topics', topics: ['x'] }, ['query', 'group']],
      [{ kind: 'topics', topics: ['y'] }, ['query', 'group']],
    ]);
  });

  it('is found in circles, and refused where it goes through a second database', () => {
    const pipeline = alone(`${TWO_DATABASES}
topics: { there: {}, back: {} }
services:
  w: { command: [cat], outbox: { database: a, table: event, reports: [orders], sent: sent, topics: [there] }, consumes: { group: w, topics: [back] }, writes: { database: a, tables: [orders] } }
${reader('r', 'there', 'copy', ', outbox: { database: b, table: event, reports: [copy], sent: sent, topics: [back] }')}
`);
    expect(between(pipeline, 'a.orders', 'b.copy')).toEqual(['outbox w', 'group r']);
    expect(between(pipeline, 'b.copy', 'a.orders')).toEqual(['outbox r', 'group w']);
    const chained = alone(`databases: { a: {}, b: {}, c: {} }
topics: { one: {}, two: {} }
services:
  w: { command: [cat], outbox: { database: a, table: event, reports: [orders], sent: sent, topics: [one] } }
${reader('r', 'one', 'copy', ', outbox: { database: b, table: event, reports: [copy], sent: sent, topics: [two] }')}
  last: { command: [cat], consumes: { group: last, topics: [two] }, writes: { database: c, tables: [end] } }
`);
    expect(() => between(chained, 'a.orders', 'c.end')).toThrow(/leg by leg|another database/);
  });

  it('leads from a reported table over exchange and queue to the table of the receiver', () => {
    const pipeline = alone(`
databases: { main: {}, mails: {} }
rabbitmq: { exchanges: { events: {} }, queues: { mails: {} }, bindings: [{ exchange: events, queue: mails }] }
services:
  main: { command: [node], publishes: [events], outbox: { database: main, table: event, reports: [user], sent: sent } }
  mailer: { command: [node], receives: [mails], writes: { database: mails, tables: [mail] } }
checks: { mails: { source: { database: main, table: user }, replica: { database: mails, table: mail }, key: [id] } }
`);
    expect(waysOf(pipeline)).toEqual([['outbox main', 'receiver mailer']]);
    expect(flowEdges(pipeline)).toMatchObject([
      { from: 'table main.user', to: 'queue mails', exchange: 'events', stage: { kind: 'outbox', queues: ['mails'] } },
      { from: 'table main.event', to: 'queue mails', exchange: 'events' },
      { from: 'queue mails', to: 'table mails.mail', stage: { kind: 'receiver', receives: ['mails'] } },
    ]);
  });
});
