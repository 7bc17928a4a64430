import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../../src/support/package.js';
import { LAYERS } from './import-rules.js';

it('every folder of src has a row in docs/ARCHITECTURE.md and a rule for its imports', () => {
  const page = readFileSync(packageFile('docs/ARCHITECTURE.md'), 'utf8');
  const folders = readdirSync(packageFile('src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(folders.length).toBeGreaterThan(0);
  expect(folders.filter((name) => !page.includes(`\`src/${name}/`))).toEqual([]);
  expect(folders.filter((name) => LAYERS[name] === undefined)).toEqual([]);
});

it.each(['docs/ARCHITECTURE.md', 'CONTRIBUTING.md'])('every file and folder that %s names is there', (page) => {
  const text = readFileSync(packageFile(page), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|docs)\/[^`\s<]*)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(packageFile(path)))).toEqual([]);
});
