import { expect, it } from 'vitest';
import { waitUntil } from '../../../src/support/retry.js';
import { told } from '../../servers/embedded/connect/told.js';
import { bothWorkers, compare, differences, startPair } from './side-by-side.js';

const both = bothWorkers();

interface Case {
  readonly options: Record<string, string>;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly records: number;
}

const SHEET =
  'CREATE TABLE sheet (id uuid PRIMARY KEY, person uuid NOT NULL, day date NOT NULL, assets bigint NOT NULL, note text)';
const ID = (n: number): string => `'00000000-0000-0000-0000-00000000000${n}'`;
const OUTBOX =
  "CREATE TABLE outbox (id uuid PRIMARY KEY, topic text NOT NULL, message_key text NOT NULL, timestamp timestamptz NOT NULL, event_type text NOT NULL, source text, content_type text DEFAULT 'application/avro', payload bytea)";
const WITHOUT_SCHEMAS = { 'key.converter.schemas.enable': 'false', 'value.converter.schemas.enable': 'false' };
const route = (options: Record<string, string>): Record<string, string> => ({
  transforms: 'outbox',
  'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
  ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.outbox.${name}`, value])),
});
const unwrap = (options: Record<string, string>): Record<string, string> => ({
  transforms: 'unwrap',
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
  ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.unwrap.${name}`, value])),
});
/** A chain of Kafka's own transforms behind the unwrapped row. */
const chain = (
  ...steps: ReadonlyArray<readonly [type: string, options: Record<string, string>]>
): Record<string, string> => ({
  transforms: ['unwrap', ...steps.map((_, index) => `t${index}`)].join(','),
  'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
  ...Object.assign(
    {},
    ...steps.map(([type, options], index) => ({
      [`transforms.t${index}.type`]: `org.apache.kafka.connect.transforms.${type}`,
      ...Object.fromEntries(Object.entries(options).map(([name, value]) => [`transforms.t${index}.${name}`, value])),
    })),
  ),
});
const MIXED =
  'CREATE TABLE mixed (id int PRIMARY KEY, i bigint NOT NULL DEFAULT 3, d numeric(8,2), f float8, t text, at timestamp(3), b boolean, day date)';
const MIXED_ROWS = [
  `INSERT INTO mixed VALUES (1, 5, 12.5, 1.5, 'text', '2024-02-29 12:34:56.789', true, '2024-02-29')`,
  'INSERT INTO mixed (id) VALUES (2)',
];
/** Of every kind that a type can have a length, a precision or a scale in. */
const TYPED = `CREATE TABLE typed (id serial PRIMARY KEY, big bigserial, c character(3), v varchar(10), t text, anything varchar, b1 bit(1), b5 bit(5),
  vb varbit(7), vbs varbit, n numeric(8,2), exact numeric(5), free numeric, ts timestamp(3), tss timestamp, tz timestamptz(2), tm time(1), tmz timetz(4),
  d date, iv interval, iv3 interval(3), i2 smallint, i8 bigint, f4 real, f8 double precision, yes boolean, j json, jb jsonb, u uuid, x xml, raw bytea,
  m money, ip inet, net cidr, mac macaddr, mac8 macaddr8, o oid, r int4range, rt tstzrange, p point, vs varchar(4)[], ns int[], nums numeric[], days timestamp(2)[], "char" "char", nm name,
  short shorter, feels mood, own int GENERATED ALWAYS AS IDENTITY, t0 time(0))`;
const CHANGES = [
  `INSERT INTO sheet VALUES (${ID(1)}, ${ID(9)}, '2024-01-02', 5, NULL)`,
  `UPDATE sheet SET assets = 6 WHERE id = ${ID(1)}`,
  `DELETE FROM sheet WHERE id = ${ID(1)}`,
];

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: placeholders of the router's own
const CASES: Readonly<Record<string, Case>> = {
  'an outbox of binary payloads': {
    before: [OUTBOX],
    options: {
      'table.include.list': 'public.outbox',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'io.debezium.converters.BinaryDataConverter',
      ...route({
        'route.by.field': 'topic',
        'route.topic.replacement': '${routedByValue}',
        'table.field.event.key': 'message_key',
        'table.fields.additional.placement':
          'id:header:ce_id,timestamp:header:ce_time,event_type:header:ce_type,source:header:ce_source,content_type:header:content-type',
      }),
      // the two sides share the outbox, so the topic is told apart by the prefix
      'transforms.outbox.route.topic.regex': '(?<routedByValue>.*)',
      'transforms.outbox.route.topic.replacement': 'PREFIX.${routedByValue}',
    },
    after: [
      `INSERT INTO outbox VALUES (${ID(1)}, 'persons', 'k1', '2024-01-02 03:04:05.678+00', 'created', '/x', DEFAULT, '\\x00000000010203')`,
      `INSERT INTO outbox VALUES (${ID(2)}, 'persons', 'k2', '2024-01-02 03:04:05+00', 'deleted', NULL, NULL, NULL)`,
      'DELETE FROM outbox',
      `INSERT INTO outbox VALUES (${ID(3)}, 'others', 'k3', now(), 'created', '/x', DEFAULT, '\\x')`,
    ],
    records: 3,
  },
  'an outbox with envelope, version, timestamp and JSON': {
    before: [
      'CREATE TABLE outbox (id uuid PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL, at timestamp NOT NULL, payload jsonb)',
    ],
    options: {
      'table.include.list': 'public.outbox',
      ...route({
        'table.field.event.timestamp': 'at',
        'table.fields.additional.placement': 'type:envelope:eventType,at:header',
        'table.expand.json.payload': 'true',
        'route.topic.replacement': 'PREFIX.${routedByValue}',
      }),
    },
    after: [
      `INSERT INTO outbox VALUES (${ID(1)}, 'order', '7', 'Created', '2024-01-02 03:04:05.678', '{"a": 1, "b": [1, 2], "c": {"d": "x", "e": null}, "f": 1.5, "g": true}')`,
    ],
    records: 1,
  },
  'rows rerouted, their key extracted, unwrapped': {
    before: [SHEET, `INSERT INTO sheet VALUES (${ID(3)}, ${ID(9)}, '2024-01-02', 5, 'there')`],
    options: {
      'table.include.list': 'public.sheet',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      transforms: 'reroute,extractKey,unwrap',
      'transforms.reroute.type': 'io.debezium.transforms.ByLogicalTableRouter',
      'transforms.reroute.topic.regex': '(.*)',
      'transforms.reroute.topic.replacement': 'PREFIX_cdc',
      'transforms.extractKey.type': 'org.apache.kafka.connect.transforms.ExtractField$Key',
      'transforms.extractKey.field': 'id',
      'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
    },
    after: CHANGES,
    records: 4,
  },
  'rerouted envelopes with their table in the key': {
    before: [SHEET],
    options: {
      'table.include.list': 'public.sheet',
      transforms: 'reroute',
      'transforms.reroute.type': 'io.debezium.transforms.ByLogicalTableRouter',
      'transforms.reroute.topic.regex': '(.*)public(.*)',
      'transforms.reroute.topic.replacement': '$1logical$2',
      'transforms.reroute.key.field.regex': '.*\\.(.*)',
      'transforms.reroute.key.field.replacement': 'table_$1',
    },
    after: CHANGES,
    records: 4,
  },
  'unwrapped with added fields and headers, deletes rewritten': {
    before: [SHEET],
    options: {
      'table.include.list': 'public.sheet',
      ...unwrap({
        'delete.tombstone.handling.mode': 'rewrite',
        'add.fields': 'op,table,source.snapshot,before.assets:was',
        'add.headers': 'op,source.schema',
      }),
    },
    after: CHANGES,
    records: 3,
  },
  'unwrapped, deletes as tombstones and tombstones kept': {
    before: [SHEET],
    options: { 'table.include.list': 'public.sheet', ...unwrap({ 'add.headers': 'op,table' }) },
    after: CHANGES,
    records: 3,
  },
  'unwrapped, without schemas': {
    before: [SHEET],
    options: { 'table.include.list': 'public.sheet', ...unwrap({}), ...WITHOUT_SCHEMAS },
    after: CHANGES,
    records: 3,
  },
  'unwrapped, deletes rewritten with tombstones': {
    before: [SHEET],
    options: {
      'table.include.list': 'public.sheet',
      ...unwrap({ 'delete.tombstone.handling.mode': 'rewrite-with-tombstone' }),
    },
    after: CHANGES,
    records: 4,
  },
  'several tables in a snapshot, changed keys, full identity, unchanged TOAST, truncation': {
    before: [
      'CREATE TABLE a (id int PRIMARY KEY, v text)',
      'CREATE TABLE b (x int, y int, big text, PRIMARY KEY (y, x))',
      'CREATE TABLE c (v text)',
      'CREATE TABLE e (id int PRIMARY KEY)',
      'ALTER TABLE c REPLICA IDENTITY FULL',
      'ALTER TABLE b ALTER big SET STORAGE EXTERNAL',
      "INSERT INTO a VALUES (1, 'one'), (2, 'two')",
      "INSERT INTO c VALUES ('c1'), ('c2'), ('c3')",
      "INSERT INTO b VALUES (1, 2, repeat('x', 5000))",
    ],
    options: { 'skipped.operations': 'none' },
    after: [
      'UPDATE b SET x = 3 WHERE y = 2',
      'UPDATE a SET id = 5 WHERE id = 1',
      "UPDATE c SET v = 'c4' WHERE v = 'c1'",
      "DELETE FROM c WHERE v = 'c2'",
      'ALTER TABLE a ADD extra int DEFAULT 7',
      "INSERT INTO a VALUES (6, 'six', NULL)",
      'ALTER TABLE a DROP v',
      'INSERT INTO a VALUES (7, 8)',
      'TRUNCATE a',
    ],
    records: 18,
  },
  'fields cast, replaced, inserted, masked': {
    before: [MIXED],
    options: {
      'table.include.list': 'public.mixed',
      ...chain(
        ['Cast$Value', { spec: 'i:string,f:int32,b:int8,d:string' }],
        ['ReplaceField$Value', { exclude: 'day', renames: 't:words' }],
        ['InsertField$Value', { 'topic.field': 'from', 'static.field': 'fixed?', 'static.value': 'x' }],
        ['MaskField$Value', { fields: 'words' }],
        ['SetSchemaMetadata$Value', { 'schema.name': 'mine', 'schema.version': '3' }],
        ['InsertHeader', { header: 'h', 'value.literal': '17' }],
        ['DropHeaders', { headers: '__debezium.context.taskId' }],
      ),
    },
    after: MIXED_ROWS,
    records: 2,
  },
  'keys from values, headers from fields, other topics, flat and hoisted': {
    before: [MIXED],
    options: {
      'table.include.list': 'public.mixed',
      ...chain(
        ['ValueToKey', { fields: 'i,id' }],
        ['HeaderFrom$Value', { fields: 't,f', headers: 'words,number', operation: 'move' }],
        ['TimestampConverter$Value', { field: 'at', 'target.type': 'string', format: "yyyy-MM-dd'T'HH:mm:ss.SSS" }],
        ['RegexRouter', { regex: '(.*)\\.public\\.(.*)', replacement: '$1_$2' }],
        ['HoistField$Value', { field: 'row' }],
        ['Flatten$Value', { delimiter: '_' }],
      ),
    },
    after: MIXED_ROWS,
    records: 2,
  },
  'the change event flattened, tombstones filtered': {
    before: [SHEET],
    options: {
      'table.include.list': 'public.sheet',
      predicates: 'gone',
      'predicates.gone.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
      transforms: 'drop,flat',
      'transforms.drop.type': 'org.apache.kafka.connect.transforms.Filter',
      'transforms.drop.predicate': 'gone',
      'transforms.flat.type': 'org.apache.kafka.connect.transforms.Flatten$Value',
    },
    after: [...CHANGES.slice(0, 2), CHANGES[0]?.replaceAll('01', '04') ?? ''],
    records: 3,
  },
  'transaction metadata and logical messages': {
    before: [SHEET],
    options: {
      'table.include.list': 'public.sheet',
      'provide.transaction.metadata': 'true',
      ...WITHOUT_SCHEMAS,
    },
    after: [
      `BEGIN; INSERT INTO sheet VALUES (${ID(1)}, ${ID(9)}, '2024-01-02', 5, NULL); INSERT INTO sheet VALUES (${ID(2)}, ${ID(9)}, '2024-01-02', 5, NULL); SELECT pg_logical_emit_message(true, 'p', 'in'); COMMIT`,
      `SELECT pg_logical_emit_message(false, 'q', 'out')`,
      `SELECT pg_logical_emit_message(true, 'evpipe', 'hidden')`,
      `INSERT INTO sheet VALUES (${ID(3)}, ${ID(9)}, '2024-01-02', 5, NULL)`,
    ],
    records: 11,
  },
  'types of the columns in their schemas': {
    before: [
      'CREATE DOMAIN shorter AS varchar(5)',
      `CREATE TYPE mood AS ENUM ('ok')`,
      TYPED,
      `INSERT INTO typed (v) VALUES ('there')`,
    ],
    options: { 'table.include.list': 'public.typed', 'column.propagate.source.type': '.*' },
    after: [
      `INSERT INTO typed (v) VALUES ('then')`,
      'ALTER TABLE typed ADD later varchar(20)',
      'DELETE FROM typed WHERE id = 1',
    ],
    records: 4,
  },
  'columns left out, masked, cut; keys of one’s own': {
    before: ['CREATE TABLE a (id int PRIMARY KEY, code text NOT NULL, secret text, long text)'],
    options: {
      'column.exclude.list': 'public.a.id',
      'message.key.columns': 'public.a:code',
      'column.mask.with.5.chars': 'public.a.secret,public.a.code',
      'column.truncate.to.3.chars': 'public.a.long',
    },
    after: ["INSERT INTO a VALUES (1, 'x', 'hidden', 'longer'), (2, 'y', NULL, 'ab')"],
    records: 2,
  },
};
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: until here

for (const [name, one] of Object.entries(CASES))
  it(`tells as Debezium does: ${name}`, async () => {
    const database = await both.world.database(...one.before);
    await startPair(both.world, both.realUrl, database, one.options);
    for (const statement of one.after) await database.client.query(statement);
    const { real, ours } = await compare(both.world, database, one.records);
    // The real one counts logical messages under a name that holds a Java object's hash, and in the hashes' order.
    const hash = /\.value\.data_collections/;
    expect(differences(real, ours).filter((difference) => !hash.test(difference))).toEqual([]);
  });

it('beats as Debezium does, with a statement in the database', async () => {
  const database = await both.world.database(SHEET, 'CREATE TABLE beats (prefix text PRIMARY KEY, count int)');
  await startPair(both.world, both.realUrl, database, {
    'table.include.list': 'public.sheet',
    'heartbeat.interval.ms': '200',
    'heartbeat.action.query': `INSERT INTO beats VALUES ('PREFIX', 1) ON CONFLICT (prefix) DO UPDATE SET count = beats.count + 1`,
  });
  const [real, ours] = await Promise.all(
    ['real', 'ours'].map(async (side) => {
      const prefix = `${side}_${database.name}`;
      await waitUntil(
        `${side} to beat in the database`,
        async () => {
          const { rows } = await database.client.query('SELECT FROM beats WHERE prefix = $1 AND count > 1', [prefix]);
          return rows.length === 1 ? true : undefined;
        },
        { timeoutMs: 60_000 },
      );
      const [first] = await both.world.records(`__debezium-heartbeat.${prefix}`, 1);
      return first === undefined ? undefined : told(first, prefix, true);
    }),
  );
  expect(real).toBeDefined();
  expect(differences(real, ours)).toEqual([]);
});
