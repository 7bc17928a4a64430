import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { expect, it } from 'vitest';
import { KINDS } from '../../../src/kinds/table.js';
import { packageFile } from '../../../src/support/package.js';

/** Of kinds and of the servers that they start, as code would spell them. */
const NAMES = new Set(KINDS.flatMap(({ kind, servers = [] }) => [kind, ...servers]));

/** Comments may give a kind as an example; code may not. */
function namesIn(text: string): readonly string[] {
  const found: string[] = [];
  new Visitor({
    Literal: ({ value }) => {
      if (typeof value === 'string' && NAMES.has(value)) found.push(value);
    },
  }).visit(parseSync('a.ts', text).program);
  return found;
}

it.each(['pipeline', 'targets'])('src/%s names no kind', (folder) => {
  const root = packageFile(`src/${folder}`);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(10);
  const found = files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    return namesIn(readFileSync(path, 'utf8')).map((name) => `${relative(root, path)}: ${name}`);
  });
  expect(found).toEqual([]);
});

it('a name of a kind is found in code', () => {
  expect(namesIn("/** 'topic' */ const login = secrets.derived('rabbitmq');")).toEqual(['rabbitmq']);
});
