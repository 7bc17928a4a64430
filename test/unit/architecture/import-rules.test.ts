import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { circles } from './circles.js';
import { LIBRARIES, PROGRAMS, violation } from './import-rules.js';
import { readSource, type Source } from './source-imports.js';

const src = fileURLToPath(new URL('../../../src', import.meta.url));

const sources: ReadonlyMap<string, Source> = new Map(
  readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const from = relative(src, path).replaceAll('\\', '/');
      return [from, readSource(from, readFileSync(path, 'utf8'))];
    }),
);

function importViolations({ imports }: Source): string[] {
  return imports.flatMap((found) => {
    const why = violation(found);
    return why === undefined ? [] : [`src/${found.from} imports ${found.to}: ${why}`];
  });
}

const isProgram = (file: string): boolean => PROGRAMS.some((pattern) => pattern.test(file));

describe('imports', () => {
  it('go downwards only, and libraries stay behind their walls', () => {
    expect([...sources.values()].flatMap(importViolations)).toEqual([]);
  });

  it('form no circle by value', () => {
    expect(circles(sources)).toEqual([]);
  });

  it('leave no library listed that nothing imports', () => {
    const used = new Set([...sources.values()].flatMap(({ imports }) => imports.map(({ to }) => to ?? '')));
    const unused = Object.keys(LIBRARIES).filter(
      (library) => ![...used].some((to) => to === library || to.startsWith(`${library}/`)),
    );
    expect(unused).toEqual([]);
  });

  it.each([
    ['support/a.ts', "import { x } from '../clients/kafka/client.js';"],
    ['support/a.ts', 'import { x } from "../clients/kafka/client.js";'],
    ['support/a.ts', "/* why */ import { x } from '../clients/kafka/client.js';"],
    ['support/a.ts', "export * from '../clients/kafka/client.js';"],
    ['support/a.ts', "type Client = import('../clients/kafka/client.js').Client;"],
    ['embedded/kafka/a.ts', "import { x } from '../connect/server.js';"],
    ['ui/a.tsx', "import { up } from '../operations/up.js';"],
    ['operations/a.ts', "import pg from 'pg';"],
    ['ui/a.tsx', "import { type Up, up } from '../operations/up.js';"],
    ['operations/a.ts', "import axios from 'axios';"],
    ['operations/a.ts', "import something from 'listed-nowhere';"],
    ['operations/a.ts', "const { startKafka } = await import('../embedded/kafka/index.js');"],
    ['operations/a.ts', 'const { startKafka } = await import(`../embedded/kafka/index.js`);'],
    ['operations/a.ts', "const axios = await import('axios', { with: { type: 'json' } });"],
    ['operations/a.ts', "const axios = await import(['ax', 'ios'].join(''));"],
    ['operations/a.ts', "const load = createRequire(import.meta.url); const axios = load('axios');"],
    ['operations/a.ts', "const axios = createRequire(import.meta.url)('axios');"],
    ['operations/a.ts', "const axios = require('axios');"],
    ['cli/a.ts', "export { x } from '../targets/target.js';"],
    ['kinds/a.ts', "import {\n  type A,\n  b,\n} from '../operations/up.js';"],
    ['pipeline/a.ts', "import { KINDS } from '../kinds/table.js';"],
    ['targets/a.ts', "import type { Kind } from '../kinds/kind.js';"],
    ['nowhere/a.ts', "import { x } from '../support/errors.js';"],
  ])('a planted violation in %s is found: %s', (from, text) => {
    expect(importViolations(readSource(from, text))).toHaveLength(1);
  });

  it.each([
    ['ui/a.tsx', "import type { OperationEvent } from '../operations/events.js';"],
    ['ui/a.tsx', "import { type OperationEvent } from '../operations/events.js';"],
    ['operations/serve.ts', "import { startKafka } from '../embedded/kafka/index.js';"],
    ['cli/a.ts', "import { Command } from 'commander';"],
    ['cli/a.ts', "import { readFileSync } from 'node:fs';"],
    ['cli/a.ts', 'const text = "import axios from \'axios\'";'],
  ])('what the design allows in %s passes: %s', (from, text) => {
    expect(importViolations(readSource(from, text))).toEqual([]);
  });

  it('in a circle are named in their order', () => {
    const planted = new Map([
      ['cli/a.ts', readSource('cli/a.ts', "import { b } from './b.js';")],
      ['cli/b.ts', readSource('cli/b.ts', "import { c } from './c.js';")],
      ['cli/c.ts', readSource('cli/c.ts', "export { a } from './a.js'; import type { b } from './b.js';")],
    ]);
    expect(circles(planted)).toEqual(['cli/a.ts → cli/b.ts → cli/c.ts → cli/a.ts']);
  });
});

describe('process.exit and console', () => {
  it('are used by programs only', () => {
    const found = [...sources].flatMap(([file, { globals }]) =>
      isProgram(file) ? [] : globals.map((use) => `${file}: ${use}`),
    );
    expect(found).toEqual([]);
  });

  it.each([
    ['process.exit(1);', ['process.exit']],
    ["process['exit'](1);", ['process.exit']],
    ['console.log(1);', ['console.log']],
    ['process.exitCode = 1;', []],
  ])('in %s are seen as %j', (text, globals) => {
    expect(readSource('operations/a.ts', text).globals).toEqual(globals);
  });
});
