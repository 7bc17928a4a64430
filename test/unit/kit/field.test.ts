import { describe, expect, it } from 'vitest';
import { date, type Field, integer, Problem, text, uuid } from '../../../src/kit/field.js';
import { html } from '../../../src/kit/html.js';

const takes = (field: Field<unknown>, value: unknown): unknown => {
  const parsed = field.parse(value);
  return parsed instanceof Problem ? `refused: ${parsed.message}` : parsed;
};

describe('a field', () => {
  it('takes a day that exists, as text, whatever the time zone', () => {
    expect(takes(date(), '1815-12-10')).toBe('1815-12-10');
    expect(takes(date(), '2024-02-29')).toBe('2024-02-29');
    for (const wrong of ['2026-02-30', '2025-02-29', '0000-01-01', '26-1-1', '2026-01-01T00:00', 20260101, null])
      expect(takes(date(), wrong)).toBe('refused: must be a day as YYYY-MM-DD');
  });

  it('takes a whole number from JSON and from a form, none that would be rounded', () => {
    expect([takes(integer(), -5), takes(integer(), ' 42 '), takes(integer(), 2 ** 53 - 1)]).toEqual([
      -5,
      42,
      2 ** 53 - 1,
    ]);
    for (const wrong of [1.5, '1.5', '', 'x', 2 ** 53, '9007199254740993', Number.NaN, true, [1]])
      expect(takes(integer(), wrong)).toBe('refused: must be a whole number');
  });

  it('takes a trimmed text within its length', () => {
    expect(takes(text({ max: 3 }), ' abc ')).toBe('abc');
    expect(takes(text({ max: 3 }), 'abcd')).toBe('refused: must not be longer than 3 characters');
    expect(takes(text(), ' ')).toBe('refused: must not be empty');
    expect(takes(text(), 'a\0b')).toBe('refused: must not contain a NUL character');
    expect(takes(text(), 5)).toBe('refused: must be text');
  });

  it('takes a UUID in either case', () => {
    expect(takes(uuid(), '7C1F39A0-0000-4000-8000-00000000000A')).toBe('7c1f39a0-0000-4000-8000-00000000000a');
    expect(takes(uuid(), '7c1f39a0')).toBe('refused: must be a UUID');
  });
});

describe('html', () => {
  it('escapes every part that is not markup itself, in text and in attributes', () => {
    const evil = `"><script>alert('&')</script>`;
    const { markup } = html`<a title="${evil}">${[html`<b>${evil}</b>`, evil]}</a>${undefined}${false}${0}`;
    const safe = '&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#39;)&#60;/script&#62;';
    expect(markup).toBe(`<a title="${safe}"><b>${safe}</b>${safe}</a>0`);
  });
});
