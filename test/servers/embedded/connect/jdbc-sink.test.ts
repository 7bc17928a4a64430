import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutgoingRecord } from '../../../../src/clients/kafka/contract.js';
import { waitUntil } from '../../../../src/support/retry.js';
import { type TestDatabase, WAIT_MS, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(async () => {
  await world?.stop();
});

const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter';

function sinkConfig(database: TestDatabase, more: Record<string, string>): Record<string, string> {
  return {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'connection.url': `jdbc:postgresql://127.0.0.1:${world.postgres.port}/${database.name}`,
    'connection.username': 'postgres',
    'connection.password': world.postgres.password,
    'key.converter': JSON_CONVERTER,
    'value.converter': JSON_CONVERTER,
    ...more,
  };
}

const UPSERT = {
  'insert.mode': 'upsert',
  'primary.key.mode': 'record_key',
  'delete.enabled': 'true',
  'schema.evolution': 'basic',
};

interface FieldSpec {
  readonly field: string;
  readonly type: string;
  readonly optional?: boolean;
  readonly name?: string;
  readonly [more: string]: unknown;
}

const struct = (fields: readonly FieldSpec[], payload: unknown): Buffer =>
  Buffer.from(JSON.stringify({ schema: { type: 'struct', optional: false, fields }, payload }));

const KEY: readonly FieldSpec[] = [{ field: 'id', type: 'int32', optional: false }];
const ROW: readonly FieldSpec[] = [...KEY, { field: 'name', type: 'string', optional: true }];

const row = (topic: string, id: number, name: string | null): OutgoingRecord => ({
  topic,
  key: struct(KEY, { id }),
  value: struct(ROW, { id, name }),
});
const tombstone = (topic: string, id: number): OutgoingRecord => ({ topic, key: struct(KEY, { id }), value: null });

async function produce(records: readonly OutgoingRecord[]): Promise<void> {
  const producer = world.kafka.producer();
  for (const topic of new Set(records.map((record) => record.topic)))
    if ((await world.kafka.describeTopic(topic)) === undefined)
      await world.kafka.createTopic({ name: topic, partitions: 1 });
  await producer.send(records);
  await producer.close();
}

async function put(name: string, config: Record<string, string>): Promise<void> {
  const answer = await world.ask('PUT', `/connectors/${name}/config`, config);
  if (answer.status > 201) throw new Error(JSON.stringify(answer.body));
}

/** Once everything in the topic is committed by the connector's group: what it stored is there to be seen. */
async function stored(connector: string, topic: string): Promise<void> {
  await waitUntil(
    `connector ${connector} to store all of ${topic}`,
    async () => {
      const { body } = await world.ask('GET', `/connectors/${connector}/status`);
      const parts: Array<{ trace?: string }> = [body?.connector ?? {}, ...(body?.tasks ?? [])];
      const trace = parts.find((part) => part.trace !== undefined)?.trace;
      if (trace !== undefined) throw new Error(trace);
      const committed = await world.kafka.committedOffsets(`connect-${connector}`, [topic]);
      const ends = (await world.kafka.offsets(topic, 'latest')).filter((end) => end.offset > 0n);
      const done = ends.every(
        (end) => (committed.find((one) => one.partition === end.partition)?.offset ?? 0n) >= end.offset,
      );
      return done ? true : undefined;
    },
    { timeoutMs: WAIT_MS },
  );
}

describe('the JDBC sink of Debezium', () => {
  it('makes the table, stores rows, changes them and deletes them', async () => {
    const database = await world.database();
    await produce([
      row('a.person', 1, 'Ada'),
      row('a.person', 2, 'Grace'),
      row('a.person', 1, 'Ada L.'),
      tombstone('a.person', 2),
    ]);
    await put('people', sinkConfig(database, { ...UPSERT, topics: 'a.person' }));
    await stored('people', 'a.person');
    expect((await database.client.query('SELECT * FROM a_person')).rows).toEqual([{ id: 1, name: 'Ada L.' }]);
    await produce([tombstone('a.person', 1), row('a.person', 1, null), row('a.person', 3, 'ünï"\\,{}')]);
    await stored('people', 'a.person');
    expect((await database.client.query('SELECT * FROM a_person ORDER BY id')).rows).toEqual([
      { id: 1, name: null },
      { id: 3, name: 'ünï"\\,{}' },
    ]);
    const group = await world.kafka.describeGroup('connect-people');
    expect(group).toMatchObject({ state: 'Stable', members: [{ partitions: [{ topic: 'a.person', partition: 0 }] }] });
    const { body } = await world.ask('GET', '/connectors/people/status');
    expect(body).toMatchObject({ type: 'sink', tasks: [{ id: 0, state: 'RUNNING' }] });
  });

  it('shows the offsets of its group, which can be set and removed while it is stopped', async () => {
    const database = await world.database();
    await produce([row('o', 1, 'Ada'), row('o', 2, 'Grace'), row('o', 3, 'Alan')]);
    const config = sinkConfig(database, { ...UPSERT, topics: 'o' });
    await put('offsets', config);
    await stored('offsets', 'o');
    const place = { kafka_topic: 'o', kafka_partition: 0 };
    const offsets = async () => (await world.ask('GET', '/connectors/offsets/offsets')).body.offsets;
    expect(await offsets()).toEqual([{ partition: place, offset: { kafka_offset: 3 } }]);
    const change = (partition: unknown, offset: unknown) =>
      world.ask('PATCH', '/connectors/offsets/offsets', { offsets: [{ partition, offset }] });
    expect(await change(place, { kafka_offset: 1 })).toMatchObject({ status: 400 });
    await world.ask('PUT', '/connectors/offsets/stop');
    expect((await change({ topic: 'o' }, null)).body.message).toContain("'kafka_topic' and 'kafka_partition'");
    expect((await change(place, { offset: 1 })).body.message).toContain("contain the key 'kafka_offset'");
    expect((await change(place, { kafka_offset: 'x' })).body.message).toContain('need to be integers');
    expect(await change(place, { kafka_offset: 1 })).toMatchObject({ status: 200 });
    expect(await offsets()).toEqual([{ partition: place, offset: { kafka_offset: 1 } }]);
    await database.client.query('DELETE FROM o');
    await world.ask('PUT', '/connectors/offsets/resume');
    await stored('offsets', 'o');
    expect((await database.client.query('SELECT id FROM o ORDER BY id')).rows).toEqual([{ id: 2 }, { id: 3 }]);
    await world.ask('PUT', '/connectors/offsets/stop');
    expect(await world.ask('DELETE', '/connectors/offsets/offsets')).toMatchObject({ status: 200 });
    expect(await offsets()).toEqual([]);
  });

  it('adds the columns of newer records', async () => {
    const database = await world.database();
    await produce([row('b', 1, 'Ada')]);
    await put('newer', sinkConfig(database, { ...UPSERT, topics: 'b' }));
    await stored('newer', 'b');
    const wider = [...ROW, { field: 'Born', type: 'int32', name: 'io.debezium.time.Date', optional: true }];
    await produce([
      { topic: 'b', key: struct(KEY, { id: 1 }), value: struct(wider, { id: 1, name: 'Ada', Born: -56270 }) },
    ]);
    await stored('newer', 'b');
    expect((await database.client.query('SELECT name, born::text FROM b')).rows).toEqual([
      { name: 'Ada', born: '1815-12-10' },
    ]);
  });

  it('keeps times that are ISO texts as they are, and as times where the column is there', async () => {
    const database = await world.database(
      'CREATE TABLE iso_there (id int PRIMARY KEY, day date, hour time, at timestamp)',
    );
    const fields: readonly FieldSpec[] = [
      ...KEY,
      { field: 'day', type: 'string', name: 'io.debezium.time.IsoDate', optional: true },
      { field: 'hour', type: 'string', name: 'io.debezium.time.IsoTime', optional: true },
      { field: 'at', type: 'string', name: 'io.debezium.time.IsoTimestamp', optional: true },
    ];
    const times = { day: '1815-12-10Z', hour: '23:59:59.5Z', at: '2026-01-02T03:04:05.678Z' };
    const value = struct(fields, { id: 1, ...times });
    await produce(['iso_new', 'iso_there'].map((topic) => ({ topic, key: struct(KEY, { id: 1 }), value })));
    await put('iso', sinkConfig(database, { ...UPSERT, topics: 'iso_new,iso_there' }));
    for (const topic of ['iso_new', 'iso_there']) await stored('iso', topic);
    const { rows } = await database.client.query('SELECT * FROM iso_new');
    expect(rows).toEqual([{ id: 1, ...times }]);
    const { rows: there } = await database.client.query('SELECT to_jsonb(i) AS row FROM iso_there i');
    expect(there).toEqual([{ row: { id: 1, day: '1815-12-10', hour: '23:59:59.5', at: '2026-01-02T03:04:05.678' } }]);
  });

  it('makes columns of the types, lengths and precisions that the source told', async () => {
    const database = await world.database();
    const told = (type: string, length: number, scale = 0) => ({
      optional: true,
      parameters: {
        '__debezium.source.column.type': type,
        '__debezium.source.column.length': String(length),
        '__debezium.source.column.scale': String(scale),
      },
    });
    const fields: readonly FieldSpec[] = [
      { field: 'id', type: 'int32', optional: false },
      { field: 'code', type: 'string', ...told('BPCHAR', 3) },
      { field: 'name', type: 'string', ...told('VARCHAR', 10) },
      { field: 'note', type: 'string', ...told('VARCHAR', 2_147_483_647) },
      { field: 'flag', type: 'boolean', ...told('BIT', 1), default: true },
      { field: 'at', type: 'int64', name: 'io.debezium.time.Timestamp', ...told('TIMESTAMP', 26, 3) },
      { field: 'data', type: 'string', name: 'io.debezium.data.Json', ...told('JSONB', 2_147_483_647) },
      { field: 'n', type: 'int32', optional: false, parameters: told('SERIAL', 10).parameters, default: 0 },
    ];
    const payload = { id: 1, code: 'a', name: 'Ada', note: 'long', flag: true, at: 678, data: '{"x": 1}', n: 5 };
    await produce([{ topic: 'typed', key: struct(KEY, { id: 1 }), value: struct(fields, payload) }]);
    await put('typed', sinkConfig(database, { ...UPSERT, topics: 'typed' }));
    await stored('typed', 'typed');
    const { rows: columns } = await database.client.query(
      `SELECT attname, format_type(atttypid, atttypmod) AS type, pg_get_expr(adbin, adrelid) AS fallback
       FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE attrelid = 'typed'::regclass AND attnum > 0 ORDER BY attnum`,
    );
    expect(columns.map(({ attname, type, fallback }) => [attname, type, fallback])).toEqual([
      ['id', 'integer', null],
      ['code', 'character(3)', null],
      ['name', 'character varying(10)', null],
      ['note', 'text', null],
      ['flag', 'bit(1)', null],
      ['at', 'timestamp(3) without time zone', null],
      ['data', 'jsonb', null],
      ['n', 'integer', "nextval('typed_n_seq'::regclass)"],
    ]);
    const { rows } = await database.client.query('SELECT to_jsonb(t) AS row FROM typed t');
    expect(rows).toEqual([
      { row: { ...payload, code: 'a  ', flag: '1', at: '1970-01-01T00:00:00.678', data: { x: 1 } } },
    ]);
  });

  it('replicates a table from change events, and goes on where it was after the worker was restarted', async () => {
    const database = await world.database(
      `CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, born date, seen timestamptz, money numeric(10,2), tags text[], data jsonb, ref uuid, raw bytea)`,
      `INSERT INTO person VALUES (1, 'Ada', '1815-12-10', '2026-01-02 03:04:05.678901+00', 12.50, '{a,"b,c",NULL}', '{"x": 1.0}', '6f2c1a52-6f2e-4b61-9f6d-111111111111', '\\x00ff')`,
    );
    const target = await world.database();
    const topic = `${database.name}.public.person`;
    const withSchemas = { 'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true' };
    await world.run('source', world.config(database, { 'table.include.list': 'public.person', ...withSchemas }));
    await world.records(topic, 1);
    await put('replica', sinkConfig(target, { ...UPSERT, topics: topic, 'collection.name.format': '${source.table}' }));
    await stored('replica', topic);
    const read = async (client: TestDatabase): Promise<string> =>
      (await client.client.query('SELECT jsonb_agg(to_jsonb(p) ORDER BY id)::text AS rows FROM person p')).rows[0].rows;
    expect(await read(target)).toBe(await read(database));
    await world.restartWorker();
    await database.client.query(`INSERT INTO person (id, name) VALUES (2, 'Grace')`);
    await database.client.query(`UPDATE person SET name = 'Ada L.', born = NULL WHERE id = 1`);
    await database.client.query('UPDATE person SET id = 3 WHERE id = 2');
    await world.records(topic, 6);
    await stored('replica', topic);
    expect(await read(target)).toBe(await read(database));
  });

  it('shares the partitions among its tasks', async () => {
    const database = await world.database();
    await world.kafka.createTopic({ name: 'shared', partitions: 4 });
    await produce(Array.from({ length: 40 }, (_, id) => row('shared', id, `n${id}`)));
    await put('sharers', sinkConfig(database, { ...UPSERT, 'topics.regex': 'sha.*', 'tasks.max': '2' }));
    await stored('sharers', 'shared');
    expect((await database.client.query('SELECT count(*)::int AS n FROM shared')).rows).toEqual([{ n: 40 }]);
    const assigned = await waitUntil(
      'both tasks to have partitions',
      async () => {
        const { members } = await world.kafka.describeGroup('connect-sharers');
        const counts = members.map((member) => member.partitions.length);
        return counts.length === 2 && counts.every((count) => count === 2) ? counts : undefined;
      },
      { timeoutMs: WAIT_MS },
    );
    expect(assigned).toEqual([2, 2]);
  });

  it('keeps what it can not handle in a topic of its own, with where and why', async () => {
    const database = await world.database('CREATE TABLE dead (id int PRIMARY KEY, name varchar(5))');
    await produce([
      row('dead', 1, 'ok'),
      { topic: 'dead', key: struct(KEY, { id: 2 }), value: Buffer.from('no json') },
      row('dead', 3, 'too long'),
      row('dead', 4, 'fine'),
    ]);
    await put(
      'mourner',
      sinkConfig(database, {
        ...UPSERT,
        topics: 'dead',
        'errors.tolerance': 'all',
        'errors.deadletterqueue.topic.name': 'dead-letters',
        'errors.deadletterqueue.topic.replication.factor': '1',
        'errors.deadletterqueue.context.headers.enable': 'true',
      }),
    );
    await stored('mourner', 'dead');
    expect((await database.client.query('SELECT * FROM dead ORDER BY id')).rows).toEqual([
      { id: 1, name: 'ok' },
      { id: 4, name: 'fine' },
    ]);
    const letters = await world.records('dead-letters', 2);
    const headers = letters.map((letter) =>
      Object.fromEntries(
        letter.headers.map(([name, value]) => [name.replace('__connect.errors.', ''), value?.toString()]),
      ),
    );
    expect(headers).toMatchObject([
      {
        topic: 'dead',
        partition: '0',
        offset: '1',
        'connector.name': 'mourner',
        'task.id': '0',
        stage: 'VALUE_CONVERTER',
      },
      { offset: '2', stage: 'TASK_PUT', 'class.name': 'io.debezium.connector.jdbc.JdbcSinkConnectorTask' },
    ]);
    expect(letters[0]?.value?.toString()).toBe('no json');
  });

  it('finds the few among many that can not be stored, and stores the others in their order', async () => {
    const database = await world.database(
      'CREATE TABLE many (id int PRIMARY KEY, name varchar(5), place serial UNIQUE)',
    );
    const count = 3_000;
    const isBad = (id: number): boolean => id % 700 === 3;
    await produce(Array.from({ length: count }, (_, id) => row('many', id, isBad(id) ? 'too long' : `n${id}`)));
    const tolerant = {
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'many-letters',
      'errors.deadletterqueue.topic.replication.factor': '1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    };
    await put('picker', sinkConfig(database, { ...UPSERT, ...tolerant, topics: 'many' }));
    await stored('picker', 'many');
    const ids = Array.from({ length: count }, (_, id) => id);
    const { rows } = await database.client.query('SELECT id FROM many ORDER BY place');
    expect(rows.map(({ id }) => id)).toEqual(ids.filter((id) => !isBad(id)));
    const letters = await world.records('many-letters', 5);
    const offsets = letters.map(({ headers }) =>
      Number(headers.find(([name]) => name === '__connect.errors.offset')?.[1]),
    );
    expect(offsets).toEqual(ids.filter(isBad));
  });

  it.each([
    {
      config: { ...UPSERT, 'schema.evolution': 'none' },
      says: 'Cannot create table f0 because schema evolution is disabled',
    },
    {
      config: { ...UPSERT, 'value.converter.schemas.enable': 'false' },
      says: "A record's value has to be a structure",
    },
    {
      config: { ...UPSERT, 'primary.key.fields': 'no' },
      says: "Primary key field no is missing from the record's key",
    },
  ])('fails its task and says why: $says', async ({ config, says }) => {
    const database = await world.database();
    const number = failures++;
    const topic = `f${number}`;
    await produce([row(topic, 1, 'x')]);
    await put(`failing-${number}`, sinkConfig(database, { ...config, topics: topic }));
    const task = await world.taskState(`failing-${number}`, 'FAILED');
    expect(task.trace).toContain(says);
  });

  it('stores nothing of a transaction of which one statement fails, and names that failure', async () => {
    const database = await world.database('CREATE TABLE whole (id int PRIMARY KEY, name varchar(5))');
    const rows = ['fits', 'is too long', 'fits'].map((name, id) => row('whole', id, name));
    await produce(rows);
    const config = { ...UPSERT, 'batch.size': '1', topics: 'whole' };
    await put('whole', sinkConfig(database, config));
    const task = await world.taskState('whole', 'FAILED');
    expect(task.trace).toContain('value too long for type character varying(5)');
    expect((await database.client.query('SELECT FROM whole')).rows).toEqual([]);
  });

  it.each([
    ['kafka', {}, ['__connect_topic', '__connect_partition', '__connect_offset', 'id', 'name'], 3],
    ['record_value', { 'primary.key.fields': 'name' }, ['name', 'id'], 1],
    ['record_header', { 'primary.key.fields': 'part' }, ['part', 'id', 'name'], 1],
    ['none', { 'insert.mode': 'insert' }, ['id', 'name'], 0],
  ])('primary.key.mode %s', async (mode, more, columns, keys) => {
    const database = await world.database();
    const topic = `mode_${mode}`;
    await produce([{ ...row(topic, 1, 'x'), headers: [['part', Buffer.from('7')]] }]);
    await put(
      `mode-${mode}`,
      sinkConfig(database, { ...UPSERT, 'delete.enabled': 'false', 'primary.key.mode': mode, topics: topic, ...more }),
    );
    await stored(`mode-${mode}`, topic);
    const { rows } = await database.client.query(
      `SELECT array_agg(attname::text ORDER BY attnum) AS names,
              (SELECT coalesce(max(cardinality(conkey)), 0) FROM pg_constraint WHERE conrelid = '${topic}'::regclass AND contype = 'p') AS keys
       FROM pg_attribute WHERE attrelid = '${topic}'::regclass AND attnum > 0`,
    );
    expect(rows).toEqual([{ names: columns, keys }]);
  });
});

let failures = 0;

describe('the JDBC sink of Confluent', () => {
  it('takes its own options', async () => {
    const database = await world.database();
    await produce([row('plain', 1, 'Ada'), row('plain', 1, 'Ada L.')]);
    const { 'connection.username': user = '', ...rest } = sinkConfig(database, {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
      topics: 'plain',
      'insert.mode': 'upsert',
      'pk.mode': 'record_key',
      'auto.create': 'true',
      'table.name.format': 'Copy_${topic}',
    });
    await put('confluent', { ...rest, 'connection.user': user });
    await stored('confluent', 'plain');
    expect((await database.client.query('SELECT * FROM "Copy_plain"')).rows).toEqual([{ id: 1, name: 'Ada L.' }]);
  });

  it('refuses what it can not do by name', async () => {
    const { body } = await world.ask('PUT', '/connector-plugins/JdbcSinkConnector/config/validate', {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
      name: 'x',
      'connection.url': 'jdbc:oracle:thin:@db',
      'delete.enabled': 'true',
    });
    const errors = Object.fromEntries(
      body.configs
        .filter((one: { value: { errors: string[] } }) => one.value.errors.length > 0)
        .map((one: { value: { name: string; errors: string[] } }) => [one.value.name, one.value.errors]),
    );
    expect(errors).toEqual({
      topics: ['Must configure one of topics or topics.regex'],
      'topics.regex': ['Must configure one of topics or topics.regex'],
      'connection.url': [expect.stringContaining('writes to PostgreSQL only, not to oracle')],
      'delete.enabled': [expect.stringContaining('Deletes are only supported for pk.mode record_key')],
    });
  });
});
