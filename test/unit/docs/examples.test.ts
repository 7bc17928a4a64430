import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageFile } from '../../../src/support/package.js';
import { textOf, Workspace } from '../pipeline/workspace.js';

let workspace: Workspace;
beforeEach(() => {
  workspace = new Workspace();
});
afterEach(() => workspace.remove());

it('the example of docs/pipeline-file.md is a file without problems', () => {
  workspace.write('evpipe.yaml', yamlOf('docs/pipeline-file.md'));
  workspace.write('sql/shop/V000001__orders.sql', 'CREATE TABLE orders (id int PRIMARY KEY);');
  workspace.write('sql/reports/V000001__orders.sql', 'CREATE TABLE orders (id int PRIMARY KEY);');
  workspace.write('services/report_writer.py', '');
  expect(workspace.load().problems.map(textOf)).toEqual([]);
});

it('the example of docs/checks.md is a file without problems', () => {
  workspace.write('evpipe.yaml', yamlOf('docs/checks.md'));
  workspace.write('expected.csv', 'id,name\n');
  expect(workspace.load().problems.map(textOf)).toEqual([]);
});

it('the targets of docs/targets.md fit a pipeline', () => {
  const env = { KAFKA_PASSWORD: 'a', REGISTRY_PASSWORD: 'b', CONNECT_TOKEN: 'c', PERSON_URL: 'postgres://db/person' };
  const { problems } = workspace.loadWith(yamlOf('docs/targets.md'), { env, target: 'staging' });
  expect(problems.map(textOf)).toEqual([]);
});

const yamlOf = (page: string): string =>
  /```yaml\n(.*?)```/s.exec(readFileSync(packageFile(page), 'utf8'))?.[1] ?? `no YAML in ${page}`;

it('every link between the pages leads somewhere', () => {
  const pages = [
    ...pagesIn('.'),
    ...['docs', 'pipelines', 'templates', 'test/bench', 'test/compose', 'test/real'].flatMap((folder) =>
      pagesIn(folder, true),
    ),
  ];
  const broken = pages.flatMap((page) =>
    [...readFileSync(packageFile(page), 'utf8').matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)]
      .map(([, target = '']) => join(dirname(page), target))
      .filter((target) => !existsSync(packageFile(target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(pages.length).toBeGreaterThan(10);
  expect(broken).toEqual([]);
});

const pagesIn = (folder: string, recursive = false): string[] =>
  readdirSync(packageFile(folder), { recursive, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
