import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../../src/clients/postgres/client.js';
import { compareSides } from '../../../src/consistency/compare.js';
import { describeDifferences } from '../../../src/consistency/describe.js';
import { type Meaning, withinTolerance } from '../../../src/consistency/meaning.js';
import { type Entry, keyOfText, type Side } from '../../../src/consistency/side.js';
import type { TableReader } from '../../../src/consistency/table-reader.js';
import { type RunningPostgres, startPostgres } from '../../../src/embedded/postgres/server.js';
import { readerOf, sidesOf } from '../../support/compared-tables.js';

let folder: string;
let server: RunningPostgres;
let source: PostgresClient;
let replica: PostgresClient;
let readers: { readonly source: TableReader; readonly replica: TableReader };
const { signal } = new AbortController();
const reading = { signal, expect: () => {}, read: async () => {} };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-meaning-'));
  server = await startPostgres({ dataDir: join(folder, 'pg') });
  const admin = await connectPostgres({ url: server.urlOf('postgres') });
  for (const name of ['source', 'replica']) await admin.execute(`CREATE DATABASE ${name}`);
  await admin.close();
  source = await connectPostgres({ url: server.urlOf('source') });
  replica = await connectPostgres({ url: server.urlOf('replica') });
  // Other object ids on the one side than on the other.
  await replica.execute('CREATE TYPE before AS ENUM (); CREATE DOMAIN also_before AS int');
  for (const client of [source, replica])
    await client.execute(
      `SET timezone = 'UTC'; CREATE TYPE mood AS ENUM ('a', 'A', '1.5'); CREATE DOMAIN price AS numeric`,
    );
  readers = { source: readerOf(server.urlOf('source')), replica: readerOf(server.urlOf('replica')) };
});

afterAll(async () => {
  await Promise.all([readers?.source.close(), readers?.replica.close(), source?.close(), replica?.close()]);
  await server?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Values of each type that are easily mistaken for each other; NULL is added to all. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  smallint: ['0', '1', '-1', '32767'],
  integer: ['0', '1', '-2147483648', '2147483647'],
  bigint: ['0', '1', '4294967297', '9007199254740993'],
  numeric: ['0', '1', '1.0', '1.50', '1.5', '-0.1', '9007199254740993', '9007199254740993.000', 'NaN', '1e40'],
  'numeric(12,2)': ['0', '1', '1.5', '-0.1'],
  price: ['0', '1.50', '1.500', '9007199254740993'],
  money: ['0', '1.50', '-0.10'],
  real: ['0', '-0', '1.5', '0.1', 'NaN', 'Infinity', '1e38'],
  'double precision': ['0', '-0', '1.5', '0.1', '0.10000000000000002', 'NaN', 'Infinity', '1e300', '9007199254740992'],
  text: ['', ' ', 'a', 'a ', 'A', '<null>', '1.5', '1.50', '1', 'true', 'NaN', 'B0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  'character varying(40)': ['', 'a', 'a ', 'A', '1.5', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  'character(3)': ['', 'a', 'A', '1.5'],
  mood: ['a', 'A', '1.5'],
  boolean: ['true', 'false'],
  uuid: ['b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00000000-0000-0000-0000-000000000000'],
  date: ['2024-02-29', '0044-03-15 BC', 'infinity', '-infinity'],
  'timestamp without time zone': ['2024-02-29', '2024-02-29 00:00:00.000001', '0044-03-15 BC', 'infinity'],
  'timestamp with time zone': [
    '2024-02-29 00:00+00',
    '2024-02-28 22:00-02',
    '2024-02-29 00:00+02',
    '0044-03-15 00:00+00 BC',
    'infinity',
  ],
  'time without time zone': ['00:00', '23:59:59.999999'],
  interval: [
    '1 mon',
    '30 days',
    '720:00:00',
    '1 day',
    '24:00',
    '-1 mon 30 days',
    '0',
    '1 year',
    '-1 day 25:00',
    '01:00',
  ],
  json: ['{"a": 1.50}', '{"a":1.5}', '{"a":"1.50"}', '{"b":1, "a":2}', '{"a":2,"b":1.0}', '[10.0, 100]', 'null'],
  jsonb: [
    '{"a": 1.50}',
    '{"a":1.5}',
    '{"a":"1.50"}',
    '{"b":1, "a":2}',
    '{"x":"say \\"1.50\\" twice"}',
    '[10, 100.00]',
    'null',
  ],
  bytea: ['\\x', '\\x00', '\\x0001'],
  'bit varying': ['', '0', '01'],
  'integer[]': ['{}', '{1}', '{1,NULL}', '{{1},{2}}'],
  'numeric[]': ['{}', '{1}', '{1.0}', '{1.50}', '{1.5,10.00}'],
  'text[]': ['{}', '{""}', '{a}', '{NULL}', '{"NULL"}'],
  point: ['(1,2)', '(2,1)'],
  inet: ['10.0.0.1', '10.0.0.1/8'],
  int4range: ['[1,3)', 'empty'],
};

const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'numeric(12,2)', 'price', 'money'];
const FLOATS = ['real', 'double precision'];
const TEXTS = ['text', 'character varying(40)', 'character(3)', 'mood'];
const TIMES = ['date', 'timestamp without time zone', 'timestamp with time zone'];

/** SQL for "these mean the same", in PostgreSQL's own operators; undefined where nothing does. */
function meansTheSame(a: string, b: string): string | undefined {
  const both = (group: readonly string[]): boolean => group.includes(a) && group.includes(b);
  const cast = (type: string): string => `a::${type} = b::${type}`;
  if (both(NUMBERS)) return cast('numeric');
  if (FLOATS.includes(a) && a === b) return 'a = b';
  for (const [float, exact, name] of [
    [a, b, 'b'],
    [b, a, 'a'],
  ] as const)
    if (FLOATS.includes(float) && NUMBERS.includes(exact))
      return `CASE WHEN abs(${name}::numeric) > 1e38::numeric AND ${name}::numeric <> 'NaN' THEN false ELSE ${name}::numeric::text::${float} = ${name === 'a' ? 'b' : 'a'} END`;
  if (both(TEXTS)) return 'a::text = b::text';
  if (both(TIMES)) return cast('timestamptz');
  if (both(['json', 'jsonb'])) return cast('jsonb');
  if (both(['integer[]', 'numeric[]'])) return cast('numeric[]');
  for (const [text, other, t, o] of [
    [a, b, 'a', 'b'],
    [b, a, 'b', 'a'],
  ] as const) {
    if (!TEXTS.includes(text) || TEXTS.includes(other)) continue;
    if (other === 'uuid') return `lower(${t}::text) = ${o}::text`;
    if (NUMBERS.includes(other))
      return `CASE WHEN ${t}::text ~ '^-?[0-9]+([.][0-9]+)?$' THEN ${t}::text::numeric = ${o}::numeric ELSE ${t}::text = ${o}::numeric::text END`;
    if (FLOATS.includes(other)) return `${t}::text = CASE WHEN ${o} = 0 THEN '0' ELSE ${o}::text END`;
    return `${t}::text = ${o}::text`;
  }
  if (a !== b) return undefined;
  return ['point'].includes(a) ? cast('text') : 'a = b';
}

/** One row for each pair of values, with the number of the pair. */
function pairsOf(
  a: string,
  b: string,
): { readonly rows: readonly (readonly [number, string | null, string | null])[] } {
  const all = (type: string): readonly (string | null)[] => [null, ...(VALUES[type] ?? [])];
  return { rows: all(a).flatMap((x, i) => all(b).map((y, j) => [i * 100 + j, x, y] as const)) };
}

const literal = (value: string | null, type: string): string =>
  value === null ? `NULL::${type}` : `'${value.replaceAll("'", "''")}'::${type === 'money' ? 'numeric::money' : type}`;

/** Fills both tables with all pairs, and answers the numbers of those that mean the same. */
async function plant(a: string, b: string, same: string): Promise<ReadonlySet<string>> {
  const { rows } = pairsOf(a, b);
  const fill = (client: PostgresClient, type: string, at: 1 | 2): Promise<void> =>
    client.execute(`DROP TABLE IF EXISTS pair; CREATE TABLE pair (id int, v ${type});
      INSERT INTO pair VALUES ${rows.map((row) => `(${row[0]}, ${literal(row[at], type)})`).join(', ')}`);
  await Promise.all([fill(source, a, 1), fill(replica, b, 2)]);
  const values = rows.map(([id, x, y]) => `(${id}, ${literal(x, a)}, ${literal(y, b)})`).join(', ');
  const equal = await source.queryText(
    `SELECT id::text FROM (VALUES ${values}) AS p(id, a, b) WHERE CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE ${same} END`,
  );
  return new Set(equal.map(([id]) => id ?? ''));
}

async function differingIds(sides: Awaited<ReturnType<typeof sidesOf>>): Promise<ReadonlySet<string>> {
  const { differences } = await compareSides(sides.source, sides.replica, reading);
  return new Set([...differences.keys()].map((key) => keyOfText(key)[0] ?? ''));
}

async function allEntries(side: Side): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  for await (const block of side.entries(256, [...Array(256).keys()], reading)) found.push(...block);
  return found;
}

const TYPES = Object.keys(VALUES);
/** A narrower type on one side: compared where lossy is declared. */
const LOSSY: readonly [string, string][] = [
  ['bigint', 'double precision'],
  ['numeric', 'double precision'],
  ['price', 'double precision'],
  ['money', 'double precision'],
  ['integer', 'real'],
  ['bigint', 'real'],
  ['numeric', 'real'],
  ['numeric(12,2)', 'real'],
  ['price', 'real'],
  ['money', 'real'],
  ['double precision', 'real'],
];
const isLossy = (a: string, b: string): boolean => LOSSY.some(([x, y]) => (x === a && y === b) || (x === b && y === a));

const COMPARABLE = TYPES.flatMap((a, at) =>
  TYPES.slice(at).flatMap((b) => {
    const same = meansTheSame(a, b);
    return same === undefined ? [] : [[a, b, same] as const];
  }),
);

describe('a value means the same on both sides exactly where PostgreSQL says so', () => {
  it.each(COMPARABLE)('%s beside %s, as value and as key', async (a, b, same) => {
    const meanings: Record<string, Partial<Meaning>> = isLossy(a, b) ? { v: { lossy: true } } : {};
    const equal = await plant(a, b, same);
    const all = pairsOf(a, b).rows.map(([id]) => String(id));
    const expected = new Set(all.filter((id) => !equal.has(id)));
    const byValue = { ...readers, table: 'pair', key: ['id'], columns: ['v'], meanings };
    const sides = await sidesOf(byValue);
    expect(await differingIds(sides), 'as value').toEqual(expected);
    const described = new Set<string>();
    for await (const { key, differs } of describeDifferences(
      sides,
      all.map((id) => JSON.stringify([id])),
      signal,
    ))
      if (differs) described.add(keyOfText(key)[0] ?? '');
    expect(described, 'its texts').toEqual(expected);
    for (const hash of ['md5', 'record'] as const)
      expect(await differingIds(await sidesOf({ ...byValue, hash })), `by ${hash}`).toEqual(expected);
    const asKey = await sidesOf({ ...byValue, key: ['id', 'v'], columns: [] });
    expect(await differingIds(asKey), 'as key').toEqual(expected);
    const keys = await allEntries(asKey.source);
    const found = await asKey.replica.entriesOf(
      keys.map(({ key }) => key),
      signal,
    );
    expect(new Set(found.map(({ key }) => key[0])), 'looked up').toEqual(equal);
  });

  it('refuses pairs that lose values, and names the line to write', async () => {
    for (const [a, b] of LOSSY) {
      await plant(a, b, 'true');
      await expect(sidesOf({ ...readers, table: 'pair', key: ['id'] }), `${a} and ${b}`).rejects.toThrow(
        /refused: .*can't hold/,
      );
    }
  });

  it('refuses types that have no value in common', async () => {
    for (const [a, b] of [
      ['integer', 'date'],
      ['uuid', 'bigint'],
      ['boolean', 'bytea'],
      ['interval', 'integer'],
    ] as const) {
      await plant(a, b, 'true');
      await expect(sidesOf({ ...readers, table: 'pair', key: ['id'] }), `${a} and ${b}`).rejects.toThrow(
        /no value in common/,
      );
    }
  });
});

describe('what a check declares of a column', () => {
  /** The numbers of the pairs (all of `values` with all) that differ. */
  async function differing(type: string, pairs: readonly (readonly [string, string])[], meaning: Partial<Meaning>) {
    for (const [client, at] of [
      [source, 0],
      [replica, 1],
    ] as const)
      await client.execute(`DROP TABLE IF EXISTS pair; CREATE TABLE pair (id int, v ${type});
        INSERT INTO pair VALUES ${pairs.map((pair, id) => `(${id}, ${literal(pair[at], type)})`).join(', ')}`);
    const sides = await sidesOf({ ...readers, table: 'pair', key: ['id'], meanings: { v: meaning } });
    const { differences } = await compareSides(sides.source, sides.replica, reading);
    const found: string[] = [];
    for await (const { key, differs } of describeDifferences(sides, [...differences.keys()], signal))
      if (differs) found.push(keyOfText(key)[0] ?? '');
    return found.sort();
  }

  it.each<[string, string, [string, string][], Partial<Meaning>, string[]]>([
    [
      'strict: scale and the sign of zero count',
      'numeric',
      [
        ['1.5', '1.50'],
        ['1', '1'],
      ],
      { compare: 'strict' },
      ['0'],
    ],
    [
      'strict: an interval is its fields',
      'interval',
      [
        ['1 mon', '30 days'],
        ['1 day', '1 day'],
      ],
      { compare: 'strict' },
      ['0'],
    ],
    [
      'tolerance: as far as it goes, exactly',
      'numeric',
      [
        ['1.00', '1.01'],
        ['1.00', '1.0100001'],
        ['-0.005', '0.005'],
        ['2', '2'],
      ],
      { tolerance: '0.01' },
      ['1'],
    ],
    [
      'trim: blanks at both ends',
      'text',
      [
        [' a', 'a '],
        ['a b', 'ab'],
      ],
      { trim: true },
      ['1'],
    ],
    [
      'case: ignored',
      'text',
      [
        ['Ada', 'aDA'],
        ['a', 'b'],
      ],
      { ignoreCase: true },
      ['1'],
    ],
    [
      'precision: milliseconds',
      'timestamptz',
      [
        ['2026-01-01 00:00:00.123456Z', '2026-01-01 00:00:00.123Z'],
        ['2026-01-01 00:00:00.100456Z', '2026-01-01 00:00:00.1Z'],
        ['2026-01-01 00:00:00.124Z', '2026-01-01 00:00:00.123999Z'],
        ['2026-01-01 00:00:00.000999Z', '2026-01-01 00:00:00Z'],
      ],
      { milliseconds: true },
      ['2'],
    ],
  ])('%s', async (_, type, pairs, meaning, expected) => {
    expect(await differing(type, pairs, meaning)).toEqual(expected);
  });

  it('knows a tolerance to the last digit', () => {
    expect(withinTolerance('0.1', '0.3', '0.2')).toBe(true);
    expect(withinTolerance('0.1', '0.30000000000000000001', '0.2')).toBe(false);
    expect(withinTolerance('NaN', 'NaN', '1')).toBe(true);
    expect(withinTolerance('NaN', '1', '1')).toBe(false);
  });
});
