import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { type CompareCheck, confirmCheck } from '../../src/consistency/confirm.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';
import { parseLsn } from '../../src/support/brands.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { readerOf, sidesOf } from './compared-tables.js';
import { seeded, shuffled } from './seeded.js';

const HASHES = ['record', 'columns', 'md5'] as const;
const ROWS = 200;
const MUTATIONS_PER_ROUND = 20;

const COLUMNS = `id bigint, name text, note text, amount numeric, quantity int, big bigint, price double precision, small real,
  active boolean, fixed char(6), born date, changed timestamptz, at timestamp, gap interval, plain json, body jsonb, raw bytea,
  tags text[], numbers numeric[], u uuid, bits varbit, cost money, spot point`;
const VALUES = `n, CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN '<null>' ELSE 'a|b' END, 'c', n * 1.5, n, 0, n / 7.0, n / 3.0,
  n % 2 = 0, 'ab', date '2000-01-01' + n, timestamptz '2026-01-01 00:00:00.123456Z' + n * interval '1 s', timestamp '2026-01-01',
  interval '1 mon', '{"a": 1.50, "b": [1]}', jsonb_build_object('n', n, 'text', '1.50'), '\\x0001', ARRAY['a,b', NULL, 'NULL'],
  ARRAY[1.5, NULL], md5(n::text)::uuid, B'01', n::money, point(n, 2)`;

/** What is done to rows of the replica, and what has to be said of it: the kind of finding with the columns. */
interface Mutation {
  /** SQL after `UPDATE t SET`, or a whole statement of one row ($id) or two ($other). */
  readonly sql: string;
  readonly finding: string | undefined;
  /** The other row differs just so. */
  readonly both?: boolean;
}

const set = (column: string, expression: string): Mutation => ({
  sql: `UPDATE t SET ${column} = ${expression} WHERE id = $id`,
  finding: `different ${column}`,
});
const same = (column: string, expression: string): Mutation => ({ ...set(column, expression), finding: undefined });
const swapped = (column: string): Mutation => ({
  sql: `UPDATE t SET ${column} = s.${column} FROM t s WHERE t.id IN ($id, $other) AND s.id = $id + $other - t.id`,
  finding: `different ${column}`,
  both: true,
});

const MUTATIONS: readonly Mutation[] = [
  { sql: 'DELETE FROM t WHERE id = $id', finding: 'missing' },
  { sql: 'INSERT INTO t SELECT * FROM t WHERE id = $id', finding: 'duplicated' },
  { sql: 'UPDATE t SET id = id + 100000 WHERE id = $id', finding: 'missing+extra' },
  // What a delimiter or a word for NULL would hide.
  { sql: "UPDATE t SET name = COALESCE(name, '') || 'x|', note = 'y' WHERE id = $id", finding: 'different name,note' },
  set(
    'name',
    "CASE WHEN name IS NULL THEN '' WHEN name = '' THEN '<null>' WHEN name = '<null>' THEN NULL ELSE 'A|b' END",
  ),
  set('note', "'c '"),
  set('note', "'C'"),
  set('note', "'с'"), // Cyrillic
  set('note', 'NULL'),
  set('amount', '-amount'),
  set('amount', 'amount + 0.000000000000000000001'),
  set('amount', "'NaN'"),
  set('quantity', 'NULL'),
  set('quantity', 'quantity # 1'),
  set('big', '4294967297'),
  set('big', '-9223372036854775808'),
  set('price', 'price + 1e-14'),
  set('price', "'Infinity'"),
  set('small', 'small * 1.000001::real'),
  set('active', 'NOT active'),
  set('active', 'NULL'),
  set('fixed', "'ba'"),
  set('born', "CASE WHEN born = date 'infinity' THEN born ELSE born + 1 END"),
  set('changed', "changed + interval '1 microsecond'"),
  set('changed', "'infinity'"),
  set('at', "at - interval '1 microsecond'"),
  set('gap', "interval '31 days'"),
  set('plain', `'{"a": 1.51, "b": [1]}'`),
  set('plain', `'{"a": 1.50, "b": ["1"]}'`),
  set('body', `body || '{"text": "1.5"}'`),
  set('body', `body - 'text'`),
  set('raw', `'\\x000100'`),
  set('tags', "ARRAY['a', 'b', NULL, 'NULL']"),
  set('tags', "ARRAY['a,b', 'NULL', 'NULL']"),
  set('numbers', 'ARRAY[NULL, 1.5]'),
  set('numbers', "'{{1.5,NULL}}'"),
  set('u', "'00000000-0000-0000-0000-000000000000'"),
  set('bits', "B'010'"),
  set('cost', 'cost + 0.01::money'),
  set('spot', 'point(spot[1], spot[0] + 0.5)'),
  swapped('quantity'),
  swapped('amount'),
  swapped('u'),
  same('amount', 'amount + 0.000'),
  same('small', 'small + 0'),
  same('gap', "interval '30 days'"),
  same('plain', `'{"b":[1],"a":1.5}'`),
  same('numbers', 'ARRAY[1.500, NULL]'),
  same('changed', "changed AT TIME ZONE 'UTC' AT TIME ZONE 'UTC'"),
];

export interface Mutated {
  readonly mutations: number;
  /** Rounds whose findings are not exactly those of their mutations. */
  readonly wrong: readonly string[];
}

/** Mutates rows of a replica, some at a time, and compares: each mutation has to be found, by key and column, and nothing else. */
export async function findMutations({ seed, atLeast }: { seed: number; atLeast: number }): Promise<Mutated> {
  const lifetime = new Lifetime();
  const random = seeded(seed);
  const wrong: string[] = [];
  let mutations = 0;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'evpipe-mutations-'));
    lifetime.onEnd(() => rm(folder, { recursive: true, force: true }));
    const server = await startPostgres({ dataDir: join(folder, 'pg') });
    lifetime.onEnd(() => server.remove());
    const replica = await twoTables(server.urlOf, lifetime);
    const readers = { source: readerOf(server.urlOf('source')), replica: readerOf(server.urlOf('replica')) };
    lifetime.onEnd(() => readers.source.close());
    lifetime.onEnd(() => readers.replica.close());
    while (mutations < atLeast) {
      await replica.execute('TRUNCATE t; INSERT INTO t SELECT * FROM whole');
      const expected = await mutate(replica, random);
      const hash = HASHES[Math.floor(random() * HASHES.length)] ?? 'record';
      const found = await compare({ ...readers, table: 't', key: ['id'], hash });
      if (found !== expected.findings.join('\n'))
        wrong.push(
          `seed ${seed}, ${hash}, after ${mutations}: expected\n${expected.findings.join('\n')}\nfound\n${found}`,
        );
      mutations += expected.mutations;
    }
    return { mutations, wrong };
  } finally {
    await lifetime.end();
  }
}

type Client = Awaited<ReturnType<typeof connectPostgres>>;

async function twoTables(urlOf: (database: string) => string, lifetime: Lifetime): Promise<Client> {
  const admin = await connectPostgres({ url: urlOf('postgres') });
  for (const name of ['source', 'replica']) await admin.execute(`CREATE DATABASE ${name}`);
  await admin.close();
  const source = await connectPostgres({ url: urlOf('source') });
  await source.execute(
    `CREATE TABLE t (${COLUMNS}, PRIMARY KEY (id)); INSERT INTO t SELECT ${VALUES} FROM generate_series(1, ${ROWS}) n`,
  );
  await source.close();
  const replica = await connectPostgres({ url: urlOf('replica'), settings: { timezone: 'Asia/Tokyo' } });
  lifetime.onEnd(() => replica.close());
  // Without a key of its own, so that it can hold a row twice.
  await replica.execute(
    `CREATE TABLE whole (${COLUMNS}); INSERT INTO whole SELECT ${VALUES} FROM generate_series(1, ${ROWS}) n; CREATE TABLE t (LIKE whole)`,
  );
  return replica;
}

/** Each at a row of its own. */
async function mutate(
  replica: Client,
  random: () => number,
): Promise<{ mutations: number; findings: readonly string[] }> {
  const ids = shuffled(
    Array.from({ length: ROWS }, (_, index) => index + 1),
    random,
  );
  const findings: string[] = [];
  const statements: string[] = [];
  for (let count = 0; count < MUTATIONS_PER_ROUND; count += 1) {
    const mutation = MUTATIONS[Math.floor(random() * MUTATIONS.length)];
    const [id = 0, other = 0] = ids.splice(0, 2);
    if (mutation === undefined) continue;
    statements.push(mutation.sql.replaceAll('$id', String(id)).replaceAll('$other', String(other)));
    findings.push(...expectedOf(mutation, id, other));
  }
  await replica.execute(statements.join(';\n'));
  return { mutations: MUTATIONS_PER_ROUND, findings: findings.sort() };
}

function expectedOf({ finding, both }: Mutation, id: number, other: number): readonly string[] {
  if (finding === undefined) return [];
  if (finding === 'missing+extra') return [`${id} missing`, `${id + 100_000} extra`];
  return both === true ? [`${id} ${finding}`, `${other} ${finding}`] : [`${id} ${finding}`];
}

async function compare(tables: Parameters<typeof sidesOf>[0]): Promise<string> {
  const check: CompareCheck = {
    name: 'mutations',
    ...(await sidesOf(tables)),
    way: [],
    takeFence: async () => ({ fence: { kind: 'wal', database: 'source', lsn: parseLsn('0/1') }, label: 'WAL 0/1' }),
    skipped: [],
    allowEmpty: false,
  };
  const { findings } = await confirmCheck(check, {
    ...{ deadlineMs: 60_000, stalledMs: 60_000, differencesMax: 10_000, signal: new AbortController().signal },
    ...{ waitingFor: () => {}, expect: () => {}, read: async () => {} },
  });
  return findings
    .map(({ kind, key, columns }) => `${key.join()} ${kind} ${columns.map(({ column }) => column).join(',')}`.trim())
    .sort()
    .join('\n');
}
