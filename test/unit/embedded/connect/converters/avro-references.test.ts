import { expect, it } from 'vitest';
import { avroReader } from '../../../../../src/embedded/connect/converters/avro-read.js';
import { Struct } from '../../../../../src/embedded/connect/data/schema.js';
import { frameValue } from '../../../../../src/protocol/confluent/framing.js';

it('an Avro record is read by its schema and those that the schema refers to', () => {
  const address = JSON.stringify({ type: 'record', name: 'shop.Address', fields: [{ name: 'city', type: 'string' }] });
  const schema = JSON.stringify({
    type: 'record',
    name: 'shop.Order',
    fields: [
      { name: 'id', type: 'int' },
      { name: 'to', type: 'shop.Address' },
    ],
  });
  const read = avroReader({ schema, references: new Map([['shop.Address', address]]) });
  // 7 as a zigzag varint, then the city with its length.
  const { value } = read(frameValue(1, Buffer.from([14, 6, 0x55, 0x6c, 0x6d])));
  if (!(value instanceof Struct)) throw new Error('a struct is expected');
  const [id, to] = value.values;
  expect(id).toBe(7);
  expect(to instanceof Struct ? to.values : to).toEqual(['Ulm']);
});
