import { describe, expect, it } from 'vitest';
import { entityText } from '../../../src/cli/ksql-entity.js';

const text = (type: string, fields: Record<string, unknown>, columns?: number): string =>
  entityText({ '@type': type, statementText: 'X;', warnings: [], ...fields }, columns);
const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

describe('an entity of ksqlDB for people', () => {
  it('lists queries with their ids first, their statements on one line', () => {
    const query = {
      queryString: 'CREATE STREAM O AS SELECT *\nFROM S;',
      sinks: ['O'],
      sinkKafkaTopics: ['O'],
      id: 'CSAS_O_1',
      statusCount: { RUNNING: 1 },
      queryType: 'PERSISTENT',
      state: 'RUNNING',
    };
    expect(text('queries', { queries: [query] })).toBe(
      lines(
        'id        queryType   state    sinks  queryString',
        '────────  ──────────  ───────  ─────  ───────────────────────────────────',
        'CSAS_O_1  PERSISTENT  RUNNING  O      CREATE STREAM O AS SELECT * FROM S;',
        '(1 row)',
      ),
    );
  });

  it('describes in names and values, and below them in tables what takes several lines', () => {
    const sourceDescription = {
      name: 'O',
      readQueries: [{ id: 'CSAS_P_2' }, { id: 'CSAS_Q_3' }],
      writeQueries: [],
      fields: [
        { name: 'K', schema: { type: 'STRING', fields: null, memberSchema: null }, type: 'KEY' },
        { name: 'D', schema: { type: 'DECIMAL', fields: null, memberSchema: null, parameters: { p: 4, s: 2 } } },
      ],
      extended: false,
      partitions: 0,
      statement: 'CREATE STREAM O AS SELECT *\n\tFROM S;\n',
      queryOffsetSummaries: [
        {
          groupId: 'g',
          topicSummaries: [
            {
              kafkaTopic: 's',
              offsets: [{ partition: 0, logStartOffset: 0, logEndOffset: 9, consumerOffset: 7 }],
            },
          ],
        },
      ],
      sourceConstraints: ['P', 'Q'],
    };
    expect(text('sourceDescription', { sourceDescription })).toBe(
      lines(
        'name               O',
        'readQueries        CSAS_P_2, CSAS_Q_3',
        'sourceConstraints  P, Q',
        '',
        'field  type',
        '─────  ─────────────  ───',
        'K      STRING         KEY',
        'D      DECIMAL(4, 2)',
        '',
        'statement',
        '  CREATE STREAM O AS SELECT *',
        '    FROM S;',
        '',
        'g',
        'topic  partition  start  end  offset  lag',
        '─────  ─────────  ─────  ───  ──────  ───',
        's      0          0      9    7       2',
      ),
    );
  });

  it('shows the signatures of a function and the types that have names', () => {
    const functions = [
      {
        arguments: [
          { name: '', type: 'VARCHAR', description: '', isVariadic: false },
          { name: '', type: 'VARCHAR', description: '', isVariadic: true },
        ],
        returnType: 'VARCHAR',
        description: '',
      },
    ];
    const found = { name: 'CONCAT_WS', type: 'SCALAR', description: 'Joins texts.', functions };
    expect(text('describe_function', found)).toBe(
      lines('CONCAT_WS, SCALAR: Joins texts.', '  CONCAT_WS(VARCHAR, VARCHAR...) → VARCHAR'),
    );
    const address = { type: 'STRUCT', fields: [{ name: 'ZIP', schema: { type: 'INTEGER' } }] };
    expect(text('type_list', { types: { ADDRESS: address } })).toBe(
      lines('name     type', '───────  ───────────────────', 'ADDRESS  STRUCT<ZIP INTEGER>', '(1 row)'),
    );
    expect(text('type_list', { types: {} })).toBe('(0 rows)\n');
  });

  it('says what was done, and what the server warns of', () => {
    const commandStatus = { status: 'SUCCESS', message: 'Stream created', queryId: null };
    expect(text('currentStatus', { commandStatus, warnings: [{ message: 'Topic is old' }] })).toBe(
      lines('Stream created', 'warning: Topic is old'),
    );
  });
});
