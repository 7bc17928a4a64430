import { AvroOutput } from '../../../protocol/avro/output.js';
import { optional, unused } from '../../../protocol/connect/option.js';
import { avroReader } from './avro-read.js';
import { avroSchemaText } from './avro-schema.js';
import { compileWrite } from './avro-write.js';
import type { ConverterPlugin } from './converter.js';
import { RegisteredConverter, type RegisteredFormat } from './registered.js';
import { asItIs, REGISTRY_OPTIONS } from './registry-options.js';

export const avroConverter: ConverterPlugin = {
  className: 'io.confluent.connect.avro.AvroConverter',
  meaning:
    'A zero byte, the schema’s id (4 bytes), Avro binary. Subjects are `<topic>-key` and `<topic>-value`, or the record’s name by the subject name strategies.',
  options: [
    ...REGISTRY_OPTIONS,
    optional('BOOLEAN', 'connect.meta.data', 'true', 'Whether Connect’s own properties go into the Avro schema.'),
    asItIs('enhanced.avro.schema.support', 'false', 'Enums and namespaces are kept.'),
    asItIs('discard.type.doc.default', 'false', 'Docs and defaults of types are left out.'),
    asItIs('allow.optional.map.keys', 'false', 'Keys of maps may be null.'),
    asItIs('generalized.sum.type.support', 'false', 'Other names of unions.'),
    asItIs('flatten.singleton.unions', 'true', 'Unions of one type are that type.'),
    asItIs('ignore.default.for.nullables', 'false', 'Null stays null.'),
    asItIs('scrub.invalid.names', 'false', 'What can’t be in a name becomes an underscore.'),
    asItIs('avro.remove.java.properties', 'false', 'Java’s own properties are left out.'),
    unused(optional('BOOLEAN', 'avro.use.logical.type.converters', 'false', 'Connect has its own logical types.')),
    unused(optional('BOOLEAN', 'specific.avro.reader', 'false', 'there are no classes of records.')),
    unused(optional('BOOLEAN', 'avro.reflection.allow.null', 'false', 'schema.reflection is refused.')),
  ],
  create: (options, isKey) => new RegisteredConverter(avroFormat(options.boolean('connect.meta.data')), options, isKey),
};

function avroFormat(metaData: boolean): RegisteredFormat {
  const output = new AvroOutput();
  return {
    type: 'AVRO',
    label: 'Avro',
    failedToWrite: (topic) => `Failed to serialize Avro data from topic ${topic} :`,
    failedToRead: (topic) => `Failed to deserialize data for topic ${topic} to Avro:`,
    isTombstone: (schema) => schema.optional,
    recordName: (schema) => schema.name ?? 'io.confluent.connect.avro.ConnectDefault',
    schemaText: (schema) => avroSchemaText(schema, { metaData }),
    writer(schema, { id }) {
      const write = compileWrite(schema);
      return (value) => {
        output.reset();
        output.byte(0);
        output.uint32BE(id);
        write(value, output);
        return output.finish();
      };
    },
    reader: avroReader,
  };
}
