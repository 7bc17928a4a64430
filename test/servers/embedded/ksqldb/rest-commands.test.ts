import { expect } from 'vitest';
import { describeExchanges, EARLIEST, type Exchange, error, status } from './clients.js';

/** What statements answer that change something, in turn and whole. Written from the pages of the REST API. */
const exchanges: readonly Exchange[] = [
  [
    "CREATE STREAM pages (p STRING) WITH (KAFKA_TOPIC='pages', VALUE_FORMAT='JSON', PARTITIONS=1);",
    {},
    200,
    [status('stream/`PAGES`/create', 'Stream created')],
  ],
  [
    "CREATE TABLE `t x` (id INT PRIMARY KEY) WITH (KAFKA_TOPIC='tx', VALUE_FORMAT='JSON', PARTITIONS=1);",
    {},
    200,
    [status('table/`t x`/create', 'Table created')],
  ],
  [
    "CREATE STREAM copy WITH (QUERY_ID='copy_it') AS SELECT * FROM pages;",
    { streamsProperties: EARLIEST },
    200,
    [status('stream/`COPY`/create', 'Created query with ID COPY_IT', 'COPY_IT')],
  ],
  [
    'PAUSE copy_it;',
    {},
    200,
    [expect.objectContaining({ '@type': 'currentStatus', commandId: 'pause/COPY_IT/execute' })],
  ],
  [
    'SHOW QUERIES;',
    {},
    200,
    [
      expect.objectContaining({
        queries: expect.arrayContaining([
          expect.objectContaining({ id: 'COPY_IT', state: 'PAUSED', statusCount: { PAUSED: 1 } }),
        ]),
      }),
    ],
  ],
  [
    'RESUME copy_it;',
    {},
    200,
    [expect.objectContaining({ '@type': 'currentStatus', commandId: 'resume/COPY_IT/execute' })],
  ],
  [
    'DROP STREAM pages;',
    {},
    400,
    error(
      expect.stringContaining(
        'Cannot drop PAGES.\nThe following streams and/or tables read from this source: [COPY].\nYou need to drop them before dropping PAGES.',
      ),
      { statementText: 'DROP STREAM pages;' },
    ),
  ],
  ['TERMINATE copy_it;', {}, 200, [status('terminate/COPY_IT/execute', 'Query terminated.')]],
  [
    'DROP STREAM copy DELETE TOPIC; DROP STREAM pages;',
    {},
    200,
    [
      status('stream/`COPY`/drop', 'Source `COPY` (topic: COPY) was dropped.'),
      status('stream/`PAGES`/drop', 'Source `PAGES` (topic: pages) was dropped.'),
    ],
  ],
  [
    'CREATE TYPE zip AS INTEGER; DROP TYPE zip;',
    {},
    200,
    [
      status('type/ZIP/create', "Registered custom type with name 'ZIP' and SQL type INTEGER"),
      status('type/ZIP/drop', "Dropped type 'ZIP'"),
    ],
  ],
  ["SET 'auto.offset.reset'='earliest'; UNSET 'auto.offset.reset';", {}, 200, []],
  [
    'SHOW FUNCTIONS;',
    {},
    200,
    [
      expect.objectContaining({
        '@type': 'function_names',
        functions: expect.arrayContaining([
          { name: 'ABS', type: 'SCALAR', category: 'MATHEMATICAL' },
          { name: 'EXPLODE', type: 'TABLE', category: 'TABLE' },
          { name: 'COLLECT_SET', type: 'AGGREGATE', category: 'AGGREGATE' },
        ]),
      }),
    ],
  ],
  [
    'SHOW PROPERTIES;',
    { streamsProperties: { 'ksql.streams.commit.interval.ms': '500' } },
    200,
    [
      expect.objectContaining({
        '@type': 'properties',
        properties: expect.arrayContaining([
          { name: 'ksql.service.id', scope: 'KSQL', value: 'default_', editable: false, level: 'SERVER' },
        ]),
        overwrittenProperties: ['ksql.streams.commit.interval.ms'],
        defaultProperties: expect.any(Array),
      }),
    ],
  ],
  [
    'ASSERT NOT EXISTS TOPIC nix TIMEOUT 1 SECOND;',
    {},
    200,
    [{ '@type': 'assert_topic', statementText: expect.any(String), topicName: 'nix', exists: false, warnings: [] }],
  ],
  [
    "ASSERT NOT EXISTS SCHEMA SUBJECT 'nix-value' TIMEOUT 1 SECOND;",
    {},
    200,
    [
      {
        '@type': 'assert_schema',
        statementText: expect.any(String),
        subject: 'nix-value',
        id: null,
        exists: false,
        warnings: [],
      },
    ],
  ],
  [
    "INSERT INTO clicks (user_id, page, nope) VALUES ('a', 'b', 1);",
    {},
    400,
    error("Failed to insert values into 'CLICKS'. Column name `NOPE` does not exist."),
  ],
];

describeExchanges('commands', exchanges);
