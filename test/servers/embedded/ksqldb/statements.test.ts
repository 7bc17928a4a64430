import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../src/support/retry.js';
import { type Answer, type KsqlStack, startStack } from './stack.js';

describe('statements', () => {
  let stack: KsqlStack;
  beforeAll(async () => {
    stack = await startStack();
    await stack.ksql(
      "CREATE STREAM S (K STRING KEY, A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=2);",
    );
  });
  afterAll(() => stack.end());

  it.each([
    [
      "CREATE STREAM S (K STRING KEY) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');",
      "Cannot add stream 'S': A stream with the same name already exists",
    ],
    [
      "CREATE STREAM T (A INT) WITH (VALUE_FORMAT='JSON');",
      'Missing required property "KAFKA_TOPIC" which has no default value.',
    ],
    ["CREATE STREAM T (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='FOO');", 'Unknown format: FOO'],
    [
      "CREATE STREAM T (A DECIMAL(2,1) KEY, B INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');",
      "The 'KAFKA' format does not support type 'DECIMAL'",
    ],
    ["CREATE STREAM T (A INT) WITH (KAFKA_TOPIC='nowhere', VALUE_FORMAT='JSON');", "Topic 'nowhere' does not exist."],
    [
      "CREATE STREAM T (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', FOO=1);",
      'Invalid config variable(s) in the WITH clause: FOO',
    ],
    [
      "CREATE STREAM T (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=3);",
      'different partition/replica configuration than required. KSQL expects 3 partitions (topic has 2)',
    ],
    ["CREATE TABLE T (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');", 'Tables require a PRIMARY KEY.'],
    [
      'CREATE STREAM T AS SELECT A FROM S;',
      'The query used to build `T` must include the key column K in its projection',
    ],
    ['CREATE STREAM T AS SELECT * FROM NOWHERE;', 'NOWHERE does not exist.'],
    [
      'CREATE TABLE T AS SELECT * FROM S;',
      'Your SELECT query produces a STREAM. Please use CREATE STREAM AS SELECT statement instead.',
    ],
    [
      'CREATE TABLE T AS SELECT A, COUNT(*), K FROM S GROUP BY A;',
      'Non-aggregate SELECT expression(s) not part of GROUP BY: K',
    ],
    ['CREATE STREAM T AS SELECT K, A, A FROM S;', 'The projection contains a duplicate output field name: `A`.'],
    ['INSERT INTO S SELECT K, A AS B FROM S;', 'Incompatible schema between results and sink.'],
    ['DROP STREAM T;', 'Stream T does not exist.'],
    ['TERMINATE NOTHING;', 'Unknown queryId: NOTHING'],
    ["CREATE STREAM T (A INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='PROTOBUFFER');", 'Unknown format: PROTOBUFFER'],
    ['CREATE STREAM T A;', 'line 1:17: Syntax Error'],
  ])('%s is refused', async (sql, message) => {
    const { status, body } = await stack.ksql(sql);
    expect(body.message).toContain(message);
    expect(body).toMatchObject({ '@type': 'statement_error', error_code: 40001, statementText: sql, entities: [] });
    expect(status).toBe(400);
  });

  it('tells what was done before the statement that failed', async () => {
    const { status, body } = await stack.ksql('SHOW STREAMS; ASSERT TOPIC nowhere TIMEOUT 1 SECONDS;');
    expect(status).toBe(417);
    expect(body.statementText).toBe('ASSERT TOPIC nowhere TIMEOUT 1 SECONDS;');
    expect(body.entities).toMatchObject([
      {
        '@type': 'streams',
        streams: [
          { name: 'S', topic: 's', keyFormat: 'KAFKA', valueFormat: 'JSON', isWindowed: false, type: 'STREAM' },
        ],
      },
    ]);
  });

  it('sends SELECT elsewhere', async () => {
    expect((await stack.ksql('SELECT * FROM S;')).body.error_code).toBe(40002);
    const { status, text } = await stack.post('/query', { ksql: 'SHOW STREAMS;' });
    expect(status).toBe(400);
    expect(JSON.parse(text).error_code).toBe(40000);
  });

  it('replaces variables, and keeps what it does not know', async () => {
    const { body } = await stack.ksql("DEFINE n = 'S'; DESCRIBE ${n}; SHOW VARIABLES;");
    expect(body[0].sourceDescription.name).toBe('S');
    expect(body[1].variables).toEqual([{ name: 'n', value: 'S' }]);
  });

  it('inserts values, and reads them until the end', async () => {
    const inserted = await stack.ksql(
      "INSERT INTO S (K, A) VALUES ('k', 7); INSERT INTO S (A, ROWTIME) VALUES (8, 1234);",
    );
    expect(inserted).toMatchObject({ status: 200, body: [] });
    const { text } = await stack.post('/query-stream', { sql: 'SELECT ROWTIME, K, A FROM S WHERE A = 8;' });
    const [header, row] = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(header).toMatchObject({ columnNames: ['ROWTIME', 'K', 'A'], columnTypes: ['BIGINT', 'STRING', 'INTEGER'] });
    expect(row).toEqual([1234, null, 8]);
  });

  it('streams inserts over HTTP', async () => {
    const { text } = await stack.post('/inserts-stream', '{"target":"S"}\n{"K":"a","a":9}\n{"NOPE":1}\n');
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { status: 'ok', seq: 0 },
      { status: 'error', seq: 1, message: 'Column name `NOPE` does not exist.' },
    ]);
    for (const head of ['', '{"target":5}', '{"target', 'null', '[]'])
      expect((await stack.post('/inserts-stream', `${head}\n{"K":"a"}`)).status).toBe(400);
  });

  it('acknowledges a row before the next one is sent, and answers whole rows, in HTTP/2', async () => {
    const session = connectHttp2(stack.url());
    const post = (path: string) => session.request({ ':method': 'POST', ':path': path }).setEncoding('utf8');
    const inserts = post('/inserts-stream');
    inserts.write('{"target":"S"}\n{"K":"h2","A":20}\n');
    const acknowledged: string[] = [];
    for await (const text of inserts) {
      acknowledged.push(String(text));
      if (acknowledged.length === 1) inserts.end('{"K":"h2","A":21}\n');
    }
    expect(acknowledged).toEqual(['{"status":"ok","seq":0}\n', '{"status":"ok","seq":1}\n']);
    await stack.ksql('CREATE TABLE BY_KEY AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;', {
      'auto.offset.reset': 'earliest',
    });
    const answer = await waitUntil(
      'both rows in the table',
      async () => {
        const pull = post('/query-stream');
        pull.end(JSON.stringify({ sql: "SELECT * FROM BY_KEY WHERE K = 'h2';" }));
        const [, row] = (await text(pull)).split('\n');
        return row === '["h2",2]' ? row : undefined;
      },
      { timeoutMs: 10_000 },
    );
    session.destroy();
    expect(answer).toBe('["h2",2]');
    await stack.ksql('DROP TABLE BY_KEY DELETE TOPIC;');
  });

  it('reads rows that come byte by byte, and none of more than 16 MB', async () => {
    const session = connectHttp2(stack.url());
    const inserts = session.request({ ':method': 'POST', ':path': '/inserts-stream' }).setEncoding('utf8');
    inserts.write('{"target":"S"}\n');
    for (const byte of Buffer.from('{"K":"é€"}\n')) inserts.write(Buffer.of(byte));
    inserts.end();
    expect(await text(inserts)).toBe('{"status":"ok","seq":0}\n');
    session.destroy();
    const rows = await stack.post('/query-stream', JSON.stringify({ sql: "SELECT K FROM S WHERE K = 'é€';" }));
    expect(rows.text).toContain('["é€"]');
    expect((await stack.post('/inserts-stream', 'x'.repeat(17 * 1024 * 1024))).status).toBe(413);
  });

  it('acknowledges rows in one JSON array where the client takes only that', async () => {
    const accept = 'application/json';
    const { text: answer } = await stack.post('/inserts-stream', '{"target":"S"}\n{"K":"j"}\n{"K":"j"}', { accept });
    expect(JSON.parse(answer)).toEqual([
      { status: 'ok', seq: 0 },
      { status: 'ok', seq: 1 },
    ]);
    expect((await stack.post('/inserts-stream', '{"target":"S"}', { accept })).text).toBe('[]');
  });

  it('refuses properties of a request that nothing knows', async () => {
    const message = "Not recognizable as ksql, streams, consumer, or producer property: 'no.such'";
    const refused = await stack.ksql('SHOW STREAMS;', { 'no.such': 1 });
    expect(refused).toEqual({ status: 400, body: { '@type': 'generic_error', error_code: 40000, message } });
    const query = await stack.post('/query-stream', { sql: 'SELECT * FROM S;', properties: { 'no.such': true } });
    expect(query.status).toBe(400);
  });

  it('describes each query in SHOW QUERIES EXTENDED', async () => {
    await stack.ksql("CREATE STREAM DESCRIBED WITH (QUERY_ID='described') AS SELECT K FROM S;");
    const { body } = await stack.ksql('SHOW QUERIES EXTENDED;');
    expect(body[0]).toMatchObject({
      '@type': 'query_descriptions',
      queryDescriptions: [{ id: 'DESCRIBED', sources: ['S'], sinks: ['DESCRIBED'], queryType: 'PERSISTENT' }],
    });
    await stack.ksql('DROP STREAM DESCRIBED DELETE TOPIC;');
  });

  it('drops a stream with its query only when nothing reads it', async () => {
    await stack.ksql('CREATE STREAM D1 AS SELECT * FROM S; CREATE STREAM D2 AS SELECT * FROM D1;');
    const refused = await stack.ksql('DROP STREAM D1 DELETE TOPIC;');
    expect(refused.body.message).toContain('The following streams and/or tables read from this source: [D2].');
    const [{ commandStatus }] = (await stack.ksql('CREATE STREAM D3 AS SELECT * FROM D1;')).body;
    await stack.ksql(`TERMINATE ${commandStatus.queryId};`);
    const terminated = await stack.ksql('DROP STREAM D2; DROP STREAM D1;');
    expect(terminated.body.message).toContain('The following streams and/or tables read from this source: [D3].');
    expect((await stack.ksql('DROP STREAM D3; DROP STREAM D1 DELETE TOPIC;')).status).toBe(200);
    expect(await stack.kafka.describeTopic('D1')).toBeUndefined();
    expect((await stack.ksql('SHOW QUERIES;')).body[0].queries).toEqual([]);
  });

  it('pauses, resumes and terminates queries', async () => {
    await stack.ksql('CREATE STREAM P AS SELECT * FROM S;');
    const id = (await stack.ksql('SHOW QUERIES;')).body[0].queries[0].id;
    await stack.ksql(`PAUSE ${id};`);
    expect((await stack.ksql('SHOW QUERIES;')).body[0].queries[0].state).toBe('PAUSED');
    await stack.ksql('RESUME ALL;');
    expect((await stack.ksql('SHOW QUERIES;')).body[0].queries[0].state).toBe('RUNNING');
    expect((await stack.ksql(`TERMINATE ${id};`)).body[0].commandStatus.message).toBe('Query terminated.');
    expect((await stack.kafka.listGroups()).map(({ group }) => group)).not.toContain(
      `_confluent-ksql-default_query_${id}`,
    );
    await stack.ksql('DROP STREAM P;');
  });

  it('adds columns, types and assertions', async () => {
    await stack.ksql('CREATE TYPE POINT AS STRUCT<X INT, Y INT>; ALTER STREAM S ADD COLUMN P POINT;');
    const { body } = await stack.ksql('DESCRIBE S EXTENDED; SHOW TYPES;');
    expect(body[0].sourceDescription.fields.at(-1)).toMatchObject({ name: 'P', schema: { type: 'STRUCT' } });
    expect(body[0].sourceDescription).toMatchObject({ partitions: 2, topic: 's' });
    expect(body[1].types.POINT.type).toBe('STRUCT');
    expect((await stack.ksql('ASSERT TOPIC s WITH (PARTITIONS=2);')).body).toMatchObject([
      { topicName: 's', exists: true },
    ]);
    const failed = await stack.ksql('ASSERT TOPIC nowhere TIMEOUT 50 MILLISECONDS;');
    expect(failed.body).toMatchObject({ error_code: 41700, message: 'Topic nowhere does not exist' });
  });

  it('survives a restart with all of it', async () => {
    const before = (await stack.ksql('DESCRIBE S;')).body[0].sourceDescription.fields;
    await stack.restart();
    expect((await stack.ksql('DESCRIBE S;')).body[0].sourceDescription.fields).toEqual(before);
  });

  it('tells what a command came to, after a restart too', async () => {
    const { body } = await stack.ksql('CREATE STREAM C AS SELECT * FROM S; DROP STREAM C;');
    await stack.restart();
    const asked = async (id: string) => (await fetch(`${stack.url()}/status/${id}`)).json();
    expect(await asked('stream/C/create')).toEqual(body[0].commandStatus);
    expect(await asked(body[1].commandId)).toEqual(body[1].commandStatus);
    expect(await asked('stream/NOWHERE/create')).toMatchObject({ error_code: 40400 });
  });

  it('takes the default offset from ALTER SYSTEM', async () => {
    await stack.ksql("INSERT INTO S (K, A) VALUES ('x', 1); ALTER SYSTEM 'auto.offset.reset'='earliest';");
    const { text } = await stack.post('/query', { ksql: 'SELECT K FROM S EMIT CHANGES LIMIT 1;' });
    expect(text).toContain('{"row":{"columns":');
    await stack.ksql("ALTER SYSTEM 'auto.offset.reset'='latest';");
  });

  it('says who it is, in HTTP/1.1 and HTTP/2', async () => {
    const info = await (await fetch(`${stack.url()}/info`)).json();
    expect(info).toMatchObject({
      KsqlServerInfo: { version: '0.29.0', ksqlServiceId: 'default_', serverStatus: 'RUNNING' },
    });
    const session = connectHttp2(stack.url());
    const status = await new Promise((resolve, reject) => {
      session.on('error', reject);
      session.request({ ':path': '/healthcheck' }).on('response', (headers) => resolve(headers[':status']));
    });
    session.destroy();
    expect(status).toBe(200);
  });

  it('describes its cluster, of which it is the only node', async () => {
    const get = async (path: string): Promise<Answer['body']> => (await fetch(`${stack.url()}${path}`)).json();
    await stack.ksql('CREATE TABLE COUNTED AS SELECT K, COUNT(*) AS N FROM S GROUP BY K;');
    const { clusterStatus } = await get('/clusterStatus');
    expect(Object.values(clusterStatus)).toMatchObject([{ hostAlive: true }]);
    const behind = '{"currentOffsetPosition":\\d+,"endOffsetPosition":\\d+,"offsetLag":\\d+}';
    expect(JSON.stringify(clusterStatus)).toMatch(
      new RegExp(`#Aggregate":{"lagByPartition":{"0":${behind},"1":${behind}},"size":2}`),
    );
    expect(JSON.stringify(clusterStatus)).toContain(
      '"activePartitions":[{"topic":"s","partition":0},{"topic":"s","partition":1}]',
    );
    const { version, clusterId } = await get('/v1/metadata');
    expect(version).toBe('0.29.0');
    expect(clusterId.scope.clusters).toMatchObject({ 'ksql-cluster': 'default_' });
    expect(await get('/v1/metadata/id')).toEqual(clusterId);
  });

  it('answers /query-stream in the form of /query where the client asks for that', async () => {
    const accept = 'application/vnd.ksql.v1+json';
    const sql = 'SELECT K FROM S EMIT CHANGES LIMIT 1;';
    const asked = { sql, properties: { 'auto.offset.reset': 'earliest' } };
    const { text } = await stack.post('/query-stream', asked, { accept });
    expect(JSON.parse(text)).toMatchObject([
      { header: { schema: '`K` STRING' } },
      { row: { columns: ['k'] } },
      { finalMessage: 'Limit Reached' },
    ]);
  });

  it('terminates the cluster: queries and what they wrote go, and nothing is accepted afterwards', async () => {
    await stack.ksql('CREATE STREAM GONE AS SELECT * FROM S; CREATE STREAM KEPT AS SELECT * FROM S;');
    expect((await stack.post('/ksql/terminate', { deleteTopicList: ['(a'] })).status).toBe(400);
    const { status, text } = await stack.post('/ksql/terminate', { deleteTopicList: ['GO.*', 's'] });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject([
      { statementText: 'TERMINATE CLUSTER;', commandStatus: { status: 'SUCCESS' } },
    ]);
    const there = async (topic: string) => (await stack.kafka.describeTopic(topic)) !== undefined;
    expect(await there('GONE')).toBe(false);
    expect(await there('KEPT')).toBe(true);
    expect(await there('s')).toBe(true);
    expect(await there('_confluent-ksql-default__command_topic')).toBe(false);
    expect(await stack.ksql('SHOW STREAMS;')).toMatchObject({ status: 503, body: { error_code: 50303 } });
  });
});
