import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../src/clients/postgres/client.js';
import { startPostgres } from '../../src/embedded/postgres/server.js';
import { Lifetime } from '../../src/support/lifetime.js';
import { OUTSIDE_PARENTS } from '../../src/support/outside-folder.js';
import { waitUntil } from '../../src/support/retry.js';
import type { Sandbox } from '../support/evpipe.js';
import { Stack } from '../support/stack.js';

/** A pipeline of one database; scratch servers of its commands put their data below `temporary`. */
let stack: Stack;
let box: Sandbox;
let temporary: string;
let life: Lifetime;

beforeEach(async () => {
  life = new Lifetime();
  const template = mkdtempSync(join(tmpdir(), 'evpipe-migrations-'));
  life.onEnd(() => rmSync(template, { recursive: true, force: true }));
  temporary = join(template, 'temporary');
  mkdirSync(join(template, 'shop', 'sql'), { recursive: true });
  mkdirSync(temporary);
  writeFileSync(
    join(template, 'shop', 'evpipe.yaml'),
    'version: 1\nname: shop\ndatabases: { shop: { migrations: sql, roles: { clerk: secret } } }\n',
  );
  stack = await Stack.prepare(join(template, 'shop'));
  box = stack.box;
  life.onEnd(() => box.remove());
  box.env.TMPDIR = temporary;
  migration(1, 'CREATE TABLE item (id int PRIMARY KEY);\nGRANT SELECT ON item TO clerk, "shop/owner";');
});

afterEach(() => life.end());

function migration(version: number, sql: string): void {
  writeFileSync(join(box.folder, 'sql', `V${version}__step.sql`), sql);
}

const plan = (...options: string[]) => box.run('plan', ...options);

/** Of scratch servers of this test: their folders, those kept elsewhere for another account, and what works in them. */
function leftovers(): readonly string[] {
  const outside = OUTSIDE_PARENTS.filter(existsSync).flatMap((parent) =>
    readdirSync(parent)
      .map((name) => join(parent, name))
      .filter((folder) => ownerOf(folder).startsWith(temporary)),
  );
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => [temporary, ...outside].some((folder) => folderOf(pid).startsWith(folder)));
  return [...readdirSync(temporary), ...outside, ...processes];
}

const quietly = (read: () => string): string => {
  try {
    return read();
  } catch {
    return ''; // gone, or another's
  }
};
const ownerOf = (folder: string): string =>
  quietly(() => (JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as { dataDir: string }).dataDir);
const folderOf = (pid: string): string => quietly(() => readlinkSync(`/proc/${pid}/cwd`));

it('says before anything runs what PostgreSQL will say against a migration, and where; nothing is left of the trial', async () => {
  migration(2, 'ALTER TABLE item ADD COLUMN price numeric;\n\nCREATE INDEX ON item (prise);');
  const { code, stdout, stderr } = await box.run('apply');
  expect(stdout).toContain('sql/V2__step.sql:3:1: column "prise" does not exist');
  expect(stderr).toContain('Nothing was changed.');
  expect(code).toBe(1);
  migration(2, 'CREATE INDEX ON item (id);');
  expect(await plan()).toMatchObject({ code: 3, stdout: expect.not.stringContaining('migration') });
  expect(leftovers()).toEqual([]);
  expect(existsSync(join(box.folder, '.evpipe'))).toBe(false);
});

it('holds the columns of checks against the tables that the migrations make, and leaves alone what others make', async () => {
  writeFileSync(
    join(box.folder, 'evpipe.yaml'),
    `version: 1
name: shop
databases: { shop: { migrations: sql, roles: { clerk: secret } } }
checks:
  items:
    source: { database: shop, table: item, where: id > 0, with: { shop: one } }
    replica: { database: shop, query: select * from item_copy }
    key: [id]
    columns:
      name: title
      prise: price
      shop: shop
      length: length(title)
    through: []
  made: { source: { database: shop, table: item }, replica: { database: shop, table: made_by_a_service }, key: [id], columns: [ttle], through: [] }
`,
  );
  migration(2, 'ALTER TABLE item ADD COLUMN title text;');
  migration(3, 'CREATE TABLE item_copy (id int, name text, prise numeric, shop text, length int);');
  const { code, stdout, stderr } = await box.run('apply');
  expect(code, stderr).toBe(1);
  const said = stdout.replace(/\s+/g, ' ');
  expect(said).toContain(
    'evpipe.yaml:11:7: price is neither a column of table item (id, title) nor SQL over it: column',
  );
  expect(said).toContain('evpipe.yaml:15:128: ttle is neither a column of table item (id, title) nor SQL');
  expect(said.match(/evpipe\.yaml:\d+:\d+/g)).toHaveLength(2);
  migration(4, 'ALTER TABLE item ADD COLUMN price int, ADD COLUMN ttle text;');
  expect((await plan()).stdout).not.toContain('neither a column');
});

it('leaves nothing behind when it is killed or interrupted in the middle of a migration', async () => {
  migration(2, 'SELECT pg_sleep(600);');
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const running = box.start('plan');
    const ended = running.ended.catch((failure: unknown) => failure);
    await waitUntil('a backend of the scratch server to sleep', async () => isSleeping() || undefined, {
      timeoutMs: 60_000,
      maxPauseMs: 50,
    });
    running.kill(signal);
    await ended;
    await waitUntil(`nothing to be left after ${signal}`, async () => leftovers().length === 0 || undefined, {
      timeoutMs: 30_000,
      maxPauseMs: 50,
    });
  }
});

/** PostgreSQL's processes say by their titles what they do. */
const isSleeping = (): boolean =>
  readdirSync('/proc').some(
    (pid) =>
      /^\d+$/.test(pid) &&
      leftovers().includes(pid) &&
      quietly(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1')).includes('SELECT'),
  );

it('tries on top of what has been applied, disturbs nothing of what runs, and is not wrong about what others have made', async () => {
  await stack.up();
  const live = await stack.database('shop');
  life.onEnd(() => live.close());
  await live.execute('CREATE TABLE made_by_a_service (id int PRIMARY KEY)');
  const before = await inventory(live);

  migration(2, 'ALTER TABLE item ADD COLUMN price numeric;');
  migration(3, 'ALTER TABLE made_by_a_service ADD COLUMN note text;');
  const { code, stdout } = await plan();
  expect(stdout).toMatch(/migration V2__step {2}\(irreversible\)/);
  expect(stdout).toMatch(/migration V3__step .*not tried: it may need what others have made in this database/);
  expect(code).toBe(3);
  migration(3, 'ALTER TABLE item ADD COLUMN price text;');
  expect((await plan()).stdout).toContain('sql/V3__step.sql:1:1: column "price" of relation "item" already exists');
  expect(await inventory(live)).toEqual(before);
  expect(leftovers()).toEqual([]);
});

/** All that a trial could have left on a server. */
const inventory = (client: PostgresClient) =>
  client.queryText(`
    SELECT 'database', datname FROM pg_database UNION ALL SELECT 'role', rolname FROM pg_roles
    UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots UNION ALL SELECT 'publication', pubname FROM pg_publication
    UNION ALL SELECT 'migration', name FROM evpipe.migration
    UNION ALL SELECT 'column', attrelid::regclass || '.' || attname FROM pg_attribute WHERE attnum > 0 ORDER BY 1, 2`);

it('tries on a server with an address only when asked, and takes it back', async () => {
  const server = await startPostgres({ dataDir: join(temporary, 'postgres') });
  life.onEnd(() => server.remove());
  const maintenance = await connectPostgres({ url: server.urlOf('postgres') });
  await maintenance.execute('CREATE DATABASE shop').finally(() => maintenance.close());
  const others = await connectPostgres({ url: server.urlOf('shop') });
  life.onEnd(() => others.close());
  migration(1, 'CREATE TABLE item (id int PRIMARY KEY);');
  box.env.EVPIPE_DATABASE_SHOP_URL = server.urlOf('shop');
  const at = ['--target', 'cluster'];
  const applied = await box.run('apply', ...at);
  expect(applied.code, applied.stderr + applied.stdout).toBe(0);
  await others.execute('INSERT INTO item VALUES (1)');
  const before = await inventory(others);

  migration(2, 'ALTER TABLE item ADD COLUMN price numeric NOT NULL;');
  expect(await plan(...at)).toMatchObject({ code: 3, stdout: expect.not.stringContaining('null values') });
  const refused = await plan('--try-migrations', ...at);
  expect(refused.stdout).toContain('sql/V2__step.sql:1:1: column "price" of relation "item" contains null values');
  expect(refused.code).toBe(1);
  migration(2, 'DROP TABLE item; COMMIT;');
  expect((await plan('--try-migrations', ...at)).stdout).toContain('not tried: it ends its transaction itself');
  migration(2, 'DROP TABLE item;');
  await others.transaction(async () => {
    await others.execute('LOCK TABLE item IN ACCESS SHARE MODE');
    expect((await plan('--try-migrations', ...at)).stdout).toMatch(/not tried: .*lock timeout/);
  });
  expect(await inventory(others)).toEqual(before);
});
