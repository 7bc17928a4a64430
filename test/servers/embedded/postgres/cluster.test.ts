import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectPostgres } from '../../../../src/clients/postgres/client.js';
import { providePostgres } from '../../../../src/embedded/postgres/binaries.js';
import { makeCluster } from '../../../../src/embedded/postgres/cluster.js';
import { placeFor } from '../../../../src/embedded/postgres/place.js';
import { startPostgres } from '../../../../src/embedded/postgres/server.js';
import { unprivilegedAccount } from '../../../../src/support/account.js';
import { removeDataDir } from '../../../../src/support/outside-folder.js';

const account = unprivilegedAccount();
let root: string;
let template: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'evpipe-cluster-'));
  template = join(root, 'template');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes a cluster, and takes what can be seen of it by who has the password; `initdb`: another program for it. */
async function made(name: string, password: string, initdb?: string): Promise<string | undefined> {
  const dataDir = join(root, name);
  const place = placeFor(dataDir, account);
  const binaries = providePostgres(account, place);
  try {
    await makeCluster(
      join(place, 'cluster'),
      password,
      { binaries: { ...binaries, ...(initdb !== undefined && { initdb }) }, account, place },
      template,
    );
    const server = await startPostgres({ dataDir, password });
    const client = await connectPostgres({ url: server.url });
    const [[seen] = []] = await client.queryText(
      "SELECT concat_ws(' ', datcollate, datlocprovider, current_setting('scram_iterations')) FROM pg_database WHERE datname = 'template1'",
    );
    await client.close();
    const stranger = connectPostgres({ url: `postgres://postgres:another@127.0.0.1:${server.port}/postgres` });
    await expect(stranger).rejects.toThrow(/password authentication failed/);
    await server.stop();
    return seen ?? undefined;
  } finally {
    removeDataDir(dataDir);
  }
}

it('runs initdb once; each further cluster is a copy with a password of its own', async () => {
  expect(await made('first', 'one')).toBe('C b 64');
  expect(existsSync(join(template, 'PG_VERSION'))).toBe(true);
  expect(await made('second', "o'ther\\", '/nonexistent')).toBe('C b 64');
  expect(readdirSync(root)).toEqual(['template']);
});

it('does without the template while another one makes it, and makes it anew where that one was killed', async () => {
  const unfinished = `${template}.new`;
  mkdirSync(join(unfinished, 'cluster'), { recursive: true });
  expect(await made('first', 'one')).toBe('C b 64');
  expect([existsSync(template), existsSync(unfinished)]).toEqual([false, true]);
  const longAgo = new Date(Date.now() - 600_000);
  utimesSync(unfinished, longAgo, longAgo);
  expect(await made('second', 'two')).toBe('C b 64');
  expect([existsSync(template), existsSync(unfinished)]).toEqual([true, false]);
});

it('says in the words of PostgreSQL why a cluster can’t be made', async () => {
  mkdirSync(template);
  await expect(made('first', 'one')).rejects.toThrow(/data folder can't be made: .*postgresql\.conf.*No such file/);
});
