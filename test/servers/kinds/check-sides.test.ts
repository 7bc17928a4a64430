import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { textOf } from '../../../src/clients/documents/field-value.js';
import { ksqldbDocuments } from '../../../src/clients/documents/ksqldb.js';
import { topicDocuments } from '../../../src/clients/documents/topic.js';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import type { KafkaClient } from '../../../src/clients/kafka/contract.js';
import { connectKsqldb } from '../../../src/clients/ksqldb/client.js';
import type { PostgresClient } from '../../../src/clients/postgres/client.js';
import { ValueDecoder } from '../../../src/clients/schema-registry/decode-value.js';
import type { CheckReport } from '../../../src/consistency/report.js';
import { verifyConsistency } from '../../../src/kinds/check/verify-consistency.js';
import type { Session } from '../../../src/kinds/session.js';
import { waitUntil } from '../../../src/support/retry.js';
import { server } from '../../../src/targets/component.js';
import { Servers } from '../operations/addressed-session.js';

const MIGRATION = `CREATE STREAM ORDERS (ID STRING KEY, AMOUNT BIGINT, COUNTRY STRING) WITH (kafka_topic = 'orders', value_format = 'json');
CREATE TABLE TOTALS WITH (kafka_topic = 'totals', value_format = 'json') AS SELECT COUNTRY, SUM(AMOUNT) AS TOTAL FROM ORDERS GROUP BY COUNTRY;
`;

/** Two shards and a hub that holds both; orders in a topic, which ksqlDB sums up; files beside the pipeline. */
const FILE = `
databases: { eu: {}, us: {}, hub: {} }
topics: { orders: { partitions: 1 }, totals: { partitions: 1 } }
ksqldb: { migrations: ksql }
services:
  loader: { command: [node], consumes: { group: loader, topics: [orders] }, writes: { database: hub, tables: [orders], applied: "select topic, part, next from applied" } }
  copier: { command: [node], consumes: { group: copier, topics: [orders] }, writes: { database: hub, tables: [copied] } }
checks:
  sums:
    source: { database: eu, query: "select country, count(*) as people, sum(age) as years from person where deleted_at is null group by country" }
    replica: { database: hub, table: by_country }
    key: [country]
    through: []
  whole:
    source: { database: eu, query: "select country, count(*) as people, sum(age) as years from person where deleted_at is null group by country" }
    replica: { database: hub, table: by_country }
    through: []
  shards:
    source:
      - { database: eu, table: person, deleted: deleted_at is not null, with: { region: eu } }
      - { database: us, table: person, deleted: deleted_at is not null, with: { region: us } }
    replica: { database: hub, table: person }
    key: [region, id]
    columns: { name: name, age: age, initial: { from: "left(name, 1)", replica: "upper(left(name, 1))", case: ignore } }
    through: []
  undiscerned:
    source: [{ database: eu, table: person }, { database: us, table: person }]
    replica: { database: hub, table: person }
    key: [id]
    columns: [name]
    through: []
  csv:
    source: { file: people.csv, where: { country: DK } }
    replica: { database: eu, table: person, where: country = 'DK' }
    key: [id]
    columns: [name, age, deleted_at]
    through: []
  lines:
    source: { database: eu, table: person }
    replica: { file: people.jsonl, deleted: { gone: true } }
    key: [id]
    columns: { name: name, about.age: age }
    through: []
  loaded: { source: { topic: orders }, replica: { database: hub, table: orders }, key: { id: key }, columns: { amount: AMOUNT }, within: 2s }
  copied: { source: { topic: orders }, replica: { database: hub, table: copied }, key: { id: key }, columns: { amount: AMOUNT }, within: 2s }
  totals: { source: { topic: orders, where: { COUNTRY: DK } }, replica: { ksqldb: TOTALS, where: { COUNTRY: DK } }, key: { COUNTRY: COUNTRY }, columns: { TOTAL: AMOUNT }, within: 20s }
  of-totals: { source: { ksqldb: TOTALS }, replica: { database: hub, table: totals }, key: { country: COUNTRY }, columns: { total: TOTAL }, through: [] }
`;

const PERSON = `CREATE TABLE person (id int PRIMARY KEY, name text, age int, country text, deleted_at date)`;

let servers: Servers;
let session: Session;
let kafka: KafkaClient;
let databases: Readonly<Record<'eu' | 'us' | 'hub', PostgresClient>>;

beforeAll(async () => {
  servers = await Servers.start();
  const [eu, us, hub] = await Promise.all([
    servers.database('eu', PERSON),
    servers.database('us', PERSON),
    servers.database(
      'hub',
      `CREATE TABLE by_country (country text PRIMARY KEY, people bigint, years bigint);
       CREATE TABLE person (region text, id bigint, name text, age int, PRIMARY KEY (region, id));
       CREATE TABLE orders (id text PRIMARY KEY, amount bigint);
       CREATE TABLE copied (id text PRIMARY KEY, amount bigint);
       CREATE TABLE totals (country text PRIMARY KEY, total bigint);
       CREATE TABLE applied (topic text, part int, next bigint)`,
    ),
  ]);
  databases = { eu, us, hub };
  const ksqldb = connectKsqldb({ url: await servers.startKsqldb() });
  kafka = connectKafka({ bootstrapServers: servers.kafka.bootstrapServers, clientId: 'test' });
  for (const name of ['orders', 'totals']) await kafka.createTopic({ name, partitions: 1, config: {} });
  servers.write('ksql/V000001__totals.sql', MIGRATION);
  for (const statement of MIGRATION.split('\n').filter((line) => line !== ''))
    await ksqldb.execute(statement, { properties: { 'auto.offset.reset': 'earliest' } });
  ksqldb.close();
  for (const name of ['people.csv', 'people.jsonl']) servers.write(name, '');
  session = servers.session(FILE, ['eu', 'us', 'hub']);
});

afterAll(async () => {
  await session?.close();
  await kafka?.close();
  await Promise.all(Object.values(databases ?? {}).map((client) => client.close()));
  await servers?.remove();
});

async function verdictOf(check: string): Promise<CheckReport> {
  const [report] = await verifyConsistency(session, { only: [check], waitingFor: () => {} });
  if (report === undefined) throw new Error('no report');
  return report;
}

/** Findings as `kind key column source replica`. */
const told = ({ findings }: CheckReport): readonly string[] =>
  findings
    .map(({ kind, key, columns }) =>
      [kind, key.join('/'), ...columns.map((one) => `${one.column} ${one.source} ${one.replica}`)].join(' '),
    )
    .sort();

describe('sides of tables, queries and files', () => {
  beforeEach(async () => {
    const { eu, us, hub } = databases;
    await eu.execute(`TRUNCATE person; INSERT INTO person VALUES
      (1, 'Ada', 36, 'DK', NULL), (2, 'Ben', 20, 'DK', '2026-01-01'), (3, 'Cy', 7, 'SE', NULL), (4, 'NULL', 9, 'DK', NULL)`);
    await us.execute(
      `TRUNCATE person; INSERT INTO person VALUES (1, 'Ada', 99, 'US', NULL), (2, 'Dee', 5, 'US', NULL)`,
    );
    await hub.execute(`TRUNCATE by_country, person; INSERT INTO by_country VALUES ('DK', 2, 45), ('SE', 1, 7);
      INSERT INTO person VALUES ('eu', 1, 'Ada', 36), ('eu', 3, 'Cy', 7), ('eu', 4, 'NULL', 9), ('us', 1, 'Ada', 99), ('us', 2, 'Dee', 5)`);
    servers.write(
      'people.csv',
      '\uFEFFid,name,age,country,deleted_at\r\n01,Ada,36.0,DK,\r\n2,"Ben",20,DK,2026-01-01\r\n3,Cy,7,SE,\r\n4,"NULL",9,DK,\r\n',
    );
    servers.write(
      'people.jsonl',
      [
        { id: 1, name: 'Ada', about: { age: 36 } },
        { id: 2, name: 'Ben', about: { age: 20 }, gone: false },
        { id: 3, name: 'Cy', about: { age: 7 } },
        { id: 4, name: 'NULL', about: { age: 9 } },
        { id: 5, name: 'Eve', about: { age: 9 }, gone: true },
      ]
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
    );
  });

  it('compares what a query sums up with a table', async () => {
    expect(await verdictOf('sums')).toMatchObject({ verdict: 'consistent', sourceRows: 2, source: 'eu (query)' });
    await databases.hub.execute(
      "UPDATE by_country SET years = 46 WHERE country = 'DK'; DELETE FROM by_country WHERE country = 'SE'",
    );
    const report = await verdictOf('sums');
    expect(report.verdict).toBe('inconsistent');
    expect(told(report)).toEqual(['different DK years 45 46', 'missing SE']);
  });

  it('says of rows without a key that all their columns were compared, not the keys only', async () => {
    const report = await verdictOf('whole');
    expect(report).toMatchObject({ compared: ['country', 'people', 'years'] });
    expect(report.keysOnly).toBeUndefined();
  });

  it('takes several sources for one, told apart by a column that only the file gives them', async () => {
    const report = await verdictOf('shards');
    expect(report).toMatchObject({
      verdict: 'consistent',
      sourceRows: 5,
      replicaRows: 5,
      source: 'eu.person + us.person',
    });
    await databases.hub.execute(
      "UPDATE person SET age = 1 WHERE region = 'us' AND id = 1; DELETE FROM person WHERE region = 'eu' AND id = 3",
    );
    expect(told(await verdictOf('shards'))).toEqual(['different us/1 age 99 1', 'missing eu/3']);
  });

  it('calls a row that is deleted at the source and still in the replica extra', async () => {
    await databases.eu.execute("UPDATE person SET deleted_at = '2026-02-02' WHERE id = 1");
    expect(told(await verdictOf('shards'))).toEqual(['extra eu/1']);
  });

  it('calls keys that collide duplicated where nothing tells the sources apart', async () => {
    await databases.eu.execute('DELETE FROM person WHERE id = 2');
    const report = await verdictOf('undiscerned');
    expect(report.verdict).toBe('consistent');
    await databases.hub.execute("DELETE FROM person WHERE region = 'us' AND id = 1");
    const [finding] = (await verdictOf('undiscerned')).findings;
    expect(finding).toMatchObject({ kind: 'duplicated', key: ['1'], rows: { source: 2, replica: 1 } });
  });

  it('reads CSV as the columns beside it have it; empty is NULL and a quoted NULL a text', async () => {
    const report = await verdictOf('csv');
    expect(report, JSON.stringify(report.findings)).toMatchObject({
      verdict: 'consistent',
      sourceRows: 3,
      source: 'people.csv',
    });
    servers.write(
      'people.csv',
      'id,name,age,country,deleted_at\n1,Ada,36,DK,\n2,"Be,""n",20,DK,2026-01-01\n4,,9,DK,\n',
    );
    expect(told(await verdictOf('csv'))).toEqual(['different 2 name Be,"n Ben', 'different 4 name null NULL']);
  });

  it('says on which line a file cannot be read, and never consistent', async () => {
    servers.write('people.csv', 'id,name,age,country,deleted_at\n1,Ada\n');
    const report = await verdictOf('csv');
    expect(report).toMatchObject({ verdict: 'inconclusive', why: expect.stringContaining('the row has 2 values') });
  });

  it('compares JSON Lines, without what they mark as deleted', async () => {
    expect(await verdictOf('lines')).toMatchObject({ verdict: 'consistent', sourceRows: 4, replicaRows: 4 });
    servers.write(
      'people.jsonl',
      '{"id": 1, "name": "Ada", "about": {"age": "36"}}\n{"id": 2, "name": "Ben", "about": {"age": 20}}\n',
    );
    expect(told(await verdictOf('lines'))).toEqual([
      'different 1 about.age 36 "36" (a text, no integer)',
      'missing 3',
      'missing 4',
    ]);
  });

  it('writes no SQL for a replica that SQL cannot repair, and says why', async () => {
    await databases.hub.execute('DELETE FROM person WHERE id = 3');
    servers.write('people.jsonl', '');
    const pieces: string[] = [];
    await verifyConsistency(session, {
      only: ['lines', 'shards'],
      waitingFor: () => {},
      async repair(sql) {
        for await (const piece of sql) pieces.push(piece);
      },
    });
    expect(pieces.sort()).toEqual([
      "-- check lines: people.jsonl can't be repaired by SQL: it is a file\n",
      "-- check shards: hub.person can't be repaired by SQL: initial is no column of it but an expression\n",
    ]);
  });
});

describe('sides of topics and ksqlDB', () => {
  const produce = async (records: ReadonlyArray<readonly [key: string, value: unknown]>): Promise<void> => {
    const producer = kafka.producer();
    const bytes = (value: unknown) => (value === null ? null : Buffer.from(JSON.stringify(value)));
    await producer.send(
      records.map(([key, value]) => ({ topic: 'orders', key: Buffer.from(key), value: bytes(value) })),
    );
    await producer.close();
  };

  beforeAll(async () => {
    await produce([
      ['a', { AMOUNT: 5, COUNTRY: 'SE' }],
      ['b', { AMOUNT: 7, COUNTRY: 'DK' }],
      ['a', { AMOUNT: 6, COUNTRY: 'SE' }],
    ]);
    await databases.hub.execute(`INSERT INTO orders VALUES ('a', 6); INSERT INTO copied VALUES ('a', 6);
      INSERT INTO totals VALUES ('SE', 11), ('DK', 7)`);
  });

  it('holds a topic against a table by what the replica says it has applied, whatever the group has committed', async () => {
    await kafka.commitOffsets('loader', [{ topic: 'orders', partition: 0, offset: 3n }]);
    await databases.hub.execute("TRUNCATE applied; INSERT INTO applied VALUES ('orders', 0, 1)");
    expect(await verdictOf('loaded')).toMatchObject({
      verdict: 'lagging',
      why: expect.stringContaining('loader is 2 records behind'),
    });
    await databases.hub.execute('UPDATE applied SET next = 3');
    const report = await verdictOf('loaded');
    expect(report).toMatchObject({ verdict: 'inconsistent', sourceRows: 2, replicaRows: 1, fence: 'end of orders' });
    expect(told(report)).toEqual(['missing b']);
  });

  it('reads what ksqlDB has made of a topic, once its query has passed the fence', async () => {
    const report = await verdictOf('totals');
    expect(report, JSON.stringify(report)).toMatchObject({
      verdict: 'consistent',
      sourceRows: 1,
      replica: 'ksqlDB TOTALS',
    });
    expect(await verdictOf('of-totals')).toMatchObject({ verdict: 'consistent', sourceRows: 2, replicaRows: 2 });
    await databases.hub.execute("UPDATE totals SET total = 12 WHERE country = 'SE'");
    expect(told(await verdictOf('of-totals'))).toEqual(['different SE total 11 12']);
    await produce([['b', { AMOUNT: 9, COUNTRY: 'DK' }]]);
    const later = await verdictOf('totals');
    expect(later, JSON.stringify(later)).toMatchObject({ verdict: 'inconsistent', fence: 'end of orders' });
    expect(later.way).toMatchObject([{ kind: 'query', passed: true }]);
    expect(told(later)).toEqual(['different "DK" TOTAL 9 16']);
  });

  it('asks a table of ksqlDB for the keys that are looked up, whatever they hold', async () => {
    await produce([
      ['q', { AMOUNT: 5, COUNTRY: "it's" }],
      ['r', { AMOUNT: 7, COUNTRY: 'no' }],
    ]);
    const { host } = await session.clients.endpoint(server('ksqldb'));
    const client = ksqldbDocuments(host, session.signal);
    const query = { collection: 'TOTALS', paths: ['COUNTRY', 'TOTAL'], where: {} };
    const totals = (...texts: string[]) =>
      waitUntil(
        `totals of ${texts.join()}`,
        async () => {
          const found = await client.find(query, [{ path: 'COUNTRY', kind: 'text', texts }]);
          return found.length === texts.length ? found.map(({ values }) => textOf(values[1])).sort() : undefined;
        },
        { timeoutMs: 30_000 },
      );
    expect(await totals("it's", 'no')).toEqual(['5', '7']);
    expect(await client.find(query, [{ path: 'COUNTRY', kind: 'text', texts: ["') OR 1 = 1 --"] }])).toEqual([]);
  });

  it('looks keys of a topic up as they are now, after updates, tombstones and keys of other letters', async () => {
    const client = topicDocuments(kafka, new ValueDecoder(undefined), session.signal);
    const query = { collection: 'orders', paths: ['key', 'AMOUNT'], where: {} };
    const find = async (...texts: string[]) =>
      (await client.find(query, [{ path: 'key', kind: 'text', texts }])).map(({ values }) => values);
    const order = (key: string, amount: string) => [
      { kind: 'text', text: key },
      { kind: 'number', text: amount },
    ];
    expect(await find('a', 'z')).toEqual([order('a', '6')]);
    await produce([
      ['a', { AMOUNT: 8, COUNTRY: 'SE' }],
      ['z', { AMOUNT: 1, COUNTRY: 'SE' }],
      ['b', null],
    ]);
    expect(await find('a', 'b', 'Z')).toEqual([order('a', '8'), order('z', '1')]);
    const bounded = topicDocuments(kafka, new ValueDecoder(undefined), session.signal, 1_000);
    await expect(bounded.find(query, []), 'by what it holds').rejects.toMatchObject({ code: 'EVPIPE_TOPIC_TOO_LARGE' });
  });
});
