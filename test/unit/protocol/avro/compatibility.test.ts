import { describe, expect, test } from 'vitest';
import { avroIncompatibilities } from '../../../../src/protocol/avro/compatibility.js';
import { parseAvroSchema } from '../../../../src/protocol/avro/parse-schema.js';

const compare = (reader: unknown, writer: unknown) =>
  avroIncompatibilities(parseAvroSchema(JSON.stringify(reader)), parseAvroSchema(JSON.stringify(writer)));
const record = (...fields: unknown[]) => ({ type: 'record', name: 'R', fields });

describe('what a reader can take', () => {
  test.each([
    ['long', 'int'],
    ['double', 'long'],
    ['float', 'int'],
    ['string', 'bytes'],
    ['bytes', 'string'],
    [['null', 'string'], 'string'],
    ['string', ['string']],
    [
      ['null', 'long'],
      ['null', 'int'],
    ],
    [record({ name: 'a', type: 'int', default: 0 }), record()],
    [record(), record({ name: 'a', type: 'int' })],
    [record({ name: 'b', aliases: ['a'], type: 'int' }), record({ name: 'a', type: 'int' })],
    [
      { type: 'enum', name: 'E', symbols: ['A'], default: 'A' },
      { type: 'enum', name: 'E', symbols: ['A', 'B'] },
    ],
    [
      { type: 'record', name: 'x.R', fields: [] },
      { type: 'record', name: 'y.R', fields: [] },
    ],
  ])('%j reads %j', (reader, writer) => {
    expect(compare(reader, writer)).toEqual([]);
  });

  test('a schema that holds itself', () => {
    const list = record({ name: 'next', type: ['null', 'R'] }, { name: 'v', type: 'int' });
    expect(compare(list, list)).toEqual([]);
  });
});

describe('what a reader can not take is named with its path', () => {
  test.each([
    ['int', 'long', 'TYPE_MISMATCH', '/', 'reader type: INT not compatible with writer type: LONG'],
    [
      record({ name: 'a', type: 'int' }),
      record({ name: 'a', type: 'string' }),
      'TYPE_MISMATCH',
      '/fields/0/type',
      'reader type: INT not compatible with writer type: STRING',
    ],
    [
      record({ name: 'a', type: 'int' }, { name: 'b', type: 'int' }),
      record({ name: 'a', type: 'int' }),
      'READER_FIELD_MISSING_DEFAULT_VALUE',
      '/fields/1',
      'b',
    ],
    [['null', 'int'], 'string', 'MISSING_UNION_BRANCH', '/', 'reader union lacking writer type: STRING'],
    [['null', 'int'], ['null', 'string'], 'MISSING_UNION_BRANCH', '/1', 'reader union lacking writer type: STRING'],
    [
      { type: 'enum', name: 'E', symbols: ['A'] },
      { type: 'enum', name: 'E', symbols: ['C', 'A', 'B'] },
      'MISSING_ENUM_SYMBOLS',
      '/symbols',
      '[B, C]',
    ],
    [
      { type: 'fixed', name: 'F', size: 4 },
      { type: 'fixed', name: 'F', size: 8 },
      'FIXED_SIZE_MISMATCH',
      '/size',
      'expected: 8, found: 4',
    ],
    [
      { type: 'record', name: 'A', fields: [] },
      { type: 'record', name: 'B', fields: [] },
      'NAME_MISMATCH',
      '/name',
      'expected: B',
    ],
    [
      { type: 'array', items: 'int' },
      { type: 'array', items: 'string' },
      'TYPE_MISMATCH',
      '/items',
      'reader type: INT not compatible with writer type: STRING',
    ],
  ])('%j does not read %j', (reader, writer, type, path, message) => {
    expect(compare(reader, writer)).toEqual([{ type, path, message }]);
  });

  test('all of several reasons are given', () => {
    const found = compare(
      record({ name: 'a', type: 'int' }, { name: 'b', type: 'int' }),
      record({ name: 'a', type: 'string' }),
    );
    expect(found.map(({ type }) => type)).toEqual(['TYPE_MISMATCH', 'READER_FIELD_MISSING_DEFAULT_VALUE']);
  });
});

test('records that refer to each other are compared once a pair', () => {
  const mutual = (type: string, count = 60): string => {
    const record = (index: number): object => ({
      type: 'record',
      name: `R${index}`,
      fields: [
        { name: 'x', type },
        ...(index + 1 < count ? [{ name: 'inner', type: record(index + 1) }] : []),
        ...Array.from({ length: index + 1 }, (_, other) => ({ name: `r${other}`, type: ['null', `R${other}`] })),
      ],
    });
    return JSON.stringify(record(0));
  };
  const found = avroIncompatibilities(parseAvroSchema(mutual('int')), parseAvroSchema(mutual('string')));
  expect(found.map(({ type }) => type)).toEqual(Array(60).fill('TYPE_MISMATCH'));
});
