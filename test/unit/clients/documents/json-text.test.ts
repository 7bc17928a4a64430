import { describe, expect, it } from 'vitest';
import { decimalText, jsonbText, RawJson } from '../../../../src/clients/documents/json-text.js';

describe('numbers as plain digits', () => {
  it.each([
    ['1e21', '1000000000000000000000'],
    ['1.50', '1.5'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1.5e-7', '0.00000015'],
    ['-12.345E2', '-1234.5'],
    ['0.10', '0.1'],
    ['100', '100'],
    ['123e-2', '1.23'],
    ['NaN', 'NaN'],
  ])('%s is %s', (text, plain) => expect(decimalText(text)).toBe(plain));
});

it('writes JSON as PostgreSQL writes jsonb: shorter keys first', () => {
  const value = { bb: [1, null, 'x"'], a: { z: true }, long: new RawJson('9007199254740993'), ab: 1e21 };
  expect(jsonbText(value)).toBe(
    '{"a": {"z": true}, "ab": 1000000000000000000000, "bb": [1, null, "x\\""], "long": 9007199254740993}',
  );
});
