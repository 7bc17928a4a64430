import type { ResolvedSchema } from '../../../clients/schema-registry/questions.js';
import { FRAME_BYTES, frameHead } from '../../../protocol/confluent/framing.js';
import { optional } from '../../../protocol/connect/option.js';
import { type Json, parseJson } from '../../../protocol/json/parse.js';
import type { ConverterPlugin } from './converter.js';
import { connectValue } from './json-read.js';
import { jsonSchemaText } from './json-schema-text.js';
import { JsonWriters } from './json-write.js';
import { type Read, RegisteredConverter, type RegisteredFormat } from './registered.js';
import { asItIs, REGISTRY_OPTIONS } from './registry-options.js';

export const jsonSchemaConverter: ConverterPlugin = {
  className: 'io.confluent.connect.json.JsonSchemaConverter',
  meaning:
    'A zero byte, the schema’s id (4 bytes), JSON; the JSON Schema is registered, with Connect’s types as its `connect.…` properties. Null of an optional schema is the JSON `null`; without a schema it is a tombstone. Not supported: schemas that contain themselves; versions of read schemas. Confluent’s Python client reads what it writes, with the JSON Schema checked for NUMERIC decimals; the real class, from Confluent’s own Maven repository, was not compared.',
  options: [
    ...REGISTRY_OPTIONS,
    optional('STRING', 'decimal.format', 'BASE64', 'How DECIMAL is written: BASE64 or NUMERIC.', {
      oneOf: ['base64', 'numeric'],
    }),
    optional('BOOLEAN', 'object.additional.properties', 'true', 'Whether objects may have members beside the fields.'),
    optional('BOOLEAN', 'use.optional.for.nonrequired', 'false', 'Whether properties not in `required` are optional.'),
    asItIs('replace.null.with.default', 'true', 'Null becomes a field’s default.'),
    asItIs('ignore.default.for.nullables', 'false', 'Null stays null.'),
    asItIs('generalized.sum.type.support', 'false', 'Other names of unions.'),
    asItIs('json.fail.invalid.schema', 'false', 'Values are checked.'),
  ],
  create: (options, isKey) =>
    new RegisteredConverter(
      jsonSchemaFormat({
        numericDecimals: options.choice('decimal.format') === 'numeric',
        additionalProperties: options.boolean('object.additional.properties'),
        optionalUnlessRequired: options.boolean('use.optional.for.nonrequired'),
      }),
      options,
      isKey,
    ),
};

interface JsonSchemaSettings {
  readonly numericDecimals: boolean;
  readonly additionalProperties: boolean;
  readonly optionalUnlessRequired: boolean;
}

function jsonSchemaFormat(settings: JsonSchemaSettings): RegisteredFormat {
  const writers = new JsonWriters({ numericDecimals: settings.numericDecimals, replaceNull: true, unions: true });
  return {
    type: 'JSON',
    label: 'JSON',
    failedToWrite: (topic) =>
      `Converting Kafka Connect data to byte[] failed due to serialization error of topic ${topic}:`,
    failedToRead: (topic) =>
      `Converting byte[] to Kafka Connect data failed due to serialization error of topic ${topic}:`,
    isTombstone: () => false,
    recordName: (schema) => schema.name,
    schemaText: (schema) => jsonSchemaText(schema, settings),
    writer(schema, { id }) {
      const write = writers.of(schema);
      const head = frameHead(id);
      return (value) => Buffer.concat([head, Buffer.from(write(value), 'utf8')]);
    },
    reader: (registered) => readerOf(registered, settings.optionalUnlessRequired),
  };
}

/** What checks schemas takes a while to load, so it is, with the first that is read. */
async function readerOf({ schema: text, references }: ResolvedSchema, optionalUnlessRequired: boolean): Promise<Read> {
  const [{ parseJsonSchema }, { JsonConnectSchemas }] = await Promise.all([
    import('../../../protocol/json-schema/schema.js'),
    import('./json-schema-to-connect.js'),
  ]);
  const documents = new Map([...references].map(([name, each]): [string, Json] => [name, parseJson(each)]));
  const schema = new JsonConnectSchemas(optionalUnlessRequired).of(parseJsonSchema(parseJson(text), documents));
  return (bytes) => {
    const json = parseJson(bytes.toString('utf8', FRAME_BYTES));
    return { schema, value: connectValue(schema, json, { replaceNull: true, unions: true }) };
  };
}
