import { below, type OptionDefinition, optional } from '../../../protocol/connect/option.js';
import { Options } from '../config/options.js';
import { dataFailure } from '../data/failure.js';
import { OPTIONAL_BYTES } from '../data/schema.js';
import { avroConverter } from './avro.js';
import type { Converter, ConverterPlugin } from './converter.js';
import { jsonConverter } from './json.js';
import { jsonSchemaConverter } from './json-schema-converter.js';
import { protobufConverter } from './protobuf-converter.js';
import { byteArrayConverter, stringConverter } from './simple.js';

const DELEGATE = 'delegate.converter.type';
const OPTIONS: readonly OptionDefinition[] = [
  optional('CLASS', DELEGATE, null, 'Converter of what is no bytes: heartbeats, transaction metadata.'),
];
const DELEGATES = [
  jsonConverter,
  avroConverter,
  jsonSchemaConverter,
  protobufConverter,
  stringConverter,
  byteArrayConverter,
];

const named = (name: string): ConverterPlugin => ({
  className: `io.debezium.converters.${name}`,
  meaning:
    'Bytes pass as they are, the rest goes to a delegate. Older versions call it ByteArrayConverter and ByteBufferConverter.',
  options: OPTIONS,
  nested: [`${DELEGATE}.`],
  create(options, isKey) {
    const delegate = delegateOf(options, isKey);
    const other = (what: string): Converter => {
      if (delegate !== undefined) return delegate;
      throw dataFailure(`A ${what} was found, but no ${DELEGATE} is configured: ${name} handles only bytes by itself`);
    };
    return {
      fromConnect(topic, schema, value) {
        if (schema !== undefined && schema.type !== 'bytes')
          return other(`value of type ${schema.type.toUpperCase()}`).fromConnect(topic, schema, value);
        if (value === null || Buffer.isBuffer(value)) return value;
        return other('value without schema').fromConnect(topic, schema, value);
      },
      toConnect: (_topic, bytes) => ({ schema: OPTIONAL_BYTES, value: bytes }),
    };
  },
});

function delegateOf(options: Options, isKey: boolean): Converter | undefined {
  const wanted = options.text(DELEGATE);
  if (wanted === undefined) return undefined;
  const plugin = DELEGATES.find((one) => one.className === wanted);
  if (plugin === undefined) throw dataFailure(`${DELEGATE}: converter ${wanted} is not known`);
  return plugin.create(new Options(plugin.options, below(options.raw, `${DELEGATE}.`)), isKey);
}

export const binaryDataConverter = named('BinaryDataConverter');
export const debeziumByteArrayConverter = named('ByteArrayConverter');
export const byteBufferConverter = named('ByteBufferConverter');
