import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOfOption, keysOfReport } from '../../../src/cli/chosen-keys.js';

describe('--keys', () => {
  it('takes a list of keys of one column, and JSON of several', () => {
    expect(keysOfOption('17, 18', ['persons']).get('persons')).toMatchObject({
      keys: [['17'], ['18']],
      part: '2 keys',
    });
    expect(keysOfOption('[["17", "a,b"], ["18", null]]', ['persons']).get('persons')?.keys).toEqual([
      ['17', 'a,b'],
      ['18', null],
    ]);
  });

  it('refuses what is no list of keys, numbers that JSON would round, and no or several checks', () => {
    for (const text of ['[17]', '[["17"], 18]', '[[17]]', '[]', '[["17"]'])
      expect(() => keysOfOption(text, ['persons']), text).toThrow(/--keys is not/);
    expect(() => keysOfOption('17', [])).toThrow('--keys applies to a single check');
    expect(() => keysOfOption('17', ['a', 'b'])).toThrow('--keys applies to a single check');
  });
});

describe('--recheck', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'evpipe-recheck-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const written = (...lines: readonly unknown[]): string => {
    const file = join(folder, 'report.jsonl');
    writeFileSync(file, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
    return file;
  };
  const report = (check: string, keys: readonly string[], missing = keys.length) => ({
    kind: 'check-report',
    report: {
      ...{ check, kind: 'compare', missing, extra: 0, different: 0 },
      findings: keys.map((key) => ({ kind: 'missing', key: [key], columns: [] })),
    },
  });

  it('takes the keys that differed, of the checks that are wanted, and says how many were listed', async () => {
    const file = written({ kind: 'step-started' }, report('a', ['1', '2'], 9), report('b', ['3']), report('c', []));
    const all = await keysOfReport(file, []);
    expect([...all.keys()]).toEqual(['a', 'b']);
    expect(all.get('a')).toEqual({
      keys: [['1'], ['2']],
      part: `2 of 9 keys that differed in ${file}`,
      mayBeGone: true,
    });
    expect([...(await keysOfReport(file, ['b', 'c'])).keys()]).toEqual(['b']);
  });

  it('refuses a file that does not exist, is not JSON, or has no key in it', async () => {
    await expect(keysOfReport(join(folder, 'none'), [])).rejects.toThrow(/can't read/);
    await expect(keysOfReport(written('no JSON'), [])).rejects.toThrow(/line 1 of .* is not JSON/);
    await expect(keysOfReport(written(report('a', [])), [])).rejects.toThrow('no key differs');
  });
});
