import type { SourceCase, Step } from './run-case.js';

const NOTE = 'CREATE TABLE note (id int PRIMARY KEY, body text)';
const SIGNALS = 'CREATE TABLE signal (id text PRIMARY KEY, type text NOT NULL, data text)';
const rows = (count: number): string => `INSERT INTO note SELECT n, 'b' || n FROM generate_series(1, ${count}) n`;
const sql = (statement: string): Step => ({ sql: statement });
const records = (count: number): Step => ({ records: count });
const inTable = (type: string, data: object): Step =>
  sql(`INSERT INTO signal VALUES (gen_random_uuid(), '${type}', '${JSON.stringify(data).replaceAll("'", "''")}')`);
const snapshot = (more: object = {}): object => ({ 'data-collections': ['public.note'], type: 'incremental', ...more });

const SIGNALLED = {
  'table.include.list': 'public.note',
  'signal.data.collection': 'public.signal',
  'incremental.snapshot.chunk.size': '2',
  'notification.enabled.channels': 'sink',
  'notification.sink.topic.name': 'PREFIX.notifications',
};
const SCHEMAS = { 'key.converter.schemas.enable': 'true', 'value.converter.schemas.enable': 'true' };
const TIMES =
  'CREATE TABLE times (id int PRIMARY KEY, d date, t time, t3 time(3), tz timetz, ts timestamp, ts3 timestamp(3), tstz timestamptz, i interval)';
const TIME_ROWS = [
  "(1, '9999-12-31', '24:00', '24:00', '24:00+00', 'infinity', 'infinity', 'infinity', '178000000 years')",
  "(2, '1582-10-15', '00:00', '00:00', '23:59:59.999999-12', '-infinity', '-infinity', '-infinity', '-178000000 years')",
  "(3, '12345-01-02', '12:34:56.7', '12:34:56.789', '12:34+05:30', '12345-01-02 03:04:05', '12345-01-02 03:04:05', '12345-01-02 03:04:05+00', '1 year 2 mons -3 days 04:05:06.7')",
  "(4, '0044-03-15 BC', '12:34:56.7', '12:34:56.789', '12:34+05:30', '0044-03-15 01:02:03 BC', '0044-03-15 01:02:03 BC', '0044-03-15 01:02:03+00 BC', '-1.5 seconds')",
  "(5, '1969-12-31', '00:00:00.000001', '00:00:00.001', '00:00+14', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999999+00', '0')",
];
/** The real one tells dates before Christ, and infinite ones, otherwise in snapshots than in the stream. */
const SNAPSHOT_ROWS = TIME_ROWS.filter((row) => !row.includes('BC'));
const times = (mode: string, intervals = 'numeric'): SourceCase => ({
  before: [TIMES, `INSERT INTO times VALUES ${SNAPSHOT_ROWS.join(', ')}`],
  options: { 'time.precision.mode': mode, 'interval.handling.mode': intervals },
  steps: [sql(`INSERT INTO times VALUES ${TIME_ROWS.map((row) => row.replace('(', '(1')).join(', ')}`), records(9)],
});
const PARTITIONS = [
  'CREATE TABLE part (id int, region text, n int, PRIMARY KEY (id, region)) PARTITION BY LIST (region)',
  "CREATE TABLE part_eu PARTITION OF part FOR VALUES IN ('eu')",
  "CREATE TABLE part_us PARTITION OF part FOR VALUES IN ('us') PARTITION BY RANGE (id)",
  'CREATE TABLE part_us_low PARTITION OF part_us FOR VALUES FROM (0) TO (100)',
  "INSERT INTO part VALUES (1, 'eu', 1), (2, 'us', 2)",
];
const PARTITION_CHANGES = [
  sql("INSERT INTO part VALUES (3, 'eu', 3), (4, 'us', 4)"),
  sql('UPDATE part SET n = 5 WHERE id = 3'),
  sql("UPDATE part SET region = 'us' WHERE id = 1"),
  sql('DELETE FROM part WHERE id = 2'),
];

const shared = (more: Readonly<Record<string, string>>): SourceCase => ({
  before: [NOTE, 'CREATE TABLE other (id int PRIMARY KEY)', rows(1), 'INSERT INTO other VALUES (1)'],
  options: {
    'topic.naming.strategy': 'io.debezium.schema.SchemaRegexTopicNamingStrategy',
    'topic.regex': '(.*)\\.public\\..*',
    'topic.replacement': '$1.all',
    ...SCHEMAS,
    ...more,
  },
  steps: [records(2), sql('INSERT INTO other VALUES (2)'), sql('DELETE FROM other WHERE id = 2'), records(5)],
});
/** Too long for a row, and not compressed: an update of another column does not send them. */
const TOASTED = [
  'CREATE EXTENSION hstore',
  `CREATE TABLE note (id int PRIMARY KEY, n int, t text, v varchar, b bytea, j json, jb jsonb, x xml, ta text[], va varchar[], ia int[],
    ba bigint[], sa smallint[], ua uuid[], da date[], tsa timestamptz[], na numeric(10,2)[], fa float8[], bo boolean[], h hstore, ja jsonb[], m numeric)`,
  `DO $$ DECLARE c text; BEGIN FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = 'note'::regclass AND attnum > 2 AND attname <> 'm'
    LOOP EXECUTE format('ALTER TABLE note ALTER %I SET STORAGE EXTERNAL', c); END LOOP; END $$`,
  `INSERT INTO note SELECT 1, 0, long, long, long::bytea, to_json(long), to_jsonb(long), ('<a>' || long || '</a>')::xml, ARRAY[long], ARRAY[long],
    array_agg(n), array_agg(n), array_agg(n), array_agg(gen_random_uuid()), array_agg('2024-01-01'::date + n), array_agg('2024-01-01Z'::timestamptz),
    array_agg(n), array_agg(n), array_agg(n > 2), hstore('k', long), ARRAY[to_jsonb(long)], 1
    FROM repeat('y', 3000) long, generate_series(1, 3000) n GROUP BY long`,
];
const paused = [
  sql('BEGIN'),
  inTable('execute-snapshot', snapshot()),
  inTable('pause-snapshot', {}),
  sql('COMMIT'),
  sql('SELECT pg_sleep(1)'),
];

/** Behaviour of the PostgreSQL connector that has to be the real one's. */
export const SOURCE_CASES: Readonly<Record<string, SourceCase>> = {
  'generated columns are in snapshots only, schema included': {
    before: [
      'CREATE TABLE note (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, a int NOT NULL DEFAULT 2, twice int GENERATED ALWAYS AS (a * 2) STORED, body text)',
      "INSERT INTO note (a, body) VALUES (1, 'one')",
    ],
    options: SCHEMAS,
    steps: [
      sql("INSERT INTO note (a, body) VALUES (3, 'three')"),
      sql('UPDATE note SET a = 4'),
      sql('DELETE FROM note WHERE id = 1'),
      records(6),
    ],
  },
  'an incremental snapshot with a condition, told in a topic': {
    before: [NOTE, SIGNALS, rows(7)],
    options: SIGNALLED,
    steps: [
      records(11),
      inTable(
        'execute-snapshot',
        snapshot({ 'additional-conditions': [{ 'data-collection': 'public.note', filter: 'id <> 3' }] }),
      ),
      records(32),
    ],
  },
  'an incremental snapshot of several tables, one without a key, one empty': {
    before: [
      NOTE,
      SIGNALS,
      'CREATE TABLE loose (n int)',
      'CREATE TABLE none (id int PRIMARY KEY)',
      rows(2),
      'INSERT INTO loose VALUES (1)',
    ],
    options: { ...SIGNALLED, 'table.include.list': 'public.note,public.loose,public.none' },
    steps: [
      records(11),
      inTable('execute-snapshot', snapshot({ 'data-collections': ['public.loose', 'public.none', 'public.note'] })),
      records(24),
    ],
  },
  'an incremental snapshot whose marks are deleted': {
    before: [NOTE, SIGNALS, rows(3)],
    options: {
      ...SIGNALLED,
      'notification.enabled.channels': 'log',
      'incremental.snapshot.watermarking.strategy': 'insert_delete',
    },
    steps: [records(3), inTable('execute-snapshot', snapshot()), records(16)],
  },
  'an incremental snapshot by a surrogate key': {
    before: [
      'CREATE TABLE note (id uuid PRIMARY KEY, n int UNIQUE)',
      SIGNALS,
      "INSERT INTO note VALUES ('00000000-0000-0000-0000-000000000009', 1), ('00000000-0000-0000-0000-000000000004', 2), ('00000000-0000-0000-0000-000000000006', 3)",
    ],
    options: { ...SIGNALLED, 'notification.enabled.channels': 'log' },
    steps: [records(3), inTable('execute-snapshot', snapshot({ 'surrogate-key': 'n' })), records(13)],
  },
  'a signal from a topic, for a read-only incremental snapshot': {
    before: [NOTE, 'CREATE TABLE other (id int PRIMARY KEY)', rows(3)],
    options: {
      ...SIGNALLED,
      'table.include.list': 'public.note,public.other',
      'signal.data.collection': '',
      'read.only': 'true',
      'signal.enabled.channels': 'kafka',
      'signal.kafka.bootstrap.servers': 'KAFKA',
      'incremental.snapshot.chunk.size': '10',
    },
    steps: [
      records(9),
      { signal: 'kafka', type: 'execute-snapshot', data: snapshot() },
      // The real one closes a chunk where it comes by a later transaction; the two tables have topics of their own.
      sql('SELECT pg_sleep(1)'),
      sql('INSERT INTO other VALUES (9)'),
      records(17),
    ],
  },
  'a signal from a file, for a blocking snapshot by a statement': {
    before: [NOTE, rows(3)],
    options: { ...SIGNALLED, 'signal.data.collection': '', 'signal.enabled.channels': 'file', 'signal.file': 'FILE' },
    steps: [
      records(7),
      {
        signal: 'file',
        type: 'execute-snapshot',
        data: snapshot({
          type: 'blocking',
          'additional-conditions': [
            { 'data-collection': 'public.note', filter: 'SELECT * FROM public.note WHERE id > 1' },
          ],
        }),
      },
      records(13),
      sql('INSERT INTO note VALUES (9)'),
      records(14),
    ],
  },
  'columns are read again where they were not sent, or are null': {
    before: [
      'CREATE TABLE note (id int PRIMARY KEY, body text, doc jsonb, raw bytea, tags text[], spare int, other text)',
      'ALTER TABLE note ALTER body SET STORAGE EXTERNAL, ALTER doc SET STORAGE EXTERNAL, ALTER raw SET STORAGE EXTERNAL, ALTER tags SET STORAGE EXTERNAL, ALTER other SET STORAGE EXTERNAL',
      `INSERT INTO note VALUES (1, repeat('x', 2500), jsonb_build_object('a', repeat('y', 2500)), decode(repeat('ab', 2500), 'hex'), ARRAY[repeat('z', 2500)], NULL, repeat('o', 2500))`,
    ],
    options: {
      'snapshot.mode': 'no_data',
      'post.processors': 'again',
      'again.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
      'again.reselect.columns.include.list': 'public.note:(body|doc|raw|tags|spare)',
    },
    steps: [sql('UPDATE note SET id = 1'), records(1)],
  },
  'the slot’s xmin': {
    before: [NOTE],
    options: { 'xmin.fetch.interval.ms': '1000' },
    steps: [sql(rows(1)), records(1)],
  },
  'partitions one by one': {
    before: PARTITIONS,
    options: {},
    steps: [...PARTITION_CHANGES, records(13)],
  },
  'partitions by their root': {
    before: PARTITIONS,
    options: { 'publish.via.partition.root': 'true' },
    steps: [...PARTITION_CHANGES, records(13)],
  },
  'comments of columns and tables': {
    before: [NOTE, "COMMENT ON COLUMN note.body IS 'what is in it'", "COMMENT ON TABLE note IS 'notes'", rows(1)],
    options: { 'include.schema.comments': 'true', ...SCHEMAS },
    steps: [sql('INSERT INTO note VALUES (2)'), records(2)],
  },
  'a snapshot by configuration, without the stream': {
    before: [NOTE, rows(2)],
    options: {
      'snapshot.mode': 'configuration_based',
      'snapshot.mode.configuration.based.snapshot.data': 'true',
      'snapshot.mode.configuration.based.snapshot.schema': 'true',
    },
    steps: [records(2)],
    endsItself: true,
  },
  'a stream by configuration, without a snapshot': {
    before: [NOTE, rows(2)],
    options: {
      'snapshot.mode': 'configuration_based',
      'snapshot.mode.configuration.based.start.stream': 'true',
      'snapshot.mode.configuration.based.snapshot.schema': 'true',
      'notification.enabled.channels': 'sink',
      'notification.sink.topic.name': 'PREFIX.notifications',
    },
    steps: [sql('INSERT INTO note VALUES (5)'), records(2)],
  },
  'tables that share a topic, their keys with where they come from': shared({}),
  'tables that share a topic, their keys as they are': shared({ 'topic.key.enforce.uniqueness': 'false' }),
  'tables that share a topic, their keys with a field of another name': shared({
    'topic.key.field.name': 'from',
    'topic.key.field.regex': '(.*)\\.public\\.(.*)',
    'topic.key.field.replacement': '$2',
  }),
  'columns that were not sent, by type': {
    before: TOASTED,
    options: { 'snapshot.mode': 'no_data', ...SCHEMAS },
    steps: [sql('UPDATE note SET n = 1'), records(1)],
  },
  'columns that were not sent, hstore as a map': {
    before: TOASTED,
    options: {
      'snapshot.mode': 'no_data',
      'hstore.handling.mode': 'map',
      'binary.handling.mode': 'hex',
      'unavailable.value.placeholder': 'absent',
    },
    steps: [sql('UPDATE note SET n = 1'), records(1)],
  },
  'an incremental snapshot that is paused and resumed': {
    before: [NOTE, SIGNALS, rows(5)],
    options: SIGNALLED,
    steps: [records(9), ...paused, inTable('resume-snapshot', {}), records(33)],
  },
  'an incremental snapshot that is stopped for one of its tables': {
    before: [NOTE, SIGNALS, 'CREATE TABLE loose (n int)', 'INSERT INTO loose VALUES (1)', rows(5)],
    options: { ...SIGNALLED, 'table.include.list': 'public.note,public.loose' },
    steps: [
      records(12),
      sql('BEGIN'),
      inTable('execute-snapshot', snapshot({ 'data-collections': ['public.note', 'public.loose'] })),
      inTable('stop-snapshot', snapshot({ 'data-collections': ['public.loose'] })),
      sql('COMMIT'),
      records(34),
    ],
  },
  'extreme times, adaptive': times('adaptive'),
  'extreme times, adaptive with microseconds of the day': times('adaptive_time_microseconds', 'string'),
  'extreme times, as Connect has them': times('connect'),
  'extreme times, as text': times('isostring', 'string'),
  'extreme times, in microseconds': times('microseconds'),
  'extreme times, in nanoseconds': times('nanoseconds'),
};
