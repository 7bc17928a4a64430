import { describe, expect, it } from 'vitest';
import { PROTOBUF } from '../../../../src/embedded/schema-registry/types/protobuf.js';
import { describeProtobuf } from '../../../../src/protocol/protobuf/describe.js';
import {
  decodeFileDescriptor,
  encodeFileDescriptor,
  type FileDescriptor,
} from '../../../../src/protocol/protobuf/file-descriptor.js';
import { printProtobufText } from '../../../../src/protocol/protobuf/print.js';
import { printFileDescriptor } from '../../../../src/protocol/protobuf/print-descriptor.js';
import { ProtobufSchemaError } from '../../../../src/protocol/protobuf/schema-error.js';

/** Texts, and the descriptors that protoc made of them, as code generated for Python holds them. */
const FILES = {
  'proto3 with all that it has': {
    text: `syntax = "proto3";
package shop.orders;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
option java_package = "org.example.shop";
option java_multiple_files = true;
option optimize_for = CODE_SIZE;
// A comment.
message Order {
  option deprecated = true;
  message Line {
    string sku = 1;
    map<int32, Colour> colours = 2;
  }
  enum State {
    option allow_alias = true;
    OPEN = 0;
    DONE = 1;
    CLOSED = 1 [deprecated = true];
    reserved 5 to 7, 9;
    reserved "GONE";
  }
  reserved 20, 30 to max;
  reserved "old_name";
  string order_id = 1 [json_name = "oid"];
  repeated Line lines = 2;
  repeated int32 counts = 3 [packed = false];
  optional sint64 note_number = 4;
  oneof payment {
    string card = 5;
    google.protobuf.Int64Value cash = 6;
  }
  State state = 7;
  map<string, Line> by_sku_2 = 8;
  google.protobuf.Timestamp at = 9 [deprecated = true];
  optional bool again = 10;
}
enum Colour {
  RED = 0;
  BLUE = -1;
}
service Orders {
  rpc Get (Order) returns (stream Order.Line) {
    option deprecated = true;
  }
  rpc Put (stream Order) returns (Order);
}
`,
    descriptor:
      'ChBldmVyeXRoaW5nLnByb3RvEgtzaG9wLm9yZGVycxofZ29vZ2xlL3Byb3RvYnVmL3RpbWVzdGFtcC5wcm90bxoeZ29vZ2xlL3Byb3RvYnVmL3dyYXBwZXJzLnByb3RvIqwFCgVPcmRlchIVCghvcmRlcl9pZBgBIAEoCVIDb2lkEiYKBWxpbmVzGAIgAygLMhcuc2hvcC5vcmRlcnMuT3JkZXIuTGluZRISCgZjb3VudHMYAyADKAVCAhAAEhgKC25vdGVfbnVtYmVyGAQgASgSSAGIAQESDgoEY2FyZBgFIAEoCUgAEisKBGNhc2gYBiABKAsyGy5nb29nbGUucHJvdG9idWYuSW50NjRWYWx1ZUgAEicKBXN0YXRlGAcgASgOMhguc2hvcC5vcmRlcnMuT3JkZXIuU3RhdGUSMAoIYnlfc2t1XzIYCCADKAsyHi5zaG9wLm9yZGVycy5PcmRlci5CeVNrdTJFbnRyeRIqCgJhdBgJIAEoCzIaLmdvb2dsZS5wcm90b2J1Zi5UaW1lc3RhbXBCAhgBEhIKBWFnYWluGAogASgISAKIAQEajwEKBExpbmUSCwoDc2t1GAEgASgJEjUKB2NvbG91cnMYAiADKAsyJC5zaG9wLm9yZGVycy5PcmRlci5MaW5lLkNvbG91cnNFbnRyeRpDCgxDb2xvdXJzRW50cnkSCwoDa2V5GAEgASgFEiIKBXZhbHVlGAIgASgOMhMuc2hvcC5vcmRlcnMuQ29sb3VyOgI4ARpGCgtCeVNrdTJFbnRyeRILCgNrZXkYASABKAkSJgoFdmFsdWUYAiABKAsyFy5zaG9wLm9yZGVycy5PcmRlci5MaW5lOgI4ASJBCgVTdGF0ZRIICgRPUEVOEAASCAoERE9ORRABEg4KBkNMT1NFRBABGgIIARoCEAEiBAgFEAciBAgJEAkqBEdPTkU6AhgBQgkKB3BheW1lbnRCDgoMX25vdGVfbnVtYmVyQggKBl9hZ2FpbkoECBQQFUoICB4QgICAgAJSCG9sZF9uYW1lKiQKBkNvbG91chIHCgNSRUQQABIRCgRCTFVFEP///////////wEydAoGT3JkZXJzEjkKA0dldBISLnNob3Aub3JkZXJzLk9yZGVyGhcuc2hvcC5vcmRlcnMuT3JkZXIuTGluZSIDiAIBMAESLwoDUHV0EhIuc2hvcC5vcmRlcnMuT3JkZXIaEi5zaG9wLm9yZGVycy5PcmRlcigBQhYKEG9yZy5leGFtcGxlLnNob3BIAlABYgZwcm90bzM=',
  },
  'proto2 with defaults and extensions': {
    text: `syntax = "proto2";
message Old {
  required string id = 1;
  optional int32 count = 2 [default = -5];
  optional string text = 3 [default = "a \\"b\\""];
  optional Kind kind = 4 [default = SECOND];
  optional double ratio = 5 [default = 1.5];
  optional bool on = 6 [default = true];
  repeated int64 numbers = 7 [packed = true];
  oneof choice {
    Old inner = 8;
    bytes raw = 9;
  }
  optional bytes seal = 10 [default = "a\\"\\\\b"];
  extensions 100 to 199, 1000 to max;
  extend Old {
    optional string nested_extra = 100;
  }
}
enum Kind {
  FIRST = 1;
  SECOND = 2;
}
extend Old {
  repeated int32 extra = 101;
}
`,
    descriptor:
      'CgtvbGRlci5wcm90byKSAgoDT2xkEgoKAmlkGAEgAigJEhEKBWNvdW50GAIgASgFOgItNRITCgR0ZXh0GAMgASgJOgVhICJiIhIbCgRraW5kGAQgASgOMgUuS2luZDoGU0VDT05EEhIKBXJhdGlvGAUgASgBOgMxLjUSEAoCb24YBiABKAg6BHRydWUSEwoHbnVtYmVycxgHIAMoA0ICEAESFQoFaW5uZXIYCCABKAsyBC5PbGRIABINCgNyYXcYCSABKAxIABIUCgRzZWFsGAogASgMOgZhXCJcXGIqBQhkEMgBKgkI6AcQgICAgAIyJwoMbmVzdGVkX2V4dHJhEgQuT2xkGGQgASgJUgtuZXN0ZWRFeHRyYUIICgZjaG9pY2UqHQoES2luZBIJCgVGSVJTVBABEgoKBlNFQ09ORBACOhoKBWV4dHJhEgQuT2xkGGUgAygFUgVleHRyYQ==',
  },
  'options that a file defines itself': {
    text: `syntax = "proto3";
package rules;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FieldOptions {
  optional int32 limit = 50001;
}
message Limited {
  google.protobuf.FieldDescriptorProto field = 1;
}
`,
    descriptor:
      'CgtydWxlcy5wcm90bxIFcnVsZXMaIGdvb2dsZS9wcm90b2J1Zi9kZXNjcmlwdG9yLnByb3RvIj8KB0xpbWl0ZWQSNAoFZmllbGQYASABKAsyJS5nb29nbGUucHJvdG9idWYuRmllbGREZXNjcmlwdG9yUHJvdG86OAoFbGltaXQSHS5nb29nbGUucHJvdG9idWYuRmllbGRPcHRpb25zGNGGAyABKAVSBWxpbWl0iAEBYgZwcm90bzM=',
  },
  'a file without a syntax': {
    text: `message Bare {}
`,
    descriptor: 'CgpiYXJlLnByb3RvIgYKBEJhcmU=',
  },
  'an imported file': {
    text: `syntax = "proto3";
package shop;
message Money { int64 cents = 1; string currency = 2; }
`,
    descriptor: 'Cgxjb21tb24ucHJvdG8SBHNob3AiKAoFTW9uZXkSDQoFY2VudHMYASABKAMSEAoIY3VycmVuY3kYAiABKAliBnByb3RvMw==',
  },
  'a public import': {
    text: `syntax = "proto3";
package shop;
import public "common.proto";
message Priced { Money price = 1; .shop.Money reduced = 2; }
`,
    descriptor:
      'CgxwcmljZWQucHJvdG8SBHNob3AaDGNvbW1vbi5wcm90byJCCgZQcmljZWQSGgoFcHJpY2UYASABKAsyCy5zaG9wLk1vbmV5EhwKB3JlZHVjZWQYAiABKAsyCy5zaG9wLk1vbmV5UABiBnByb3RvMw==',
  },
  "Confluent's options": {
    text: `syntax = "proto3";
import "confluent/meta.proto";
option (confluent.file_meta).doc = "a file";
message Paid {
  option (confluent.message_meta) = {doc: "paid", tags: ["a", "b"]};
  bytes amount = 1 [(confluent.field_meta) = {params: [{key: "scale", value: "2"}, {key: "precision", value: "6"}]}, deprecated = true];
}
`,
    descriptor:
      'CgttZXRhMS5wcm90bxoUY29uZmx1ZW50L21ldGEucHJvdG8iSgoEUGFpZBIxCgZhbW91bnQYASABKAxCIRgBgkQcEgoKBXNjYWxlEgEyEg4KCXByZWNpc2lvbhIBNjoPgkQMCgRwYWlkGgFhGgFiQguCRAgKBmEgZmlsZWIGcHJvdG8z',
  },
} as const;

const REFERENCES = new Map([['common.proto', FILES['an imported file'].text]]);

const decode = (base64: string): FileDescriptor => decodeFileDescriptor(Buffer.from(base64, 'base64'));
const describeText = (text: string) => describeProtobuf(text, REFERENCES);

/** Nobody but a compiler knows the name, and json_name of extensions is always given by it. */
const comparable = (file: FileDescriptor): unknown =>
  JSON.parse(
    JSON.stringify({ ...file, name: '' }, (key, value) => (key === 'jsonName' && value !== 'oid' ? undefined : value)),
  );

describe.each(Object.entries(FILES))('%s', (_, { text, descriptor }) => {
  it('has the descriptor that protoc makes of it', () => {
    const { file, leftOut } = describeText(text);
    expect(leftOut).toEqual([]);
    expect(comparable(decodeFileDescriptor(encodeFileDescriptor(file)))).toEqual(comparable(decode(descriptor)));
  });

  it('is one text in both forms', () => {
    const printed = printFileDescriptor(decode(descriptor));
    expect(printFileDescriptor(describeText(text).file)).toBe(printed);
    expect(printFileDescriptor(describeText(printed).file)).toBe(printed);
    expect(printProtobufText(printed)).toBe(printed);
  });

  it('is one schema to the registry', () => {
    const referenced = [{ name: 'common.proto', schema: FILES['an imported file'].text }];
    const ofText = PROTOBUF.parse({ schema: text, referenced }, false);
    const ofDescriptor = PROTOBUF.parse({ schema: descriptor, referenced }, false);
    expect(ofDescriptor.common?.()).toBe(ofDescriptor.canonical);
    expect(ofText.common?.()).toBe(ofDescriptor.canonical);
    expect(ofText.against({ schema: descriptor, referenced }).backward()).toEqual([]);
    expect(ofText.serialized?.()).toBe(ofDescriptor.serialized?.());
  });
});

it('prints types by their full names, nested messages first', () => {
  const file = decode(FILES['proto3 with all that it has'].descriptor);
  expect(printFileDescriptor(file)).toContain(`message Order {
  option deprecated = true;
  reserved 20, 30 to max;
  reserved "old_name";

  message Line {
    string sku = 1;
    map<int32, .shop.orders.Colour> colours = 2;
  }
`);
});

it('names options that the descriptor does not have, and gives such a text no other form', () => {
  const text = `syntax = "proto3"; message M { int32 a = 1 [(their.rule) = "x", deprecated = true]; }`;
  expect(describeText(text).leftOut).toEqual(['(their.rule)']);
  expect(PROTOBUF.parse({ schema: text, referenced: [] }, false).common?.()).toBeUndefined();
});

const group = `syntax = "proto2"; message M { optional group G = 1 { optional int32 a = 2; } }`;
it.each([
  ['groups', () => describeText(group)],
  ['editions', () => describeText('edition = "2023"; message M {}')],
  ['descriptors of editions', () => printFileDescriptor({ syntax: 'editions' })],
  ['names that are none', () => printFileDescriptor({ messageType: [{ name: 'M {} message N' }] })],
  ['packages that are none', () => printFileDescriptor({ package: 'a; message N {}' })],
  ['bytes that are none', () => decodeFileDescriptor(Buffer.from('descriptor'))],
  ['what is too large', () => decodeFileDescriptor(Buffer.alloc((1 << 20) + 1))],
])('refuses %s', (_, attempt) => {
  expect(attempt).toThrow(ProtobufSchemaError);
});
