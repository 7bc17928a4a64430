import { expect, it } from 'vitest';
import { bothWorkers, compare, differences, startPair } from './side-by-side.js';

const both = bothWorkers();

const COLUMNS: ReadonlyArray<readonly [type: string, value: string, fallback?: string]> = [
  ['boolean', 'true', 'true'],
  ['smallint', '-3', '7'],
  ['integer', '70000', '1 + 1'],
  ['bigint', '9007199254740993', '42'],
  ['serial', 'DEFAULT'],
  ['real', '1.5', '0.25'],
  ['double precision', '1e300', '3'],
  ['numeric(10,3)', '-12.345', '1.5'],
  ['numeric', '123456789012345678901234567890.12', '1'],
  ['numeric(5)', '99999'],
  ['money', `'-1234.50'`, '2.5'],
  ['char(5)', `'ab'`, `'x'`],
  ['varchar(20)', `'it''s'`, `'v'`],
  ['text', `'tab\tnew\nline \\ back'`, `'tx'`],
  ['uuid', `'6f2c1a52-6f2e-4b61-9f6d-111111111111'`, 'gen_random_uuid()'],
  ['json', `'{"a": 1}'`, `'{}'`],
  ['jsonb', `'{"a": [1, 2]}'`, `'{"x": 1}'`],
  ['xml', `'<a/>'`],
  ['bytea', `'\\xdeadbeef'`, `'\\x01'`],
  ['date', `'2024-02-29'`, `'2020-01-01'`],
  ['time', `'12:34:56.789'`, `'01:02:03'`],
  ['time(2)', `'12:34:56.78'`],
  ['timetz', `'12:34:56.7+02'`],
  ['timestamp', `'2024-02-29 12:34:56.789012'`, 'now()'],
  ['timestamp(3)', `'2024-02-29 12:34:56.789'`, `'2020-01-01 00:00:00'`],
  ['timestamptz', `'2024-02-29 12:34:56.5+02'`, 'now()'],
  ['timestamptz(0)', `'2024-02-29 12:34:56+02'`],
  ['interval', `'1 year 2 mons 3 days 04:05:06.7'`, `'1 day'`],
  ['inet', `'10.0.0.1/8'`],
  ['cidr', `'10.0.0.0/8'`],
  ['macaddr', `'08:00:2b:01:02:03'`],
  ['bit(1)', `B'1'`, `B'1'`],
  ['bit(12)', `B'000100000010'`],
  ['varbit(20)', `B'1011'`],
  ['point', `'(1.5,-2)'`],
  ['int4range', `'[1,5)'`],
  ['tsrange', `'[2020-01-01,2021-01-01)'`],
  ['oid', '12'],
  ['mood', `'happy'`, `'sad'`],
  ['posint', '5', '3'],
  ['integer[]', `'{1,NULL,3}'`],
  ['text[]', `ARRAY['a','b"c']`, `'{}'`],
  ['numeric(5,2)[]', `'{1.5,2}'`],
  ['mood[]', `'{sad,happy}'`],
  ['uuid[]', `'{6f2c1a52-6f2e-4b61-9f6d-111111111111}'`],
  ['date[]', `'{2020-01-01}'`],
  ['timestamp[]', `'{2020-01-01 00:00:00}'`],
  ['box', `'(1,1),(0,0)'`],
  ['tsvector', `'a b'`],
  ['numeric', '100.00'],
  ['numeric', '1.50'],
  ['numeric[]', `'{1.50,2}'`],
];

const TYPES = [
  `CREATE TYPE mood AS ENUM ('sad', 'happy')`,
  'CREATE DOMAIN posint AS integer CHECK (VALUE > 0)',
  `CREATE TABLE wide (id int PRIMARY KEY, ${COLUMNS.map(([type, , fallback], index) => `c${index} ${type}${fallback === undefined ? '' : ` DEFAULT ${fallback}`}, n${index} ${type === 'serial' ? 'int' : type}${fallback === undefined ? ' NOT NULL' : ` NOT NULL DEFAULT ${fallback}`}`).join(', ')})`,
];

const row = (id: number, nulls = false): string =>
  `INSERT INTO wide VALUES (${id}, ${COLUMNS.map(([type, value]) => `${nulls && type !== 'serial' ? 'NULL' : value}, ${type === 'serial' ? '1' : value}`).join(', ')})`;

const MODES: Readonly<Record<string, Record<string, string>>> = {
  defaults: {},
  strings: {
    'decimal.handling.mode': 'string',
    'time.precision.mode': 'isostring',
    'binary.handling.mode': 'hex',
    'interval.handling.mode': 'string',
  },
  connect: { 'decimal.handling.mode': 'double', 'time.precision.mode': 'connect', 'binary.handling.mode': 'base64' },
};

for (const [mode, options] of Object.entries(MODES))
  it(`tells every type as Debezium does: ${mode}`, async () => {
    const database = await both.world.database(...TYPES, row(1), row(2, true));
    await startPair(both.world, both.realUrl, database, { 'table.include.list': 'public.wide', ...options });
    await database.client.query(row(3));
    await database.client.query(row(4, true));
    await database.client.query('UPDATE wide SET c0 = false WHERE id = 3');
    await database.client.query('DELETE FROM wide WHERE id = 4');
    const { real, ours } = await compare(both.world, database, 7);
    // Debezium's own snapshot and stream disagree on money as text: "1.5" and "1.50"; ours is always the latter.
    const money = /payload\.after\.[cn]10: "-1234\.5" \| "-1234\.50"/;
    expect(differences(real, ours).filter((difference) => !money.test(difference))).toEqual([]);
  });
