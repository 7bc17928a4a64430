import { expect, it } from 'vitest';
import { protobufSchemaOf } from '../../../../src/ksql/formats/protobuf-schema.js';
import { printProtobufText } from '../../../../src/protocol/protobuf/print.js';

const PRINTED = `syntax = "proto3";
package shop;

import "a \\"b\\".proto";

option java_package = "shop";

message Order {
  map<string, .shop.Line> lines = 1 [deprecated = true, (shop.meta).part = {
    list: [
      1,
      {
        key: "a"
      }
    ]
  }];
  reserved 2, 4 to max;

  oneof payment {
    string card = 3;
  }

  message Empty {}
}

enum Colour {
  RED = 0;
  BLUE = -1;
}

service Orders {
  rpc Get (Order) returns (stream .shop.Order) {}
}
`;

it('prints without comments and in one layout', () => {
  const text = `syntax='proto3'; // a comment
package shop;import "a \\"b\\".proto";/* another one */ option java_package="shop";
message Order{map < string , .shop.Line > lines=1[deprecated=true,(shop.meta).part={list:[1,{key:"a"}]}];
reserved 2,4 to max; oneof payment{string card=3;}message Empty{
}}
enum Colour{RED=0;BLUE=-1;} service Orders{rpc Get(Order)returns(stream .shop.Order){}}`;
  expect(printProtobufText(text)).toBe(PRINTED);
});

it('leaves what it has printed, and what ksqlDB registers, as it is', () => {
  const price = { kind: 'DECIMAL', precision: 6, scale: 2 } as const;
  const lines = { kind: 'MAP', key: { kind: 'STRING' }, value: { kind: 'BIGINT' } } as const;
  const registered = protobufSchemaOf(
    [
      { name: 'PRICE', type: price },
      { name: 'LINES', type: lines },
    ],
    undefined,
    undefined,
  );
  expect(printProtobufText(PRINTED)).toBe(PRINTED);
  expect(printProtobufText(registered)).toBe(registered);
});
