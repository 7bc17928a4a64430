import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS } from '../../../src/kinds/table.js';
import { loadPipeline } from '../../../src/pipeline/load.js';
import { EvpipeError } from '../../../src/support/errors.js';
import { Workspace } from './workspace.js';

const SEED = Number(process.env.EVPIPE_TEST_SEED ?? 20261121);
/** Each round spoils the file this many times. */
const MUTATIONS = 20;
const ROUNDS = Array.from({ length: 10 }, (_, round) => SEED + round);

/** mulberry32: the same numbers for the same seed, everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const STRAY = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  "'",
  '#',
  '&',
  '*',
  '!',
  '|',
  '>',
  '%',
  '@',
  '`',
  '\t',
  '-',
  '?',
  'x',
  '$',
  '~',
  '\u0000',
];

type Mutation = (lines: string[], at: number, below: (most: number) => number) => void;

const MUTATIONS_BY_NAME: Readonly<Record<string, Mutation>> = {
  deleted: (lines, at) => void lines.splice(at, 1),
  doubled: (lines, at) => void lines.splice(at, 0, lines[at] ?? ''),
  reindented: (lines, at, below) => {
    lines[at] = `${' '.repeat(below(8))}${(lines[at] ?? '').trimStart()}`;
  },
  mistyped: (lines, at, below) => {
    const line = lines[at] ?? '';
    const from = below(line.length + 1);
    lines[at] = line.slice(0, from) + (STRAY[below(STRAY.length)] ?? '') + line.slice(from + below(2));
  },
  transposed: (lines, at, below) => {
    const line = lines[at] ?? '';
    const from = below(Math.max(1, line.length - 1));
    lines[at] = line.slice(0, from) + (line[from + 1] ?? '') + (line[from] ?? '') + line.slice(from + 2);
  },
  cut: (lines, at, below) => {
    lines[at] = (lines[at] ?? '').slice(0, below((lines[at] ?? '').length + 1));
  },
};

describe('a spoiled pipeline file', () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = new Workspace();
  });
  afterAll(() => workspace.remove());

  it.each(ROUNDS)('is valid or refused with a place, whatever was done to it (seed %i)', (seed) => {
    const original = readFileSync(join(workspace.folder, 'evpipe.yaml'), 'utf8').split('\n');
    const below = random(seed);
    const names = Object.keys(MUTATIONS_BY_NAME);
    let refused = 0;
    for (let round = 0; round < MUTATIONS; round += 1) {
      const lines = [...original];
      const done: string[] = [];
      for (let count = 1 + below(3); count > 0; count -= 1) {
        const name = names[below(names.length)] ?? 'deleted';
        const at = below(lines.length);
        MUTATIONS_BY_NAME[name]?.(lines, at, below);
        done.push(`line ${at + 1} ${name}`);
      }
      const what = `round ${round}: ${done.join(', ')}`;
      workspace.write('evpipe.yaml', lines.join('\n'));
      const { pipeline, problems } = workspace.load();
      const errors = problems.filter(({ severity }) => severity === 'error');
      expect(pipeline === undefined, what).toBe(errors.length > 0);
      for (const { location, message } of problems) {
        expect(message, what).toMatch(/\S/);
        expect(message, what).not.toMatch(/\b(undefined|Invalid input|expected .* received|\[object)\b/);
        expect(location.file, what).toMatch(/\.(yaml|sql|avsc)$/);
        expect(location.line, what).toBeGreaterThan(0);
        expect(location.column, what).toBeGreaterThan(0);
      }
      if (pipeline === undefined) refused += 1;
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 4);
  });

  it('is refused as a file where it is none', () => {
    workspace.write('evpipe.yaml', '\u0000\u0001\u0002');
    expect(workspace.load().pipeline).toBeUndefined();
    for (const text of ['', '# nothing', 'null', '[]', '12', 'a: &a [*a]', '--- 1\n--- 2', '? {a: b}\n: c', '<<: *x']) {
      workspace.write('evpipe.yaml', text);
      const { pipeline, problems } = workspace.load();
      expect(pipeline, text).toBeUndefined();
      expect(problems.length, text).toBeGreaterThan(0);
    }
    expect(() => loadPipeline({ files: ['nowhere'], profiles: [], env: {}, cwd: workspace.folder }, KINDS)).toThrow(
      EvpipeError,
    );
  });
});
