import { only, optional } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { javaText } from '../data/java-text.js';
import { type ConnectType, OPTIONAL_BYTES, OPTIONAL_STRING, Schema, type Value } from '../data/schema.js';
import type { ConverterPlugin } from './converter.js';

/** Java's names of character sets, of those that Node.js has too. */
const ENCODINGS: ReadonlyMap<string, BufferEncoding> = new Map([
  ['UTF-8', 'utf8'],
  ['UTF8', 'utf8'],
  ['ISO-8859-1', 'latin1'],
  ['UTF-16LE', 'utf16le'],
]);

export const stringConverter: ConverterPlugin = {
  className: 'org.apache.kafka.connect.storage.StringConverter',
  meaning: 'The value’s text.',
  options: [
    only(
      [...ENCODINGS.keys()],
      'write UTF-8',
      optional('STRING', 'converter.encoding', 'UTF-8', 'Character set of the text.'),
    ),
  ],
  create(options) {
    const encoding = ENCODINGS.get(options.string('converter.encoding').toUpperCase()) ?? 'utf8';
    return {
      fromConnect: (_topic, schema, value) => (value === null ? null : Buffer.from(javaText(schema, value), encoding)),
      toConnect: (_topic, bytes) => ({ schema: OPTIONAL_STRING, value: bytes?.toString(encoding) ?? null }),
    };
  },
};

export const byteArrayConverter: ConverterPlugin = {
  className: 'org.apache.kafka.connect.converters.ByteArrayConverter',
  meaning: 'Bytes as they are, nothing else.',
  options: [],
  create: () => ({
    fromConnect(_topic, schema, value) {
      if (schema !== undefined && schema.type !== 'bytes')
        throw dataFailure(`Invalid schema type for ByteArrayConverter: ${schema.type.toUpperCase()}`);
      if (value === null) return null;
      if (!Buffer.isBuffer(value))
        throw dataFailure(`ByteArrayConverter is not compatible with objects of type ${kindOf(value)}`);
      return value;
    },
    toConnect: (_topic, bytes) => ({ schema: OPTIONAL_BYTES, value: bytes }),
  }),
};

interface NumberForm {
  readonly className: string;
  readonly type: ConnectType;
  readonly bytes: number;
  write(buffer: Buffer, value: number | bigint): void;
  read(buffer: Buffer): Value;
}

const FORMS: readonly NumberForm[] = [
  {
    className: 'ShortConverter',
    type: 'int16',
    bytes: 2,
    write: (buffer, value) => buffer.writeInt16BE(Number(value)),
    read: (buffer) => buffer.readInt16BE(),
  },
  {
    className: 'IntegerConverter',
    type: 'int32',
    bytes: 4,
    write: (buffer, value) => buffer.writeInt32BE(Number(value)),
    read: (buffer) => buffer.readInt32BE(),
  },
  {
    className: 'LongConverter',
    type: 'int64',
    bytes: 8,
    write: (buffer, value) => buffer.writeBigInt64BE(BigInt(value)),
    read: (buffer) => {
      const value = buffer.readBigInt64BE();
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    },
  },
  {
    className: 'FloatConverter',
    type: 'float32',
    bytes: 4,
    write: (buffer, value) => buffer.writeFloatBE(Number(value)),
    read: (buffer) => buffer.readFloatBE(),
  },
  {
    className: 'DoubleConverter',
    type: 'float64',
    bytes: 8,
    write: (buffer, value) => buffer.writeDoubleBE(Number(value)),
    read: (buffer) => buffer.readDoubleBE(),
  },
];

export const numberConverters: readonly ConverterPlugin[] = FORMS.map((form) => ({
  className: `org.apache.kafka.connect.converters.${form.className}`,
  meaning: `Big-endian, ${form.bytes} bytes.`,
  options: [],
  create: () => ({
    fromConnect(topic, schema, value) {
      if (value === null) return null;
      if (
        (schema !== undefined && schema.type !== form.type) ||
        (typeof value !== 'number' && typeof value !== 'bigint')
      )
        throw dataFailure(
          `Failed to serialize to ${form.type} for topic '${topic}': found ${schema?.type ?? kindOf(value)}`,
        );
      const buffer = Buffer.alloc(form.bytes);
      form.write(buffer, value);
      return buffer;
    },
    toConnect(topic, bytes) {
      const schema = new Schema(form.type, { optional: true });
      if (bytes === null) return { schema, value: null };
      if (bytes.length !== form.bytes)
        throw dataFailure(
          `Failed to deserialize ${form.type} of topic '${topic}': size of data received is not ${form.bytes}`,
        );
      return { schema, value: form.read(bytes) };
    },
  }),
}));

export const booleanConverter: ConverterPlugin = {
  className: 'org.apache.kafka.connect.converters.BooleanConverter',
  meaning: 'One byte, 1 or 0.',
  options: [],
  create: () => ({
    fromConnect(topic, _schema, value) {
      if (value === null) return null;
      if (typeof value !== 'boolean')
        throw dataFailure(`Failed to serialize to boolean for topic '${topic}': found ${kindOf(value)}`);
      return Buffer.from([value ? 1 : 0]);
    },
    toConnect: (_topic, bytes) => ({
      schema: new Schema('boolean', { optional: true }),
      value: bytes === null ? null : bytes[0] === 1,
    }),
  }),
};

export const kindOf = (value: Value): string => {
  if (value === null) return 'null';
  if (Buffer.isBuffer(value)) return 'bytes';
  return typeof value === 'object' ? value.constructor.name : typeof value;
};
