import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonSchemaConverter } from '../../../../../src/embedded/connect/converters/json-schema-converter.js';
import { DECIMAL } from '../../../../../src/embedded/connect/data/java-text.js';
import { Schema, type SchemaOptions, Struct, type Value } from '../../../../../src/embedded/connect/data/schema.js';
import { framed, startWorld } from './registry-world.js';

const of = (type: Schema['type'], options: SchemaOptions = {}) => new Schema(type, options);
const UNION = 'io.confluent.connect.json.OneOf';
const price = of('bytes', { name: DECIMAL, version: 1, parameters: { scale: '2' } });
const day = of('int32', { name: 'org.apache.kafka.connect.data.Date', version: 1 });
const inner = of('struct', { name: 'shop.Inner', optional: true, fields: [['x', of('int16')]] });
const union = of('struct', {
  name: UNION,
  optional: true,
  fields: [
    [`${UNION}.field.0`, of('int64', { optional: true })],
    [`${UNION}.field.1`, of('string', { optional: true })],
  ],
});
const colour = of('string', {
  parameters: {
    'io.confluent.connect.json.Enum': '',
    'io.confluent.connect.json.Enum.RED': 'RED',
    'io.confluent.connect.json.Enum.BLUE': 'BLUE',
  },
});

let world: Awaited<ReturnType<typeof startWorld>>;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.life.end());

/** Connect's schema and value; the registered schema; the JSON; all of it is read back as it was. */
const CASES: ReadonlyArray<readonly [name: string, Schema, Value, schema: string, json: string]> = [
  ['int8', of('int8'), -1, '{"type":"integer","connect.type":"int8"}', '-1'],
  ['int64', of('int64'), 9223372036854775807n, '{"type":"integer","connect.type":"int64"}', '9223372036854775807'],
  ['float32', of('float32'), 1.5, '{"type":"number","connect.type":"float32"}', '1.5'],
  ['float64', of('float64'), 1e7, '{"type":"number","connect.type":"float64"}', '1.0E7'],
  ['boolean', of('boolean'), true, '{"type":"boolean"}', 'true'],
  ['string', of('string'), 'ä', '{"type":"string"}', '"ä"'],
  ['bytes', of('bytes'), Buffer.from([0, 255]), '{"type":"string","connect.type":"bytes"}', '"AP8="'],
  [
    'optional',
    of('string', { optional: true, doc: 'why' }),
    null,
    '{"oneOf":[{"type":"null"},{"type":"string","description":"why"}]}',
    'null',
  ],
  ['enum', colour, 'BLUE', '{"enum":["RED","BLUE"]}', '"BLUE"'],
  [
    'decimal',
    price,
    Buffer.from([0xff, 0x85]),
    `{"type":"number","title":"${DECIMAL}","connect.version":1,"connect.type":"bytes","connect.parameters":{"scale":"2"}}`,
    '"/4U="',
  ],
  [
    'date',
    day,
    20_000,
    '{"type":"integer","title":"org.apache.kafka.connect.data.Date","connect.version":1,"connect.type":"int32"}',
    '20000',
  ],
  [
    'array',
    of('array', { values: of('int32', { optional: true }) }),
    [1, null],
    '{"type":"array","items":{"oneOf":[{"type":"null"},{"type":"integer","connect.type":"int32"}]}}',
    '[1,null]',
  ],
  [
    'map of text',
    of('map', { keys: of('string'), values: of('boolean') }),
    new Map([['a', true]]),
    '{"type":"object","connect.type":"map","additionalProperties":{"type":"boolean"}}',
    '{"a":true}',
  ],
  [
    'map of numbers',
    of('map', { keys: of('int32'), values: of('boolean') }),
    new Map([[5, true]]),
    '{"type":"array","connect.type":"map","items":{"type":"object","properties":{"key":{"type":"integer","connect.index":0,"connect.type":"int32"},"value":{"type":"boolean","connect.index":1}}}}',
    '[{"key":5,"value":true}]',
  ],
  [
    'struct',
    of('struct', {
      name: 'shop.Order',
      fields: [
        ['b', of('int32', { defaultValue: 7 })],
        ['a', inner],
      ],
    }),
    new Struct(
      of('struct', {
        fields: [
          ['b', of('int32')],
          ['a', inner],
        ],
      }),
      [7, new Struct(inner, [3])],
    ),
    '{"type":"object","title":"shop.Order","properties":{"b":{"type":"integer","default":7,"connect.index":0,"connect.type":"int32"},"a":{"connect.index":1,"oneOf":[{"type":"null"},{"type":"object","title":"shop.Inner","properties":{"x":{"type":"integer","connect.index":0,"connect.type":"int16"}}}]}}}',
    '{"b":7,"a":{"x":3}}',
  ],
  [
    'union',
    union,
    new Struct(union, [null, 'text']),
    '{"oneOf":[{"type":"null"},{"type":"integer","connect.index":0,"connect.type":"int64"},{"type":"string","connect.index":1}]}',
    '"text"',
  ],
];

describe('a value is written with its JSON Schema and read back', () => {
  test.each(CASES)('%s', async (name, schema, value, text, json) => {
    const converter = world.converter(jsonSchemaConverter);
    const bytes = await converter.fromConnect(name, schema, value);
    const at = world.schemas.findIndex(({ subject }) => subject === `${name}-value`);
    expect(world.schemas[at]).toEqual({ subject: `${name}-value`, schemaType: 'JSON', schema: text });
    expect(bytes).toEqual(framed(at + 1, json));
    const read = await converter.toConnect(name, bytes);
    expect(read.schema).toEqual(schema);
    // A struct is of the schema that was read: the same, but another object.
    const plain = (one: Value) => (one instanceof Struct ? one.values : one);
    expect(plain(read.value)).toEqual(plain(value));
  });
});

describe('a schema of somebody else is read', () => {
  test.each<[string, string, Schema, unknown]>([
    ['{"type":"integer"}', '5', of('int64'), 5],
    ['{"type":"number"}', '5', of('float64'), 5],
    ['{"type":["null","string"]}', 'null', of('string', { optional: true }), null],
    [
      '{"type":"string","enum":["A"]}',
      '"A"',
      of('string', { parameters: { 'io.confluent.connect.json.Enum': '', 'io.confluent.connect.json.Enum.A': 'A' } }),
      'A',
    ],
    ['{"type":"string","const":"A"}', '"A"', of('string'), 'A'],
    ['{"$ref":"#/definitions/n","definitions":{"n":{"type":"boolean"}}}', 'true', of('boolean'), true],
    ['{"anyOf":[{"type":"null"},{"type":"boolean"}]}', 'true', of('boolean', { optional: true }), true],
  ])('%s', async (text, json, schema, value) => {
    const id = world.register('others', 'JSON', text);
    expect(await world.converter(jsonSchemaConverter).toConnect('others', framed(id, json))).toEqual({ schema, value });
  });

  test('fields not required are optional where use.optional.for.nonrequired is set', async () => {
    const id = world.register('others', 'JSON', '{"type":"object","properties":{"a":{"type":"string"}}}');
    const strict = world.converter(jsonSchemaConverter);
    await expect(strict.toConnect('t', framed(id, '{}'))).rejects.toThrow('Invalid null value for required field');
    const lenient = world.converter(jsonSchemaConverter, { 'use.optional.for.nonrequired': 'true' });
    expect((await lenient.toConnect('t', framed(id, '{}'))).value).toMatchObject({ values: [null] });
  });

  test.each([
    ['{"type":"object","properties":{"next":{"$ref":"#"}}}', '{}', 'contains itself'],
    ['{"type":"array"}', '[]', 'Array schema did not specify the items type'],
    ['{"type":"integer"}', '{', 'Converting byte[] to Kafka Connect data failed'],
    ['{"oneOf":[{"type":"boolean"},{"type":"string"}]}', '5', 'Did not find matching oneof field for data: 5'],
  ])('but not %s with %s', async (text, json, message) => {
    const id = world.register('others', 'JSON', text);
    await expect(async () => world.converter(jsonSchemaConverter).toConnect('t', framed(id, json))).rejects.toThrow(
      message,
    );
  });
});

test('bytes without the frame are no JSON Schema record, nor those of another format', async () => {
  const converter = world.converter(jsonSchemaConverter);
  expect(() => converter.toConnect('t', Buffer.from('{"a":1}'))).toThrow('Unknown magic byte!');
  const id = world.register('avro', 'AVRO', '"string"');
  await expect(converter.toConnect('t', framed(id, '1'))).rejects.toThrow(`schema ${id} is AVRO, not JSON`);
});

test('options: decimals as numbers, closed objects, no tombstone of an optional schema; what is not there is refused', async () => {
  const converter = world.converter(jsonSchemaConverter, {
    'decimal.format': 'NUMERIC',
    'object.additional.properties': 'false',
  });
  expect((await converter.fromConnect('numeric', price, Buffer.from([0xff, 0x85])))?.subarray(5).toString()).toBe(
    '-1.23',
  );
  await converter.fromConnect('closed', of('struct'), new Struct(of('struct'), []));
  expect(world.schemas.at(-1)?.schema).toBe('{"type":"object","properties":{},"additionalProperties":false}');
  expect(await converter.fromConnect('closed', undefined, null)).toBeNull();
  expect(() => world.converter(jsonSchemaConverter, { 'json.fail.invalid.schema': 'true' })).toThrow(
    "does not support 'true' here",
  );
});

test('null of a field that has a default is written as the default', async () => {
  const schema = of('struct', { fields: [['b', of('int32', { defaultValue: 7 })]] });
  const bytes = await world.converter(jsonSchemaConverter).fromConnect('defaults', schema, new Struct(schema, [null]));
  expect(bytes?.subarray(5).toString()).toBe('{"b":7}');
});

test('a strategy that names subjects after records needs a name', async () => {
  const converter = world.converter(jsonSchemaConverter, {
    'value.subject.name.strategy': 'io.confluent.kafka.serializers.subject.TopicRecordNameStrategy',
  });
  await converter.fromConnect('t', day, 1);
  expect(world.schemas.at(-1)?.subject).toBe('t-org.apache.kafka.connect.data.Date');
  await expect(converter.fromConnect('t', of('int32'), 1)).rejects.toThrow('must have a schema with a name');
});
