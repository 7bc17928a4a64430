import { describe, expect, test } from 'vitest';
import { parseAvroSchema } from '../../../../src/protocol/avro/parse-schema.js';
import { printAvroSchema, printNormalizedAvroSchema } from '../../../../src/protocol/avro/print.js';
import { AvroSchemaError } from '../../../../src/protocol/avro/schema.js';

const canonical = (schema: unknown) => JSON.parse(printAvroSchema(parseAvroSchema(JSON.stringify(schema))));

describe('printing a schema', () => {
  test('keeps what the schema says, in one order of attributes', () => {
    const schema = {
      fields: [
        { default: null, doc: 'a field', type: ['null', 'string'], name: 'b', aliases: ['c'], order: 'ignore', x: 1 },
        { name: 'at', type: { logicalType: 'timestamp-millis', type: 'long' } },
      ],
      name: 'Event',
      doc: 'an event',
      namespace: 'shop',
      type: 'record',
      'connect.name': 'shop.Event',
    };
    expect(printAvroSchema(parseAvroSchema(JSON.stringify(schema)))).toBe(
      '{"type":"record","name":"Event","namespace":"shop","doc":"an event","fields":[' +
        '{"name":"b","type":["null","string"],"doc":"a field","default":null,"order":"ignore","aliases":["c"],"x":1},' +
        '{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}],"connect.name":"shop.Event"}',
    );
  });

  test('writes a primitive short, and a named type once', () => {
    const color = { type: 'enum', name: 'Color', symbols: ['RED'] };
    const schema = {
      type: 'record',
      name: 'a.R',
      fields: [
        { name: 'x', type: { type: 'string' } },
        { name: 'c', type: color },
        { name: 'd', type: 'a.Color' },
        { name: 'next', type: ['null', 'R'] },
      ],
    };
    const printed = canonical(schema);
    expect(printed.fields.map((field: { type: unknown }) => field.type)).toEqual([
      'string',
      color,
      'Color',
      ['null', 'R'],
    ]);
  });

  test('normalised, sorts what the specification does not name', () => {
    const schema = parseAvroSchema('{"type":"record","name":"R","zeta":1,"alpha":2,"fields":[]}');
    expect(printNormalizedAvroSchema(schema)).toBe('{"type":"record","name":"R","fields":[],"alpha":2,"zeta":1}');
  });

  test('says the same after another round', () => {
    const text = '{"type":"record","name":"n.R","fields":[{"name":"a","type":{"type":"fixed","name":"o.F","size":4}}]}';
    const once = printAvroSchema(parseAvroSchema(text));
    expect(printAvroSchema(parseAvroSchema(once))).toBe(once);
  });
});

describe('a schema that is none is refused with its place', () => {
  test.each([
    ['{"type":"rec"}', '"rec" is not a defined name', ''],
    ['{"type":"record","name":"R"}', 'Record has no fields: R', ''],
    [
      '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
      'Duplicate field a',
      '/fields/1',
    ],
    ['{"type":"record","name":"R","fields":[{"name":"a-b","type":"int"}]}', 'Illegal character in: a-b', '/fields/0'],
    [
      '{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]}',
      'Invalid default for field a: "x" not a int',
      '/fields/0',
    ],
    ['["string","string"]', 'Duplicate in union: string', ''],
    [
      '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":1e+300}]}',
      'Invalid default for field a: 1e+300 not a long',
      '/fields/0',
    ],
    ['["null",["int"]]', 'Nested union', ''],
    ['{"type":"enum","name":"E","symbols":["A","A"]}', 'Duplicate enum symbol: A', ''],
    ['{"type":"fixed","name":"F","size":-1}', 'Invalid or no size', ''],
    ['{"type":"array"}', 'Array has no items type', ''],
    ['{"a":1}', 'No type', ''],
    ['not json', 'JSON', ''],
  ])('%s', (text, message, path) => {
    let failure: unknown;
    try {
      parseAvroSchema(text);
    } catch (thrown) {
      failure = thrown;
    }
    expect(failure).toBeInstanceOf(AvroSchemaError);
    expect(failure).toMatchObject({ message: expect.stringContaining(message), path });
  });
});

/** Each as Avro 1.12 in Java answers. */
describe('names', () => {
  const accepts = (name: string): string => {
    try {
      parseAvroSchema(JSON.stringify({ type: 'record', name, fields: [] }));
      return 'accepted';
    } catch (failure) {
      return (failure as Error).message;
    }
  };
  test.each([
    ['Größe', 'accepted'],
    ['日本', 'accepted'],
    ['a\u0663', 'accepted'],
    ['.b', 'accepted'],
    ['a.int', 'accepted'],
    ['\u0663a', 'Illegal initial character: \u0663a'],
    ['a-b', 'Illegal character in: a-b'],
    ['a²', 'Illegal character in: a²'],
    ['Ⅷ', 'Illegal initial character: Ⅷ'],
    ['𝐀', 'Illegal initial character: 𝐀'],
    ['a.b-c.d', 'Namespace part "b-c" is invalid: Illegal character in: b-c'],
    ['a..b', 'Namespace part "" is invalid: Empty name'],
    ['1.b', 'Namespace part "1" is invalid: Illegal initial character: 1'],
    ['a.b.', 'Empty name'],
    ['int', 'Schemas may not be named after primitives: int'],
  ])('%s', (name, expected) => {
    expect(accepts(name)).toBe(expected);
  });
});

describe('defaults', () => {
  const printed = (type: unknown, value: string): string => {
    const text = `{"type":"record","name":"R","fields":[{"name":"a","type":${JSON.stringify(type)},"default":${value}}]}`;
    try {
      return printAvroSchema(parseAvroSchema(text)).replace(/^.*"default":|}]}$/g, '');
    } catch (failure) {
      return (failure as Error).message;
    }
  };
  const inner = (defaultOfX: object) => ({
    type: 'record',
    name: 'Q',
    fields: [{ name: 'x', type: 'int', ...defaultOfX }],
  });

  test.each([
    ['int', '2147483647', '2147483647'],
    ['long', '9223372036854775807', '9223372036854775807'],
    ['double', '1', '1'],
    ['double', '1.10', '1.1'],
    ['double', '1e3', '1000.0'],
    ['double', '"1.5"', '1.5'],
    ['double', '"NaN"', '"NaN"'],
    ['float', '1e400', '"Infinity"'],
    ['double', '123456789012345678901234567890', '123456789012345678901234567890'],
    ['bytes', '"é"', '"é"'],
    ['null', 'null', 'null'],
    [['null', 'int'], '5', '5'],
    [['int', 'null'], 'null', 'null'],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, '"B"', '"B"'],
    [inner({ default: 1 }), '{"y":1}', '{"y":1}'],
  ])('%j may have %s', (type, value, expected) => {
    expect(printed(type, value)).toBe(expected);
  });

  test.each([
    ['int', '3000000000'],
    ['int', '1.0'],
    ['int', '1e3'],
    ['long', '1.0'],
    ['long', '1e3'],
    ['long', '9223372036854775808'],
    ['long', '10000000000000000000'],
    ['long', '"5"'],
    ['double', '"x"'],
    ['string', '5'],
    [['null', 'int'], '3000000000'],
    [['null', 'double'], '"NaN"'],
    [{ type: 'array', items: 'int' }, '[1,2.5]'],
    [{ type: 'map', values: 'int' }, '{"a":3000000000}'],
    [inner({}), '{}'],
  ])('%j may not have %s', (type, value) => {
    expect(printed(type, value)).toContain('Invalid default for field a');
  });

  test('are compared within bounds, however many branches fit halfway', () => {
    // Which of A and B a level is shows only behind what is in it.
    const record = (name: string, b: object | string) => ({
      type: 'record',
      name,
      fields: [
        { name: 'n', type: ['null', 'A', b] },
        { name: name.toLowerCase(), type: 'int' },
      ],
    });
    const union = JSON.stringify(['null', record('A', record('B', 'B'))]);
    const nested = `${'{"n":'.repeat(60)}null${'}'.repeat(60)}`;
    const text = `{"type":"record","name":"R","fields":[{"name":"d","type":${union},"default":${nested}}]}`;
    expect(() => parseAvroSchema(text)).toThrow('Invalid default for field d');
  });
});

test('numbers that Java prints differently are printed as Java does', () => {
  const text = '{"type":"record","name":"R","p":1.10,"q":1e3,"r":12345678901234567890,"s":1.0,"fields":[]}';
  expect(printAvroSchema(parseAvroSchema(text))).toBe(
    '{"type":"record","name":"R","fields":[],"p":1.1,"q":1000.0,"r":12345678901234567890,"s":1.0}',
  );
});

test('a schema nests only so deep', () => {
  const nested = (depth: number) => `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}`;
  expect(() => parseAvroSchema(nested(400))).not.toThrow();
  expect(() => parseAvroSchema(nested(600))).toThrow('nests deeper than 500 levels');
  expect(() => parseAvroSchema(nested(100_000))).toThrow(AvroSchemaError);
});
