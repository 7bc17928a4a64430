import type { SqlType } from '../../protocol/ksql/types.js';
import {
  DATE_MESSAGE,
  DECIMAL_MESSAGE,
  IMPORT_OF,
  mapEntryOf,
  TIME_MESSAGE,
  TIMESTAMP_MESSAGE,
  WRAPPERS_IMPORT,
  wrappedField,
} from '../../protocol/protobuf/known-messages.js';
import type { ProtobufField, ProtobufMessage, ProtobufType } from '../../protocol/protobuf/schema.js';
import type { Column } from '../metadata/schema.js';
import type { NullableRepresentation, SerdeOptions } from './format.js';
import { register } from './registered.js';

interface Scalar {
  readonly name: string;
  readonly wrapper: string;
}

const SCALARS: { readonly [Kind in SqlType['kind']]?: Scalar } = {
  BOOLEAN: { name: 'bool', wrapper: 'BoolValue' },
  INTEGER: { name: 'int32', wrapper: 'Int32Value' },
  BIGINT: { name: 'int64', wrapper: 'Int64Value' },
  DOUBLE: { name: 'double', wrapper: 'DoubleValue' },
  STRING: { name: 'string', wrapper: 'StringValue' },
  BYTES: { name: 'bytes', wrapper: 'BytesValue' },
};
const MESSAGES: { readonly [Kind in SqlType['kind']]?: string } = {
  TIMESTAMP: TIMESTAMP_MESSAGE,
  DATE: DATE_MESSAGE,
  TIME: TIME_MESSAGE,
  DECIMAL: DECIMAL_MESSAGE,
};

/** The .proto file that ksqlDB registers for columns: messages are numbered as they are met, maps are repeated entries. */
export function protobufSchemaOf(
  columns: readonly Column[],
  fullName: string | undefined,
  nullable: NullableRepresentation | undefined,
): string {
  return new SchemaText(nullable).file(columns, fullName ?? 'ConnectDefault1');
}

export const protobufSchemaFor = ({ columns, schemaFullName, nullable }: SerdeOptions): string =>
  protobufSchemaOf(columns, schemaFullName, nullable);

export const registerProtobuf = (options: SerdeOptions): Promise<number> =>
  register(options, 'PROTOBUF', 'PROTOBUF', () => protobufSchemaFor(options));

class SchemaText {
  private readonly imports = new Set<string>();
  private messages = 1;

  constructor(private readonly nullable: NullableRepresentation | undefined) {}

  file(columns: readonly Column[], fullName: string): string {
    const dot = fullName.lastIndexOf('.');
    const message = this.message(fullName.slice(dot + 1), columns);
    return [
      'syntax = "proto3";\n',
      ...(dot === -1 ? [] : [`package ${fullName.slice(0, dot)};\n`]),
      [...this.imports]
        .sort()
        .map((name) => `import "${name}";\n`)
        .join(''),
      `${message}\n`,
    ]
      .filter((part) => part !== '')
      .join('\n');
  }

  private message(name: string, columns: readonly Column[]): string {
    const nested: string[] = [];
    const fields = columns.map((column, at) => this.field(column, at + 1, nested));
    const within = nested.map((each) => `\n${each}`.replace(/\n(?=.)/g, '\n  '));
    return [`message ${name} {`, ...fields.map((field) => `  ${field}`), ...within, '}'].join('\n');
  }

  private field({ name, type }: Column, number: number, nested: string[]): string {
    const element = type.kind === 'ARRAY' ? type.element : type;
    const isRepeated = type.kind === 'ARRAY' || type.kind === 'MAP';
    const label = isRepeated ? 'repeated ' : this.nullable === 'OPTIONAL' ? 'optional ' : '';
    const options = element.kind === 'DECIMAL' ? decimalOptions(element) : '';
    return `${label}${this.typeName(element, isRepeated, nested)} ${name} = ${number}${options};`;
  }

  private typeName(type: SqlType, isRepeated: boolean, nested: string[]): string {
    const scalar = SCALARS[type.kind];
    if (scalar !== undefined) {
      if (this.nullable !== 'WRAPPER' || isRepeated) return scalar.name;
      this.imports.add(WRAPPERS_IMPORT);
      return `google.protobuf.${scalar.wrapper}`;
    }
    const message = MESSAGES[type.kind];
    if (message !== undefined) {
      this.imports.add(IMPORT_OF.get(message) ?? message);
      return message;
    }
    this.messages += 1;
    const name = `ConnectDefault${this.messages}${type.kind === 'MAP' ? 'Entry' : ''}`;
    const fields =
      type.kind === 'STRUCT'
        ? type.fields
        : type.kind === 'MAP'
          ? [
              { name: 'key', type: type.key },
              { name: 'value', type: type.value },
            ]
          : undefined;
    if (fields === undefined) throw new Error(`no protobuf for ${type.kind}`);
    nested.push(this.message(name, fields));
    return name;
  }
}

const decimalOptions = ({ precision, scale }: { precision: number; scale: number }): string =>
  ` [(confluent.field_meta) = {
    params: [
      {
        value: "${precision}",
        key: "precision"
      },
      {
        value: "${scale}",
        key: "scale"
      }
    ]
  }]`;

/** A message, or one field of it, as SQL sees it: the members of a oneof are the fields of one struct. */
export interface SqlField {
  readonly name: string;
  readonly type: SqlType;
  /** Places in the message. */
  readonly from:
    | { readonly kind: 'field'; readonly at: number }
    | { readonly kind: 'oneof'; readonly places: readonly number[] };
}

/** Messages that use others twice, and those twice again, would be types of any size. */
const TYPES_MAX = 20_000;

/** The columns of a message; fields without a SQL type, such as a message within itself, are left out. */
export const sqlFieldsOf = (message: ProtobufMessage, keepCase: boolean): SqlField[] =>
  new SqlFields(keepCase).of(message);

/** The SQL type of one field's values. */
export const sqlTypeOfField = (field: ProtobufField): SqlType | undefined => new SqlFields(true).fieldType(field);

class SqlFields {
  private readonly open = new Set<ProtobufMessage>();
  private count = 0;

  constructor(private readonly keepCase: boolean) {}

  of(message: ProtobufMessage): SqlField[] {
    if (++this.count > TYPES_MAX) throw new RangeError(`the schema has more than ${TYPES_MAX} types`);
    this.open.add(message);
    const oneofs = new Map<string, number[]>();
    const fields = message.fields.flatMap((field, at): SqlField[] => {
      if (field.oneof !== undefined) {
        oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), at]);
        return [];
      }
      const type = this.fieldType(field);
      return type === undefined ? [] : [{ name: this.nameOf(field.name), type, from: { kind: 'field', at } }];
    });
    const unions = [...oneofs].map(([name, places], at): SqlField => {
      const members = places.flatMap((place) => {
        const field = message.fields[place];
        const type = field && this.fieldType(field);
        return field === undefined || type === undefined ? [] : [{ name: this.nameOf(field.name), type, place }];
      });
      return {
        name: this.nameOf(`${name}_${at}`),
        type: { kind: 'STRUCT', fields: members.map(({ name: member, type }) => ({ name: member, type })) },
        from: { kind: 'oneof', places: members.map(({ place }) => place) },
      };
    });
    this.open.delete(message);
    return [...unions, ...fields];
  }

  private nameOf(name: string): string {
    return this.keepCase ? name : name.toUpperCase();
  }

  fieldType(field: ProtobufField): SqlType | undefined {
    if (field.shape === 'map') {
      const key = this.valueType({ kind: 'scalar', name: field.keyType ?? 'string' }, field);
      const value = this.valueType(field.type, field);
      return key && value && { kind: 'MAP', key, value };
    }
    if (field.shape === 'single') return this.valueType(field.type, field);
    const entry = mapEntryOf(field);
    if (entry !== undefined) {
      const [key, value] = [this.fieldType(entry.key), this.fieldType(entry.value)];
      return key && value && { kind: 'MAP', key, value };
    }
    const element = this.valueType(field.type, field);
    return element && { kind: 'ARRAY', element };
  }

  private valueType(type: ProtobufType, field: ProtobufField): SqlType | undefined {
    if (type.kind === 'enum') return { kind: 'STRING' };
    if (type.kind === 'scalar') return scalarType(type.name);
    const { message } = type;
    switch (message.fullName) {
      case TIMESTAMP_MESSAGE:
        return { kind: 'TIMESTAMP' };
      case DATE_MESSAGE:
        return { kind: 'DATE' };
      case TIME_MESSAGE:
        return { kind: 'TIME' };
      case DECIMAL_MESSAGE: {
        const number = (name: string, otherwise: number) => Number(field.parameters.get(name) ?? otherwise);
        return { kind: 'DECIMAL', precision: number('precision', 64), scale: number('scale', 0) };
      }
    }
    const wrapped = wrappedField(message);
    if (wrapped !== undefined) return this.fieldType(wrapped);
    if (this.open.has(message)) return undefined;
    return { kind: 'STRUCT', fields: this.of(message).map(({ name, type: each }) => ({ name, type: each })) };
  }
}

function scalarType(name: string): SqlType {
  switch (name) {
    case 'double':
    case 'float':
      return { kind: 'DOUBLE' };
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return { kind: 'INTEGER' };
    case 'bool':
      return { kind: 'BOOLEAN' };
    case 'string':
      return { kind: 'STRING' };
    case 'bytes':
      return { kind: 'BYTES' };
    default:
      return { kind: 'BIGINT' };
  }
}
