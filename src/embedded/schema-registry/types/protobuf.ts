import {
  type ProtobufIncompatibilityType,
  protobufIncompatibilities,
} from '../../../protocol/protobuf/compatibility.js';
import { describeProtobuf } from '../../../protocol/protobuf/describe.js';
import { decodeFileDescriptor, encodeFileDescriptor } from '../../../protocol/protobuf/file-descriptor.js';
import { printProtobufText } from '../../../protocol/protobuf/print.js';
import { printFileDescriptor } from '../../../protocol/protobuf/print-descriptor.js';
import { type ProtobufMessage, parseProtobufSchema } from '../../../protocol/protobuf/schema.js';
import { ProtobufSchemaError } from '../../../protocol/protobuf/schema-error.js';
import { type Sides, schemaType } from './schema-type.js';

/**
 * Schemas are .proto files, or descriptors of them in Base64, as Python's client sends them: stored as text. A reference
 * is the file that an import names. Normalised they are as they are stored.
 */
export const PROTOBUF = schemaType<readonly ProtobufMessage[]>({
  parse({ schema: given, referenced }) {
    const files = new Map(referenced.map(({ name, schema }) => [name, schema]));
    const text = isBase64(given) ? printFileDescriptor(decodeFileDescriptor(Buffer.from(given, 'base64'))) : given;
    let common: { readonly text: string | undefined } | undefined;
    return {
      schema: parseProtobufSchema(text, files),
      canonical: printProtobufText(text),
      common: () => {
        common ??= { text: commonText(text, files) };
        return common.text;
      },
      serialized: () => encodeFileDescriptor(describeProtobuf(text, files).file).toString('base64'),
    };
  },

  incompatibilities: (reader, writer, sides) =>
    protobufIncompatibilities(reader, writer).map(
      ({ type, path }) => `{errorType:"${type}", description:"${SENTENCES[type](path, sides)}"}`,
    ),
});

const SENTENCES: { readonly [Type in ProtobufIncompatibilityType]: (path: string, sides: Sides) => string } = {
  MESSAGE_REMOVED: (path, { reader }) => `the ${reader} schema has no message '${path}'`,
  FIELD_KIND_CHANGED: (path) => `the field '${path}' changes between scalar, message and map`,
  FIELD_SCALAR_KIND_CHANGED: (path) => `the types of the field '${path}' differ on the wire`,
  FIELD_NAMED_TYPE_CHANGED: (path) => `the messages of the field '${path}' differ by name or are incompatible`,
  FIELD_NUMERIC_LABEL_CHANGED: (path) => `the labels of the numeric field '${path}' differ`,
  REQUIRED_FIELD_ADDED: (path, { reader, writer }) =>
    `the ${reader} schema requires the field '${path}', which the ${writer} schema does not have`,
  REQUIRED_FIELD_REMOVED: (path, { reader }) => `the ${reader} schema does not have the required field '${path}'`,
  ONEOF_FIELD_REMOVED: (path, { reader }) => `the ${reader} schema does not have '${path}' in its oneof`,
  MULTIPLE_FIELDS_MOVED_TO_ONEOF: (path, { reader, writer }) =>
    `several fields of the oneof '${path}' in the ${reader} schema stand outside of any in the ${writer} schema`,
  FIELD_MOVED_TO_EXISTING_ONEOF: (path, { reader, writer }) =>
    `a field that stands outside in the ${writer} schema is in the existing oneof '${path}' in the ${reader} schema`,
};

/** No .proto file is without a bracket, a quote or a semicolon. */
const isBase64 = (given: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(given.trim());

/** The text as its descriptor would give it, where that has everything. */
function commonText(text: string, files: ReadonlyMap<string, string>): string | undefined {
  try {
    const { file, leftOut } = describeProtobuf(text, files);
    return leftOut.length === 0 ? printFileDescriptor(file) : undefined;
  } catch (failure) {
    if (failure instanceof ProtobufSchemaError) return undefined;
    throw failure;
  }
}
