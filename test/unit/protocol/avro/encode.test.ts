import avsc from 'avsc';
import { describe, expect, test } from 'vitest';
import { compilePlainEncoder } from '../../../../src/protocol/avro/encode.js';
import { parseAvroSchema } from '../../../../src/protocol/avro/parse-schema.js';
import { compilePlainDecoder } from '../../../../src/protocol/avro/plain.js';

const schemaOf = (json: unknown) => parseAvroSchema(typeof json === 'string' ? json : JSON.stringify(json));
const record = (...fields: object[]) => ({ type: 'record', name: 'R', fields });

const EVENT = record(
  { name: 'id', type: 'string' },
  { name: 'count', type: 'int' },
  { name: 'at', type: ['null', 'long'], default: null },
  { name: 'tags', type: { type: 'array', items: 'string' } },
  { name: 'sizes', type: { type: 'map', values: 'double' } },
  { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
  { name: 'raw', type: 'bytes' },
  { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 2 } },
  { name: 'next', type: ['null', 'R'], default: null },
);

describe('a value is encoded as another library encodes it, and decoded again', () => {
  const value = {
    id: 'grün',
    count: -5,
    at: 1_769_867_100_120,
    tags: ['a', ''],
    sizes: { x: 1.5 },
    kind: 'B',
    raw: Buffer.from([1, 2]),
    hash: Buffer.from([3, 4]),
    next: null,
  };
  test.each([
    ['int', -123456],
    ['long', 4503599627370495],
    ['float', 0.5],
    ['double', -0.1],
    ['boolean', true],
    ['null', null],
    ['string', 'x'.repeat(100)],
    ['bytes', Buffer.from([0, 255])],
    [['null', 'string'], 'a'],
    [{ type: 'array', items: 'int' }, []],
    [
      { type: 'map', values: 'int' },
      { a: 1, b: 2 },
    ],
    [EVENT, value],
    [EVENT, { ...value, next: { ...value, at: null } }],
  ])('%j', (schema, given) => {
    const bytes = compilePlainEncoder(schemaOf(JSON.stringify(schema)))(given);
    expect(bytes).toEqual(avsc.Type.forSchema(schema as avsc.Schema).toBuffer(given));
    expect(compilePlainDecoder(schemaOf(JSON.stringify(schema)))(bytes)).toEqual(given);
  });
});

test.each([
  ['"long"', 9223372036854775807n],
  ['"long"', -9223372036854775808n],
  ['["null","int","long","string"]', 2 ** 40],
  [
    '["string",{"type":"record","name":"A","fields":[{"name":"a","type":"int"}]},{"type":"record","name":"B","fields":[{"name":"b","type":"int"}]}]',
    { b: 5 },
  ],
])('%s takes %s', (schema, value) => {
  expect(compilePlainDecoder(schemaOf(schema))(compilePlainEncoder(schemaOf(schema))(value))).toEqual(value);
});

test.each([
  [{ type: 'long', default: 7 }, 7],
  ['{"type":"long","default":9223372036854775807}', 9223372036854775807n],
  [{ type: 'bytes', default: 'é' }, Buffer.from([0xe9])],
  [{ type: 'double', default: 'NaN' }, Number.NaN],
  [{ type: ['null', 'int'], default: null }, null],
  [{ type: { type: 'array', items: 'int' }, default: [1] }, [1]],
  [
    {
      type: {
        type: 'record',
        name: 'Q',
        fields: [
          { name: 'x', type: 'int' },
          { name: 'y', type: 'int', default: 2 },
        ],
      },
      default: { x: 1 },
    },
    { x: 1, y: 2 },
  ],
])('a field that is left out gets its default: %j', (field, expected) => {
  const text = typeof field === 'string' ? field : JSON.stringify(field);
  const schema = schemaOf(`{"type":"record","name":"R","fields":[{"name":"a",${text.slice(1)}]}`);
  expect(compilePlainDecoder(schema)(compilePlainEncoder(schema)({}))).toEqual({ a: expected });
});

test.each([
  ['"int"', 2 ** 31, 'the value must be an int, not 2147483648'],
  ['"int"', '5', 'the value must be an int, not "5"'],
  ['"long"', 2 ** 53, 'the value must be a long, not 9007199254740992'],
  ['"long"', 2n ** 63n, 'must be a long'],
  ['["null","string"]', 5, 'the value must be null or text, not 5'],
  ['{"type":"enum","name":"E","symbols":["A","B"]}', 'C', 'must be one of A, B, not "C"'],
  ['{"type":"fixed","name":"F","size":2}', Buffer.from([1]), 'must be 2 bytes'],
  [record({ name: 'a', type: 'int' }), {}, 'a must be an int, not undefined'],
  [record({ name: 'a', type: { type: 'array', items: 'int' } }), { a: [1, null] }, 'a[1] must be an int, not null'],
  [record({ name: 'a', type: { type: 'map', values: 'int' } }), { a: { k: true } }, 'a.k must be an int, not true'],
  [record({ name: 'a', type: 'int' }), [], 'must be a record R, not an array'],
])('%j refuses %s', (schema, value, message) => {
  expect(() => compilePlainEncoder(schemaOf(schema))(value)).toThrow(message);
});
