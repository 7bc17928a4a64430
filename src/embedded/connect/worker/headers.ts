import type { Header } from '../../../clients/kafka/contract.js';
import { below, type RawConfig } from '../../../protocol/connect/option.js';
import { Options } from '../config/options.js';
import type { ConverterPlugin, SchemaAndValue } from '../converters/converter.js';
import { jsonConverter } from '../converters/json.js';
import { booleanConverter, byteArrayConverter, numberConverters, stringConverter } from '../converters/simple.js';
import { javaText } from '../data/java-text.js';
import type { RecordHeader } from '../data/record.js';
import { int64, Schema, STRING, Struct, type Value } from '../data/schema.js';
import { pluginOf } from './chain.js';

export interface HeaderConverter {
  write(topic: string, headers: readonly RecordHeader[]): readonly Header[];
  read(topic: string, headers: readonly Header[]): readonly RecordHeader[];
}

const SIMPLE = 'org.apache.kafka.connect.storage.SimpleHeaderConverter';

/** Of Kafka's converters, those that convert headers too. */
export const HEADER_CONVERTERS: readonly ConverterPlugin[] = [
  stringConverter,
  jsonConverter,
  byteArrayConverter,
  booleanConverter,
  ...numberConverters,
];

export const isSimple = (className: string | undefined): boolean =>
  className === undefined || SIMPLE === className.trim() || SIMPLE.endsWith(`.${className.trim()}`);

/** By `header.converter` of the connector or, without one, of the worker. */
export function headerConverter(config: RawConfig, workerConfig: RawConfig): HeaderConverter {
  const source = config[OPTION] === undefined ? workerConfig : config;
  const className = source[OPTION];
  if (className === undefined || isSimple(className))
    return oncePerList({ write: (_topic, header) => simpleBytes(header), read: (_topic, bytes) => parsed(bytes) });
  const plugin = pluginOf(HEADER_CONVERTERS, className, OPTION);
  const converter = plugin.create(new Options(plugin.options, below(source, `${OPTION}.`)), false);
  return oncePerList({
    write: (topic, { schema, value }) => atOnce(converter.fromConnect(topic, schema, value)),
    read: (topic, bytes) => atOnce(converter.toConnect(topic, bytes)),
  });
}

const OPTION = 'header.converter';

function atOnce<T>(converted: T | Promise<T>): T {
  if (converted instanceof Promise) throw new Error('a converter of headers that waits');
  return converted;
}

/** Most records of a connector share one list of headers: it is converted once. */
function oncePerList(one: {
  write(topic: string, header: RecordHeader): Buffer | null;
  read(topic: string, bytes: Buffer | null): SchemaAndValue;
}): HeaderConverter {
  const written = new WeakMap<readonly RecordHeader[], readonly Header[]>();
  const read = new WeakMap<readonly Header[], readonly RecordHeader[]>();
  return {
    write(topic, headers) {
      let bytes = written.get(headers);
      if (bytes === undefined) {
        bytes = headers.map((header) => [header.name, one.write(topic, header)]);
        written.set(headers, bytes);
      }
      return bytes;
    },
    read(topic, headers) {
      let values = read.get(headers);
      if (values === undefined) {
        values = headers.map(([name, bytes]) => ({ name, ...one.read(topic, bytes) }));
        read.set(headers, values);
      }
      return values;
    },
  };
}

/** SimpleHeaderConverter: strings as they are, anything else as readable text. */
function simpleBytes({ schema, value }: RecordHeader): Buffer | null {
  if (value === null) return null;
  return Buffer.from(typeof value === 'string' ? value : embedded(schema, value, false), 'utf8');
}

const INTEGER_TYPES = [
  ['int8', 2n ** 7n],
  ['int16', 2n ** 15n],
  ['int32', 2n ** 31n],
  ['int64', 2n ** 63n],
] as const;

/** SimpleHeaderConverter read back: a text that spells a number or a boolean becomes one, of the smallest type. */
function parsed(bytes: Buffer | null): SchemaAndValue {
  if (bytes === null) return { schema: undefined, value: null };
  const text = bytes.toString('utf8');
  if (text === 'null') return { schema: undefined, value: null };
  if (text === 'true' || text === 'false') return { schema: new Schema('boolean'), value: text === 'true' };
  if (/^[+-]?\d{1,19}$/.test(text)) {
    const number = BigInt(text);
    const type = INTEGER_TYPES.find(([, bound]) => number < bound && number >= -bound)?.[0];
    if (type !== undefined) return { schema: new Schema(type), value: int64(number) };
  }
  if (/^[+-]?\d+\.\d+$/.test(text)) return { schema: new Schema('float64'), value: Number(text) };
  return { schema: STRING, value: text };
}

/** Within structures texts are quoted, as Connect's Values writes them. */
function embedded(schema: Schema | undefined, value: Value, quoted: boolean): string {
  if (typeof value === 'string') return quoted ? JSON.stringify(value) : value;
  if (value instanceof Struct) {
    const fields = value.schema.fields.map(
      (field) => `${JSON.stringify(field.name)}:${embedded(field.schema, value.values[field.index] ?? null, true)}`,
    );
    return `{${fields.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map((one) => embedded(schema?.values, one, true)).join(',')}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${embedded(schema?.keys, key, true)}:${embedded(schema?.values, one, true)}`).join(',')}}`;
  return javaText(schema, value);
}
