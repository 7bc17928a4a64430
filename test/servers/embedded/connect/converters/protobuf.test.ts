import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { protobufConverter } from '../../../../../src/embedded/connect/converters/protobuf-converter.js';
import { DECIMAL } from '../../../../../src/embedded/connect/data/java-text.js';
import { Schema, type SchemaOptions, Struct, type Value } from '../../../../../src/embedded/connect/data/schema.js';
import { framed, startWorld } from './registry-world.js';

const of = (type: Schema['type'], options: SchemaOptions = {}) => new Schema(type, options);
const logical = (type: 'int32' | 'int64', name: string) =>
  of(type, { name: `org.apache.kafka.connect.data.${name}`, version: 1 });
const message = (fields: Record<string, Schema>, name: string | undefined = 'shop.Order') =>
  of('struct', { name, fields: Object.entries(fields) });
const ENUM = 'io.confluent.connect.protobuf.Enum';
const UNION = 'io.confluent.connect.protobuf.Union';
const TAG = 'io.confluent.connect.protobuf.Tag';

let world: Awaited<ReturnType<typeof startWorld>>;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.life.end());

/** Values without the schemas of their structs, which differ by the tags that reading adds. */
function plain(value: Value): unknown {
  if (value instanceof Struct)
    return Object.fromEntries(value.schema.fields.map(({ name, index }) => [name, plain(value.values[index] ?? null)]));
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [plain(key), plain(one)]));
  return value;
}

const inner = message({ x: of('int16') }, 'shop.Inner');
const colour = of('string', {
  name: 'Colour',
  parameters: { [ENUM]: 'Colour', [`${ENUM}.RED`]: '0', [`${ENUM}.BLUE`]: '4' },
});
const either = of('struct', {
  name: `${UNION}.either`,
  optional: true,
  fields: [
    ['a', of('int32', { optional: true, parameters: { [TAG]: '1' } })],
    ['b', of('string', { optional: true, parameters: { [TAG]: '2' } })],
  ],
});

/** One field, its declaration in the registered file, the message's bytes; the value is read back as it was. */
const FIELDS: ReadonlyArray<readonly [name: string, Schema, Value, declared: string, bytes: string]> = [
  ['int8', of('int8'), -1, 'int32 f = 1 [(confluent.field_meta)', '08ffffffffffffffffff01'],
  ['int64', of('int64'), 9223372036854775807n, 'int64 f = 1;', '08ffffffffffffffff7f'],
  ['float32', of('float32'), 1.5, 'float f = 1;', '0d0000c03f'],
  ['float64', of('float64'), 1.5, 'double f = 1;', '09000000000000f83f'],
  ['boolean', of('boolean'), true, 'bool f = 1;', '0801'],
  ['string', of('string'), 'ä', 'string f = 1;', '0a02c3a4'],
  ['bytes', of('bytes'), Buffer.from([0, 255]), 'bytes f = 1;', '0a0200ff'],
  ['enum', colour, 'BLUE', 'Colour f = 1;\n\n  enum Colour {\n    RED = 0;\n    BLUE = 4;\n  }', '0804'],
  [
    'decimal',
    of('bytes', { name: DECIMAL, version: 1, parameters: { scale: '2', 'connect.decimal.precision': '5' } }),
    Buffer.from([0x85]),
    'confluent.type.Decimal f = 1 [(confluent.field_meta)',
    '0a070a018510031802',
  ],
  ['date', logical('int32', 'Date'), 20_000, 'google.type.Date f = 1;', '0a0708e80f100a1804'],
  ['time', logical('int32', 'Time'), 3_723_004, 'google.type.TimeOfDay f = 1;', '0a0b080110021803208092f401'],
  [
    'timestamp',
    logical('int64', 'Timestamp'),
    -1,
    'google.protobuf.Timestamp f = 1;',
    '0a1108ffffffffffffffffff0110c08faedc03',
  ],
  ['array', of('array', { values: of('int32') }), [1, 2], 'repeated int32 f = 1;', '0a020102'],
  [
    'map',
    of('map', { keys: of('string'), values: of('int32') }),
    new Map([['a', 7]]),
    'repeated ConnectDefault1Entry f = 1;',
    '0a050a01611007',
  ],
  ['struct', inner, new Struct(inner, [3]), 'Inner f = 1;\n\n  message Inner {\n    int32 x = 1 [', '0a020803'],
];

describe('a field is written as Protobuf and read back', () => {
  test.each(FIELDS)('%s', async (name, field, value, declared, bytes) => {
    const schema = message({ f: field });
    const converter = world.converter(protobufConverter);
    const written = await converter.fromConnect(name, schema, new Struct(schema, [value]));
    const id = world.schemas.length;
    expect(world.schemas.at(-1)).toMatchObject({ subject: `${name}-value`, schemaType: 'PROTOBUF' });
    expect(world.schemas.at(-1)?.schema).toContain(declared);
    expect(written?.toString('hex')).toBe(framed(id, Buffer.from(`00${bytes}`, 'hex')).toString('hex'));
    const read = await converter.toConnect(name, written);
    const type = read.schema?.field('f')?.schema;
    expect(type).toMatchObject({ type: field.type, optional: true, version: field.version });
    expect(type?.parameters).toMatchObject({ ...field.parameters, [TAG]: '1' });
    expect(plain(read.value)).toEqual({ f: plain(value) });
  });
});

test('a message is registered as a file: package, imports, nested messages once, numbers in order', async () => {
  const source = message({ ts: logical('int64', 'Timestamp') }, 'debezium.source');
  const schema = message({ before: inner.with({ optional: true }), after: inner, source }, 'my.shop.Envelope');
  await world
    .converter(protobufConverter)
    .fromConnect('envelope', schema, new Struct(schema, [null, new Struct(inner, [1]), null]));
  expect(world.schemas.at(-1)?.schema).toBe(`syntax = "proto3";

package my.shop;

import "google/protobuf/timestamp.proto";

message Envelope {
  Inner before = 1;
  Inner after = 2;
  sourceMessage source = 3;

  message Inner {
    int32 x = 1 [(confluent.field_meta) = {
      params: [
        {
          value: "int16",
          key: "connect.type"
        }
      ]
    }];
  }

  message sourceMessage {
    google.protobuf.Timestamp ts = 1;
  }
}
`);
});

describe('null of an optional field', () => {
  const schema = message({ n: of('int32', { optional: true }), s: of('string', { optional: true }) });
  test.each<[string, string, unknown, unknown]>([
    ['auto.register.schemas', 'int32 n = 1;', { n: 0, s: '' }, { n: 0, s: 'x' }],
    ['wrapper.for.nullables', 'google.protobuf.Int32Value n = 1;', { n: null, s: null }, { n: 0, s: 'x' }],
    ['optional.for.nullables', 'optional int32 n = 1;', { n: null, s: null }, { n: 0, s: 'x' }],
  ])('with %s it is %s', async (option, declared, nulls, values) => {
    const converter = world.converter(protobufConverter, { [option]: 'true' });
    const written = await converter.fromConnect(option, schema, new Struct(schema, [null, null]));
    expect(world.schemas.at(-1)?.schema).toContain(declared);
    expect(plain((await converter.toConnect(option, written)).value)).toEqual(nulls);
    const other = await converter.fromConnect(option, schema, new Struct(schema, [0, 'x']));
    expect(plain((await converter.toConnect(option, other)).value)).toEqual(values);
  });

  test('is its default where it has one', async () => {
    const defaulted = message({ n: of('int32', { optional: true, defaultValue: 7 }) });
    const converter = world.converter(protobufConverter);
    const written = await converter.fromConnect('defaulted', defaulted, new Struct(defaulted, [null]));
    expect(plain((await converter.toConnect('t', written)).value)).toEqual({ n: 7 });
  });
});

test('a oneof is a struct of its members, both ways', async () => {
  const schema = message({ either_0: either }, 'Choice');
  const converter = world.converter(protobufConverter);
  const written = await converter.fromConnect('oneof', schema, new Struct(schema, [new Struct(either, [null, 'x'])]));
  expect(world.schemas.at(-1)?.schema).toContain('  oneof either {\n    int32 a = 1;\n    string b = 2;\n  }\n');
  const read = await converter.toConnect('oneof', written);
  expect(plain(read.value)).toEqual({ either_0: { a: null, b: 'x' } });
  expect(read.schema).toEqual(schema);
});

test('a message of somebody else is found by its indexes, native maps and wrappers in it', async () => {
  const text = `syntax = "proto3"; package other; import "google/protobuf/wrappers.proto";
    message First { string a = 1; }
    message Second { message Deep { map<string, uint32> myMap = 3; google.protobuf.StringValue s = 4; fixed64 big = 5; } }`;
  const id = world.register('others', 'PROTOBUF', text);
  // [1, 0] is two indexes, then the message: {"a": 4294967295}, "x", 2^63.
  const bytes = framed(id, Buffer.from(`0402001a090a016110ffffffff0f22030a0178290000000000000080`, 'hex'));
  const read = await world.converter(protobufConverter).toConnect('others', bytes);
  expect(plain(read.value)).toEqual({
    myMap: new Map([['a', 4294967295]]),
    s: { value: 'x' },
    big: -9223372036854775808n,
  });
  expect(read.schema?.name).toBe('Deep');
  expect(read.schema?.field('myMap')?.schema.name).toBe('my_map');
  const options = { 'wrapper.for.nullables': 'true', 'enhanced.protobuf.schema.support': 'true' };
  const unwrapped = await world.converter(protobufConverter, options).toConnect('others', bytes);
  expect(plain(unwrapped.value)).toMatchObject({ s: 'x' });
  expect(unwrapped.schema?.name).toBe('other.Second.Deep');
});

test('names are scrubbed where scrub.invalid.names is set', async () => {
  const schema = message({ 'a-b': of('string') }, 'my-shop.Order');
  const converter = world.converter(protobufConverter, { 'scrub.invalid.names': 'true' });
  const written = await converter.fromConnect('scrubbed', schema, new Struct(schema, ['x']));
  expect(world.schemas.at(-1)?.schema).toContain('package my_shop;');
  expect(plain((await converter.toConnect('scrubbed', written)).value)).toEqual({ a_b: 'x' });
});

test('null is a tombstone; what Protobuf has no form for is refused', async () => {
  const converter = world.converter(protobufConverter);
  expect(await converter.fromConnect('t', message({}), null)).toBeNull();
  const refused = async (schema: Schema, value: Value, why: string) =>
    expect(async () => converter.fromConnect('t', schema, value)).rejects.toThrow(why);
  await refused(of('string'), 'x', 'Unsupported root schema of type STRING');
  const nested = message({ f: of('array', { values: of('array', { values: of('int32') }) }) });
  await refused(nested, new Struct(nested, [[]]), "array within an array can't be written as Protobuf");
  const list = message({ f: of('array', { values: of('int32', { optional: true }) }) });
  await refused(list, new Struct(list, [[null]]), 'no null in the repeated field f');
  const id = world.register('loop', 'PROTOBUF', 'syntax = "proto3"; message Node { Node next = 1; }');
  await expect(converter.toConnect('t', framed(id, Buffer.from([0])))).rejects.toThrow('contains itself');
  expect(() => world.converter(protobufConverter, { 'flatten.unions': 'true' })).toThrow(
    "does not support 'true' here",
  );
});
