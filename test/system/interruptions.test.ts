import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntil } from '../../src/support/retry.js';
import { Stack } from '../support/stack.js';

/** One stack whose `up` is interrupted in one way after the other; each next one goes on from there. */
let stack: Stack;
const taken: Server[] = [];

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Where PostgreSQL keeps its data for root; undefined for anybody else. */
function outsideFolder(): string | undefined {
  const note = join(stack.stateFolder, 'data', 'postgres', 'location.json');
  return existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as { readonly folder: string }).folder : undefined;
}

beforeAll(async () => {
  stack = await Stack.prepare('person-planning');
});

afterAll(async () => {
  for (const server of taken) server.close();
  await stack?.remove();
});

it('takes the next free port where one is taken, and says so', async () => {
  const port = 18_701; // not 8001: a stranger there would be in the way of the pipelines of other files
  const file = join(stack.box.folder, 'evpipe.yaml');
  const declared = readFileSync(file, 'utf8');
  writeFileSync(file, declared.replace('port: 8001', `port: ${port}`));
  const server = createServer();
  taken.push(server);
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve()); // somebody else has it: as good
    server.listen(port, '127.0.0.1', resolve);
  });
  const ended = await stack.run('init-services');
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stderr).toMatch(/port 18701 is taken: person listens on \d+/);
  expect((await stack.run('down', '--volumes', '--yes')).code).toBe(0);
  writeFileSync(file, declared);
});

it('stops waiting on Ctrl-C and ends with 130; what runs stays', async () => {
  const up = stack.box.start('up');
  await waitUntil('Kafka to be up', async () => (up.output().includes('✓ kafka') ? true : undefined), {
    timeoutMs: 60_000,
  });
  up.kill('SIGINT');
  const ended = await up.ended;
  expect(ended.code, ended.stderr).toBe(130);
  expect(ended.stderr).toMatch(/\d+ process(es)? of person-planning still running; `(npx )?evpipe down` stops/);
  expect((await stack.process('kafka'))?.state).toBe('running');
});

it('goes on after kill -9 in the middle of the seed, and doubles no row of it', async () => {
  const up = stack.box.start('up', '--output', 'json');
  await waitUntil('the seed to begin', async () => (up.output().includes('"step-progress"') ? true : undefined), {
    timeoutMs: 60_000,
    maxPauseMs: 20,
  });
  up.kill('SIGKILL');
  expect((await up.ended).signal).toBe('SIGKILL');
  const again = await stack.run('up');
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toMatch(/persons +200 +200/);
  expect(again.stdout).toMatch(/balance-sheets +500 +500/);
});

it('lets one of two runs at the same time through, and the other one say so', async () => {
  const [one, other] = await Promise.all([stack.run('up'), stack.run('up')]);
  const codes = [one.code, other.code].sort();
  expect(codes[0], one.stderr + other.stderr).toBe(0);
  if (codes[1] === 1) expect(one.stderr + other.stderr).toContain('another evpipe is bringing this pipeline up');
  else expect(codes).toEqual([0, 0]); // the first was done before the second began
});

it('leaves no process behind a killed supervisor, and the next up brings all back', async () => {
  const pids = (await stack.processes()).flatMap(({ pid }) => pid ?? []);
  expect(pids.length).toBeGreaterThan(5);
  await stack.kill('supervisor');
  await waitUntil('the children to end', async () => (pids.some(isThere) ? undefined : true), { timeoutMs: 20_000 });
  const status = await stack.run('status');
  expect(status.code).toBe(4);
  expect(status.stderr).toMatch(/person-planning is not running\n +Start it with `(npx )?evpipe up/);
  const ended = await stack.run('up');
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toMatch(/persons +200 +200/);
});

it('starts what is stopped again with up, and ends a stopped supervisor by force', async () => {
  const stopped = await stack.signal('connect', 'SIGSTOP');
  const up = await stack.run('up', '--no-verify', '--no-seed');
  expect(up.code, up.stderr).toBe(0);
  expect(await stack.pidOf('connect')).not.toBe(stopped);
  const supervisor = await stack.signal('supervisor', 'SIGSTOP');
  const down = await stack.run('down');
  expect(down.code, down.stderr).toBe(0);
  await waitUntil('the supervisor to be gone', async () => (isThere(supervisor) ? undefined : true), {
    timeoutMs: 20_000,
  });
  expect((await stack.run('up', '--no-verify', '--no-seed')).code).toBe(0);
});

it('ends by itself when its state folder is removed, and down --volumes still finds what lay elsewhere', async () => {
  const pids = (await stack.processes()).flatMap(({ pid }) => pid ?? []);
  const outside = outsideFolder();
  rmSync(stack.stateFolder, { recursive: true, force: true });
  await waitUntil('the processes to end', async () => (pids.some(isThere) ? undefined : true), { timeoutMs: 30_000 });
  const ended = await stack.run('down', '--volumes', '--yes');
  expect(ended.code, ended.stderr).toBe(0);
  expect(existsSync(stack.stateFolder)).toBe(false);
  if (outside !== undefined) expect(existsSync(outside)).toBe(false);
});

it('brings everything down on Ctrl-C where up was attached', async () => {
  const up = stack.box.start('up', '--attach', '--no-verify');
  await waitUntil('services to be up', async () => (up.output().includes('✓ kafka') ? true : undefined), {
    timeoutMs: 60_000,
  });
  const pids = (await stack.processes()).flatMap(({ pid }) => pid ?? []);
  expect(pids.length).toBeGreaterThan(0);
  up.kill('SIGINT');
  expect((await up.ended).code).toBe(130);
  expect(pids.filter(isThere)).toEqual([]);
  expect(await stack.processes()).toEqual([]);
  expect(readdirSync(stack.stateFolder)).toContain('data');
});
