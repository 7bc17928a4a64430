import { describe, expect, it } from 'vitest';
import { parseTree, plainValue } from '../../../src/pipeline/document.js';

const read = (text: string) => {
  const { tree, problems } = parseTree(text, 'evpipe.yaml');
  return { value: tree === undefined ? undefined : plainValue(tree), problems };
};

/** Nine values, nine lists of it, nine lists of those …: 250 bytes that stand for 9^9 values. */
function laughs(levels: number): string {
  const list = (item: string) => `[${Array(9).fill(item).join(',')}]`;
  const lines = Array.from({ length: levels }, (_, n) => `a${n}: &a${n} ${list(n === 0 ? 'lol' : `*a${n - 1}`)}`);
  return `${lines.join('\n')}\n`;
}

describe('a YAML text', () => {
  it('may use aliases: the last anchor of their name before them', () => {
    const { value, problems } = read('a: &x [1, 2]\nb: *x\nc: &x {d: 3}\ne: *x\n');
    expect(value).toEqual({ a: [1, 2], b: [1, 2], c: { d: 3 }, e: { d: 3 } });
    expect(problems).toEqual([]);
  });

  it('may merge mappings into others, whose own keys win', () => {
    const { value, problems } = read('a: &a {x: 1, y: 1}\nb: {z: 3, <<: *a, y: 2}\nc: {<<: [*a, {x: 5, w: 6}]}\n');
    expect(problems).toEqual([]);
    expect(value).toEqual({ a: { x: 1, y: 1 }, b: { x: 1, y: 2, z: 3 }, c: { x: 1, y: 1, w: 6 } });
    const [refused] = read('a: {<<: 5}\n').problems;
    expect(refused?.message).toMatch(/^<< merges mappings/);
  });

  it('whose aliases stand for billions of values is refused at the place of one', () => {
    const { problems } = read(laughs(9));
    expect(problems).toMatchObject([{ message: 'the aliases expand to more than 100,000 values' }]);
    expect(problems[0]?.location.line).toBeGreaterThan(1);
  });

  it('whose alias leads back into itself is refused', () => {
    const { problems } = read('a: &a [*a, *a]\n');
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThan(100_000);
  });

  it.each([
    ['lists in brackets', `a: ${'['.repeat(100_000)}`, 44],
    ['closed lists in brackets', `a: ${'['.repeat(100_000)}${']'.repeat(100_000)}`, 44],
    ['mappings in brackets', `a: ${'{a: '.repeat(50_000)}`, 164],
  ])('that nests %s is refused where it becomes too deep', (_, text, column) => {
    const { problems } = read(text);
    expect(problems[0]).toMatchObject({ message: 'nested too deeply', location: { line: 1, column } });
  });

  it('that sets a key twice is refused at the second place', () => {
    expect(read('a: 1\nb: {c: 1, c: 2}\na: 3\n').problems).toMatchObject([
      { message: 'key c is already set in this mapping', location: { line: 2, column: 11 } },
      { message: 'key a is already set in this mapping', location: { line: 3, column: 1 } },
    ]);
  });

  it('that nests by indentation is refused', () => {
    expect(read(`a:\n  ${'- '.repeat(20_000)}`).problems[0]).toMatchObject({
      message: 'nested too deeply',
      location: { line: 2, column: 83 },
    });
  });
});
