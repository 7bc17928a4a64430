import { describe, expect, test } from 'vitest';
import { JsonNumber, parseJson } from '../../../../src/protocol/json/parse.js';
import { parsePlainJson } from '../../../../src/protocol/json/plain.js';
import { stringifyJson } from '../../../../src/protocol/json/stringify.js';
import { JSON_DEPTH_MAX } from '../../../../src/support/json-depth.js';

const number = (text: string) => new JsonNumber(text);

describe('parseJson keeps the value of every number', () => {
  test.each([
    ['1', 1],
    ['-0', -0],
    ['1.10', 1.1],
    ['1e3', 1000],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', number('9007199254740993')],
    ['-12345678901234567890', number('-12345678901234567890')],
    ['10000000000000000000', 10000000000000000000],
    ['0.1', 0.1],
    ['0.12345678901234566', 0.12345678901234566],
    ['0.12345678901234567', number('0.12345678901234567')],
    ['0.123456789012345678901', number('0.123456789012345678901')],
    ['123456789012345.6789', number('123456789012345.6789')],
    ['1.00000000000000000000', 1],
    ['0.00000000000000000000', 0],
    ['1e400', number('1e400')],
    ['1e-400', number('1e-400')],
    [
      '[1, 12345678901234567890 , {"a": "12345678901234567890"}]',
      [1, number('12345678901234567890'), { a: '12345678901234567890' }],
    ],
    [
      '{"a": 12345678901234567890, "b": "evpipe-bigint:5"}',
      { a: number('12345678901234567890'), b: 'evpipe-bigint:5' },
    ],
    [' {"\\"\\u00e4\\\\": 12345678901234567890} ', { '"ä\\': number('12345678901234567890') }],
    ['[true, false, null, 12345678901234567890, [], {}]', [true, false, null, number('12345678901234567890'), [], {}]],
  ])('%s', (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });
});

describe('with fidelity `text` it keeps how a number was written', () => {
  test.each([
    ['1', 1],
    ['1.5', 1.5],
    ['1.0', number('1.0')],
    ['1.10', number('1.10')],
    ['1e3', number('1e3')],
    ['-0', number('-0')],
    ['100', 100],
    ['"1.0"', '1.0'],
  ])('%s', (text, expected) => {
    expect(parseJson(text, 'text')).toEqual(expected);
  });
});

test.each([
  '',
  '{"a": 12345678901234567890',
  '[12345678901234567890,]',
  '[12345678901234567890] 1',
  '{"a" 12345678901234567890}',
  '{a: 12345678901234567890}',
  '["12345678901234567890',
  '[012345678901234567890]',
  '[12345678901234567890, "\n"]',
  '[-, 12345678901234567890]',
  `[${'9'.repeat(1001)}]`,
])('refuses %j', (text) => {
  expect(() => parseJson(text)).toThrow(SyntaxError);
});

test.each(['1', '12345678901234567890'])('bounds how deeply a text around %s nests', (leaf) => {
  const nested = (depth: number) => '['.repeat(depth) + leaf + ']'.repeat(depth);
  expect(() => parseJson(nested(JSON_DEPTH_MAX))).not.toThrow();
  expect(() => parseJson(nested(JSON_DEPTH_MAX + 1))).toThrow('deeper than 1000');
  expect(() => parseJson('['.repeat(1_000_000))).toThrow(SyntaxError);
});

test('a member called __proto__ is a member', () => {
  for (const text of ['{"__proto__": {"a": 1}}', '{"__proto__": {"a": 12345678901234567890}}']) {
    const parsed = parseJson(text);
    expect(Object.keys(parsed as object)).toEqual(['__proto__']);
    expect((parsed as { a?: unknown }).a).toBeUndefined();
  }
});

test.each([
  [
    { a: 1n, b: [12345678901234567890n, number('1.10')], c: undefined, d: null },
    '{"a":1,"b":[12345678901234567890,1.10],"d":null}',
  ],
  [[undefined, 'ä"'], '[null,"ä\\""]'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [Number.NaN, 'null'],
])('stringifyJson writes %s', (value, text) => {
  expect(stringifyJson(value)).toBe(text);
});

test.each([
  [
    '{"n":[-9223372036854775808,1],"s":"12345678901234567890"}',
    { n: [-9223372036854775808n, 1], s: '12345678901234567890' },
  ],
  // The reader once marked long integers with such a text, and took the mark for one.
  ['{"s":"evpipe-bigint:5","n":12345678901234567890}', { s: 'evpipe-bigint:5', n: 12345678901234567890n }],
  ['[10000000000000000000, 0.1234567890123456789]', [10000000000000000000n, '0.1234567890123456789']],
])('parsePlainJson of %s', (text, expected) => {
  expect(parsePlainJson(text)).toEqual(expected);
});
