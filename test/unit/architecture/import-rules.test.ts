import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importsOf, violation } from './import-rules.js';

const src = fileURLToPath(new URL('../../../src', import.meta.url));

function violationsOf(from: string, text: string): string[] {
  return importsOf(from, text).flatMap((found) => {
    const why = violation(found);
    return why === undefined ? [] : [`src/${from} imports ${found.to}: ${why}`];
  });
}

describe('imports', () => {
  it('go downwards only, and libraries stay behind their walls', () => {
    const files = readdirSync(src, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && /\.tsx?$/.test(entry.name),
    );
    expect(files.length).toBeGreaterThan(0);
    const found = files.flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      return violationsOf(relative(src, path), readFileSync(path, 'utf8'));
    });
    expect(found).toEqual([]);
  });

  it.each([
    ['support/a.ts', "import { x } from '../clients/kafka/client.js';"],
    ['embedded/kafka/a.ts', "import { x } from '../connect/server.js';"],
    ['ui/a.tsx', "import { up } from '../operations/up.js';"],
    ['operations/a.ts', "import pg from 'pg';"],
    ['operations/a.ts', "const { startKafka } = await import('../embedded/kafka/index.js');"],
    ['cli/a.ts', "export { x } from '../targets/target.js';"],
    ['kinds/a.ts', "import {\n  type A,\n  b,\n} from '../operations/up.js';"],
    ['pipeline/a.ts', "import { KINDS } from '../kinds/table.js';"],
    ['targets/a.ts', "import type { Kind } from '../kinds/kind.js';"],
  ])('a planted violation in %s is found: %s', (from, text) => {
    expect(violationsOf(from, text)).toHaveLength(1);
  });

  it.each([
    ['ui/a.tsx', "import type { OperationEvent } from '../operations/events.js';"],
    ['operations/serve.ts', "import { startKafka } from '../embedded/kafka/index.js';"],
    ['cli/a.ts', "import { Command } from 'commander';"],
  ])('what the design allows in %s passes: %s', (from, text) => {
    expect(violationsOf(from, text)).toEqual([]);
  });
});
