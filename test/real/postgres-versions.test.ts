import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import type { CheckReport } from '../../src/kinds/events.js';
import { runIn } from '../support/command-line.js';
import { POSTGRES_VERSIONS, type RealPostgres, startPgbouncer, startRealPostgres } from './stack/postgres.js';

/** The same verdicts whichever version of PostgreSQL is the source, and whichever the replica. */

let folder: string;
let newest: RealPostgres;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-versions-'));
  newest = await startRealPostgres(18);
  await fill(newest, 'source');
  await fill(newest, 'replica');
  await spoil(newest);
});

afterAll(async () => {
  await newest?.stop();
  await rm(folder, { recursive: true, force: true });
});

const COLUMNS = `amount numeric(12,2), price double precision, small real, active boolean, code text, fixed char(5), born date,
  changed timestamptz, at timestamp, gap interval, body jsonb, raw bytea, tags text[], mood mood, u uuid`;
const VALUES = `n * 1.25, n / 7.0, n / 3.0, n % 2 = 0, CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE '<null>' END, 'ab',
  date '2000-01-01' + n, timestamptz '2026-01-01 00:00:00.123456+02' + n * interval '1 s', timestamp '2026-01-01',
  n * interval '1 mon 2 d', jsonb_build_object('n', n * 1.10), decode(md5(n::text), 'hex'), ARRAY['a,b', NULL, n::text],
  'so "so"'::mood, md5(n::text)::uuid`;

async function run(server: RealPostgres, database: string, sql: string): Promise<void> {
  const client = await connectPostgres({ url: server.urlOf(database) });
  await client.execute(sql).finally(() => client.close());
}

/** A table with a key of two columns, one in partitions, one without a key, and one of several parts. */
async function fill(server: RealPostgres, database: string): Promise<void> {
  await run(server, 'postgres', `CREATE DATABASE ${database}`);
  await run(
    server,
    database,
    `CREATE TYPE mood AS ENUM ('glad', 'so "so"');
    CREATE TABLE typed (a int, b text, ${COLUMNS}, PRIMARY KEY (a, b));
    INSERT INTO typed SELECT n, 'x' || n, ${VALUES} FROM generate_series(1, 300) n;
    CREATE TABLE parted (id bigint PRIMARY KEY, name text) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (100) TO (1000);
    INSERT INTO parted SELECT n, 'name ' || n FROM generate_series(1, 300) n;
    CREATE TABLE keyless (name text, amount numeric);
    INSERT INTO keyless SELECT 'name ' || n % 10, 1.50 FROM generate_series(1, 30) n;
    CREATE TABLE large (id uuid PRIMARY KEY, name text) WITH (fillfactor = 10);
    INSERT INTO large SELECT md5(n::text)::uuid, 'name ' || n FROM generate_series(1, 20000) n; ANALYZE`,
  );
}

const spoil = (server: RealPostgres): Promise<void> =>
  run(
    server,
    'replica',
    `UPDATE typed SET amount = 18.75 - amount WHERE a IN (7, 8); UPDATE typed SET code = NULL WHERE a = 1; DELETE FROM typed WHERE a = 300;
    UPDATE parted SET name = 'other' WHERE id IN (5, 205); INSERT INTO parted VALUES (999, 'rogue');
    INSERT INTO keyless VALUES ('name 1', 1.5); DELETE FROM large WHERE id = md5('19999')::uuid;
    UPDATE large SET name = 'other' WHERE id = md5('3')::uuid`,
  );

const WRONG = [
  ['keyless', 1, ['duplicated name 1,1.5']],
  ['large', 2, ['different eccbc87e-4b5c-e2fe-2830-8fd9f2a7baf3', 'missing 64ce463c-6856-e0e3-867d-ea50033e8a29']],
  ['parted', 3, ['different 205', 'different 5', 'extra 999']],
  ['typed', 4, ['different 1,x1', 'different 7,x7', 'different 8,x8', 'missing 300,x300']],
] as const;

/** All four checks; by name: how much differs, and which keys. */
async function verdicts(source: string, replica: string): Promise<unknown> {
  const check = (table: string, key: string): string =>
    `  ${table}: { source: { database: source, table: ${table} }, replica: { database: replica, table: ${table} }, ${key} through: [] }\n`;
  await writeFile(
    join(folder, 'evpipe.yaml'),
    `version: 1
name: versions
databases: { source: {}, replica: {} }
targets: { here: { databases: { source: { url: "${source}" }, replica: { url: "${replica}" } } } }
checks:
${check('typed', 'key: [a, b],')}${check('parted', 'key: [id],')}${check('large', 'key: [id],')}${check('keyless', '')}`,
  );
  const { out, err } = await runIn(
    folder,
    process.env,
    ...['verify-consistency', '--target', 'here', '--output', 'json'],
  );
  const events = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly report: CheckReport });
  const reports = events.flatMap(({ kind, report }) => (kind === 'check-report' ? [report] : []));
  expect(reports, err).toHaveLength(4);
  return reports
    .map(({ check: name, verdict, missing, extra, different, findings }) =>
      verdict === 'inconsistent'
        ? [name, missing + extra + different, findings.map(({ kind, key }) => `${kind} ${key.join()}`).sort()]
        : [name, verdict],
    )
    .sort();
}

const AGREED = WRONG.map(([name]) => [name, 'consistent']);

it.each(POSTGRES_VERSIONS.filter((version) => version < 18))(
  'gives the same verdicts with PostgreSQL %i on either side of version 18',
  async (version) => {
    const old = await startRealPostgres(version);
    try {
      await fill(old, 'source');
      await fill(old, 'replica');
      expect(await verdicts(old.urlOf('source'), newest.urlOf('source'))).toEqual(AGREED);
      expect(await verdicts(old.urlOf('source'), newest.urlOf('replica'))).toEqual(WRONG);
      await spoil(old);
      expect(await verdicts(newest.urlOf('source'), old.urlOf('replica'))).toEqual(WRONG);
    } finally {
      await old.stop();
    }
  },
);

it('gives them through a pgBouncer that pools transactions', async () => {
  const pool = await startPgbouncer(newest.port);
  try {
    // Settings that another client of the pool has left on a connection must not matter.
    const other = await connectPostgres({ url: pool.urlOf('replica') });
    await other.execute(`SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET extra_float_digits = -5`);
    await other.close();
    expect(await verdicts(pool.urlOf('source'), pool.urlOf('source'))).toEqual(AGREED);
    expect(await verdicts(pool.urlOf('source'), pool.urlOf('replica'))).toEqual(WRONG);
  } finally {
    await pool.stop();
  }
});
