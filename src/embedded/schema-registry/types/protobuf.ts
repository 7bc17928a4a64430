import {
  type ProtobufIncompatibilityType,
  protobufIncompatibilities,
} from '../../../protocol/protobuf/compatibility.js';
import { printProtobufText } from '../../../protocol/protobuf/print.js';
import { type ProtobufMessage, ProtobufSchemaError, parseProtobufSchema } from '../../../protocol/protobuf/schema.js';
import { type Sides, schemaType } from './schema-type.js';

/** Schemas are .proto files; a reference is the file that an import names. Normalised they are as they are stored. */
export const PROTOBUF = schemaType<readonly ProtobufMessage[]>({
  parse({ schema: text, referenced }) {
    // Python's client sends descriptors in Base64, which a .proto file can't be.
    if (/^[A-Za-z0-9+/]{16,}=*$/.test(text))
      throw new ProtobufSchemaError('serialized descriptors are not supported, send the text of the .proto file');
    const files = new Map(referenced.map(({ name, schema }) => [name, schema]));
    return { schema: parseProtobufSchema(text, files), canonical: printProtobufText(text) };
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
