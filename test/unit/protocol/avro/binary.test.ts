import { describe, expect, test } from 'vitest';
import { compileAvroDecoder } from '../../../../src/protocol/avro/decode.js';
import { AvroInput } from '../../../../src/protocol/avro/input.js';
import { AvroOutput } from '../../../../src/protocol/avro/output.js';
import { parseAvroSchema } from '../../../../src/protocol/avro/parse-schema.js';
import { compileSkip } from '../../../../src/protocol/avro/read.js';

const schemaOf = (json: unknown) => parseAvroSchema(JSON.stringify(json));

const written = (write: (output: AvroOutput) => void): Buffer => {
  const output = new AvroOutput();
  write(output);
  return output.finish();
};

const EDGES = [0, 5, 6, 7, 13, 20, 27, 28, 29, 30, 31, 32, 34, 41, 48, 49, 52, 53, 54, 55, 62].flatMap((bits) =>
  [-1n, 0n, 1n].flatMap((near) => [2n ** BigInt(bits) + near, -(2n ** BigInt(bits)) + near]),
);
const LONGS = [...EDGES, 2n ** 63n - 1n, -(2n ** 63n)];

test.each(LONGS)('the long %d survives, as bigint and as number', (value) => {
  const bytes = written((output) => output.long(value));
  expect(new AvroInput(bytes).bigint()).toBe(value);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) return;
  expect(written((output) => output.long(number))).toEqual(bytes);
  expect(new AvroInput(bytes).long()).toBe(number);
});

test.each([
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [-64, '7f'],
  [64, '8001'],
  [2 ** 31, '8080808010'],
])('the long %d is written as %s', (value, hex) => {
  expect(written((output) => output.long(value)).toString('hex')).toBe(hex);
});

test.each(['', 'a', 'grün', 'x'.repeat(24), 'x'.repeat(25), 'ö'.repeat(24), '𝄞'.repeat(5000)])(
  'the text %s survives',
  (text) => {
    const bytes = written((output) => output.text(text));
    expect(new AvroInput(bytes).text()).toBe(text);
  },
);

const EMPTY = { type: 'record', name: 'E', fields: [] };
/** 2^40 records without a byte. */
const fan = Array.from({ length: 40 }, (_, level) => level).reduce<object>(
  (inner, level) => ({
    type: 'record',
    name: `R${level}`,
    fields: [
      { name: 'a', type: inner },
      { name: 'b', type: level === 0 ? 'E' : `R${level - 1}` },
    ],
  }),
  EMPTY,
);
const LIST = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] };

describe.each([
  ['an array of 2^31 nulls', { type: 'array', items: 'null' }, 'feffffff0f'],
  ['an array of 2^31 empty records', { type: 'array', items: EMPTY }, 'feffffff0f'],
  ['arrays in one block of a million, many times', { type: 'array', items: 'null' }, '80897a'.repeat(1000)],
  ['a block counted by a negative number', { type: 'array', items: 'null' }, 'ffffffff0f00'],
  ['a map of 2^31 entries', { type: 'map', values: 'null' }, 'feffffff0f'],
  ['a text of 2^31 bytes', 'string', 'feffffff0f'],
  ['a text of -1 bytes', 'string', '01'],
  ['records that fan out without a byte', fan, ''],
  ['a record in itself without end', { type: 'record', name: 'S', fields: [{ name: 's', type: 'S' }] }, ''],
  ['a list of 100,000 records', LIST, '02'.repeat(100_000)],
  ['a number of eleven bytes', 'long', `${'ff'.repeat(10)}01`],
  ['an int of 33 bits', 'int', '8080808010'],
  ['a branch that the union does not have', ['null', 'int'], '04'],
  ['a symbol that the enum does not have', { type: 'enum', name: 'E', symbols: ['A'] }, '01'],
])('%s', (_, schema, hex) => {
  const bytes = Buffer.from(hex, 'hex');
  test('is refused when it is decoded', () => {
    expect(() => compileAvroDecoder(schemaOf(schema))(bytes)).toThrow(RangeError);
  });
  test('is refused when it is skipped, or leaves nothing behind', () => {
    const input = new AvroInput(bytes);
    expect(() => {
      compileSkip(schemaOf(schema))(input);
      input.end();
    }).toThrow(RangeError);
  });
});

test('a field called __proto__ is a field', () => {
  const decode = compileAvroDecoder(
    schemaOf({ type: 'record', name: 'R', fields: [{ name: '__proto__', type: 'int' }] }),
  );
  expect(Object.keys(decode(Buffer.from([2])) as object)).toEqual(['__proto__']);
});
