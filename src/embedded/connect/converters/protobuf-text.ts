import {
  DATE_MESSAGE,
  DECIMAL_MESSAGE,
  IMPORT_OF,
  TIME_MESSAGE,
  TIMESTAMP_MESSAGE,
  WRAPPERS_IMPORT,
} from '../../../protocol/protobuf/known-messages.js';
import { dataFailure } from '../data/failure.js';
import { DECIMAL } from '../data/java-text.js';
import { Schema } from '../data/schema.js';
import {
  isUnion,
  PROTOBUF_ENUM,
  PROTOBUF_TAG,
  PROTOBUF_UNION,
  type ProtobufSettings,
  protobufName,
} from './protobuf-form.js';

const SCALARS: { readonly [Type in Schema['type']]?: readonly [name: string, wrapper: string] } = {
  int8: ['int32', 'Int32Value'],
  int16: ['int32', 'Int32Value'],
  int32: ['int32', 'Int32Value'],
  int64: ['int64', 'Int64Value'],
  float32: ['float', 'FloatValue'],
  float64: ['double', 'DoubleValue'],
  boolean: ['bool', 'BoolValue'],
  string: ['string', 'StringValue'],
  bytes: ['bytes', 'BytesValue'],
};
export const LOGICAL_MESSAGES: ReadonlyMap<string | undefined, string> = new Map([
  [DECIMAL, DECIMAL_MESSAGE],
  ['org.apache.kafka.connect.data.Date', DATE_MESSAGE],
  ['org.apache.kafka.connect.data.Time', TIME_MESSAGE],
  ['org.apache.kafka.connect.data.Timestamp', TIMESTAMP_MESSAGE],
]);

/** The full name of the message that a struct is written as. */
export function rootName(schema: Schema, settings: ProtobufSettings): string {
  return (schema.name ?? 'ConnectDefault1')
    .split('.')
    .map((part) => protobufName(part, settings))
    .join('.');
}

/** Connect's schema as a .proto file, with one message at its top. Only structs have one. */
export function protobufText(schema: Schema, settings: ProtobufSettings): string {
  if (schema.type !== 'struct') throw dataFailure(`Unsupported root schema of type ${schema.type.toUpperCase()}`);
  return new ProtobufFile(settings).text(schema);
}

type Path = readonly string[];

class ProtobufFile {
  private readonly imports = new Set<string>();
  /** Where messages and enums with a name of their own are defined. */
  private readonly defined = new Map<string, Path>();
  private unnamed = 0;

  constructor(private readonly settings: ProtobufSettings) {}

  text(schema: Schema): string {
    if (schema.name === undefined) this.unnamed = 1;
    const fullName = rootName(schema, this.settings);
    const dot = fullName.lastIndexOf('.');
    const name = fullName.slice(dot + 1);
    if (schema.name !== undefined) this.defined.set(schema.name, [name]);
    const message = this.message([name], schema);
    const imports = [...this.imports].sort().map((file) => `import "${file}";\n`);
    return [
      'syntax = "proto3";\n',
      ...(dot === -1 ? [] : [`package ${fullName.slice(0, dot)};\n`]),
      ...(imports.length === 0 ? [] : [imports.join('')]),
      `${message}\n`,
    ].join('\n');
  }

  private message(path: Path, schema: Schema): string {
    const nested: string[] = [];
    const numbers = new Numbers();
    const lines = schema.fields.flatMap(({ name, schema: field }): string[] => {
      if (!isUnion(field)) return [this.field(path, name, field, numbers.next(field), nested)];
      const members = field.fields.map((member) => {
        const plain = member.schema.optional && !this.settings.wrappers;
        const branch = plain ? member.schema.with({ optional: false }) : member.schema;
        return `  ${this.field(path, member.name, branch, numbers.next(member.schema), nested)}`;
      });
      return [`oneof ${this.name(field.name?.slice(PROTOBUF_UNION.length) ?? name)} {`, ...members, '}'];
    });
    return block(`message ${path.at(-1)}`, lines, nested);
  }

  private field(path: Path, name: string, schema: Schema, number: number, nested: string[]): string {
    const isRepeated = schema.type === 'array' || schema.type === 'map';
    const value = schema.type === 'array' ? (schema.values ?? noElements()) : schema;
    if (schema.type === 'array' && (value.type === 'array' || value.type === 'map'))
      throw dataFailure(`${value.type} within an array can't be written as Protobuf`);
    const label = isRepeated ? 'repeated ' : this.settings.optionals && schema.optional ? 'optional ' : '';
    const fieldName = this.name(name);
    const type = this.typeName(path, fieldName, value, nested);
    return `${label}${type} ${fieldName} = ${number}${parametersText(parametersOf(value))};`;
  }

  private typeName(path: Path, fieldName: string, schema: Schema, nested: string[]): string {
    const logical = LOGICAL_MESSAGES.get(schema.name);
    if (logical !== undefined) {
      this.imports.add(IMPORT_OF.get(logical) ?? logical);
      return logical;
    }
    if (schema.type === 'struct') return this.structName(path, fieldName, schema, nested);
    if (schema.type === 'map') {
      const { keys, values } = schema;
      if (keys === undefined || values === undefined) return noElements();
      const name = entryName(this.simpleName(schema.name));
      const fields = [
        ['key', keys],
        ['value', values],
      ] as const;
      nested.push(this.message([...path, name], new Schema('struct', { fields })));
      return name;
    }
    const symbols = symbolsOf(schema);
    if (symbols !== undefined) return this.enumName(path, symbols, nested);
    const [name, wrapper] = SCALARS[schema.type] ?? noElements();
    if (!this.settings.wrappers || !schema.optional) return name;
    this.imports.add(WRAPPERS_IMPORT);
    return `google.protobuf.${wrapper}`;
  }

  private structName(path: Path, fieldName: string, schema: Schema, nested: string[]): string {
    const known = schema.name === undefined ? undefined : this.defined.get(schema.name);
    if (known !== undefined) return from(path, known);
    const simple = this.simpleName(schema.name);
    const name = simple === fieldName ? `${simple}Message` : simple; // both are in one scope
    if (schema.name !== undefined) this.defined.set(schema.name, [...path, name]);
    nested.push(this.message([...path, name], schema));
    return name;
  }

  private enumName(path: Path, { name, numbers }: Symbols, nested: string[]): string {
    const known = this.defined.get(`enum ${name}`);
    if (known !== undefined) return from(path, known);
    this.defined.set(`enum ${name}`, [...path, name]);
    const lines = numbers.map(([symbol, number]) => `${symbol} = ${number};`);
    nested.push(block(`enum ${name}`, lines, []));
    return name;
  }

  private name(name: string): string {
    return protobufName(name, this.settings);
  }

  private simpleName(fullName: string | undefined): string {
    if (fullName !== undefined) return this.name(fullName.slice(fullName.lastIndexOf('.') + 1));
    this.unnamed += 1;
    return `ConnectDefault${this.unnamed}`;
  }
}

/** Fields have the number that they were read with, or else the next one. */
class Numbers {
  private last = 0;

  next({ parameters }: Schema): number {
    const given = parameters?.[PROTOBUF_TAG];
    if (given !== undefined) return Number(given);
    this.last += 1;
    return this.last;
  }
}

const block = (head: string, lines: readonly string[], nested: readonly string[]): string =>
  [
    `${head} {`,
    ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`),
    ...nested.map((each) => `\n${each}`.replace(/\n(?=.)/g, '\n  ')),
    '}',
  ].join('\n');

/** How a definition is called from within a message: from the innermost message that both are in. */
function from(path: Path, definition: Path): string {
  let shared = 0;
  while (shared < definition.length - 1 && path[shared] === definition[shared]) shared += 1;
  return definition.slice(shared).join('.');
}

function noElements(): never {
  throw dataFailure('a schema does not say what its elements are');
}

const entryName = (name: string): string =>
  `${name.includes('_') ? name.replace(/(?:^|_)([a-z0-9])/g, (_, first: string) => first.toUpperCase()) : name}Entry`;

interface Symbols {
  readonly name: string;
  readonly numbers: ReadonlyArray<readonly [symbol: string, number: number]>;
}

/** Of an enum, the number 0 first: proto3 wants it there. */
export function symbolsOf({ type, parameters }: Schema): Symbols | undefined {
  const name = parameters?.[PROTOBUF_ENUM];
  if (type !== 'string' || parameters === undefined || name === undefined) return undefined;
  const numbers = Object.entries(parameters)
    .filter(([key]) => key.startsWith(`${PROTOBUF_ENUM}.`))
    .map(([key, number]) => [key.slice(PROTOBUF_ENUM.length + 1), Number(number)] as const)
    .sort(([, left], [, right]) => Number(left !== 0) - Number(right !== 0));
  return { name, numbers };
}

/** `(confluent.field_meta)`: what the types of Protobuf don't tell. */
function parametersOf({ type, name, parameters }: Schema): ReadonlyArray<readonly [string, string]> {
  if (name === DECIMAL) {
    const precision = parameters?.['connect.decimal.precision'];
    const scale = parameters?.scale;
    return [
      ...(precision === undefined ? [] : [['precision', precision] as const]),
      ...(scale === undefined ? [] : [['scale', scale] as const]),
    ];
  }
  return type === 'int8' || type === 'int16' ? [['connect.type', type]] : [];
}

function parametersText(parameters: ReadonlyArray<readonly [string, string]>): string {
  if (parameters.length === 0) return '';
  const each = parameters.map(([key, value]) => `    {\n      value: "${value}",\n      key: "${key}"\n    }`);
  return ` [(confluent.field_meta) = {\n  params: [\n${each.join(',\n')}\n  ]\n}]`;
}
