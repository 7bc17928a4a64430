import { expect, it } from 'vitest';
import type { KafkaRecord, OutgoingRecord } from '../../../src/clients/kafka/contract.js';
import { waitUntil } from '../../../src/support/retry.js';
import type { TestDatabase } from '../../servers/embedded/connect/world.js';
import { bothWorkers, differences } from './side-by-side.js';

const both = bothWorkers();

const SIDES = ['real', 'ours'] as const;
const WAIT_MS = 60_000;
type Config = Readonly<Record<string, string>>;

interface Case {
  /** Of the database that is replicated. */
  readonly tables: readonly string[];
  readonly source?: Config;
  /** Records of the source's topics before the sinks start, and after `changes`. */
  readonly records: readonly [before: number, after: number];
  readonly changes?: readonly string[];
  /** Of both targets. */
  readonly targets?: readonly string[];
  readonly sink: Config;
  /** Records that come from elsewhere, to a topic that only exists then. */
  readonly more?: readonly OutgoingRecord[];
  /** Rather than that all is stored. */
  readonly fails?: boolean;
}

interface Running {
  readonly name: string;
  readonly url: string;
  readonly target: TestDatabase;
  readonly letters: string;
}

const withSchemas = (side: string): Config => ({
  [`${side}.converter`]: 'org.apache.kafka.connect.json.JsonConverter',
  [`${side}.converter.schemas.enable`]: 'true',
});

/** The same sink on the real worker and on ours, each with a database of its own. */
async function startSinks(topics: string, { sink, targets = [] }: Case): Promise<readonly Running[]> {
  return Promise.all(
    SIDES.map(async (side): Promise<Running> => {
      const target = await both.world.database(...targets);
      const running = {
        name: `${side}-${target.name}`,
        url: side === 'real' ? both.realUrl : both.world.url,
        target,
        letters: `letters-${target.name}`,
      };
      const config = {
        'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
        'connection.url': `jdbc:postgresql://127.0.0.1:${both.world.postgres.port}/${target.name}`,
        'connection.username': 'postgres',
        'connection.password': both.world.postgres.password,
        'consumer.override.auto.offset.reset': 'earliest',
        topics,
        ...withSchemas('key'),
        ...withSchemas('value'),
        ...sink,
        ...(sink['errors.tolerance'] === 'all' && {
          'errors.deadletterqueue.topic.name': running.letters,
          'errors.deadletterqueue.topic.replication.factor': '1',
          'errors.deadletterqueue.context.headers.enable': 'true',
        }),
      };
      const response = await fetch(`${running.url}/connectors/${running.name}/config`, {
        method: 'PUT',
        body: JSON.stringify(config),
        headers: { 'content-type': 'application/json' },
      });
      if (!response.ok) throw new Error(`${side}: ${await response.text()}`);
      return running;
    }),
  );
}

async function traceOf({ name, url }: Running): Promise<string | undefined> {
  const status = (await (await fetch(`${url}/connectors/${name}/status`)).json()) as {
    tasks?: ReadonlyArray<{ readonly trace?: string }>;
  };
  return status.tasks?.[0]?.trace;
}

/** Everything in the topics is committed by the group of our sink; the real one does not commit records that it skips. */
async function stored(sink: Running, topics: readonly string[]): Promise<void> {
  await waitUntil(
    `${sink.name} to store ${topics}`,
    async () => {
      const trace = await traceOf(sink);
      if (trace !== undefined) throw new Error(`${sink.name}: ${trace}`);
      const committed = await both.world.kafka.committedOffsets(`connect-${sink.name}`, topics);
      const ends = (await Promise.all(topics.map((topic) => both.world.kafka.offsets(topic, 'latest')))).flat();
      const done = ends.every(
        (end) =>
          (committed.find((one) => one.topic === end.topic && one.partition === end.partition)?.offset ?? 0n) >=
          end.offset,
      );
      return done ? true : undefined;
    },
    { timeoutMs: WAIT_MS },
  );
}

const COLUMNS = `
SELECT c.relname || '.' || a.attname AS column, a.attnum, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
  pg_get_expr(d.adbin, d.adrelid) AS fallback, coalesce(a.attnum = ANY(k.conkey), false) AS key
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname, a.attnum`;

/** A default by what it gives, since it may be written in several ways; a sequence would give another each time. */
const given = (fallback: string | null, type: string): string => {
  if (fallback === null) return 'NULL';
  return fallback.startsWith('nextval(') ? `'a sequence'` : `(${fallback})::${type}::text`;
};

/** Tables with their columns and rows. */
async function contents({ client }: TestDatabase): Promise<unknown> {
  const { rows: columns } = await client.query(COLUMNS);
  const defaults = columns.map(({ fallback, type }) => given(fallback, type));
  const { rows: values } = await client.query({ text: `SELECT ${defaults.join(', ') || 'NULL'}`, rowMode: 'array' });
  const tables = [...new Set(columns.map(({ column }) => column.split('.')[0] as string))];
  const rows = await Promise.all(
    tables.map(async (table) => {
      const all = `SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text) AS rows FROM "${table}" t`;
      return [table, (await client.query(all)).rows[0].rows] as const;
    }),
  );
  return {
    columns: Object.fromEntries(
      columns.map(({ column, ...rest }, at) => [column, { ...rest, fallback: values[0]?.[at] ?? null }]),
    ),
    rows: Object.fromEntries(rows),
  };
}

/** What our sink has stored, once the real one has stored the same. */
async function same(sinks: readonly Running[], read: (sink: Running) => Promise<unknown>): Promise<void> {
  let found: readonly string[] = [];
  await waitUntil(
    () => `both sinks to have stored the same:\n${found.join('\n')}`,
    async () => {
      for (const sink of sinks) {
        const trace = await traceOf(sink);
        if (trace !== undefined) throw new Error(`${sink.name}: ${trace}`);
      }
      const [real, ours] = await Promise.all(sinks.map(read));
      found = differences(real, ours);
      return found.length === 0 ? true : undefined;
    },
    { timeoutMs: WAIT_MS },
  );
}

async function letters(sink: Running, count: number): Promise<unknown> {
  const records: readonly KafkaRecord[] = await both.world.records(sink.letters, count);
  return records.map(({ key, value, headers }) => ({
    key: String(key),
    value: String(value),
    headers: Object.fromEntries(
      headers
        .filter(([name]) => !/exception\.(message|stacktrace)$/.test(name))
        .map(([name, text]) => [name, String(text).replaceAll(sink.name, 'NAME')]),
    ),
  }));
}

const UPSERT = { 'insert.mode': 'upsert', 'primary.key.mode': 'record_key', 'schema.evolution': 'basic' };
const UNWRAP = { transforms: 'unwrap', 'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState' };

const CUSTOMERS = [
  `CREATE TABLE customers (id serial PRIMARY KEY, email varchar(80) NOT NULL, "firstName" text, balance numeric(12,2) NOT NULL DEFAULT 0,
     born date, at timestamptz, seen timestamp(3), wake time, active boolean DEFAULT true, tags text[], data jsonb, ref uuid, raw bytea,
     points double precision, rank real, small smallint, big bigint, note xml)`,
  `ALTER TABLE customers REPLICA IDENTITY FULL`,
  `INSERT INTO customers (email, "firstName", balance, born, at, seen, wake, tags, data, ref, raw, points, rank, small, big, note)
   VALUES ('ada@x.org', 'Ada', 12.50, '1815-12-10', '2026-01-02 03:04:05.678901+02', '2026-01-02 03:04:05.678', '23:59:59.5', '{a,"b,c"}',
     '{"x": [1, 2.50]}', '6f2c1a52-6f2e-4b61-9f6d-111111111111', '\\x00ff', 1e300, 0.1, -3, 9007199254740993, '<a/>')`,
  `INSERT INTO customers (email) VALUES ('grace@x.org')`,
];
/** The type of each says more than the schema of its values. */
const TYPED = [
  `CREATE TABLE customers (id bigserial, code character(3), number int, at timestamp(3), wide timestamp, zoned timestamptz(2), v varchar(10) NOT NULL DEFAULT 'x',
     anything varchar, vs varchar(4)[], flag bit(1) DEFAULT '1', flags bit(5) DEFAULT B'00001', few varbit(7), any_bits varbit, price numeric(8,2), whole numeric(5), free numeric,
     wake time(1), later timetz(4), j json, jb jsonb, x xml, raw bytea, m money, ip inet, net cidr, mac macaddr, mac8 macaddr8, o oid, r int4range,
     rt tstzrange, small smallserial, f4 real, f8 double precision, "char" "char", name name, iv interval, day date, PRIMARY KEY (id, code))`,
  `INSERT INTO customers (code, number, at, wide, zoned, v, anything, vs, flag, flags, few, any_bits, price, whole, wake, later, j, jb, x, raw, ip, net, mac, mac8, o, r, rt,
     f4, f8, "char", name, iv, day) VALUES ('a', 1, '2026-01-02 03:04:05.678', '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.67Z', 'long', 'any', '{a,bcd}', '1', '00101',
     '0101', '101', 12.5, 12345, '03:04:05.6', '03:04:05.6789+02', '{"a": 1}', '{"b": 1}', '<a/>', '\\x01', '10.0.0.1', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
     17, '[1,5)', '[2026-01-02 00:00Z,)', 1.5, 2.5, 'z', 'nm', '1 day', '2026-01-02')`,
  `INSERT INTO customers (code, flag, vs) VALUES ('bcd', '0', '{}')`,
];
const CHANGES = [
  `UPDATE customers SET balance = -1, "firstName" = NULL WHERE id = 1`,
  `INSERT INTO customers (email, at) VALUES ('alan@x.org', '2026-01-02 03:04:05Z')`,
  `DELETE FROM customers WHERE id = 2`,
];

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the options have these placeholders
const CASES: Readonly<Record<string, Case>> = {
  'change events, upserted by key, deleted, into tables that it makes': {
    tables: CUSTOMERS,
    records: [2, 6],
    changes: CHANGES,
    sink: { ...UPSERT, 'delete.enabled': 'true', 'collection.name.format': '${source.table}' },
  },
  'rows unwrapped at the source, a column added on the way': {
    tables: CUSTOMERS,
    source: UNWRAP,
    records: [2, 6],
    changes: [
      ...CHANGES,
      `ALTER TABLE customers ADD "zipCode" varchar(10), ADD score int NOT NULL DEFAULT 7`,
      `UPDATE customers SET "zipCode" = '10115' WHERE id = 1`,
    ],
    sink: { ...UPSERT, 'delete.enabled': 'true' },
  },
  'rows unwrapped at the sink, topics routed to tables, columns chosen': {
    tables: CUSTOMERS,
    records: [2, 5],
    source: { 'tombstones.on.delete': 'false' },
    changes: CHANGES,
    sink: {
      ...UPSERT,
      transforms: 'unwrap,route',
      'transforms.unwrap.type': UNWRAP['transforms.unwrap.type'],
      'transforms.unwrap.delete.tombstone.handling.mode': 'drop',
      'transforms.route.type': 'org.apache.kafka.connect.transforms.RegexRouter',
      'transforms.route.regex': '.*\\.public\\.(.*)',
      'transforms.route.replacement': '$1',
      'collection.name.format': 'replica_${topic}',
      'field.include.list': 'customers:id,customers:email,customers:balance',
    },
  },
  'every record as a row of its own, by its place in Kafka': {
    tables: CUSTOMERS,
    source: UNWRAP,
    records: [2, 5],
    changes: CHANGES,
    sink: { 'insert.mode': 'insert', 'primary.key.mode': 'kafka', 'schema.evolution': 'basic' },
  },
  'plain inserts without a key': {
    tables: CUSTOMERS,
    source: { ...UNWRAP, 'transforms.unwrap.delete.tombstone.handling.mode': 'drop' },
    records: [2, 4],
    changes: CHANGES,
    sink: { 'insert.mode': 'insert', 'primary.key.mode': 'none', 'schema.evolution': 'basic' },
  },
  'updates of rows that are there, in a table that is': {
    tables: CUSTOMERS,
    source: { ...UNWRAP, 'column.include.list': 'public.customers.id,public.customers.email,public.customers.balance' },
    records: [2, 3],
    changes: [`UPDATE customers SET balance = 99 WHERE id = 1`],
    targets: [
      `CREATE TABLE target (id int PRIMARY KEY, email text, balance numeric, other text DEFAULT 'kept')`,
      `INSERT INTO target (id, email) VALUES (1, 'old')`,
    ],
    sink: { 'insert.mode': 'update', 'primary.key.mode': 'record_key', 'collection.name.format': 'target' },
  },
  'keys from the value, times and numbers as text': {
    tables: CUSTOMERS,
    source: { ...UNWRAP, 'decimal.handling.mode': 'string', 'time.precision.mode': 'isostring' },
    records: [2, 2],
    sink: { ...UPSERT, 'primary.key.mode': 'record_value', 'primary.key.fields': 'id,email' },
  },
  'Connect’s own times, decimals as doubles, names as they are written': {
    tables: CUSTOMERS,
    source: { ...UNWRAP, 'decimal.handling.mode': 'double', 'time.precision.mode': 'connect' },
    records: [2, 2],
    sink: { ...UPSERT, 'quote.identifiers': 'true' },
  },
  'columns of the source’s own types': {
    tables: TYPED,
    source: { ...UNWRAP, 'column.propagate.source.type': '.*' },
    records: [2, 3],
    changes: [`INSERT INTO customers (code) VALUES ('new')`],
    sink: UPSERT,
  },
  'a table emptied': {
    tables: CUSTOMERS,
    source: { 'skipped.operations': 'none' },
    records: [2, 4],
    changes: ['TRUNCATE customers', `INSERT INTO customers (email) VALUES ('new@x.org')`],
    sink: { ...UPSERT, 'truncate.enabled': 'true' },
  },
  'a table that is missing, and may not be made': {
    tables: CUSTOMERS,
    source: UNWRAP,
    records: [2, 2],
    sink: { 'insert.mode': 'upsert', 'primary.key.mode': 'record_key' },
    fails: true,
  },
  'a record that is no JSON, kept with where and why': {
    tables: CUSTOMERS,
    source: UNWRAP,
    records: [2, 2],
    more: [
      { topic: 'TOPIC', key: Buffer.from('k'), value: Buffer.from('no json'), headers: [['h', Buffer.from('1')]] },
    ],
    sink: { ...UPSERT, 'errors.tolerance': 'all' },
  },
};
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: until here

for (const [name, one] of Object.entries(CASES))
  it(`stores as Debezium’s sink does: ${name}`, async () => {
    const database = await both.world.database(...one.tables);
    const topic = `${database.name}.public.customers`;
    const config = { 'heartbeat.interval.ms': '0', ...withSchemas('key'), ...withSchemas('value'), ...one.source };
    await both.world.run(`source-${database.name}`, both.world.config(database, config));
    await both.world.records(topic, one.records[0]);
    if (one.more !== undefined) {
      const producer = both.world.kafka.producer();
      await producer.send(one.more.map((record) => ({ ...record, topic })));
      await producer.close();
    }
    const sinks = await startSinks(topic, one);
    const [, ours] = sinks as readonly [Running, Running];
    if (one.fails === true) {
      for (const sink of sinks) await waitUntil(`${sink.name} to fail`, () => traceOf(sink), { timeoutMs: WAIT_MS });
      const [real, our] = await Promise.all(sinks.map(({ target }) => contents(target)));
      expect(our).toEqual(real);
      return;
    }
    const allSame = async (): Promise<void> => {
      await stored(ours, [topic]);
      await same(sinks, ({ target }) => contents(target));
    };
    await allSame();
    for (const statement of one.changes ?? []) await database.client.query(statement);
    await both.world.records(topic, one.records[1]);
    await allSame();
    const { more = [] } = one;
    if (more.length > 0) await same(sinks, (sink) => letters(sink, more.length));
  }, 240_000);
