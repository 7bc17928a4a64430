import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nameProblem } from '../../../src/operations/init/init.js';
import { templates } from '../../../src/operations/init/templates.js';
import { type Ran, runIn } from '../../support/command-line.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evpipe-init-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...argv: string[]): Promise<Ran> => runIn(folder, {}, ...argv);
const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');

it.each(templates().map(({ name }) => name))(
  'makes a pipeline that validates out of %s, under its own name',
  async (name) => {
    const made = await run('init', 'my-own', '--template', name);
    expect(made.err).toBe('');
    expect(made.code).toBe(0);
    expect(made.out).toContain('evpipe up my-own');
    expect((await run('validate', 'my-own')).out).toContain('my-own is valid.');
    expect(read('my-own', 'README.md')).toMatch(/^# my-own\n/);
    expect(read('my-own', 'README.md')).not.toContain(`pipelines/${name}`);
    expect(JSON.parse(read('my-own', 'package.json'))).toMatchObject({ name: 'my-own', type: 'module' });
    expect(readdirSync(folder)).toEqual(['my-own']);
  },
);

it('knows the small templates and every pipeline of the package, each with a sentence', async () => {
  const { out, code } = await run('init', '--list');
  expect(code).toBe(0);
  for (const name of ['empty', 'outbox', 'cdc', 'jdbc-sink', 'cqrs', 'polling-outbox', 'person-planning']) {
    expect(out).toMatch(new RegExp(`^${name} +[A-Z].*\\.$`, 'm'));
  }
  expect((await run('__complete', '--', 'init', '--template', 'cq')).out).toMatch(/^cqrs/);
});

it('lets services import nothing but the kit', () => {
  for (const { name, folder: place } of templates()) {
    const services = join(place, 'services');
    for (const file of existsSync(services) ? readdirSync(services, { recursive: true, encoding: 'utf8' }) : []) {
      if (!file.endsWith('.ts')) continue;
      const imported = [...readFileSync(join(services, file), 'utf8').matchAll(/from '([^.'][^']*)'/g)].map(
        ([, from]) => from,
      );
      for (const from of imported) expect(from, `${name}: ${file}`).toMatch(/^(evpipe\/kit|node:.*)$/);
    }
  }
});

it('leaves a folder alone that has something in it, and says what', async () => {
  mkdirSync(join(folder, 'shop'));
  writeFileSync(join(folder, 'shop', 'notes.txt'), 'mine');
  const { code, err } = await run('init', 'shop', '--template', 'outbox');
  expect(code).toBe(2);
  expect(err).toContain('is not empty: it has notes.txt');
  expect(readdirSync(join(folder, 'shop'))).toEqual(['notes.txt']);
  writeFileSync(join(folder, 'file'), '');
  expect((await run('init', 'file', '--template', 'outbox')).code).toBe(2);
  expect(readdirSync(folder)).toEqual(['file', 'shop']);
});

it('fills an empty folder, one with a fresh git repository too, and one where a folder above is missing', async () => {
  mkdirSync(join(folder, 'shop', '.git'), { recursive: true });
  expect((await run('init', 'shop', '--template', 'outbox')).code).toBe(0);
  expect(read('shop', 'evpipe.yaml')).toContain('\nname: shop\n');
  expect((await run('init', 'all/of/mine', '--template', 'empty')).code).toBe(0);
  expect(read('all', 'of', 'mine', 'evpipe.yaml')).toContain('\nname: mine\n');
  expect(readdirSync(join(folder, 'all', 'of'))).toEqual(['mine']);
});

it('refuses an unknown template with the nearest one, and a name that no pipeline can have', async () => {
  const unknown = await run('init', 'shop', '--template', 'outbx');
  expect([unknown.code, unknown.err]).toEqual([
    2,
    expect.stringMatching(/there is no template outbx.*outbox.*\n.*Templates: empty/),
  ]);
  const named = await run('init', 'My Shop', '--template', 'outbox');
  expect([named.code, named.err]).toEqual([2, expect.stringContaining('lower-case letters')]);
  expect(nameProblem('a'.repeat(51))).toBeDefined();
  const unsaid = await run('init');
  expect([unsaid.code, unsaid.err]).toEqual([2, expect.stringContaining('--template')]);
  expect(readdirSync(folder)).toEqual([]);
});
