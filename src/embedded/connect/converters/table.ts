import { avroConverter } from './avro.js';
import { binaryDataConverter, byteBufferConverter, debeziumByteArrayConverter } from './binary-data.js';
import { cloudEventsConverter } from './cloud-events.js';
import type { ConverterPlugin } from './converter.js';
import { jsonConverter } from './json.js';
import { jsonSchemaConverter } from './json-schema-converter.js';
import { protobufConverter } from './protobuf-converter.js';
import { booleanConverter, byteArrayConverter, numberConverters, stringConverter } from './simple.js';

export const CONVERTERS: readonly ConverterPlugin[] = [
  avroConverter,
  jsonSchemaConverter,
  protobufConverter,
  jsonConverter,
  cloudEventsConverter,
  stringConverter,
  byteArrayConverter,
  binaryDataConverter,
  debeziumByteArrayConverter,
  byteBufferConverter,
  booleanConverter,
  ...numberConverters,
];
