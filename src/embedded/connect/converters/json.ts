import { optional, unused } from '../../../protocol/connect/option.js';
import { Decimal } from '../../../protocol/decimal.js';
import { javaDouble, javaFloat } from '../../../protocol/java-number.js';
import { parseJson } from '../../../protocol/json/parse.js';
import { stringifyJson } from '../../../protocol/json/stringify.js';
import { CONNECT_EXCEPTION, ConnectFailure, DATA_EXCEPTION } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import type { Converter, ConverterPlugin } from './converter.js';
import { readJson } from './json-read.js';
import { jsonSchema } from './json-schema.js';

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

type Writer = (value: Value) => string;

class JsonConverter implements Converter {
  private readonly writers = new WeakMap<Schema, Writer>();
  private readonly prefixes = new WeakMap<Schema, string>();

  constructor(
    private readonly withSchemas: boolean,
    private readonly numericDecimals: boolean,
    private readonly replaceNull: boolean,
  ) {}

  fromConnect(_topic: string, schema: Schema | undefined, value: Value): Buffer | null {
    if (value === null && (schema === undefined || schema.optional) && !this.withSchemas) return null;
    if (value === null && schema === undefined) return null;
    const payload = schema === undefined ? schemaless(value) : this.writer(schema)(value);
    if (!this.withSchemas) return Buffer.from(payload, 'utf8');
    return Buffer.from(`${this.prefix(schema)}${payload}}`, 'utf8');
  }

  toConnect(topic: string, bytes: Buffer | null) {
    return readJson(topic, bytes, this.withSchemas, this.replaceNull);
  }

  private prefix(schema: Schema | undefined): string {
    if (schema === undefined) return '{"schema":null,"payload":';
    let prefix = this.prefixes.get(schema);
    if (prefix === undefined) {
      const writer = this.writer(schema.with({ optional: true }));
      const json = jsonSchema(schema, (value) => parseJson(writer(value), 'text'));
      prefix = `{"schema":${stringifyJson(json)},"payload":`;
      this.prefixes.set(schema, prefix);
    }
    return prefix;
  }

  /** A function that writes values of exactly this schema, made once. */
  private writer(schema: Schema): Writer {
    let writer = this.writers.get(schema);
    if (writer === undefined) {
      writer = this.compile(schema);
      this.writers.set(schema, writer);
    }
    return writer;
  }

  private compile(schema: Schema): Writer {
    const present = this.compilePresent(schema);
    const fallback = schema.defaultValue;
    const absent =
      this.replaceNull && fallback !== undefined && fallback !== null
        ? present(fallback)
        : schema.optional
          ? 'null'
          : undefined;
    if (absent !== undefined) return (value) => (value === null || value === undefined ? absent : present(value));
    return (value) => {
      if (value === null || value === undefined)
        throw new ConnectFailure('Conversion error: null value for field that is required and has no default value', {
          className: DATA_EXCEPTION,
        });
      return present(value);
    };
  }

  private compilePresent(schema: Schema): Writer {
    switch (schema.type) {
      case 'string':
        return (value) => JSON.stringify(value);
      case 'boolean':
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        return String;
      case 'float32':
        return (value) => floating(value as number, javaFloat);
      case 'float64':
        return (value) => floating(value as number, javaDouble);
      case 'bytes':
        return schema.name === DECIMAL && this.numericDecimals ? this.numeric(schema) : base64;
      case 'array': {
        const item = this.writer(elementOf(schema));
        return (value) => `[${(value as readonly Value[]).map(item).join(',')}]`;
      }
      case 'map':
        return this.compileMap(schema);
      case 'struct':
        return this.compileStruct(schema);
    }
  }

  private numeric(schema: Schema): Writer {
    const scale = Number(schema.parameters?.scale ?? 0);
    return (value) => Decimal.fromBytes(value as Buffer, scale).toString();
  }

  private compileMap(schema: Schema): Writer {
    const item = this.writer(elementOf(schema));
    if (schema.keys?.type === 'string')
      return (value) =>
        `{${[...(value as ReadonlyMap<Value, Value>)].map(([key, one]) => `${JSON.stringify(key)}:${item(one)}`).join(',')}}`;
    const keys = schema.keys === undefined ? schemaless : this.writer(schema.keys);
    return (value) =>
      `[${[...(value as ReadonlyMap<Value, Value>)].map(([key, one]) => `[${keys(key)},${item(one)}]`).join(',')}]`;
  }

  private compileStruct(schema: Schema): Writer {
    const fields = schema.fields.map((field, index) => ({
      label: `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`,
      write: this.writer(field.schema),
      name: field.name,
    }));
    return (value) => {
      if (!(value instanceof Struct)) throw new ConnectFailure('Mismatching schema.', { className: DATA_EXCEPTION });
      const { values } = value;
      let text = '{';
      for (let index = 0; index < fields.length; index++) {
        const field = fields[index] as (typeof fields)[number];
        text += field.label + field.write(values[index] as Value);
      }
      return `${text}}`;
    };
  }
}

function elementOf(schema: Schema): Schema {
  if (schema.values === undefined)
    throw new ConnectFailure(`a schema of type ${schema.type} has no element schema`, { className: CONNECT_EXCEPTION });
  return schema.values;
}

const base64: Writer = (value) => `"${(value as Buffer).toString('base64')}"`;

/** JSON has no number for NaN and the infinities: Jackson writes them as text. */
const floating = (value: number, print: (value: number) => string): string =>
  Number.isFinite(value) ? print(value) : `"${print(value)}"`;

/** Data without a schema. */
function schemaless(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return base64(value);
  if (Array.isArray(value)) return `[${value.map(schemaless).join(',')}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${JSON.stringify(String(key))}:${schemaless(one)}`).join(',')}}`;
  return JSON.stringify(value);
}
