import { describe, expect, it } from 'vitest';
import { protobufIncompatibilities } from '../../../../src/protocol/protobuf/compatibility.js';
import { parseProtobufSchema } from '../../../../src/protocol/protobuf/schema.js';

const COUNT = 20_000;
const numbers = Array.from({ length: COUNT }, (_, at) => (at < 18_999 ? at + 1 : at + 1_001)); // 19000 to 19999 are reserved

const file = (body: readonly string[]): string => `syntax = "proto3";\n${body.join('\n')}\n`;
const message = (fields: readonly string[]): string => file(['message Big {', ...fields, '}']);

/** Each of these took minutes: the time grew with the square of the size. */
describe('a message with 20,000', () => {
  it.each([
    ['fields', numbers.map((number) => `string f${number} = ${number};`)],
    ['optional fields', numbers.map((number) => `optional string f${number} = ${number};`)],
    ['members of a oneof', ['oneof all {', ...numbers.map((number) => `string f${number} = ${number};`), '}']],
    ['oneofs', numbers.map((number) => `oneof o${number} { string f${number} = ${number}; }`)],
  ])('%s is read and compared', (_, fields) => {
    const messages = parseProtobufSchema(message(fields));
    expect(messages[0]?.fields.map((field) => field.number)).toEqual(numbers);
    expect(protobufIncompatibilities(messages, messages)).toEqual([]);
  });
});

describe('a number that two fields have', () => {
  it.each([
    ['next to each other', ['string a = 1;', 'string b = 1;']],
    ['in a oneof and after it', ['oneof one { string a = 1; }', 'string b = 1;']],
    ['before a oneof and in it', ['string a = 1;', 'oneof one { string b = 1; }']],
    ['of a map', ['map<string, string> a = 1;', 'int32 b = 1;']],
  ])('is refused: %s', (_, fields) => {
    expect(() => parseProtobufSchema(message(fields))).toThrow('duplicate id 1');
  });
});

it('reads a chain of 5,000 messages, each in a field of the one before', () => {
  const messages = parseProtobufSchema(
    file(Array.from({ length: 5_000 }, (_, at) => `message M${at} { M${(at + 1) % 5_000} next = 1; }`)),
  );
  const next = messages[0]?.fields[0]?.type;
  expect(next).toMatchObject({ kind: 'message', message: { name: 'M1', indexes: [1] } });
});

it('numbers messages in messages by their place in the one around them', () => {
  const [outer] = parseProtobufSchema(
    file(['message A { B.D d = 1; message C { string c = 1; } message B { message D { string d = 1; } } }']),
  );
  expect(outer?.nested.map(({ name, indexes }) => [name, indexes])).toEqual([
    ['C', [0, 0]],
    ['B', [0, 1]],
  ]);
  expect(outer?.fields[0]?.type).toMatchObject({ message: { path: ['A', 'B', 'D'], indexes: [0, 1, 0] } });
});
