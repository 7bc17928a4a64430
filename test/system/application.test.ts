import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
  expect(first.stdout).toMatch(/✓ streams +1 connector, all tasks running/);
  expect(first.stdout).toContain('http://localhost:');
  const port = await stack.portOf('web');
  expect(readFileSync(join(stack.box.folder, 'site/app.ini'), 'utf8')).toMatch(
    new RegExp(`^port=${port}\ndb=postgres://.*/app\n$`),
  );
  const again = await stack.run('up');
  expect(again.stdout).toContain('Nothing had to be changed.');
  const { stdout } = await stack.run('logs', 'migrate', 'announce');
  expect(stdout).toMatch(/^migrate +migrated as job 1\nannounce +web is at http:\/\/127\.0\.0\.1:\d+\n$/);
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
