import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPipeline } from '../../dist/testing/index.js';
import { waitUntil } from '../../src/support/retry.js';
import { Stack } from '../support/stack.js';

/** An application that brings its own tables: jobs, a connector that waits, forms of `ready`, rendered files. */
let stack: Stack;

beforeAll(async () => {
  stack = await Stack.prepare(fileURLToPath(new URL('../fixtures/pipelines/application', import.meta.url)));
});

afterAll(() => stack?.remove());

it('runs jobs once and in order, holds a connector back until the tables are there, and links by the host asked for', async () => {
  const first = await stack.run('up');
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toMatch(/✓ streams +1 connector, all tasks running/);
  expect(first.stdout).toContain('http://localhost:');
  const port = await stack.portOf('web');
  expect(readFileSync(join(stack.box.folder, 'site/app.ini'), 'utf8')).toMatch(
    new RegExp(`^port=${port}\ndb=postgres://.*/app\n$`),
  );
  const again = await stack.run('up');
  expect(again.stdout).toContain('Nothing to change.');
  expect((await stack.run('status')).stdout).toMatch(
    /✓ web +running +:\d+ [\s\S]*✓ collector +running +:\d+ [\s\S]*✓ migrate +done/,
  );
  const { stdout } = await stack.run('logs', 'migrate', 'announce');
  expect(stdout).toMatch(/^migrate +migrated as job 1\nannounce +web is at http:\/\/127\.0\.0\.1:\d+\n$/);
});

it('finds lines of all logs by what they say, how bad it is, and when', async () => {
  const grep = await stack.run('logs', '--grep', '^mig.*ed', '-o', 'json');
  expect(grep.stdout).toBe('{"process":"migrate","text":"migrated as job 1"}\n');
  const recent = await stack.run('logs', '--since', '1h', '--level', 'info', '-o', 'json');
  const times = [...recent.stdout.matchAll(/"at":"([^"]+)"/g)].map(([, at]) => at ?? '');
  expect(times.length).toBeGreaterThan(5);
  expect(times).toEqual([...times].sort());
  expect((await stack.run('logs', '--grep', '[')).code).toBe(2);
  expect((await stack.run('logs', '--since', 'soon')).stderr).toContain('--since soon is not a time');
});

it('runs a job again when an input has changed, and ends with its last words where it fails', async () => {
  const script = join(stack.box.folder, 'migrate.mjs');
  const text = readFileSync(script, 'utf8');
  writeFileSync(script, `${text}\nconsole.error('column is gone');\nprocess.exit(4);\n`);
  const failed = await stack.run('up');
  expect(failed.code).toBe(1);
  expect(failed.stderr + failed.stdout).toMatch(/✗ jobs +job migrate ended with code 4/);
  expect(failed.stderr + failed.stdout).toMatch(/column is gone/);
  expect(failed.stderr + failed.stdout).toMatch(/evpipe\.yaml:9:3/);
  writeFileSync(script, text);
  expect((await stack.run('up')).code).toBe(0);
});

it('encodes what is produced by the subject of the topic, and refuses what does not fit it', async () => {
  const file = join(stack.box.folder, 'parcels.jsonl');
  writeFileSync(file, '{"key": "7", "value": {"id": 7, "note": "fragile"}}\n');
  const produced = await stack.run('produce', 'parcels', file);
  expect(produced).toMatchObject({ code: 0, stderr: '1 record written to parcels, encoded by parcels-value.\n' });
  writeFileSync(file, '{"value": {"id": "seven"}}\n');
  const refused = await stack.run('produce', 'parcels', file);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/line 1: the value does not fit its schema: .*id/);
  const { stdout } = await stack.run('tail', 'parcels', '-e', '-o', 'json');
  const [record] = stdout.trim().split('\n');
  expect(JSON.parse(record ?? '')).toMatchObject({ key: 7, value: { id: 7, note: 'fragile' }, format: 'Avro' });
  expect(stdout.trim().split('\n')).toHaveLength(1);
});

it('runs commands as a service and against the whole pipeline, and passes their exit code on', async () => {
  const print = 'console.log(process.cwd(), process.env.MODE, process.env.FROM_FILE, process.env.PORT)';
  const port = await stack.portOf('web');
  const inside = await stack.run('exec', 'web', '--', 'node', '-e', print);
  expect(inside.stdout).toBe(`${join(stack.box.folder, 'site')} web undefined ${port}\n`);
  const asJob = await stack.run('exec', 'migrate', '--', 'node', '-e', print);
  expect(asJob.stdout).toBe(`${stack.box.folder} job 1 undefined\n`);
  const check = 'console.log(process.env.EVPIPE_KAFKA_BOOTSTRAP_SERVERS); process.exit(7)';
  const outside = await stack.run('exec', '--', 'node', '-e', check);
  expect(outside.code).toBe(7);
  expect(outside.stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
  expect(await stack.process('web'), 'it ran before, and goes on').toMatchObject({ state: 'running' });
  expect((await stack.run('down')).code).toBe(0);
  const alone = await stack.run('exec', '--', 'node', '-e', check);
  expect(alone.code, alone.stderr).toBe(7);
  expect(await stack.processes(), 'it ran for the command only').toEqual([]);
});

it('brings up again what has changed while it watches, and leaves it running in the end', async () => {
  const watching = stack.box.start('up', '--watch', '--no-verify');
  const said = (text: RegExp) =>
    waitUntil(`${text} in ${watching.output()}`, async () => text.test(watching.output()) || undefined, {
      timeoutMs: 60_000,
    });
  await said(/Watching files/);
  const template = join(stack.box.folder, 'app.ini.in');
  writeFileSync(template, `${readFileSync(template, 'utf8')}[more]\n`);
  await said(/Changed: app\.ini\.in[\s\S]*Watching files/);
  const page = await fetch(`${await stack.url('web')}/app.ini`);
  expect(await page.text()).toContain('[more]');

  const script = join(stack.box.folder, 'migrate.mjs');
  const text = readFileSync(script, 'utf8');
  writeFileSync(script, `${text}process.exit(3);\n`);
  await said(/Changed: migrate\.mjs[\s\S]*job migrate ended with code 3[\s\S]*Watching files/);
  writeFileSync(script, text);
  await said(/code 3[\s\S]*Changed: migrate\.mjs[\s\S]*✓ jobs[\s\S]*Watching files/);
  watching.kill('SIGINT');
  expect((await watching.ended).code, watching.output()).toBe(0);
  expect(await stack.process('web')).toMatchObject({ state: 'running' });
  await stack.run('down');
});

it('is started and stopped by evpipe/test, which gives its addresses, or says what failed', async () => {
  const pipeline = await startPipeline({ file: stack.box.folder });
  const { EVPIPE_SERVICE_WEB_URL: url, EVPIPE_DATABASE_APP_URL: database } = pipeline.addresses;
  expect((await fetch(`${url}/app.ini`)).status).toBe(200);
  expect(database).toMatch(/^postgres:/);
  const second = await startPipeline({ file: stack.box.folder });
  await second.stop();
  expect((await fetch(`${url}/app.ini`)).status, 'it ran before the second start').toBe(200);
  await pipeline.stop();
  await pipeline.stop();
  expect(await stack.processes()).toEqual([]);
  const failed = startPipeline({ file: stack.box.folder, profiles: ['nothing'] });
  await expect(failed).rejects.toThrow(/evpipe status ended with code 2:[\s\S]*nothing/);
});
