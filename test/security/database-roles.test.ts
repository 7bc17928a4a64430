import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { grantCapture } from '../../src/kinds/connector/database-access.js';
import { ensureOwnDatabase } from '../../src/kinds/database/server.js';
import type { Login } from '../../src/kinds/login.js';
import { type Holder, roleName, withRole } from '../../src/targets/roles.js';

/** Whoever has taken over a service, a connector or a check has its login. What that opens, and what it does not. */
const folder = mkdtempSync(join(tmpdir(), 'evpipe-roles-'));
const { signal } = new AbortController();
let postgres: RunningPostgres;

const LOGINS: readonly Login[] = [
  { holder: 'owner', rights: ['own'] },
  { holder: 'reader', rights: ['read'] },
  { holder: 'connect', rights: ['work', 'capture'] },
  { holder: 'service/shop', rights: ['work'] },
  { holder: 'service/till', rights: ['work'] },
  { holder: 'connector/outbox', rights: ['capture'] },
];
const HOLDERS = LOGINS.map(({ holder }) => holder);
const passwordOf = (role: string): string => `secret-of-${role.replaceAll('/', '-')}`;

const ensure = (database: string): Promise<boolean> => {
  const roles = LOGINS.map((one) => ({ ...one, password: passwordOf(roleName(database, one.holder)) }));
  return ensureOwnDatabase({ url: postgres.urlOf(database), roles }, signal);
};

async function as<T>(holder: Holder, database: string, work: (client: PostgresClient) => Promise<T>): Promise<T> {
  const url = withRole({ url: postgres.urlOf(database), ours: true }, holder, passwordOf).url;
  return at(url, work);
}

async function at<T>(url: string, work: (client: PostgresClient) => Promise<T>): Promise<T> {
  const client = await connectPostgres({ url });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const tryAs = (holder: Holder, database: string, sql: string): Promise<void> =>
  as(holder, database, (client) => client.execute(sql));

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  // As an evpipe without roles has left it.
  await at(postgres.url, (client) => client.execute('CREATE DATABASE shop'));
  await at(postgres.urlOf('shop'), (client) =>
    client.execute(
      `CREATE SCHEMA evpipe;
       CREATE TABLE evpipe.migration (name text PRIMARY KEY);
       CREATE TYPE size AS ENUM ('S', 'L');
       CREATE DOMAIN amount AS int CHECK (value > 0);
       CREATE TABLE old (id serial PRIMARY KEY, size size, kept bigint GENERATED ALWAYS AS IDENTITY, note text);
       CREATE SEQUENCE numbers;
       CREATE VIEW olds AS SELECT * FROM old;
       CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';
       CREATE EXTENSION pg_trgm;
       INSERT INTO old (size) VALUES ('S')`,
    ),
  );
  expect(await ensure('shop')).toBe(false);
  expect(await ensure('bank')).toBe(true);
  expect(await ensure('shop'), 'repeatable').toBe(false);
});
afterAll(async () => {
  await postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(HOLDERS)('the role of %s', (holder) => {
  it.each([
    ['runs a program', "COPY (SELECT 1) TO PROGRAM 'id'"],
    ['runs a program for input', "CREATE TEMPORARY TABLE t (line text); COPY t FROM PROGRAM 'id'"],
    ['reads a file of the server', "SELECT pg_read_file('/etc/passwd')"],
    ['reads a binary file of the server', "SELECT pg_read_binary_file('/etc/passwd')"],
    ['lists a folder of the server', "SELECT pg_ls_dir('/')"],
    ['copies a file of the server', "CREATE TEMPORARY TABLE t (line text); COPY t FROM '/etc/passwd'"],
    ['imports a file as a large object', "SELECT lo_import('/etc/passwd')"],
    ['writes a file', "COPY (SELECT 1) TO '/tmp/evpipe-attack'"],
    ['loads a library', "LOAD '/tmp/evpipe-attack.so'"],
    ['makes functions of C', "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/evpipe-attack.so'"],
    ['takes an untrusted language', 'CREATE EXTENSION plpython3u'],
    ['becomes the superuser', 'SET ROLE postgres'],
    ['takes the session of the superuser', 'SET SESSION AUTHORIZATION postgres'],
    ['makes itself a superuser', 'ALTER ROLE CURRENT_USER SUPERUSER'],
    ['makes roles', 'CREATE ROLE other LOGIN SUPERUSER'],
    ['joins those who run programs', 'GRANT pg_execute_server_program TO CURRENT_USER'],
    ['makes databases', 'CREATE DATABASE other'],
    ['changes the server', "ALTER SYSTEM SET archive_command = 'id'"],
    ['reads the passwords', 'SELECT rolpassword FROM pg_authid'],
    ['changes another password', `ALTER ROLE "bank/owner" PASSWORD 'x'`],
    ['becomes the owner of another database', 'SET ROLE "bank/owner"'],
  ])('never %s', async (_, sql) => {
    await expect(tryAs(holder, 'shop', sql)).rejects.toThrow(
      /permission denied|must be|does not exist|is not available|is not allowed|could not access file|Only roles with/,
    );
  });

  it.each(['bank', 'postgres', 'template1'])('reaches nothing in the database %s', async (other) => {
    const url = new URL(withRole({ url: postgres.urlOf('shop'), ours: true }, holder, passwordOf).url);
    url.pathname = `/${other}`;
    await expect(at(url.href, async () => {})).rejects.toThrow(`permission denied for database "${other}"`);
  });

  it('does not log in with a password of another role', async () => {
    const wrong = withRole({ url: postgres.urlOf('shop'), ours: true }, holder, () => passwordOf('bank/owner')).url;
    await expect(at(wrong, async () => {})).rejects.toThrow('password authentication failed');
  });
});

describe('services', () => {
  it('change what one another and an evpipe without roles have made', async () => {
    await tryAs(
      'service/shop',
      'shop',
      'CREATE TABLE fresh (id int PRIMARY KEY); CREATE SCHEMA extra; CREATE EXTENSION pgcrypto',
    );
    await tryAs('service/till', 'shop', 'ALTER TABLE fresh ADD COLUMN name text; CREATE TABLE extra.more (id int)');
    await tryAs('owner', 'shop', 'DROP TABLE fresh; DROP SCHEMA extra CASCADE');
    await tryAs(
      'service/till',
      'shop',
      `ALTER TABLE old ADD COLUMN total amount;
       ALTER TYPE size RENAME TO sizes; ALTER DOMAIN amount RENAME TO amounts;
       ALTER SEQUENCE numbers RENAME TO figures; ALTER VIEW olds RENAME TO older;
       ALTER FUNCTION twice(int) RENAME TO doubled;
       INSERT INTO old (note) VALUES ('new'); INSERT INTO evpipe.migration VALUES ('one')`,
    );
  });

  it('use what a connector has made that a ksql migration makes', async () => {
    await tryAs('connect', 'shop', 'CREATE TABLE arrived (id int); CREATE PUBLICATION all_old FOR TABLE old');
    await tryAs('service/shop', 'shop', 'INSERT INTO arrived VALUES (1)');
  });

  it('leave no object behind that the superuser owns', async () => {
    const owners = await at(postgres.urlOf('shop'), (client) =>
      client.queryText(
        `SELECT DISTINCT relowner::regrole::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
          WHERE nspname IN ('public', 'evpipe') AND relkind IN ('r', 'v', 'S') ORDER BY 1`,
      ),
    );
    expect(owners.flat()).toEqual(['"shop/connect"', '"shop/owner"']);
  });
});

describe('the reader', () => {
  it('reads every table, whatever row security hides, and changes none', async () => {
    await tryAs(
      'service/shop',
      'shop',
      'CREATE TABLE hidden (id int); INSERT INTO hidden VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY',
    );
    const rows = await as('reader', 'shop', (client) => client.queryText('SELECT id::text FROM hidden'));
    expect(rows).toEqual([['1']]);
    for (const sql of [
      'INSERT INTO hidden VALUES (2)',
      'DELETE FROM hidden',
      'DROP TABLE hidden',
      'CREATE TABLE t (id int)',
    ])
      await expect(tryAs('reader', 'shop', sql), sql).rejects.toThrow(/permission denied|must be owner/);
  });

  it('takes a fence in the WAL and sees the slots', async () => {
    await tryAs(
      'reader',
      'shop',
      "SELECT pg_logical_emit_message(true, 'evpipe', 'fence'), pg_current_wal_insert_lsn(); SELECT * FROM pg_replication_slots",
    );
  });
});

describe('a connector', () => {
  const CONFIG = {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'plugin.name': 'pgoutput',
    'publication.name': 'outbox',
    'publication.autocreate.mode': 'filtered',
    'table.include.list': 'public.outbox,public.part.*',
    'signal.data.collection': 'public.signals',
    'heartbeat.action.query': 'INSERT INTO heartbeat (at) VALUES (now())',
  };

  beforeAll(async () => {
    await tryAs(
      'service/shop',
      'shop',
      `CREATE TABLE outbox (id int PRIMARY KEY); CREATE TABLE secrets (id int PRIMARY KEY);
       CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id);
       CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
       CREATE TABLE signals (id text PRIMARY KEY, type text, data text);
       CREATE TABLE heartbeat (id serial PRIMARY KEY, at timestamptz)`,
    );
    await grant(CONFIG);
  });

  const grant = (config: Readonly<Record<string, string>>): Promise<void> =>
    at(postgres.urlOf('shop'), (client) =>
      grantCapture(client, { connector: 'shop/connector/outbox', owner: 'shop/owner' }, config),
    );
  const published = (name: string): Promise<readonly string[]> =>
    at(postgres.urlOf('shop'), async (client) => {
      const rows = await client.queryText(
        'SELECT prrelid::regclass::text FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid WHERE pubname = $1 ORDER BY 1',
        [name],
      );
      return rows.map(([table]) => table ?? '');
    });

  it('reads what it captures, writes its signals and its heartbeat, and nothing else', async () => {
    await tryAs(
      'connector/outbox',
      'shop',
      `SELECT * FROM outbox; SELECT * FROM parted;
       INSERT INTO signals VALUES ('1', 'log', '{}'); DELETE FROM signals; ${CONFIG['heartbeat.action.query']}`,
    );
    await tryAs('connector/outbox', 'shop', "SELECT pg_create_logical_replication_slot('own', 'pgoutput')");
    await tryAs('connector/outbox', 'shop', "SELECT pg_drop_replication_slot('own')");
    for (const sql of [
      'SELECT * FROM secrets',
      'DELETE FROM outbox',
      'CREATE TABLE t (id int)',
      'ALTER PUBLICATION outbox SET TABLE secrets',
    ])
      await expect(tryAs('connector/outbox', 'shop', sql), sql).rejects.toThrow(/permission denied|must be owner/);
  });

  it('finds a publication of what it captures, which follows its config', async () => {
    expect(await published('outbox')).toEqual(['outbox', 'part_1', 'parted', 'signals']);
    await grant({ ...CONFIG, 'table.include.list': 'public.outbox' });
    expect(await published('outbox')).toEqual(['outbox', 'signals']);
    await grant({ ...CONFIG, 'publication.name': 'everything', 'publication.autocreate.mode': 'all_tables' });
    await grant({ ...CONFIG, 'publication.name': 'theirs', 'publication.autocreate.mode': 'disabled' });
    const names = await at(postgres.urlOf('shop'), (client) =>
      client.queryText('SELECT pubname, puballtables::text FROM pg_publication ORDER BY 1'),
    );
    expect(names).toEqual([
      ['all_old', 'false'],
      ['everything', 'true'],
      ['outbox', 'false'],
    ]);
  });

  it('may change replica identities only where its config asks for it', async () => {
    const identity = 'ALTER TABLE outbox REPLICA IDENTITY FULL';
    await expect(tryAs('connector/outbox', 'shop', identity)).rejects.toThrow('must be owner');
    await grant({ ...CONFIG, 'replica.identity.autoset.values': 'public.outbox:FULL' });
    await tryAs('connector/outbox', 'shop', identity);
  });
});

describe('names of roles', () => {
  it('never meet, however long', () => {
    const long = 'a'.repeat(60);
    const names = [`${long}b`, `${long}c`].map((name) => roleName('shop', `service/${name}`));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
  });
});
