import { describe, expect, it } from 'vitest';
import { nameMatcher } from '../../../src/embedded/connect/postgresql/filter.js';
import { javaRegex } from '../../../src/protocol/connect/option.js';
import { BoundedRegex } from '../../../src/support/bounded-regex.js';

/** Patterns that backtrack without end on this text. */
const text = `${'a'.repeat(60)}!`;
const PATTERNS = ['^(a+)+$', '^(a|aa)+$', '^(.*)*b$', '^(?=(a+)+$)', '^(a+)+\\1$'];
const tooSlow = expect.objectContaining({ code: 'EVPIPE_REGEX_TOO_SLOW' });

describe('a regular expression of somebody else', () => {
  it.each(PATTERNS)('%s ends with an error', (pattern) => {
    expect(() => new BoundedRegex(pattern).test(text)).toThrow(tooSlow);
  });

  it.each<[string, (pattern: string) => unknown]>([
    ['exec', (pattern) => new BoundedRegex(pattern).exec(text)],
    ['match', (pattern) => text.match(new BoundedRegex(pattern))],
    ['replace', (pattern) => text.replace(new BoundedRegex(pattern, 'g'), '')],
    ['search', (pattern) => text.search(new BoundedRegex(pattern))],
    ['matchAll', (pattern) => [...text.matchAll(new BoundedRegex(pattern, 'g'))]],
    ['an option of Connect', (pattern) => javaRegex(pattern).test(text)],
    ['a filter of names', (pattern) => nameMatcher(pattern)(text)],
  ])('ends with an error when used by %s', (_use, use) => {
    expect(() => use('^(a+)+$')).toThrow(tooSlow);
  });

  it('splits within its budget too', () => {
    expect(() => `${'a'.repeat(60)}b`.split(new BoundedRegex('(a+)+!'))).toThrow(tooSlow);
  });

  it('matches as ever otherwise, watched or not', () => {
    expect(new BoundedRegex('^(\\w+)\\.(\\w+)$').exec('public.person')?.slice(1)).toEqual(['public', 'person']);
    expect(new BoundedRegex('^(?:(\\w+)\\.)+(\\w+)$').exec('a.b.c')?.at(-1)).toBe('c');
    expect('a1b22c'.split(new BoundedRegex('[0-9]+'))).toEqual(['a', 'b', 'c']);
    expect('aXbX'.replace(new BoundedRegex('(x)+', 'gi'), '<$1>')).toBe('a<X>b<X>');
  });
});
