import protobuf from 'protobufjs';
import {
  type EnumDescriptor,
  type FieldDescriptor,
  type FileDescriptor,
  HIGHEST_ENUM_NUMBER,
  HIGHEST_NUMBER,
  type MessageDescriptor,
  type MethodDescriptor,
  type NumberRange,
  type OptionsName,
  type OptionValues,
  optionsType,
  type ServiceDescriptor,
} from './file-descriptor.js';
import { printProtobufText, quotedText } from './print.js';
import { ProtobufSchemaError } from './schema-error.js';

/** The .proto text of a file: types by their full names, and everything in one order. Throws ProtobufSchemaError. */
export function printFileDescriptor(file: FileDescriptor): string {
  const { syntax = 'proto2', dependency = [] } = file;
  if (syntax !== 'proto2' && syntax !== 'proto3')
    throw new ProtobufSchemaError(
      `descriptors of syntax "${syntax}" are not supported, send the text of the .proto file`,
    );
  const printer = new DescriptorPrinter(syntax);
  const [isPublic, isWeak] = [new Set(file.publicDependency), new Set(file.weakDependency)];
  const imports = dependency.map((name, at) => {
    const kind = isPublic.has(at) ? 'public ' : isWeak.has(at) ? 'weak ' : '';
    return `import ${kind}${quotedText(name)};`;
  });
  const statements = [
    `syntax = "${syntax}";`,
    ...(file.package ? [`package ${typeName(file.package)};`] : []),
    ...imports,
    ...optionStatements('FileOptions', file.options),
    ...(file.messageType ?? []).map((message) => printer.message(message)),
    ...(file.enumType ?? []).map(printEnum),
    ...(file.extension ?? []).map((field) => printer.extension(field)),
    ...(file.service ?? []).map(printService),
  ];
  return printProtobufText(statements.join('\n'));
}

type MapEntries = ReadonlyMap<string | undefined, MessageDescriptor>;

class DescriptorPrinter {
  constructor(private readonly syntax: 'proto2' | 'proto3') {}

  /** Nested messages come before fields: so compilers number them as Confluent's message indexes do, maps after them. */
  message(message: MessageDescriptor): string {
    const { nestedType = [] } = message;
    const entries = new Map(nestedType.filter(isMapEntry).map((entry) => [entry.name, entry]));
    const statements = [
      ...optionStatements('MessageOptions', message.options),
      ...reservations(message, HIGHEST_NUMBER, 1),
      ...(message.extensionRange ?? []).map((range) => `extensions ${printRange(range, HIGHEST_NUMBER, 1)};`),
      ...nestedType.filter((each) => !isMapEntry(each)).map((each) => this.message(each)),
      ...(message.enumType ?? []).map(printEnum),
      ...this.fields(message, entries),
      ...(message.extension ?? []).map((field) => this.extension(field)),
    ];
    return `message ${identifier(message.name)} {${statements.join('\n')}}`;
  }

  extension(field: FieldDescriptor): string {
    return `extend ${typeName(field.extendee)} {${this.field(field, new Map())}}`;
  }

  /** A oneof stands where its first field does. */
  private fields({ field: fields = [], oneofDecl = [] }: MessageDescriptor, entries: MapEntries): string[] {
    const bodies = new Map<number, string[]>();
    const places: Array<string | number> = [];
    for (const field of fields) {
      const text = this.field(field, entries);
      const at = field.proto3Optional ? undefined : field.oneofIndex;
      const body = at === undefined ? undefined : bodies.get(at);
      if (body !== undefined) body.push(text);
      else places.push(at ?? text);
      if (at !== undefined && body === undefined)
        bodies.set(at, [...optionStatements('OneofOptions', oneofDecl[at]?.options), text]);
    }
    return places.map((place) => {
      if (typeof place === 'string') return place;
      return `oneof ${identifier(oneofDecl[place]?.name)} {${bodies.get(place)?.join('\n')}}`;
    });
  }

  private field(field: FieldDescriptor, entries: MapEntries): string {
    const entry = entries.get(field.typeName?.split('.').at(-1));
    const [key, value] = entry?.field ?? [];
    const type =
      key === undefined || value === undefined
        ? `${this.label(field)}${fieldType(field)}`
        : `map<${fieldType(key)}, ${fieldType(value)}>`;
    const options = [...fieldSettings(field), ...printedOptions('FieldOptions', field.options)];
    const bracket = options.length === 0 ? '' : ` [${options.join(', ')}]`;
    return `${type} ${identifier(field.name)} = ${field.number ?? 0}${bracket};`;
  }

  private label({ label, oneofIndex, proto3Optional }: FieldDescriptor): string {
    if (label === 'LABEL_REPEATED') return 'repeated ';
    if (label === 'LABEL_REQUIRED') return 'required ';
    if (proto3Optional) return 'optional ';
    return this.syntax === 'proto2' && oneofIndex === undefined ? 'optional ' : '';
  }
}

const isMapEntry = ({ options }: MessageDescriptor): boolean => options?.mapEntry === true;

function fieldType({ type = '', typeName: name }: FieldDescriptor): string {
  if (type === 'TYPE_GROUP') throw new ProtobufSchemaError('groups are not supported in descriptors');
  return name ? typeName(name) : identifier(type.replace('TYPE_', '').toLowerCase());
}

/** What a descriptor has apart from options, and a text among them. */
function fieldSettings({ name = '', type, defaultValue, jsonName }: FieldDescriptor): string[] {
  const text = type === 'TYPE_BYTES' ? unescaped(defaultValue ?? '') : (defaultValue ?? '');
  const isText = type === 'TYPE_STRING' || type === 'TYPE_BYTES';
  return [
    ...(defaultValue === undefined ? [] : [`default = ${isText ? quotedText(text) : word(text)}`]),
    ...(!jsonName || jsonName === protobuf.util.jsonName(name) ? [] : [`json_name = ${quotedText(jsonName)}`]),
  ];
}

/** Defaults of bytes are as in C. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3}|[^0-7])/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (CONTROLS.get(code) ?? code),
  );
const CONTROLS = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function printEnum(type: EnumDescriptor): string {
  const values = (type.value ?? []).map(({ name, number = 0, options }) => {
    const printed = printedOptions('EnumValueOptions', options);
    return `${identifier(name)} = ${number}${printed.length === 0 ? '' : ` [${printed.join(', ')}]`};`;
  });
  const statements = [
    ...optionStatements('EnumOptions', type.options),
    ...reservations(type, HIGHEST_ENUM_NUMBER, 0),
    ...values,
  ];
  return `enum ${identifier(type.name)} {${statements.join('\n')}}`;
}

function printService({ name, options, method = [] }: ServiceDescriptor): string {
  const statements = [...optionStatements('ServiceOptions', options), ...method.map(printMethod)];
  return `service ${identifier(name)} {${statements.join('\n')}}`;
}

function printMethod({ name, options, inputType, outputType, ...streams }: MethodDescriptor): string {
  const input = `${streams.clientStreaming ? 'stream ' : ''}${typeName(inputType)}`;
  const output = `${streams.serverStreaming ? 'stream ' : ''}${typeName(outputType)}`;
  const statements = optionStatements('MethodOptions', options);
  return `rpc ${identifier(name)} (${input}) returns (${output}) ${statements.length === 0 ? ';' : `{${statements.join('\n')}}`}`;
}

function reservations(
  { reservedRange = [], reservedName = [] }: MessageDescriptor | EnumDescriptor,
  highest: number,
  beyond: number,
): string[] {
  const ranges = reservedRange.map((range) => printRange(range, highest, beyond));
  return [
    ...(ranges.length === 0 ? [] : [`reserved ${ranges.join(', ')};`]),
    ...(reservedName.length === 0 ? [] : [`reserved ${reservedName.map(quotedText).join(', ')};`]),
  ];
}

function printRange({ start = 0, end = 0 }: NumberRange, highest: number, beyond: number): string {
  const last = end - beyond;
  return start === last ? `${start}` : `${start} to ${last === highest ? 'max' : last}`;
}

const optionStatements = (of: OptionsName, options: OptionValues | undefined): string[] =>
  printedOptions(of, options).map((option) => `option ${option};`);

/** `name = value`; a repeated option is given again and again. Extensions are in brackets. */
function printedOptions(of: OptionsName, options: OptionValues = {}): string[] {
  return optionsType(of).fieldsArray.flatMap((field) => {
    const value = options[field.name];
    if (value === undefined || field.name === 'mapEntry' || field.name === 'uninterpretedOption') return [];
    const name = field.name.startsWith('.') ? `(${field.name.slice(1)})` : snakeCase(field.name);
    return (Array.isArray(value) ? value : [value]).map((each) => `${name} = ${printValue(field, each)}`);
  });
}

function printValue(field: protobuf.Field, value: unknown): string {
  const { resolvedType, type } = field.resolve();
  if (resolvedType instanceof protobuf.Type) return printAggregate(resolvedType, value as OptionValues);
  return type === 'string' || type === 'bytes' ? quotedText(String(value)) : word(String(value));
}

function printAggregate(type: protobuf.Type, values: OptionValues): string {
  const entries = type.fieldsArray.flatMap((field) => {
    const value = values[field.name];
    if (value === undefined) return [];
    const printed =
      field instanceof protobuf.MapField
        ? `[${Object.entries(value as OptionValues).map(([key, each]) => `{key: ${quotedText(key)}, value: ${printValue(field, each)}}`)}]`
        : Array.isArray(value)
          ? `[${value.map((each) => printValue(field, each)).join(', ')}]`
          : printValue(field, value);
    return [`${snakeCase(field.name)}: ${printed}`];
  });
  return `{${entries.join(', ')}}`;
}

export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Names come from bytes that anyone can send: what is no name would become other statements. */
const checked =
  (pattern: RegExp) =>
  (name = ''): string => {
    if (!pattern.test(name))
      throw new ProtobufSchemaError(`the descriptor has an invalid name "${name.slice(0, 100)}"`);
    return name;
  };
const identifier = checked(/^[A-Za-z_]\w*$/);
const typeName = checked(/^\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/);
const word = checked(/^[-+.\w]+$/);
