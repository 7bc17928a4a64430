import { Decimal } from '../../../protocol/decimal.js';
import { javaDouble, javaFloat } from '../../../protocol/java-number.js';
import { CONNECT_EXCEPTION, ConnectFailure, DATA_EXCEPTION } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { ofType, type Schema, Struct, type Value } from '../data/schema.js';
import { JSON_UNION } from './json-form.js';

export type Writer = (value: Value) => string;

export interface WriteForm {
  readonly numericDecimals: boolean;
  /** Null becomes the default of a field that has one. */
  readonly replaceNull: boolean;
  /** As JsonSchemaConverter's: a union is the value of its branch, and a map whose keys are no text is objects of key and value, not pairs. */
  readonly unions: boolean;
}

/** JSON text of values by their schema, without one around them. */
export class JsonWriters {
  private readonly writers = new WeakMap<Schema, Writer>();
  /** Mostly asked for again. */
  private last: { readonly schema: Schema; readonly writer: Writer } | undefined;

  constructor(private readonly form: WriteForm) {}

  /** A function that writes values of exactly this schema, made once. */
  of(schema: Schema): Writer {
    if (this.last?.schema === schema) return this.last.writer;
    let writer = this.writers.get(schema);
    if (writer === undefined) {
      writer = this.compile(schema);
      this.writers.set(schema, writer);
    }
    this.last = { schema, writer };
    return writer;
  }

  private compile(schema: Schema): Writer {
    const present = this.compilePresent(schema);
    const fallback = schema.defaultValue;
    const absent =
      this.form.replaceNull && fallback !== undefined && fallback !== null
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
        return ofType(schema.type, (value) => floating(value, javaFloat));
      case 'float64':
        return ofType(schema.type, (value) => floating(value, javaDouble));
      case 'bytes':
        return schema.name === DECIMAL && this.form.numericDecimals ? this.numeric(schema) : base64;
      case 'array': {
        const item = this.of(elementOf(schema));
        return ofType(schema.type, (value) => `[${value.map(item).join(',')}]`);
      }
      case 'map':
        return this.compileMap(schema);
      case 'struct':
        return this.compileStruct(schema);
    }
  }

  private numeric(schema: Schema): Writer {
    const scale = Number(schema.parameters?.scale ?? 0);
    return ofType('bytes', (value) => Decimal.fromBytes(value, scale).toString());
  }

  private compileMap(schema: Schema): Writer {
    const item = this.of(elementOf(schema));
    const { unions } = this.form;
    if (schema.keys?.type === 'string' && !(unions && schema.keys.optional))
      return ofType(
        'map',
        (value) => `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${item(one)}`).join(',')}}`,
      );
    const keys = schema.keys === undefined ? schemaless : this.of(schema.keys);
    const entry = unions
      ? (key: Value, one: Value) => `{"key":${keys(key)},"value":${item(one)}}`
      : (key: Value, one: Value) => `[${keys(key)},${item(one)}]`;
    return ofType('map', (value) => `[${[...value].map(([key, one]) => entry(key, one)).join(',')}]`);
  }

  private compileStruct(schema: Schema): Writer {
    if (this.form.unions && schema.name === JSON_UNION) return this.compileUnion(schema);
    const fields = schema.fields.map((field, index) => ({
      label: `${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`,
      write: this.of(field.schema),
      name: field.name,
    }));
    return (value) => {
      if (!(value instanceof Struct)) throw new ConnectFailure('Mismatching schema.', { className: DATA_EXCEPTION });
      const { values } = value;
      let text = '{';
      for (let index = 0; index < fields.length; index++) {
        const field = fields[index];
        if (field !== undefined) text += field.label + field.write(values[index] ?? null);
      }
      return `${text}}`;
    };
  }

  /** The value of the only branch that is not null. */
  private compileUnion(schema: Schema): Writer {
    const branches = schema.fields.map((field) => this.of(field.schema));
    return ofType('struct', ({ values }) => {
      const at = values.findIndex((one) => (one ?? null) !== null);
      return at === -1 ? 'null' : (branches[at]?.(values[at] ?? null) ?? 'null');
    });
  }
}

function elementOf(schema: Schema): Schema {
  if (schema.values === undefined)
    throw new ConnectFailure(`a schema of type ${schema.type} has no element schema`, { className: CONNECT_EXCEPTION });
  return schema.values;
}

const base64 = ofType('bytes', (value) => `"${value.toString('base64')}"`);

/** JSON has no number for NaN and the infinities: Jackson writes them as text. */
const floating = (value: number, print: (value: number) => string): string =>
  Number.isFinite(value) ? print(value) : `"${print(value)}"`;

/** Data without a schema. */
export function schemaless(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return base64(value);
  if (Array.isArray(value)) return `[${value.map(schemaless).join(',')}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${JSON.stringify(String(key))}:${schemaless(one)}`).join(',')}}`;
  return JSON.stringify(value);
}
