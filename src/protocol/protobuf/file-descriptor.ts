import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { ProtobufSchemaError } from './schema-error.js';

/** Fields of google/protobuf/descriptor.proto, enums by their names. Options are by their names as the library has them. */
export interface FileDescriptor {
  readonly name?: string;
  readonly package?: string;
  readonly dependency?: readonly string[];
  readonly publicDependency?: readonly number[];
  readonly weakDependency?: readonly number[];
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly service?: readonly ServiceDescriptor[];
  readonly extension?: readonly FieldDescriptor[];
  readonly options?: OptionValues;
  readonly syntax?: string;
}

export interface MessageDescriptor {
  readonly name?: string;
  readonly field?: readonly FieldDescriptor[];
  readonly extension?: readonly FieldDescriptor[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly EnumDescriptor[];
  readonly extensionRange?: readonly NumberRange[];
  readonly oneofDecl?: readonly { readonly name?: string; readonly options?: OptionValues }[];
  readonly options?: OptionValues;
  readonly reservedRange?: readonly NumberRange[];
  readonly reservedName?: readonly string[];
}

/** Of messages it ends before `end`, of enums with it. */
export interface NumberRange {
  readonly start?: number;
  readonly end?: number;
}

export interface FieldDescriptor {
  readonly name?: string;
  readonly extendee?: string;
  readonly number?: number;
  readonly label?: string;
  readonly type?: string;
  readonly typeName?: string;
  readonly defaultValue?: string;
  readonly oneofIndex?: number;
  readonly jsonName?: string;
  readonly options?: OptionValues;
  readonly proto3Optional?: boolean;
}

export interface EnumDescriptor {
  readonly name?: string;
  readonly value?: readonly { readonly name?: string; readonly number?: number; readonly options?: OptionValues }[];
  readonly options?: OptionValues;
  readonly reservedRange?: readonly NumberRange[];
  readonly reservedName?: readonly string[];
}

export interface ServiceDescriptor {
  readonly name?: string;
  readonly method?: readonly MethodDescriptor[];
  readonly options?: OptionValues;
}

export interface MethodDescriptor {
  readonly name?: string;
  readonly inputType?: string;
  readonly outputType?: string;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
  readonly options?: OptionValues;
}

export type OptionValues = Readonly<Record<string, unknown>>;

/** What has options. */
export type OptionsName =
  | 'FileOptions'
  | 'MessageOptions'
  | 'FieldOptions'
  | 'OneofOptions'
  | 'EnumOptions'
  | 'EnumValueOptions'
  | 'ServiceOptions'
  | 'MethodOptions';

export const HIGHEST_NUMBER = 2 ** 29 - 1;
export const HIGHEST_ENUM_NUMBER = 2 ** 31 - 1;

/** Records of the schemas' topic are no larger by default. */
const DESCRIPTOR_BYTES_MAX = 1 << 20;

// Confluent's own options: Connect keeps there what Protobuf has no type for. Others' are not known here.
protobuf.parse(
  `syntax = "proto2"; package confluent;
  message Meta { optional string doc = 1; map<string, string> params = 2; repeated string tags = 3; }
  extend google.protobuf.FileOptions { optional Meta file_meta = 1088; }
  extend google.protobuf.MessageOptions { optional Meta message_meta = 1088; }
  extend google.protobuf.FieldOptions { optional Meta field_meta = 1088; }
  extend google.protobuf.EnumOptions { optional Meta enum_meta = 1088; }
  extend google.protobuf.EnumValueOptions { optional Meta enum_value_meta = 1088; }`,
  (descriptor.FileOptions as protobuf.Type).root,
  { keepCase: true },
);

/** google/protobuf/descriptor.proto itself, which files import to define options of their own. */
export const DESCRIPTOR_IMPORT = 'google/protobuf/descriptor.proto';
export const descriptorTypes = (): protobuf.INamespace | undefined => {
  const { parent } = descriptor.FileDescriptorProto as protobuf.Type;
  const nested = parent?.toJSON().nested;
  return nested && { nested: { google: { nested: { protobuf: { nested } } } } };
};

export const optionsType = (name: OptionsName): protobuf.Type => descriptor[name];

export function encodeFileDescriptor(file: FileDescriptor): Buffer {
  const type: protobuf.Type = descriptor.FileDescriptorProto;
  return Buffer.from(type.encode(type.fromObject(file)).finish());
}

/** Throws ProtobufSchemaError for bytes that are none. */
export function decodeFileDescriptor(bytes: Uint8Array): FileDescriptor {
  if (bytes.length > DESCRIPTOR_BYTES_MAX)
    throw new ProtobufSchemaError(`the descriptor is larger than ${DESCRIPTOR_BYTES_MAX} bytes`);
  const type: protobuf.Type = descriptor.FileDescriptorProto;
  try {
    return type.toObject(type.decode(bytes), { enums: String, longs: String }) as FileDescriptor;
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    throw new ProtobufSchemaError(`not a serialized FileDescriptorProto: ${reason}`, { cause: failure });
  }
}
