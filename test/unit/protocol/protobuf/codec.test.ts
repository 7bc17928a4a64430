import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { messageIndexes, splitMessageIndexes } from '../../../../src/protocol/confluent/framing.js';
import { decodeMessage, encodeMessage } from '../../../../src/protocol/protobuf/codec.js';
import {
  messageAt,
  messageNamed,
  type ProtobufMessage,
  parseProtobufSchema,
} from '../../../../src/protocol/protobuf/schema.js';
import { ProtobufSchemaError } from '../../../../src/protocol/protobuf/schema-error.js';

const EVERYTHING = `
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "confluent/meta.proto";
import "confluent/type/decimal.proto";
enum Colour { RED = 0; BLUE = 7; }
message Order {
  sint32 small = 1;
  uint64 large = 2;
  int64 balance = 3;
  float ratio = 4;
  optional string note = 5;
  repeated int32 numbers = 6;
  repeated string tags = 7;
  map<string, int64> stock = 8;
  Colour colour = 9;
  Line line = 10;
  google.protobuf.Timestamp at = 11;
  oneof payment { string card = 12; bool cash = 13; }
  bytes raw = 14;
  confluent.type.Decimal price = 15 [(confluent.field_meta) = { params: [
    { value: "6", key: "precision" }, { value: "2", key: "scale" } ] }];
  message Line { string item = 1; message Part { int32 no = 1; } }
}
message Other { Order order = 1; }
`;

function first(text: string): ProtobufMessage {
  const [message] = parseProtobufSchema(text);
  if (message === undefined) throw new Error('no message');
  return message;
}

describe('a .proto file', () => {
  it('gives its messages with places, oneofs, presence and parameters', () => {
    const messages = parseProtobufSchema(EVERYTHING);
    expect(messages.map(({ fullName, indexes }) => [fullName, indexes])).toEqual([
      ['shop.Order', [0]],
      ['shop.Other', [1]],
    ]);
    expect(messageNamed(messages, 'Part')?.indexes).toEqual([0, 0, 0]);
    expect(messageAt(messages, [0, 0])?.fullName).toBe('shop.Order.Line');
    const fields = new Map(messages[0]?.fields.map((field) => [field.name, field]));
    expect([...fields.values()].filter(({ presence }) => presence).map(({ name }) => name)).toEqual([
      'note',
      'line',
      'at',
      'card',
      'cash',
      'price',
    ]);
    expect(fields.get('note')?.oneof).toBeUndefined();
    expect(fields.get('card')?.oneof).toBe('payment');
    expect(fields.get('stock')).toMatchObject({ shape: 'map', keyType: 'string' });
    expect(fields.get('price')?.parameters.get('scale')).toBe('2');
  });

  it('imports what is given with it', () => {
    const references = new Map([['item.proto', 'syntax = "proto3"; message Item { string name = 1; }']]);
    const text = 'syntax = "proto3"; import "item.proto"; message Cart { repeated Item items = 1; }';
    expect(parseProtobufSchema(text, references).at(-1)?.fields[0]?.type.kind).toBe('message');
    expect(() => parseProtobufSchema(text)).toThrow(
      new ProtobufSchemaError('the imported file "item.proto" is not known'),
    );
  });

  it('is refused with its line where it is malformed', () => {
    expect(() => parseProtobufSchema('syntax = "proto3";\nmessage M { int32 a = ; }')).toThrow(/line 2/);
    expect(() => parseProtobufSchema('syntax = "proto3"; message M { Nowhere a = 1; }')).toThrow(/Nowhere/);
  });
});

describe('messages', () => {
  const order = first(EVERYTHING);

  it('are read as another library writes them', () => {
    const { root } = protobuf.parse(
      EVERYTHING.replace(/import "confluent.*\n/g, '').replace(/ {2}confluent[^;]*;/, ''),
      {
        keepCase: true,
      },
    );
    root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
    const type = root.lookupType('shop.Order');
    const bytes = type
      .encode({
        small: -3,
        large: '18446744073709551615',
        balance: '-9223372036854775808',
        ratio: 0.5,
        note: '',
        numbers: [1, 150, -1],
        tags: ['a', ''],
        stock: { x: '5' },
        colour: 7,
        line: { item: 'i' },
        at: { seconds: 1, nanos: 2 },
        cash: true,
        raw: new Uint8Array([1, 2]),
      })
      .finish();
    const read = decodeMessage(order, bytes);
    expect(read.map((value) => (value instanceof Uint8Array ? [...value] : value))).toEqual([
      -3,
      18446744073709551615n,
      -9223372036854775808n,
      0.5,
      '',
      [1, 150, -1],
      ['a', ''],
      new Map([['x', 5n]]),
      'BLUE',
      ['i'],
      [1n, 2],
      null,
      true,
      [1, 2],
      null,
    ]);
    expect(encodeMessage(order, read).equals(bytes)).toBe(true);
  });

  it('leave defaults out, and tell "not set" from them only where presence is kept', () => {
    expect(
      encodeMessage(
        order,
        order.fields.map(() => null),
      ),
    ).toHaveLength(0);
    const empty = decodeMessage(order, Buffer.alloc(0));
    expect(empty.slice(0, 5)).toEqual([0, 0n, 0n, 0, null]);
    expect(encodeMessage(order, empty)).toHaveLength(0);
  });

  it('skip fields that the schema does not have', () => {
    const wide = first('syntax = "proto3"; message M { int32 a = 1; string b = 2; M c = 3; }');
    const narrow = first('syntax = "proto3"; message M { int32 a = 1; }');
    expect(decodeMessage(narrow, encodeMessage(wide, [7, 'x', [1, 'y', null]]))).toEqual([7]);
  });

  it('are refused where they are cut off or nested without end', () => {
    const nested = first('syntax = "proto3"; message M { M c = 1; }');
    expect(() => decodeMessage(nested, Buffer.from([0x0a, 5, 1]))).toThrow(RangeError);
    let deep = Buffer.alloc(0);
    for (let depth = 0; depth < 101; depth += 1) {
      const length = deep.length < 0x80 ? [deep.length] : [(deep.length & 0x7f) | 0x80, deep.length >> 7];
      deep = Buffer.concat([Buffer.from([0x0a, ...length]), deep]);
    }
    expect(() => decodeMessage(nested, deep)).toThrow('the message is nested more than 100 deep');
  });
});

describe('message indexes', () => {
  it.each([
    [[0], '00'],
    [[1], '0202'],
    [[0, 0, 70], '0600008c01'],
  ])('%j are %s', (indexes, hex) => {
    expect(messageIndexes(indexes).toString('hex')).toBe(hex);
    const split = splitMessageIndexes(Buffer.from(`${hex}ff`, 'hex'));
    expect(split.indexes).toEqual(indexes);
    expect([...split.payload]).toEqual([0xff]);
  });

  it('that are cut off or too many are refused', () => {
    expect(() => splitMessageIndexes(Buffer.from([2]))).toThrow(RangeError);
    expect(() => splitMessageIndexes(Buffer.from('feff0f', 'hex'))).toThrow(RangeError);
  });
});
