import avsc from 'avsc';
import { expect, test } from 'vitest';
import { compileAvroDecoder } from '../../../../src/protocol/avro/decode.js';
import { parseAvroSchema } from '../../../../src/protocol/avro/parse-schema.js';

/** Encoded by another library. */
function decoded(schema: unknown, value: unknown): unknown {
  const bytes = avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true }).toBuffer(value);
  return compileAvroDecoder(parseAvroSchema(JSON.stringify(schema)))(bytes);
}

test.each([
  ['int', -123456, -123456],
  ['long', 4503599627370495, 4503599627370495n],
  ['long', -1, -1n],
  ['boolean', true, true],
  ['double', 0.1, 0.1],
  ['double', Number.NaN, 'NaN'],
  ['float', 0.5, 0.5],
  ['string', 'grün', 'grün'],
  ['bytes', Buffer.from([0, 255]), 'AP8='],
  [['null', 'string'], null, null],
  [['null', 'string'], { string: 'x' }, 'x'],
  [{ type: 'array', items: 'int' }, [1, 2, 3], [1, 2, 3]],
  [
    { type: 'map', values: 'int' },
    { a: 1, __proto__x: 2 },
    { a: 1, __proto__x: 2 },
  ],
  [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', 'B'],
  [{ type: 'fixed', name: 'F', size: 2 }, Buffer.from([1, 2]), 'AQI='],
])('%j of %j', (schema, value, expected) => {
  expect(decoded(schema, value)).toEqual(expected);
});

test.each([
  ['feffffffffffffffff01', 9223372036854775807n],
  ['ffffffffffffffffff01', -9223372036854775808n],
])('the long %s keeps all its digits', (hex, value) => {
  expect(compileAvroDecoder({ type: 'long', properties: {} })(Buffer.from(hex, 'hex'))).toBe(value);
});

test('a record that holds itself', () => {
  const schema = {
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'v', type: 'int' },
      { name: 'next', type: ['null', 'Node'] },
    ],
  };
  const value = { v: 1, next: { Node: { v: 2, next: null } } };
  expect(decoded(schema, value)).toEqual({ v: 1, next: { v: 2, next: null } });
});

const logical = (type: string, logicalType: string, more = {}) => ({ type, logicalType, ...more });

test.each([
  [logical('int', 'date'), 20484, '2026-01-31'],
  [logical('int', 'date'), -1, '1969-12-31'],
  [logical('int', 'time-millis'), 49500123, '13:45:00.123'],
  [logical('long', 'timestamp-millis'), 1769867100120, '2026-01-31T13:45:00.12Z'],
  [logical('long', 'timestamp-micros'), -1, '1969-12-31T23:59:59.999999Z'],
  [logical('bytes', 'decimal', { precision: 10, scale: 2 }), Buffer.from([0xff, 0x85]), '-1.23'],
  [logical('bytes', 'decimal', { precision: 10, scale: 2 }), Buffer.from([0x05]), '0.05'],
  [logical('bytes', 'decimal', { precision: 10 }), Buffer.from([0x30, 0x39]), '12345'],
  [{ type: 'int', 'connect.name': 'io.debezium.time.Date' }, 0, '1970-01-01'],
  [{ type: 'long', 'connect.name': 'io.debezium.time.MicroTimestamp' }, 1500000, '1970-01-01T00:00:01.5'],
])('%j is shown as text', (schema, value, expected) => {
  const plain = { ...schema, logicalType: undefined };
  const bytes = avsc.Type.forSchema(plain as avsc.Schema).toBuffer(value);
  expect(compileAvroDecoder(parseAvroSchema(JSON.stringify(schema)))(bytes)).toBe(expected);
});

test.each([
  ['cut short', Buffer.from([2])],
  ['too long', Buffer.from([2, 97, 0])],
  ['an absurd length', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])],
])('refuses bytes that are %s', (_, bytes) => {
  expect(() => compileAvroDecoder(parseAvroSchema('"string"'))(bytes)).toThrow();
});
