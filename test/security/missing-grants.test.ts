import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres, type PostgresClient } from '../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { missingGrants } from '../../src/kinds/database/missing-grants.js';
import { KINDS } from '../../src/kinds/table.js';
import { loadPipeline } from '../../src/pipeline/load.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';

/** A database with an address: its tables belong to another role, and the user given there may nothing at first. */
const folder = mkdtempSync(join(tmpdir(), 'evpipe-grants-'));
let postgres: RunningPostgres;
let superuser: PostgresClient;
let user: PostgresClient;
let pipeline: Pipeline;

const FILE = `
version: 1
name: shop
databases: { shop: { migrations: sql } }
topics: { orders: }
connectors:
  orders:
    database: shop
    produces: [orders]
    config:
      connector.class: io.debezium.connector.postgresql.PostgresConnector
      table.include.list: public.orders
      signal.data.collection: public.signals
checks:
  orders:
    source: { database: shop, table: orders }
    replica: { database: shop, table: copies }
    key: [id]
    through: []
`;

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  const maintenance = await connectPostgres({ url: postgres.url });
  await maintenance.execute("CREATE ROLE legacy; CREATE ROLE app LOGIN PASSWORD 'secret'");
  await maintenance.execute('CREATE DATABASE shop');
  await maintenance.close();
  superuser = await connectPostgres({ url: postgres.urlOf('shop') });
  await superuser.execute(
    `CREATE TABLE orders (id int PRIMARY KEY); CREATE TABLE copies (id int PRIMARY KEY);
     CREATE TABLE signals (id text PRIMARY KEY, type text, data text);
     ALTER TABLE orders OWNER TO legacy; ALTER TABLE copies OWNER TO legacy; ALTER TABLE signals OWNER TO legacy`,
  );
  user = await connectPostgres({ url: postgres.urlOf('shop').replace(/\/\/.*@/, '//app:secret@') });
  mkdirSync(join(folder, 'sql'));
  writeFileSync(join(folder, 'sql', 'V000001__more.sql'), 'CREATE TABLE more (id int)');
  writeFileSync(join(folder, 'evpipe.yaml'), FILE);
  const loaded = loadPipeline({ files: [folder], profiles: [], env: {}, cwd: folder }, KINDS);
  if (loaded.pipeline === undefined) throw new Error(JSON.stringify(loaded.problems));
  ({ pipeline } = loaded);
});
afterAll(async () => {
  await user?.close();
  await superuser?.close();
  await postgres?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const WORK = [
  'CREATE SCHEMA evpipe',
  'CREATE TABLE more (id int)',
  'SELECT * FROM orders',
  'SELECT * FROM copies',
  "INSERT INTO signals VALUES ('1', 'log', '{}')",
  "SELECT pg_create_logical_replication_slot('orders', 'pgoutput')",
];

it('may none of what the pipeline has it do at first', async () => {
  for (const sql of WORK) await expect(user.execute(sql), sql).rejects.toThrow(/permission denied/);
});

it('lacks what is said, and nothing once that was run', async () => {
  const statements = await missingGrants(user, { pipeline }, 'shop');
  expect(statements).toEqual([
    'ALTER ROLE "app" REPLICATION',
    'GRANT CREATE ON DATABASE "shop" TO "app"',
    'GRANT USAGE, CREATE ON SCHEMA public TO "app"',
    'GRANT USAGE ON SCHEMA "public" TO "app"',
    'GRANT SELECT ON "public"."orders" TO "app"',
    'GRANT SELECT ON "public"."signals" TO "app"',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON "public"."signals" TO "app"',
    'CREATE PUBLICATION "evpipe_shop_orders" FOR TABLE "public"."orders", "public"."signals"',
    'GRANT SELECT ON "public"."copies" TO "app"',
  ]);
  await superuser.execute(statements.join(';'));
  for (const sql of WORK) await user.execute(sql);
  await user.execute("SELECT pg_drop_replication_slot('orders')");
  expect(await missingGrants(user, { pipeline }, 'shop')).toEqual([]);
});
