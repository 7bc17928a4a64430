import { expect } from 'vitest';
import { describeExchanges, type Exchange, type } from './clients.js';

/** What SHOW, DESCRIBE and EXPLAIN answer, whole. Written from the pages of the REST API. */
const exchanges: readonly Exchange[] = [
  [
    'list streams;',
    { streamsProperties: {}, requestProperties: {}, sessionVariables: {}, commandSequenceNumber: -1 },
    200,
    [
      {
        '@type': 'streams',
        statementText: 'list streams;',
        streams: [
          {
            type: 'STREAM',
            name: 'CLICKS',
            topic: 'clicks',
            keyFormat: 'KAFKA',
            valueFormat: 'JSON',
            isWindowed: false,
          },
          {
            type: 'STREAM',
            name: 'EVERYTHING',
            topic: 'everything',
            keyFormat: 'KAFKA',
            valueFormat: 'JSON',
            isWindowed: false,
          },
          { type: 'STREAM', name: 'NAMED', topic: 'NAMED', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
        ],
        warnings: [],
      },
    ],
  ],
  [
    'SHOW TABLES;',
    {},
    200,
    [
      {
        '@type': 'tables',
        statementText: 'SHOW TABLES;',
        tables: [
          {
            type: 'TABLE',
            name: 'PER_PAGE',
            topic: 'PER_PAGE',
            keyFormat: 'KAFKA',
            valueFormat: 'JSON',
            isWindowed: false,
          },
          {
            type: 'TABLE',
            name: 'SESSIONS',
            topic: 'SESSIONS',
            keyFormat: 'KAFKA',
            valueFormat: 'JSON',
            isWindowed: true,
          },
          { type: 'TABLE', name: 'USERS', topic: 'users', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false },
        ],
        warnings: [],
      },
    ],
  ],
  [
    'SHOW QUERIES;',
    {},
    200,
    [
      {
        '@type': 'queries',
        statementText: 'SHOW QUERIES;',
        queries: expect.arrayContaining([
          {
            queryString: expect.stringMatching(/^CREATE TABLE per_page /i),
            sinks: ['PER_PAGE'],
            sinkKafkaTopics: ['PER_PAGE'],
            id: expect.stringMatching(/^CTAS_PER_PAGE_\d+$/),
            statusCount: { RUNNING: 1 },
            queryType: 'PERSISTENT',
            state: 'RUNNING',
          },
        ]),
        warnings: [],
      },
    ],
  ],
  [
    'DESCRIBE clicks;',
    {},
    200,
    [
      {
        '@type': 'sourceDescription',
        statementText: 'DESCRIBE clicks;',
        sourceDescription: expect.objectContaining({
          name: 'CLICKS',
          windowType: null,
          fields: [
            { name: 'USER_ID', schema: type('STRING'), type: 'KEY' },
            { name: 'PAGE', schema: type('STRING') },
            { name: 'AT', schema: type('BIGINT') },
            {
              name: 'H',
              schema: type('ARRAY', {
                memberSchema: type('STRUCT', {
                  fields: [
                    { name: 'KEY', schema: type('STRING') },
                    { name: 'VALUE', schema: type('BYTES') },
                  ],
                }),
              }),
              type: 'HEADER',
            },
          ],
          type: 'STREAM',
          timestamp: '',
          statistics: '',
          errorStats: '',
          extended: false,
          partitions: 0,
          replication: 0,
          writeQueries: [],
          queryOffsetSummaries: [],
          sourceConstraints: ['PER_PAGE', 'SESSIONS', 'NAMED'],
        }),
        warnings: [],
      },
    ],
  ],
  [
    'DESCRIBE everything;',
    {},
    200,
    [
      expect.objectContaining({
        sourceDescription: expect.objectContaining({
          fields: expect.arrayContaining([
            { name: 'N', schema: type('DECIMAL', { parameters: { precision: 5, scale: 2 } }) },
            { name: 'M', schema: type('MAP', { memberSchema: type('INTEGER') }) },
            {
              name: 'S',
              schema: type('STRUCT', {
                fields: [
                  { name: 'F1', schema: type('INTEGER') },
                  { name: 'f2', schema: type('STRING') },
                ],
              }),
            },
            { name: 'TS', schema: type('TIMESTAMP') },
          ]),
        }),
      }),
    ],
  ],
  [
    'DESCRIBE sessions EXTENDED;',
    {},
    200,
    [
      expect.objectContaining({
        sourceDescription: expect.objectContaining({
          windowType: 'SESSION',
          extended: true,
          partitions: 1,
          replication: 1,
          fields: [
            { name: 'USER_ID', schema: type('STRING'), type: 'KEY' },
            { name: 'N', schema: type('BIGINT') },
          ],
          sourceConstraints: [],
          writeQueries: [expect.objectContaining({ sinks: ['SESSIONS'], state: 'RUNNING' })],
          queryOffsetSummaries: [
            {
              groupId: expect.stringMatching(/^_confluent-ksql-default_query_CTAS_SESSIONS_\d+$/),
              topicSummaries: [
                {
                  kafkaTopic: 'clicks',
                  offsets: [
                    {
                      partition: 0,
                      logStartOffset: expect.any(Number),
                      logEndOffset: expect.any(Number),
                      consumerOffset: expect.any(Number),
                    },
                  ],
                },
              ],
            },
          ],
        }),
      }),
    ],
  ],
  [
    'SHOW STREAMS EXTENDED;',
    {},
    200,
    [
      {
        '@type': 'source_descriptions',
        statementText: 'SHOW STREAMS EXTENDED;',
        sourceDescriptions: [
          expect.objectContaining({ name: 'CLICKS', extended: true, partitions: 1 }),
          expect.objectContaining({ name: 'EVERYTHING', extended: true, partitions: 2 }),
          expect.objectContaining({ name: 'NAMED', extended: true, partitions: 1 }),
        ],
        warnings: [],
      },
    ],
  ],
  [
    'DESCRIBE TABLES;',
    {},
    200,
    [
      expect.objectContaining({
        '@type': 'source_descriptions',
        sourceDescriptions: [
          expect.objectContaining({ name: 'PER_PAGE' }),
          expect.objectContaining({ name: 'SESSIONS' }),
          expect.objectContaining({ name: 'USERS' }),
        ],
      }),
    ],
  ],
  [
    'SHOW TYPES;',
    {},
    200,
    [
      {
        '@type': 'type_list',
        statementText: 'SHOW TYPES;',
        types: {
          ADDRESS: type('STRUCT', {
            fields: [
              { name: 'STREET', schema: type('STRING') },
              { name: 'ZIP', schema: type('DECIMAL', { parameters: { precision: 5, scale: 0 } }) },
            ],
          }),
        },
        warnings: [],
      },
    ],
  ],
  [
    "DEFINE a = 'x'; SHOW VARIABLES; UNDEFINE a; SHOW VARIABLES;",
    { sessionVariables: { b: 'y' } },
    200,
    [
      expect.objectContaining({
        '@type': 'variables',
        variables: expect.arrayContaining([
          { name: 'a', value: 'x' },
          { name: 'b', value: 'y' },
        ]),
      }),
      expect.objectContaining({ variables: [{ name: 'b', value: 'y' }] }),
    ],
  ],
  [
    'DESCRIBE FUNCTION lpad;',
    {},
    200,
    [
      {
        '@type': 'describe_function',
        statementText: 'DESCRIBE FUNCTION lpad;',
        name: 'LPAD',
        description: expect.any(String),
        author: expect.any(String),
        version: expect.any(String),
        path: 'internal',
        type: 'SCALAR',
        functions: expect.arrayContaining([
          {
            arguments: [
              { name: expect.any(String), type: 'VARCHAR', description: expect.any(String), isVariadic: false },
              { name: expect.any(String), type: 'INT', description: expect.any(String), isVariadic: false },
              { name: expect.any(String), type: 'VARCHAR', description: expect.any(String), isVariadic: false },
            ],
            returnType: 'VARCHAR',
            description: expect.any(String),
          },
        ]),
        warnings: [],
      },
    ],
  ],
  [
    'EXPLAIN SELECT page, COUNT(*) FROM clicks WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY page EMIT CHANGES;',
    {},
    200,
    [
      {
        '@type': 'queryDescription',
        statementText: expect.stringContaining('EXPLAIN'),
        queryDescription: {
          id: expect.any(String),
          statementText: expect.stringContaining('SELECT'),
          windowType: 'TUMBLING',
          fields: expect.arrayContaining([
            { name: 'PAGE', schema: type('STRING'), type: 'KEY' },
            { name: 'KSQL_COL_0', schema: type('BIGINT') },
          ]),
          sources: ['CLICKS'],
          sinks: [],
          topology: expect.stringContaining('Topologies:'),
          executionPlan: expect.stringContaining('Schema:'),
          overriddenProperties: {},
          ksqlHostQueryStatus: {},
          queryType: expect.stringMatching(/^(PUSH|PERSISTENT)$/),
          queryErrors: [],
          tasksMetadata: [],
          state: null,
        },
        warnings: [],
      },
    ],
  ],
];

describeExchanges('listings', exchanges);
