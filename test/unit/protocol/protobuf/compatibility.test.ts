import { describe, expect, it } from 'vitest';
import { protobufIncompatibilities } from '../../../../src/protocol/protobuf/compatibility.js';
import { parseProtobufSchema } from '../../../../src/protocol/protobuf/schema.js';

/** Body of a message M in proto3, or whole files where they begin with `syntax`. */
const file = (text: string): string => (text.startsWith('syntax') ? text : `syntax = "proto3"; message M { ${text} }`);
const proto2 = (text: string): string => `syntax = "proto2"; message M { ${text} }`;
const files = (...messages: string[]): string => `syntax = "proto3"; ${messages.join(' ')}`;

function reasons(writer: string, reader: string): string[] {
  const found = protobufIncompatibilities(parseProtobufSchema(file(reader)), parseProtobufSchema(file(writer)));
  return found.map(({ type, path }) => `${type} ${path}`).sort();
}

/** By Confluent's documentation of Protobuf compatibility and the answers of its registry. */
describe('what was written with the first schema and is read with the second one', () => {
  it.each([
    ['a field more', 'string a = 1;', 'string a = 1; int32 b = 2;'],
    ['a field less', 'string a = 1; int32 b = 2;', 'string a = 1;'],
    ['another name of a field', 'string a = 1;', 'string b = 1;'],
    ['another number of a field', 'string a = 1;', 'string a = 2;'],
    ['numbers of one group', 'int32 a = 1; uint64 b = 2; bool c = 3;', 'int64 a = 1; bool b = 2; uint32 c = 3;'],
    ['zigzag numbers', 'sint32 a = 1;', 'sint64 a = 1;'],
    ['fixed numbers, signed and not', 'fixed32 a = 1; sfixed64 b = 2;', 'sfixed32 a = 1; fixed64 b = 2;'],
    ['text and bytes', 'string a = 1;', 'bytes a = 1;'],
    ['a number that becomes an enum', 'int32 a = 1;', 'E a = 1; enum E { X = 0; }'],
    ['an enum that becomes a number', 'E a = 1; enum E { X = 0; }', 'int32 a = 1;'],
    ['other symbols of an enum', 'E a = 1; enum E { X = 0; Y = 1; }', 'E a = 1; enum E { Z = 0; }'],
    ['a repeated string', 'optional string a = 1;', 'repeated string a = 1;'],
    ['a repeated message', 'N a = 1; message N {}', 'repeated N a = 1; message N {}'],
    ['a number without a label that is repeated', 'int32 a = 1;', 'repeated int32 a = 1;'],
    ['one field that moves to a new oneof', 'string a = 1;', 'oneof o { string a = 1; int32 b = 2; }'],
    ['a field more in a oneof', 'oneof o { string a = 1; }', 'oneof o { string a = 1; int32 b = 2; }'],
    ['a oneof less', 'oneof o { string a = 1; }', 'string a = 1;'],
    ['a message more, and another order', 'string a = 1;', files('message N {}', 'message M { string a = 1; }')],
    [
      'another package',
      'syntax = "proto3"; package a; message M { N n = 1; } message N {}',
      files('message N {}', 'message M { N n = 1; }'),
    ],
    ['the same type by another name', 'N a = 1; message N {}', '.M.N a = 1; message N {}'],
    ['maps of one group', 'map<int32, string> a = 1;', 'map<int64, bytes> a = 1;'],
    ['a message within itself', 'M a = 1; int32 b = 2;', 'M a = 1;'],
  ])('may have %s', (_, writer, reader) => {
    expect(reasons(writer, reader)).toEqual([]);
  });

  it.each([
    ['string a = 1;', 'int32 a = 1;', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['int32 a = 1;', 'sint32 a = 1;', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['fixed32 a = 1;', 'fixed64 a = 1;', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['float a = 1;', 'double a = 1;', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['int32 a = 1;', 'N a = 1; message N {}', ['FIELD_KIND_CHANGED #/M/1']],
    ['map<string, int32> a = 1;', 'repeated int32 a = 1;', ['FIELD_KIND_CHANGED #/M/1']],
    ['map<string, int32> a = 1;', 'map<string, string> a = 1;', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['map<string, int32> a = 1;', 'map<int32, int32> a = 1;', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['map<string, int32> a = 1;', 'map<string, N> a = 1; message N {}', ['FIELD_KIND_CHANGED #/M/1']],
    ['optional int32 a = 1;', 'repeated int32 a = 1;', ['FIELD_NUMERIC_LABEL_CHANGED #/M/1']],
    [proto2('optional int32 a = 1;'), proto2('required int32 a = 1;'), ['FIELD_NUMERIC_LABEL_CHANGED #/M/1']],
    [proto2('optional string a = 1;'), proto2('required string b = 2;'), ['REQUIRED_FIELD_ADDED #/M/2']],
    [proto2('required string b = 2;'), proto2('optional string a = 1;'), ['REQUIRED_FIELD_REMOVED #/M/2']],
    [
      'string a = 1; string b = 2;',
      'oneof o { string a = 1; string b = 2; }',
      ['MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/o'],
    ],
    [
      'string a = 1; oneof o { int32 b = 2; }',
      'oneof o { string a = 1; int32 b = 2; }',
      ['FIELD_MOVED_TO_EXISTING_ONEOF #/M/o'],
    ],
    ['oneof o { string a = 1; int32 b = 2; }', 'oneof o { string a = 1; }', ['ONEOF_FIELD_REMOVED #/M/o/2']],
    ['string a = 1;', 'oneof o { int32 a = 1; }', ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
    ['string a = 1;', files('message N {}'), ['MESSAGE_REMOVED #/M']],
    ['message N {}', 'string a = 1;', ['MESSAGE_REMOVED #/M/N']],
    ['message N { string a = 1; }', 'message N { double a = 1; }', ['FIELD_SCALAR_KIND_CHANGED #/M/N/1']],
    [
      'N a = 1; message N { string a = 1; }',
      'O a = 1; message O { string a = 1; }',
      ['FIELD_NAMED_TYPE_CHANGED #/M/1', 'MESSAGE_REMOVED #/M/N'],
    ],
    [
      files('message M { N n = 3; }', 'message N { O o = 2; }', 'message O { string a = 1; }'),
      files('message M { N n = 3; }', 'message N { O o = 2; }', 'message O { double a = 1; }'),
      ['FIELD_NAMED_TYPE_CHANGED #/M/3', 'FIELD_NAMED_TYPE_CHANGED #/N/2', 'FIELD_SCALAR_KIND_CHANGED #/O/1'],
    ],
  ])('%s may not become %s', (writer, reader, expected) => {
    expect(reasons(writer, reader)).toEqual(expected);
  });

  it('looks into imported files, whatever their package', () => {
    const parse = (home: string, type: string) =>
      parseProtobufSchema(
        `syntax = "proto3"; import "home.proto"; message M { ${home}.Home at = 1; }`,
        new Map([['home.proto', `syntax = "proto3"; package ${home}; message Home { ${type} id = 1; }`]]),
      );
    expect(protobufIncompatibilities(parse('b', 'int64'), parse('a', 'int32'))).toEqual([]);
    expect(protobufIncompatibilities(parse('b', 'string'), parse('a', 'int32'))).toEqual([
      { type: 'FIELD_SCALAR_KIND_CHANGED', path: '#/Home/1' },
      { type: 'FIELD_NAMED_TYPE_CHANGED', path: '#/M/1' },
    ]);
  });
});
