import { describe, expect, test } from 'vitest';
import { Options } from '../../../../../src/embedded/connect/config/options.js';
import { jsonConverter } from '../../../../../src/embedded/connect/converters/json.js';
import { DECIMAL } from '../../../../../src/embedded/connect/data/java-text.js';
import { Schema, type SchemaOptions, Struct, type Value } from '../../../../../src/embedded/connect/data/schema.js';

const converter = (config: Record<string, string> = {}) =>
  jsonConverter.create(new Options(jsonConverter.options, config), false);
const plain = converter({ 'schemas.enable': 'false' });
const of = (type: Schema['type'], options: SchemaOptions = {}) => new Schema(type, options);
const price = of('bytes', { name: DECIMAL, parameters: { scale: '2' } });
const point = of('struct', {
  fields: [
    ['x', of('int32')],
    ['y', of('float64', { optional: true })],
  ],
});

const text = (schema: Schema | undefined, value: Value, config?: Record<string, string>) =>
  String(converter(config ?? { 'schemas.enable': 'false' }).fromConnect('t', schema, value));

describe('a value of a schema is written', () => {
  test.each<[Schema, Value, string]>([
    [of('int64'), 9223372036854775807n, '9223372036854775807'],
    [of('int64'), -1, '-1'],
    [of('boolean'), true, 'true'],
    [of('string'), 'ä"\u0001', '"ä\\"\\u0001"'],
    [of('float64'), 1, '1.0'],
    [of('float64'), -0, '-0.0'],
    [of('float64'), 1e7, '1.0E7'],
    [of('float64'), 0.0001, '1.0E-4'],
    [of('float64'), Number.NaN, '"NaN"'],
    [of('float64'), Number.NEGATIVE_INFINITY, '"-Infinity"'],
    [of('float32'), Math.fround(0.1), '0.1'],
    [of('float32'), Math.fround(16777216), '1.6777216E7'],
    [of('bytes'), Buffer.from([0, 255]), '"AP8="'],
    [price, Buffer.from([0xff, 0x85]), '"/4U="'],
    [of('array', { values: of('int32') }), [1, 2], '[1,2]'],
    [of('map', { keys: of('string'), values: of('int32') }), new Map([['a', 1]]), '{"a":1}'],
    [of('map', { keys: of('int32'), values: of('int32') }), new Map([[5, 1]]), '[[5,1]]'],
    [point, new Struct(point, [1, null]), '{"x":1,"y":null}'],
  ])('%o %s', (schema, value, expected) => {
    expect(text(schema, value)).toBe(expected);
  });

  test('a decimal as a number, where decimal.format is NUMERIC', () => {
    expect(text(price, Buffer.from([0xff, 0x85]), { 'schemas.enable': 'false', 'decimal.format': 'NUMERIC' })).toBe(
      '-1.23',
    );
  });

  test('within its schema, whose defaults keep their digits', () => {
    const schema = of('struct', { fields: [['n', of('int64', { defaultValue: 9223372036854775807n })]] });
    expect(text(schema, new Struct(schema, [1]), {})).toBe(
      '{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"default":9223372036854775807,"field":"n"}],"optional":false},"payload":{"n":1}}',
    );
  });
});

describe('a payload is read by its schema', () => {
  const read = (schema: string, payload: string) =>
    converter().toConnect('t', Buffer.from(`{"schema":${schema},"payload":${payload}}`));
  const decimal = `{"type":"bytes","name":"${DECIMAL}","parameters":{"scale":"2"}}`;

  test.each<[string, string, unknown]>([
    ['{"type":"int64"}', '9223372036854775807', 9223372036854775807n],
    ['{"type":"int64"}', '5', 5],
    ['{"type":"double"}', '1.5', 1.5],
    ['{"type":"double"}', '"NaN"', Number.NaN],
    ['{"type":"bytes"}', '"AP8="', Buffer.from([0, 255])],
    [decimal, '"/4U="', Buffer.from([0xff, 0x85])],
    [decimal, '-1.23', Buffer.from([0x85])],
    [decimal, '123456789012345678901.5', Buffer.from('029d42b64e76714244e6', 'hex')],
    ['{"type":"array","items":{"type":"int64"}}', '[9007199254740993]', [9007199254740993n]],
    ['{"type":"map","keys":{"type":"string"},"values":{"type":"int32"}}', '{"a":1}', new Map([['a', 1]])],
    [
      '{"type":"map","keys":{"type":"int64"},"values":{"type":"int32"}}',
      '[[9007199254740993,1]]',
      new Map([[9007199254740993n, 1]]),
    ],
    ['{"type":"int64","default":9007199254740993}', 'null', 9007199254740993n],
    ['{"type":"string","optional":true}', 'null', null],
    ['null', '{"a":9007199254740993}', new Map([['a', 9007199254740993n]])],
  ])('%s %s', async (schema, payload, expected) => {
    expect((await read(schema, payload)).value).toEqual(expected);
  });

  test.each([
    ['{"type":"nosuch"}', '1', 'Unknown schema type: nosuch'],
    ['{"type":"constructor"}', '1', 'Unknown schema type: constructor'],
    ['{"type":"int32"}', 'null', 'Invalid null value for required field'],
    ['{"type":"struct","fields":[]}', '5', 'Invalid JSON for a value of type STRUCT: 5'],
    ['{"type":"array","items":{"type":"int32"}}', '"x"', 'Invalid JSON for a value of type ARRAY'],
    ['{"type":"bytes"}', '5', 'Invalid JSON for a value of type BYTES: 5'],
    ['{"type":"int32"}', `${'['.repeat(100_000)}`, 'nests deeper than 1000 levels'],
  ])('%s is refused', (schema, payload, message) => {
    expect(() => read(schema, payload)).toThrow(message);
  });
});

describe('a record that begins as one before it is read as if it were the first', () => {
  const doc = JSON.stringify('x"},"payload":{"');
  const schema = `{"type":"struct","fields":[{"type":"string","field":"a","doc":${doc}}]}`;
  const reading = (one: ReturnType<typeof converter>, record: string): unknown => {
    try {
      return one.toConnect('t', Buffer.from(record));
    } catch (failure) {
      return String(failure);
    }
  };

  test.each([
    '{"a":"y"}}',
    '{"a":"},\\"payload\\":{"}}',
    '{"a":"y"},"more":1}',
    '{"a":"y"},"payload":{"a":"z"}}',
    '{"a":"y"},"schema":{"type":"int32"}}',
    '{"a":"y"},"schema":{"type":"int32"},"payload":5}',
    'null}',
    '}',
    '{"a":"y"}',
    ' { "a" : "ü" } }',
    '{"a":"y"}} ',
  ])('%s', (rest) => {
    const used = converter();
    expect(reading(used, `{"schema":${schema},"payload":{"a":"first"}}`)).toMatchObject({
      value: { values: ['first'] },
    });
    const record = `{"schema":${schema},"payload":${rest}`;
    expect(reading(used, record)).toEqual(reading(converter(), record));
  });

  test('also where its schema may end at thousands of places, in no more time', () => {
    const many = `{"type":"int32"${',"payload":1'.repeat(20_000)}}`;
    const used = converter();
    for (const payload of [1, 2])
      expect(reading(used, `{"schema":${many},"payload":${payload}}`)).toMatchObject({ value: payload });
  }, 10_000);

  test('and has the same schema, whatever stood between', () => {
    const used = converter();
    const first = reading(used, `{"schema":${schema},"payload":{"a":"1"}}`) as { schema: Schema };
    for (let other = 0; other < 20; other++)
      reading(used, `{"schema":{"type":"int32","version":${other}},"payload":1}`);
    expect((reading(used, `{"schema":${schema},"payload":{"a":"2"}}`) as { schema: Schema }).schema).toBe(first.schema);
  });
});

test('JSON without a schema keeps the digits of whole numbers', async () => {
  const { value } = await plain.toConnect('t', Buffer.from('{"id":12345678901234567,"n":[1.5,null,"a"]}'));
  expect(value).toEqual(
    new Map<string, unknown>([
      ['id', 12345678901234567n],
      ['n', [1.5, null, 'a']],
    ]),
  );
  expect(text(undefined, value)).toBe('{"id":12345678901234567,"n":[1.5,null,"a"]}');
});
