import { describe, expect, test } from 'vitest';
import { printAvroSchema, printNormalizedAvroSchema } from '../../../../src/protocol/avro/print.js';
import { AvroSchemaError, parseAvroSchema } from '../../../../src/protocol/avro/schema.js';

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
