import { type ExecFileOptionsWithStringEncoding, execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { downloading } from '../support/downloads.js';

/** What somebody has who knows the package alone: its tarball, an empty folder, npm. */

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evpipe-packed-'));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: REPOSITORY });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  const { devDependencies } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const types = ['typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`);
  await run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`, ...types], {
    cwd: folder,
    env: downloading(),
  });
});

afterAll(async () => {
  if (folder === undefined) return;
  await evpipe('down', 'shop', '--volumes').catch(() => {}); // it may never have come up
  await rm(folder, { recursive: true, force: true });
});

/** Throws, with all that it printed, where it does not end with 0. */
const evpipe = (...args: string[]): Promise<{ stdout: string }> => inFolder('npx', ['evpipe', ...args]);

async function inFolder(command: string, args: readonly string[]): Promise<{ stdout: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', CI: 'true' };
  // What npm says of this very test run is no part of the user's surroundings.
  for (const name of Object.keys(env)) if (/^npm_/.test(name) || name === 'NODE_PATH') delete env[name];
  const options: ExecFileOptionsWithStringEncoding = { cwd: folder, env, encoding: 'utf8' };
  return run(command, [...args], options).catch((failure: { stdout: string; stderr: string; message: string }) => {
    throw new Error(`${failure.message}\n${failure.stdout}${failure.stderr}`);
  });
}

it('makes a pipeline that comes up and proves itself', async () => {
  expect((await evpipe('init', 'shop', '--template', 'outbox')).stdout).toContain('npx evpipe up shop');
  // npm gets the same package for its types, not one that a registry may have under this name.
  const manifest = JSON.parse(await readFile(join(folder, 'shop', 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  expect(manifest.devDependencies.evpipe).toMatch(/^file:\.\.\/evpipe-[\d.]+\.tgz$/);
  expect((await evpipe('up', 'shop')).stdout).toMatch(/orders +100 +100 .*consistent/);
  expect((await evpipe('smoke', 'shop')).stdout).toMatch(/All \d+ passed/);
  expect((await evpipe('down', 'shop', '--volumes')).stdout).toBeDefined();
});

it('brings along what type-checks the services of every template where they lie', async () => {
  const templates = (await evpipe('init', '--list', '--output', 'json')).stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly name: string }).name);
  expect(templates).toContain('person-planning');
  for (const name of templates.filter((one) => one !== 'empty')) {
    await evpipe('init', `types/${name}`, '--template', name);
    await inFolder('npx', ['tsc', '-p', `types/${name}`]);
  }
});

it('has neither state nor tests in it', async () => {
  const entries = await readdir(join(folder, 'node_modules', 'evpipe'), { recursive: true });
  expect(entries.filter((entry) => /(^|\/)(\.evpipe|test)(\/|$)/.test(entry))).toEqual([]);
});
