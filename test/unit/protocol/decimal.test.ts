import { expect, test } from 'vitest';
import { bytesOfInteger, Decimal, integerOfBytes } from '../../../src/protocol/decimal.js';

test.each([
  ['1.10', '1.10'],
  ['-0.5', '-0.5'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['1e3', '1000'],
  ['1.5e-3', '0.0015'],
  ['12345678901234567890.123', '12345678901234567890.123'],
])('%s is %s', (text, printed) => {
  expect(Decimal.parse(text)?.toString()).toBe(printed);
});

test.each(['', '.', '1,5', 'NaN', '0x1', '1e99999', '- 1'])('%j is not a decimal', (text) => {
  expect(Decimal.parse(text)).toBeUndefined();
});

test.each([
  ['1.235', 2, '1.24'],
  ['-1.235', 2, '-1.24'],
  ['1.2349', 2, '1.23'],
  ['1.2', 4, '1.2000'],
  ['150', -2, '200'],
])('%s with scale %d is %s', (text, scale, printed) => {
  expect(Decimal.parse(text)?.toScale(scale).toString()).toBe(printed);
});

test.each([
  [0n, '00'],
  [127n, '7f'],
  [128n, '0080'],
  [-128n, '80'],
  [-129n, 'ff7f'],
  [140737488355327n, '7fffffffffff'],
  [140737488355328n, '00800000000000'],
  [-140737488355328n, '800000000000'],
  [10n ** 38n, '4b3b4ca85a86c47a098a224000000000'],
  [-(10n ** 38n), 'b4c4b357a5793b85f675ddc000000000'],
])('%d is stored as %s', (value, hex) => {
  expect(bytesOfInteger(value).toString('hex')).toBe(hex);
  expect(integerOfBytes(Buffer.from(hex, 'hex'))).toBe(value);
});
