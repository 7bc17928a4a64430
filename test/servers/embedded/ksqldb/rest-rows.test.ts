import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EARLIEST, error, startClientsStack } from './clients.js';
import type { KsqlStack } from './stack.js';

/** A body as it is sent, the status, and the whole answer. */
const requests: ReadonlyArray<readonly [path: string, body: unknown, status: number, answer: unknown]> = [
  ['/ksql', {}, 400, expect.objectContaining({ error_code: 40000 })],
  ['/ksql', { ksql: null }, 400, expect.objectContaining({ error_code: 40000 })],
  [
    '/ksql',
    { ksql: 'SHOW STREAMS;', streamsProperties: null, sessionVariables: null, commandSequenceNumber: null },
    200,
    [expect.anything()],
  ],
  ['/ksql', { ksql: 'SHOW STREAMS;', commandSequenceNumber: '1' }, 200, [expect.anything()]],
  ['/ksql', { ksql: 'SHOW STREAMS;', streamsProperties: 'x' }, 400, expect.objectContaining({ error_code: 40000 })],
  ['/ksql', { ksql: 'SHOW STREAMS;', sessionVariables: [] }, 400, expect.objectContaining({ error_code: 40000 })],
  [
    '/query-stream',
    { sql: 'SELECT * FROM per_page;', properties: 'x' },
    400,
    expect.objectContaining({ error_code: 40000 }),
  ],
  ['/ksql', { ksql: 'SHOW STREAMS;', commandSequenceNumber: 'x' }, 400, expect.objectContaining({ error_code: 40000 })],
  [
    '/ksql',
    { ksql: 'SHOW STREAMS;', streamsProperties: { 'auto.offset.reset': 'sometimes' } },
    400,
    expect.objectContaining({ error_code: 40000, message: expect.stringContaining('auto.offset.reset') }),
  ],
  ['/ksql', { ksql: 'DESCRIBE FUNCTION nope;' }, 400, error("Can't find any functions with the name 'NOPE'")],
  [
    '/ksql',
    { ksql: 'DESCRIBE FUNCTION count;' },
    200,
    [
      expect.objectContaining({
        name: 'COUNT',
        type: 'AGGREGATE',
        functions: expect.arrayContaining([expect.objectContaining({ returnType: 'BIGINT' })]),
      }),
    ],
  ],
  ['/ksql', { ksql: 'DESCRIBE FUNCTION explode;' }, 200, [expect.objectContaining({ name: 'EXPLODE', type: 'TABLE' })]],
  [
    '/ksql',
    { ksql: 'EXPLAIN CREATE STREAM x AS SELECT user_id, page FROM clicks WHERE at > 1;' },
    200,
    [
      expect.objectContaining({
        queryDescription: expect.objectContaining({ queryType: 'PERSISTENT', sources: ['CLICKS'] }),
      }),
    ],
  ],
  ['/ksql', { ksql: 'EXPLAIN SHOW STREAMS;' }, 400, error(expect.stringContaining('does not run a ksql query'))],
  [
    '/ksql',
    {
      ksql: "ALTER SYSTEM 'auto.offset.reset'='earliest'; SHOW PROPERTIES; ALTER SYSTEM 'auto.offset.reset'='latest';",
    },
    200,
    expect.arrayContaining([
      expect.objectContaining({
        '@type': 'properties',
        properties: expect.arrayContaining([
          expect.objectContaining({ name: 'ksql.streams.auto.offset.reset', value: 'earliest' }),
        ]),
      }),
    ]),
  ],
  [
    '/ksql',
    { ksql: 'DESCRIBE ${missing};' },
    400,
    expect.objectContaining({ '@type': 'statement_error', error_code: 40001 }),
  ],
  [
    '/ksql',
    { ksql: "SHOW STREAMS; INSERT INTO users (name) VALUES ('x'); SHOW TABLES;" },
    400,
    error(expect.stringContaining("Failed to insert values into 'USERS'"), {
      entities: expect.any(Array),
      statementText: "INSERT INTO users (name) VALUES ('x');",
    }),
  ],
  [
    '/query',
    { ksql: 'SELECT ${c} FROM per_page WHERE page = ${p};', sessionVariables: { c: 'n', p: "'p'" } },
    200,
    [{ header: { queryId: expect.any(String), schema: '`N` BIGINT' } }, { row: { columns: [2] } }],
  ],
  [
    '/query',
    { ksql: "SELECT * FROM sessions WHERE user_id = 'a';" },
    200,
    [
      {
        header: {
          queryId: expect.any(String),
          schema: '`USER_ID` STRING KEY, `WINDOWSTART` BIGINT KEY, `WINDOWEND` BIGINT KEY, `N` BIGINT',
        },
      },
      { row: { columns: ['a', 2000, 3000, 2] } },
    ],
  ],
  [
    '/query',
    { ksql: 'SELECT page, n FROM per_page LIMIT 0;' },
    200,
    [{ header: expect.anything() }, { finalMessage: 'Limit Reached' }],
  ],
  [
    '/query',
    { ksql: 'SELECT page FROM per_page WHERE nope = 1;' },
    400,
    error(expect.stringContaining("'NOPE' cannot be resolved")),
  ],
  [
    '/query',
    { ksql: 'SELECT page, COUNT(*) FROM per_page GROUP BY page;' },
    400,
    error(expect.stringContaining("Pull queries don't support GROUP BY clauses.")),
  ],
  ['/query', { ksql: '' }, 400, expect.objectContaining({ error_code: 40001 })],
  ['/query', { ksql: 'CREATE STREAM y AS SELECT * FROM clicks;' }, 400, expect.objectContaining({ error_code: 40000 })],
  ['/close-query', { queryId: 5 }, 400, expect.objectContaining({ error_code: 40000 })],
  [
    '/inserts-stream',
    '{"target":"users"}\nnot json\n',
    200,
    { status: 'error', seq: 0, error_code: expect.any(Number), message: expect.any(String) },
  ],
];

describe('rows and bodies', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startClientsStack();
  });
  afterAll(() => stack.end());

  it.each(requests)('%s %j', async (path, body, code, answer) => {
    const { status, text } = await stack.post(path, body);
    expect({ status, answer: JSON.parse(text) }).toEqual({ status: code, answer });
  });

  it.each([
    ['GET', '/info/', 200],
    ['HEAD', '/info', 200],
    ['DELETE', '/ksql', 405],
    ['PUT', '/query', 405],
    ['GET', '/query-stream', 405],
    ['GET', '/healthcheck?verbose=1', 200],
  ])('%s %s', async (method, path, code) => {
    expect((await fetch(stack.url() + path, { method })).status).toBe(code);
  });

  it('shows the bounds of windows in a push query', async () => {
    const { text } = await stack.post('/query-stream', {
      sql: 'SELECT * FROM sessions EMIT CHANGES LIMIT 1;',
      properties: EARLIEST,
    });
    const [header, row] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({
      columnNames: ['USER_ID', 'WINDOWSTART', 'WINDOWEND', 'N'],
      columnTypes: ['STRING', 'BIGINT', 'BIGINT', 'BIGINT'],
    });
    expect(row).toEqual(['a', 2000, 2000, 1]);
  });

  it('writes numbers exactly', async () => {
    await stack.ksql(
      "INSERT INTO everything (k, b, d, n, a, m) VALUES ('x', 9223372036854775807, 1E20, 5, ARRAY['q'], NULL);",
    );
    const { text } = await stack.post('/query-stream', {
      sql: "SELECT b, d, n, a, m, d / 0, i FROM everything WHERE k = 'x';",
    });
    expect(text.trim().split('\n').at(-1)).toBe('[9223372036854775807,1.0E20,5.00,["q"],null,"Infinity",null]');
  });

  it('serves several requests of one HTTP/2 session at a time, and ends a query for another', async () => {
    const session = connect(stack.url());
    const asked = (path: string, body: object) => {
      const stream = session.request({ ':method': 'POST', ':path': path });
      stream.setEncoding('utf8').end(JSON.stringify(body));
      return stream;
    };
    const push = asked('/query-stream', { sql: 'SELECT user_id FROM clicks EMIT CHANGES;', properties: EARLIEST });
    let text = '';
    let queryId = '';
    for await (const part of push) {
      text += part;
      if (queryId !== '' || !text.includes('\n')) continue;
      queryId = JSON.parse(text.split('\n')[0] ?? '').queryId;
      for await (const _ of asked('/close-query', { queryId }));
    }
    session.close();
    expect(queryId).not.toBe('');
  });

  it('takes a body that comes in chunks', async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['{"ksql":', '"SHOW ', 'TABLES;"}']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    const response = await fetch(`${stack.url()}/ksql`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(await response.json()).toMatchObject([{ '@type': 'tables' }]);
  });
});
