import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import {
  column,
  line,
  paint,
  span,
  textOf,
  truncate,
  truncateLine,
  widthOf,
  wrap,
} from '../../../../src/ui/text/line.js';
import { printable } from '../../../../src/ui/text/printable.js';
import { bytes, count, duration } from '../../../../src/ui/text/quantities.js';

const anyText = fc.string({ unit: 'grapheme', maxLength: 60 }).map(printable);

describe('text for a terminal', () => {
  it('never gets wider than it may, whatever its characters', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 30 }), (text, columns) => {
        expect(stringWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
        expect(stringWidth(column(text, columns))).toBe(columns);
        const spans = line(text.slice(0, 5), span(text, 'bad'), 'end');
        expect(widthOf(truncateLine(spans, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('keeps what fits as it is, and says where something was cut off', () => {
    expect(truncate('exactly', 7)).toBe('exactly');
    expect(truncate('exactly!', 7)).toBe('exactl…');
    expect(truncate('你好世界', 7)).toBe('你好世…');
    expect(textOf(truncateLine(line('one ', span('two', 'good')), 5))).toBe('one …');
    expect(textOf(truncateLine(line('one ', span('two', 'good')), 7))).toBe('one two');
    expect(textOf(truncateLine(line('one ', span('two', 'good'), ' more'), 7))).toMatch(/^one t.*…$/);
  });

  it('wraps at blanks, breaks what is longer than a line, and loses nothing', () => {
    expect(wrap('wait for the connector', 10)).toEqual(['wait for', 'the', 'connector']);
    expect(wrap('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    fc.assert(
      fc.property(anyText, fc.integer({ min: 4, max: 30 }), (text, columns) => {
        const kept = wrap(text, columns).join('').replaceAll(' ', '');
        expect(kept).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it('colours only where asked, and says the same without', () => {
    expect(paint(line('a', span('b', 'bad')), true)).toBe('a\x1b[31mb\x1b[39m');
    expect(paint(line('a', span('b', 'bad')), false)).toBe('ab');
  });

  it('makes control characters, direction marks and lone surrogates visible', () => {
    expect(printable('a\x1b[2Jb\x07\nc\u202ed\ud800')).toBe('a\\x1b[2Jb\\x07\\nc\\u202ed\\ud800');
    expect(printable('Grüße 你好 🎉')).toBe('Grüße 你好 🎉');
  });

  it('says times, sizes and counts in the units that fit', () => {
    expect([0, 812, 59_940, 59_960, 3_600_000, 3_780_000].map(duration)).toEqual([
      '0.0s',
      '0.8s',
      '59.9s',
      '1m 00s',
      '1h 00m',
      '1h 03m',
    ]);
    expect([0, 1023, 1536, 1023.9 * 1024, 207_618_048].map(bytes)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KB',
      '1.0 MB',
      '198 MB',
    ]);
    expect([0, 999, 1204, 12_345_678n].map(count)).toEqual(['0', '999', '1,204', '12,345,678']);
  });
});
