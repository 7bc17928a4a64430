import { optional, unused } from '../../../protocol/connect/option.js';
import { parseJson } from '../../../protocol/json/parse.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import type { Schema, Value } from '../data/schema.js';
import type { Converter, ConverterPlugin } from './converter.js';
import { JsonReader } from './json-read.js';
import { jsonSchema } from './json-schema.js';
import { JsonWriters, schemaless } from './json-write.js';

export const jsonConverter: ConverterPlugin = {
  className: 'org.apache.kafka.connect.json.JsonConverter',
  meaning: 'JSON, with Connect’s schema around it unless schemas.enable is false.',
  options: [
    optional('BOOLEAN', 'schemas.enable', 'true', 'Include schemas within each of the serialized values and keys.', {
      importance: 'HIGH',
    }),
    unused(optional('INT', 'schemas.cache.size', '1000', 'all schemas are kept.')),
    optional('STRING', 'decimal.format', 'BASE64', 'How DECIMAL is written: BASE64 or NUMERIC.', {
      oneOf: ['base64', 'numeric'],
    }),
    optional(
      'BOOLEAN',
      'replace.null.with.default',
      'true',
      'Whether null becomes the default of a field that has one.',
    ),
  ],
  create(options) {
    return new JsonConverter(
      options.boolean('schemas.enable'),
      options.choice('decimal.format') === 'numeric',
      options.boolean('replace.null.with.default'),
    );
  },
};

class JsonConverter implements Converter {
  private readonly writers: JsonWriters;
  private readonly reader: JsonReader;
  private readonly prefixes = new WeakMap<Schema, Buffer>();

  constructor(
    private readonly withSchemas: boolean,
    numericDecimals: boolean,
    replaceNull: boolean,
  ) {
    this.reader = new JsonReader(withSchemas, replaceNull);
    this.writers = new JsonWriters({ numericDecimals, replaceNull, unions: false });
  }

  fromConnect(_topic: string, schema: Schema | undefined, value: Value): Buffer | null {
    if (value === null && (schema === undefined || schema.optional) && !this.withSchemas) return null;
    if (value === null && schema === undefined) return null;
    const payload = schema === undefined ? schemaless(value) : this.writers.of(schema)(value);
    if (!this.withSchemas) return Buffer.from(payload, 'utf8');
    return enveloped(this.prefix(schema), payload);
  }

  toConnect(topic: string, bytes: Buffer | null) {
    return this.reader.read(topic, bytes);
  }

  private prefix(schema: Schema | undefined): Buffer {
    if (schema === undefined) return NO_SCHEMA;
    let prefix = this.prefixes.get(schema);
    if (prefix === undefined) {
      const writer = this.writers.of(schema.with({ optional: true }));
      const json = jsonSchema(schema, (value) => parseJson(writer(value), 'text'));
      prefix = Buffer.from(`{"schema":${stringifyJson(json)},"payload":`);
      this.prefixes.set(schema, prefix);
    }
    return prefix;
  }
}

const NO_SCHEMA = Buffer.from('{"schema":null,"payload":');
const CLOSE_BRACE = 125;

/** The schema is many times as long as the value: its bytes are copied, not encoded with each record. */
function enveloped(prefix: Buffer, payload: string): Buffer {
  const bytes = Buffer.allocUnsafe(prefix.length + Buffer.byteLength(payload) + 1);
  bytes.set(prefix);
  bytes.write(payload, prefix.length);
  bytes[bytes.length - 1] = CLOSE_BRACE;
  return bytes;
}
