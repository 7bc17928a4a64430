import { describe, expect, it } from 'vitest';
import { valueDifference } from '../../../src/kinds/smoke/expect.js';
import { fillIn } from '../../../src/kinds/smoke/template.js';

const none = new Map<string, string>();
const response = { id: 'a-1', count: 3, lines: [{ sku: 'tea' }], nothing: null };

describe('a template of a smoke test', () => {
  it('takes the type of the answer where it is nothing but the reference, text where it is part of one', () => {
    expect(fillIn('$(response.count)', none, response)).toBe(3);
    expect(fillIn('$(response.nothing)', none, response)).toBeNull();
    expect(fillIn('no. $(response.count) of $(response.id)', none, response)).toBe('no. 3 of a-1');
  });

  it('reaches into lists and objects, and is filled in wherever it stands', () => {
    const template = { where: [{ sku: '$(response.lines.0.sku)' }], at: '$(services.shop.url)/x', 5: true };
    const values = new Map([['services.shop.url', 'http://h:1']]);
    expect(fillIn(template, values, response)).toEqual({ where: [{ sku: 'tea' }], at: 'http://h:1/x', 5: true });
  });

  it('names the field that the answer has not, and those it has', () => {
    expect(() => fillIn('$(response.uuid)', none, response)).toThrow(
      'the answer has no uuid; it has id, count, lines, nothing',
    );
    expect(() => fillIn('$(response.id)', none, 'created')).toThrow('the answer has no id; it has no fields');
  });
});

describe('an expected value', () => {
  it.each([
    ['a subset of the fields', { a: 1 }, { a: 1, b: 2 }, undefined],
    ['numbers of any kind', { a: 9007199254740993n, b: '5' }, { a: '9007199254740993', b: 5 }, undefined],
    ['fields below', { a: { b: { c: 1 } } }, { a: { b: { c: 2, d: 3 } } }, 'a.b.c is 2, expected 1'],
    ['a missing field', { a: { b: 1 } }, { a: {} }, 'a.b is missing, expected 1'],
    ['null, which is not the text', { a: null }, { a: 'null' }, 'a is null, expected null'],
    ['lists of another length', { a: [1] }, { a: [1, 2] }, 'a has 2 elements, expected 1'],
    ['an object where a text is', { a: { b: 1 } }, { a: 'x' }, 'a is x, expected {"b":1}'],
    ['a tombstone', { a: 1 }, null, 'its value is null, expected {"a":1}'],
  ])('compares %s', (_, expected, actual, difference) => {
    expect(valueDifference(expected, actual, '')).toBe(difference);
  });
});
