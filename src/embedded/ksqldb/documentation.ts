import { FORMATS } from '../../ksql/formats/table.js';
import { AGGREGATES } from '../../ksql/functions/aggregates.js';
import { SCALAR_FUNCTIONS } from '../../ksql/functions/table.js';
import { TABLE_FUNCTIONS } from '../../ksql/functions/table-functions.js';
import { HONOURED_PROPERTIES } from '../../ksql/statements/properties.js';
import { WITH_PROPERTIES } from '../../ksql/statements/with-properties.js';
import { markdownTable } from '../../support/markdown.js';
import { ENDPOINTS, WEBSOCKET_ENDPOINT } from './rest/endpoints.js';
import { STATEMENT_FORMS } from './statements/forms.js';
import { KSQLDB_VERSION } from './version.js';

interface Described {
  readonly name: string;
  readonly description: string;
  readonly signatures: readonly string[];
}

const byName = (head: string, table: Readonly<Record<string, string>>): string[] =>
  markdownTable(
    [head, 'meaning'],
    Object.entries(table).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );

const functionTable = (functions: Iterable<Described>): string[] =>
  markdownTable(
    ['function', 'signatures', 'meaning'],
    [...functions]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, description, signatures }) => [
        `\`${name}\``,
        signatures.map((signature) => `\`${signature}\``).join(', '),
        description,
      ]),
  );

const WRAPPING = { always: 'always', never: 'never', choice: 'WRAP_SINGLE_VALUE' } as const;

function scalarFunctions(): string[] {
  const all = [...SCALAR_FUNCTIONS.values()].map(({ variants, ...rest }) => ({
    ...rest,
    signatures: variants.map(({ signature }) => signature),
  }));
  return [...new Set(all.map(({ category }) => category))].flatMap((category) => [
    '',
    `### ${category}`,
    '',
    ...functionTable(all.filter((each) => each.category === category)),
  ]);
}

const SEVERAL_ENGINES = [
  '## Several engines',
  '',
  'On a Kafka with an address, engines of one pipeline share its queries. Each takes statements, which take effect on all, and answers for all:',
  'pull queries ask the engines that hold the rows, push queries read all partitions, `/clusterStatus` lists every engine with what it holds.',
  '',
  '- A query is divided by partition number, as in Kafka Streams, where the rows that meet have one key in their topics: filters, PARTITION BY,',
  '  GROUP BY of the key, joins on keys.',
  '- GROUP BY of anything else over a stream is two parts, as EXPLAIN shows: the first writes rows into `…-Aggregate-GroupBy-repartition` by',
  '  their groups, the second reads them there and is divided by its partitions. The first one writes in transactions whatever the guarantee of',
  '  the query, so that a row counts once. What the second has committed is removed every 30 s, the topic with the query. A topic of one',
  '  partition needs no such thing.',
  '- A query that gathers rows in other ways (GROUP BY over a table or a join, a join on a value, a foreign-key join, keys with windows) is one',
  '  task on one engine; these are spread over the engines.',
  '- An engine that is silent for 10 s loses its tasks. Others read their state from the changelog and go on. With `exactly_once_v2` the one that',
  '  had them is fenced before that, so nothing counts twice; until then, pull queries that need its rows fail with the message of ksqlDB.',
  '- An engine that is started again at its address within that time gets its own tasks back at once.',
  '- Engines answer on loopback only: those on another machine share the work, but pull queries do not get at their rows.',
  '- How a query is divided is fixed when it is made: its changelog has one partition for each task. Engines of other pipelines,',
  '  and one on the embedded Kafka, are alone; there a query is not divided.',
];

/** docs/ksqldb.md: from the tables that statements are parsed, typed and run by. */
export function ksqldbDocumentation(): string {
  return [
    '# The embedded ksqlDB engine',
    '',
    `The REST API and the SQL of ksqlDB ${KSQLDB_VERSION}; all state is the command topic and the topics of its queries, in Kafka. This page is generated from`,
    'the tables that the engine itself uses.',
    '',
    ...SEVERAL_ENGINES,
    '',
    '## REST API',
    '',
    ...markdownTable(
      ['request', 'meaning'],
      [
        ...ENDPOINTS.map(({ method, path, meaning }) => [`\`${method} ${path}\``, meaning]),
        [`\`${WEBSOCKET_ENDPOINT.path}\``, WEBSOCKET_ENDPOINT.meaning],
      ],
    ),
    '',
    'By HTTP/1.1 and HTTP/2 without TLS. Answers are `application/vnd.ksql.v1+json` or `application/json`; those of /query-stream and',
    '/inserts-stream also `application/vnd.ksqlapi.delimited.v1`. An `Accept` that takes none of them is answered with 406.',
    '',
    '## Statements',
    '',
    ...markdownTable(
      ['statement', 'meaning'],
      Object.values(STATEMENT_FORMS).map(({ form, meaning }) => [`\`${form}\``, meaning]),
    ),
    '',
    'Joins are INNER, LEFT, RIGHT and FULL; of two streams WITHIN a time, with a GRACE PERIOD. Windows are TUMBLING, HOPPING and SESSION, with',
    'RETENTION and GRACE PERIOD.',
    '',
    '## Properties of a WITH clause',
    '',
    'Any other name is refused. Of CREATE STREAM and CREATE TABLE:',
    '',
    ...byName('property', WITH_PROPERTIES.source),
    '',
    'A query has the same, except',
    `${Object.keys(WITH_PROPERTIES.source)
      .filter((name) => !Object.hasOwn(WITH_PROPERTIES.query, name))
      .join(', ')}; and \`QUERY_ID\`: ${WITH_PROPERTIES.query.QUERY_ID}`,
    '',
    '## Formats',
    '',
    ...markdownTable(
      ['format', 'columns from the registry', 'single column in an object', 'meaning'],
      [...FORMATS.values()].map(({ name, inference, wrapping, meaning }) => [
        `\`${name}\``,
        inference ? 'yes' : 'no',
        WRAPPING[wrapping],
        meaning,
      ]),
    ),
    '',
    'Formats that use the registry need one that has their type of schemas; [the embedded one](schema-registry.md) has all three.',
    '',
    '## Properties',
    '',
    'Sent with a request or by SET; auto.offset.reset and those of pull queries also for all requests, by ALTER SYSTEM. Any other property is kept and has no effect.',
    '',
    ...byName('property', HONOURED_PROPERTIES),
    '',
    '## Scalar functions',
    '',
    'One capital letter stands for any type, the same one wherever it appears in a signature; `...` for any number of arguments.',
    ...scalarFunctions(),
    '',
    '## Aggregate functions',
    '',
    ...functionTable(AGGREGATES.values()),
    '',
    '## Table functions',
    '',
    ...functionTable(TABLE_FUNCTIONS.values()),
    '',
    'Taken here, and refused by ksqlDB 0.29: a persistent query whose projection is nothing but its key.',
    '',
    'Not supported: user-defined functions (they are Java classes), TLS, and logins of several users or roles: there is one generated login, where',
    'other users share the machine ([SECURITY](SECURITY.md#other-users-of-the-same-machine)).',
    '',
  ].join('\n');
}
