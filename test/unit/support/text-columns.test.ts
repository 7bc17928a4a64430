import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { columnsOf, hasOneColumnEach } from '../../../src/support/text-columns.js';

const CHARACTERS = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code));
const NARROW = CHARACTERS.filter(hasOneColumnEach);

it('counts without the library only characters that take one column alone, beside each other and before marks that join', () => {
  expect(NARROW.length).toBeGreaterThan(900);
  expect(NARROW.filter((character) => stringWidth(character) !== 1)).toEqual([]);
  expect(NARROW.filter((character) => stringWidth(`${character}→${character}`) !== 3)).toEqual([]);
  expect(stringWidth(NARROW.join(''))).toBe(NARROW.length);
});

it('leaves wide characters, marks, emoji and escape sequences to the library', () => {
  for (const [text, columns] of [
    ['', 0],
    ['name → value ✓', 14],
    ['漢字', 4],
    ['e\u0301', 1],
    ['↔\ufe0f', 2],
    ['👩‍👩‍👧 family', 9],
    ['\u001b[31mred\u001b[0m', 3],
    ['soft\u00adhyphen', 10],
    ['tab\tand\u0007bell', 10],
  ] as const)
    expect([text, columnsOf(text)]).toEqual([text, columns]);
});
