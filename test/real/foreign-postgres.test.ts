import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres } from '../../src/clients/postgres/client.js';
import { type RunningPostgres, startPostgres } from '../../src/embedded/postgres/server.js';
import { Stack } from '../support/stack.js';

/** Databases on a server that evpipe does not run, all else its own: `down` must leave nothing there that does harm. */

const FOREIGN = ['--target', 'foreign'];

let folder: string;
let postgres: RunningPostgres;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-foreign-'));
  postgres = await startPostgres({ dataDir: join(folder, 'postgres') });
  stack = await Stack.prepare('person-planning');
  const databases = ['person', 'accounting', 'planning'];
  for (const name of databases) await onServer('postgres', `CREATE DATABASE ${name}`);
  // No superuser, and no owner of the databases.
  await onServer('postgres', "CREATE ROLE planner LOGIN PASSWORD 'secret'");
  const urlOf = (name: string): string => postgres.urlOf(name).replace(/\/\/.*@/, '//planner:secret@');
  const addresses = databases.map((name) => `${name}: { url: "${urlOf(name)}" }`);
  const target = `\ntargets:\n  foreign: { databases: { ${addresses.join(', ')} } }\n`;
  await appendFile(join(stack.box.folder, 'evpipe.yaml'), target);
});

afterAll(async () => {
  await stack?.box.remove(...FOREIGN);
  await postgres?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function onServer(database: string, sql: string): Promise<readonly (readonly (string | null)[])[]> {
  const client = await connectPostgres({ url: postgres.urlOf(database) });
  try {
    return await client.queryText(sql);
  } finally {
    await client.close();
  }
}

async function runScript(database: string, sql: string): Promise<void> {
  const client = await connectPostgres({ url: postgres.urlOf(database) });
  await client.execute(sql).finally(() => client.close());
}

const slots = () => onServer('postgres', 'SELECT slot_name FROM pg_replication_slots ORDER BY 1');

async function comesUp(): Promise<void> {
  const ended = await stack.run('up', '--seed', ...FOREIGN);
  expect(ended.code, ended.stderr + ended.stdout).toBe(0);
  expect(ended.stdout).toMatch(/persons\s+200\s+200/);
  expect(ended.stdout).toMatch(/balance-sheets\s+500\s+500/);
}

it('comes up with what doctor says that its user lacks', async () => {
  const refused = await stack.run('up', '--seed', ...FOREIGN);
  expect(refused.stderr + refused.stdout).toContain('permission denied');
  const { stdout } = await stack.run('doctor', '--output', 'json', ...FOREIGN);
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { about?: string; todo?: string });
  for (const { about, todo } of found)
    if (about?.startsWith('database ') === true && todo !== undefined)
      await runScript(about.slice('database '.length), todo);
  await comesUp();
  expect((await stack.run('doctor', ...FOREIGN)).stdout).not.toContain('GRANT');
  expect((await stack.run('down', '--volumes', '--yes', ...FOREIGN)).code).toBe(0);
});

it('drops its slots and publications there, and tells what stays', async () => {
  await comesUp();
  expect(await slots()).toHaveLength(2);
  await runScript('person', 'CREATE PUBLICATION others FOR ALL TABLES');
  await onServer('person', "SELECT pg_create_logical_replication_slot('others', 'pgoutput')");

  const refused = await stack.run('down', '--volumes', ...FOREIGN);
  expect(refused.stderr).toMatch(/removes {2}connector person-outbox with its offsets and its slot in database person/);
  expect(refused.stderr).toContain('Confirm with --yes');
  expect(refused.code).toBe(2);
  expect(await slots()).toHaveLength(3);
  const down = await stack.run('down', '--volumes', '--yes', ...FOREIGN);
  expect(down.code, down.stderr).toBe(0);
  expect(down.stdout).toMatch(/removed {2}slot \S+ of database person/);
  expect(down.stdout).toMatch(/stays {4}database planning at its address/);
  const publications = (name: string) => onServer(name, 'SELECT pubname FROM pg_publication');
  expect(await slots()).toEqual([['others']]);
  expect(await publications('person')).toEqual([['others']]);
  expect(await publications('accounting')).toEqual([]);
  await onServer('person', "SELECT pg_drop_replication_slot('others')");
});
