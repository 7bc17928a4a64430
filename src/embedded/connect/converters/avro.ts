import { AvroOutput } from '../../../protocol/avro/output.js';
import { optional } from '../../../protocol/connect/option.js';
import { avroReader } from './avro-read.js';
import { avroSchemaText } from './avro-schema.js';
import { compileWrite } from './avro-write.js';
import type { ConverterPlugin } from './converter.js';
import { REGISTRY_OPTIONS, RegisteredConverter, type RegisteredFormat } from './registered.js';

export const avroConverter: ConverterPlugin = {
  className: 'io.confluent.connect.avro.AvroConverter',
  meaning:
    'A zero byte, the schema’s id (4 bytes), Avro binary. Subjects are `<topic>-key` and `<topic>-value`, or the record’s name by the subject name strategies. Not supported: enhanced.avro.schema.support, reference subject names.',
  options: [
    ...REGISTRY_OPTIONS,
    optional('BOOLEAN', 'connect.meta.data', 'true', 'Whether Connect’s own properties go into the Avro schema.'),
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
