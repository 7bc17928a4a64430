import type { ResolvedSchema } from '../../../clients/schema-registry/questions.js';
import { FRAME_BYTES, frameHead, messageIndexes, splitMessageIndexes } from '../../../protocol/confluent/framing.js';
import { optional } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import type { Schema, Struct } from '../data/schema.js';
import type { ConverterPlugin, SchemaAndValue } from './converter.js';
import type { ProtobufSettings } from './protobuf-form.js';
import { protobufText, rootName } from './protobuf-text.js';
import { type Read, RegisteredConverter, type RegisteredFormat, type Write } from './registered.js';
import { asItIs, REGISTRY_OPTIONS } from './registry-options.js';

export const protobufConverter: ConverterPlugin = {
  className: 'io.confluent.connect.protobuf.ProtobufConverter',
  meaning:
    'A zero byte, the schema’s id (4 bytes), which of its messages, Protobuf. Only structs have a message: keys and values of other types are refused. Null is a field that is not set, and is read as the type’s default unless one of the options for nullables is set. Not supported: messages that contain themselves; arrays of arrays and of maps; versions of read schemas. Confluent’s Python client reads what it writes; the real class, from Confluent’s own Maven repository, was not compared.',
  options: [
    ...REGISTRY_OPTIONS,
    optional('BOOLEAN', 'wrapper.for.nullables', 'false', 'Whether optional values are StringValue and its kind.'),
    optional('BOOLEAN', 'optional.for.nullables', 'false', 'Whether optional fields are declared `optional`.'),
    optional('BOOLEAN', 'enhanced.protobuf.schema.support', 'false', 'Whether structs have whole names.'),
    optional('BOOLEAN', 'generate.index.for.unions', 'true', 'Whether a oneof is read as `name_0`, not `name`.'),
    optional('BOOLEAN', 'scrub.invalid.names', 'false', 'Whether what can’t be in a name becomes an underscore.'),
    asItIs('generate.struct.for.nulls', 'false', 'Unset messages as structs.'),
    asItIs('int.for.enums', 'false', 'Enums as numbers.'),
    asItIs('flatten.unions', 'false', 'Members of a oneof as fields.'),
    asItIs('ignore.default.for.nullables', 'false', 'Null stays null.'),
  ],
  create: (options, isKey) =>
    new RegisteredConverter(
      protobufFormat({
        wrappers: options.boolean('wrapper.for.nullables'),
        optionals: options.boolean('optional.for.nullables'),
        fullNames: options.boolean('enhanced.protobuf.schema.support'),
        indexedUnions: options.boolean('generate.index.for.unions'),
        scrubNames: options.boolean('scrub.invalid.names'),
      }),
      options,
      isKey,
    ),
};

function protobufFormat(settings: ProtobufSettings): RegisteredFormat {
  return {
    type: 'PROTOBUF',
    label: 'Protobuf',
    failedToWrite: (topic) => `Failed to serialize Protobuf data from topic ${topic} :`,
    failedToRead: (topic) => `Failed to deserialize data for topic ${topic} to Protobuf:`,
    isTombstone: () => true,
    recordName: (schema) => rootName(schema, settings),
    schemaText: (schema) => protobufText(schema, settings),
    writer: (schema, registered) => writerOf(schema, registered, settings),
    reader: (registered) => readerOf(registered, settings),
  };
}

/** Protobuf's library is loaded with the first schema. */
const loaded = async () => ({
  ...(await import('../../../protocol/protobuf/codec.js')),
  ...(await import('../../../protocol/protobuf/schema.js')),
  ...(await import('./protobuf-read.js')),
  ...(await import('./protobuf-write.js')),
});

async function writerOf(schema: Schema, registered: ResolvedSchema, settings: ProtobufSettings): Promise<Write> {
  const { encodeMessage, messageNamed, parseProtobufSchema, structWriter } = await loaded();
  const name = rootName(schema, settings);
  const message = messageNamed(parseProtobufSchema(registered.schema, registered.references), name);
  if (message === undefined) throw dataFailure(`schema ${registered.id} has no message ${name}`);
  const write = structWriter(schema, message, settings);
  const frame = Buffer.concat([frameHead(registered.id), messageIndexes(message.indexes)]);
  return (value) => Buffer.concat([frame, encodeMessage(message, write((value as Struct).values))]);
}

async function readerOf({ id, schema, references }: ResolvedSchema, settings: ProtobufSettings): Promise<Read> {
  const { decodeMessage, messageAt, parseProtobufSchema, ProtobufReader } = await loaded();
  const messages = parseProtobufSchema(schema, references);
  const readers = new Map<string, (payload: Buffer) => SchemaAndValue>();
  const readerAt = (indexes: readonly number[]) => {
    const key = indexes.join();
    let read = readers.get(key);
    if (read === undefined) {
      const message = messageAt(messages, indexes);
      if (message === undefined) throw dataFailure(`schema ${id} has no message at [${key}]`);
      const struct = new ProtobufReader(settings).struct(message);
      read = (payload) => ({ schema: struct.schema, value: struct.read(decodeMessage(message, payload)) });
      readers.set(key, read);
    }
    return read;
  };
  return (bytes) => {
    const { indexes, payload } = splitMessageIndexes(bytes.subarray(FRAME_BYTES));
    return readerAt(indexes)(payload);
  };
}
