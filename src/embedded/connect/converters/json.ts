import { optional } from '../config/option.js';
import { formatDecimal, integerOfBytes } from '../data/decimal.js';
import { CONNECT_EXCEPTION, ConnectFailure, DATA_EXCEPTION } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import type { Converter, ConverterPlugin } from './converter.js';
import { readJson } from './json-read.js';
import { jsonSchema } from './json-schema.js';

/** org.apache.kafka.connect.json.JsonConverter. */
export const jsonConverter: ConverterPlugin = {
  className: 'org.apache.kafka.connect.json.JsonConverter',
  options: [
    optional('BOOLEAN', 'schemas.enable', 'true', 'Include schemas within each of the serialized values and keys.', {
      importance: 'HIGH',
    }),
    optional('INT', 'schemas.cache.size', '1000', 'The maximum number of schemas that can be cached.'),
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
    return readJson(topic, bytes, this.withSchemas);
  }

  private prefix(schema: Schema | undefined): string {
    if (schema === undefined) return '{"schema":null,"payload":';
    let prefix = this.prefixes.get(schema);
    if (prefix === undefined) {
      prefix = `{"schema":${JSON.stringify(jsonSchema(schema, (value) => JSON.parse(this.writer(schema.with({ optional: true }))(value))))},"payload":`;
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
        return (value) => floating(Number(Math.fround(value as number).toPrecision(8)), value as number);
      case 'float64':
        return (value) => floating(value as number, value as number);
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
    return (value) => formatDecimal({ unscaled: integerOfBytes(value as Buffer), scale });
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

/** Jackson writes what JSON has no number for as a text, and a whole double with its ".0". */
function floating(shown: number, original: number): string {
  if (Number.isNaN(original)) return '"NaN"';
  if (!Number.isFinite(original)) return original > 0 ? '"Infinity"' : '"-Infinity"';
  if (Number.isInteger(shown) && Math.abs(shown) < 1e7) return `${Object.is(shown, -0) ? '-0' : shown}.0`;
  const size = Math.abs(shown);
  if (size >= 1e7 || size < 1e-3) {
    const [mantissa = '', exponent = ''] = shown.toExponential().split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
  }
  return String(shown);
}

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
