import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stack } from '../support/stack.js';
import { downloadRealStack } from './stack/download.js';
import { wheelsFor } from './stack/python.js';
import { repositoryFolder } from './stack/repository.js';

/**
 * A Django application with its own migrations, first user, static files, admin and worker, and consumers in Python, Java and Go.
 * None of them knows evpipe; one file brings them up, and the data goes in through the forms of the admin.
 */
const fixture = fileURLToPath(new URL('../fixtures/pipelines/parcel-desk', import.meta.url));
/** Kept with all else that is downloaded once. */
const go = { GOMODCACHE: join(repositoryFolder, '.real-stack/go-modules'), GOFLAGS: '-modcacherw' };
let stack: Stack;

beforeAll(async () => {
  const requirements = readFileSync(join(fixture, 'requirements.txt'), 'utf8').trim().split('\n');
  const [real, wheels] = await Promise.all([
    downloadRealStack(),
    wheelsFor(...requirements),
    promisify(execFile)('go', ['mod', 'download'], {
      cwd: join(fixture, 'routing'),
      env: { ...process.env, ...go },
    }),
  ]);
  stack = await Stack.prepare(fixture);
  Object.assign(stack.box.env, go, {
    JARS: `${real}/kafka/*:${real}/plugins/debezium-connector-postgres/*`,
    WHEELS: wheels,
    NO_INDEX: '1',
  });
});

afterAll(() => stack?.remove());

const logs = (): string =>
  ['packages', 'migrate', 'web', 'search', 'billing', 'routing'].map((name) => stack.log(name)).join('\n');

it('is built, migrated, served and seeded through its forms, and what it knows reaches all three consumers', async () => {
  const up = await stack.run('up', '--timeout', '3m');
  expect(up.code, up.stderr + up.stdout + logs()).toBe(0);
  expect(up.stderr).toContain('✓ jobs        7 jobs done');
  expect(up.stdout).toMatch(/search +30 +30 +0 +0 +0 +✓ consistent/);
  expect(up.stdout).toMatch(/routing +30 +30/);
  expect(up.stdout).toMatch(/http:\/\/desk\.localhost:\d+\/admin\//);
  expect(readFileSync(join(stack.box.folder, 'billing/billing.properties'), 'utf8')).toMatch(
    /^database\.url=jdbc:postgresql:/m,
  );
  const gateway = (await stack.process('gateway'))?.port;
  const style = await fetch(`http://127.0.0.1:${gateway}/static/parcels/desk.css`);
  expect(style.headers.get('cache-control')).toBe('max-age=3600');
  const again = await stack.run('up');
  expect(again.stdout, again.stderr).toContain('Nothing to change.');
});

it('is also a Compose project, in which the router is built from its folder', async () => {
  const { stdout, stderr } = await stack.run('compose', 'config');
  expect(stdout, stderr).toContain(`  routing:\n    build: ${join(stack.box.folder, 'routing')}\n`);
});

it('is tested through the gateway as a person would: log in, fill in, look, and see the effects', async () => {
  const smoke = await stack.run('smoke');
  expect(smoke.code, smoke.stdout + smoke.stderr + logs()).toBe(0);
  expect(smoke.stdout).toContain('POST /desk/admin/parcels/parcel/add/ 302');
  const twice = await stack.run('smoke', 'a-parcel-is-billed-and-routed');
  expect(twice.code).toBe(1);
  expect(twice.stdout + twice.stderr).toContain(
    'it shows the form again: Please correct the errors below. Customer with this Id already exists.',
  );
  stack.box.env.ADMIN_PASSWORD = 'wrong';
  const stranger = await stack.run('smoke', 'a-parcel-is-billed-and-routed');
  delete stack.box.env.ADMIN_PASSWORD;
  expect(stranger.stdout + stranger.stderr).toContain('Please enter the correct username and password');
});

it('takes away what is deleted in all of them', async () => {
  const deleted = await stack.run('psql', 'desk', '-c', 'delete from parcels_label; delete from parcels_parcel');
  expect(deleted.code, deleted.stderr).toBe(0);
  const { code, stdout } = await stack.run('verify-consistency', 'billing', 'routing', 'search');
  expect(code, stdout + logs()).toBe(5); // two empty sides prove nothing, and say so
  expect(stdout.match(/empty: both sides are empty/g)).toHaveLength(3);
});
