import protobuf from 'protobufjs';
import {
  type EnumDescriptor,
  type FieldDescriptor,
  type FileDescriptor,
  type MessageDescriptor,
  type NumberRange,
  type OptionsName,
  type OptionValues,
  optionsType,
  type ServiceDescriptor,
} from './file-descriptor.js';
import { tokensOf } from './print.js';
import { snakeCase } from './print-descriptor.js';
import { loadProtobuf } from './schema.js';
import { ProtobufSchemaError } from './schema-error.js';

type GivenOptions = ReadonlyArray<Readonly<Record<string, unknown>>>;

export interface Description {
  readonly file: FileDescriptor;
  /** Options that are defined elsewhere: they are in the text only. */
  readonly leftOut: readonly string[];
}

/** Files without a name of their own get Confluent's one. */
const FILE_NAME = 'default';

/** What compilers make of a .proto file. Throws ProtobufSchemaError. */
export function describeProtobuf(text: string, references: ReadonlyMap<string, string> = new Map()): Description {
  const { parsed, own, options } = loadProtobuf(text, references);
  const { syntax, publicImports } = headOf(text);
  const describer = new Describer(syntax);
  const file = {
    name: FILE_NAME,
    ...(parsed.package ? { package: parsed.package } : {}),
    dependency: [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])],
    publicDependency: publicImports,
    weakDependency: (parsed.weakImports ?? []).map((_, at) => (parsed.imports?.length ?? 0) + at),
    messageType: own.filter(isType).map((type) => describer.message(type)),
    enumType: own.filter(isEnum).map((type) => describer.enum(type)),
    extension: own.filter(isField).map((field) => describer.extension(field)),
    service: own.filter(isService).map((service) => describer.service(service)),
    ...describer.withOptions('FileOptions', options),
    ...(syntax === 'proto3' ? { syntax } : {}),
  };
  return { file, leftOut: describer.leftOut };
}

const isType = (each: protobuf.ReflectionObject) => each instanceof protobuf.Type;
const isEnum = (each: protobuf.ReflectionObject) => each instanceof protobuf.Enum;
const isField = (each: protobuf.ReflectionObject) => each instanceof protobuf.Field;
const isService = (each: protobuf.ReflectionObject) => each instanceof protobuf.Service;

/** What the parser does not keep: the syntax, and which of the imports (without weak ones) are public. */
function headOf(text: string): { readonly syntax: 'proto2' | 'proto3'; readonly publicImports: readonly number[] } {
  let syntax = 'proto2';
  let imports = 0;
  const publicImports: number[] = [];
  for (const statement of topLevelStatements(text)) {
    if (statement[0] === 'edition')
      throw new ProtobufSchemaError('files of an edition have no descriptor here: only those of proto2 and proto3');
    if (statement[0] === 'syntax') syntax = statement.at(-1)?.slice(1, -1) ?? syntax;
    if (statement[0] !== 'import' || statement[1] === 'weak') continue;
    if (statement[1] === 'public') publicImports.push(imports);
    imports += 1;
  }
  return { syntax: syntax === 'proto3' ? 'proto3' : 'proto2', publicImports };
}

function* topLevelStatements(text: string): Generator<readonly string[]> {
  let statement: string[] = [];
  let depth = 0;
  for (const token of tokensOf(text)) {
    if (token === '{') depth += 1;
    else if (token === '}') depth -= 1;
    else if (depth === 0 && token !== ';') statement.push(token);
    if (depth > 0 || (token !== ';' && token !== '}')) continue;
    yield statement;
    statement = [];
  }
}

class Describer {
  readonly leftOut: string[] = [];

  constructor(private readonly syntax: 'proto2' | 'proto3') {}

  message(type: protobuf.Type): MessageDescriptor {
    // Members that extensions elsewhere add are not the message's own.
    const fields = type.fieldsArray.filter(({ declaringField }) => !declaringField);
    // Those that stand for `optional` come last, as compilers want it.
    const oneofs = [...type.oneofsArray].sort((a, b) => Number(a.isProto3Optional) - Number(b.isProto3Optional));
    const places = new Map(oneofs.map((oneof, at) => [oneof, at]));
    const { ranges, names } = reserved(type.reserved, 1);
    return {
      name: type.name,
      field: fields.map((field) => ({
        ...this.field(field, type),
        ...(field.partOf ? { oneofIndex: places.get(field.partOf) ?? 0 } : {}),
      })),
      extension: type.nestedArray.filter(isField).map((field) => this.extension(field)),
      nestedType: [
        ...type.nestedArray.filter(isType).map((nested) => this.message(nested)),
        ...fields.filter((field) => field instanceof protobuf.MapField).map(mapEntry),
      ],
      enumType: type.nestedArray.filter(isEnum).map((nested) => this.enum(nested)),
      extensionRange: (type.extensions ?? []).map(([start = 0, end = 0]) => ({ start, end: end + 1 })),
      oneofDecl: oneofs.map((oneof) => ({ name: oneof.name, ...this.optionsOf('OneofOptions', oneof) })),
      ...this.optionsOf('MessageOptions', type),
      reservedRange: ranges,
      reservedName: names,
    };
  }

  extension(field: protobuf.Field): FieldDescriptor {
    const extendee = field.extensionField?.parent?.fullName ?? field.extend ?? '';
    return { ...this.field(field), extendee };
  }

  private field(field: protobuf.Field, around?: protobuf.Type): FieldDescriptor {
    const { name, id, jsonName, options } = field;
    if (field.delimited) throw new ProtobufSchemaError('groups are not supported in descriptors');
    const isOptional = options?.proto3_optional === true;
    const label =
      field.repeated || field.map ? 'REPEATED' : this.syntax === 'proto2' && field.required ? 'REQUIRED' : 'OPTIONAL';
    const type =
      field.map && around !== undefined
        ? { type: 'TYPE_MESSAGE', typeName: `${around.fullName}.${entryName(name)}` }
        : typeOf(field);
    const given: unknown = options?.default;
    const value = field.type === 'bytes' ? escaped(String(given)) : String(given);
    return {
      name,
      number: id,
      label: `LABEL_${label}`,
      ...type,
      ...(given === undefined ? {} : { defaultValue: value }),
      ...(jsonName === undefined || jsonName === protobuf.util.jsonName(name) ? {} : { jsonName }),
      ...(isOptional ? { proto3Optional: true } : {}),
      ...this.optionsOf('FieldOptions', field),
    };
  }

  enum(type: protobuf.Enum): EnumDescriptor {
    const { ranges, names } = reserved(type.reserved, 0);
    return {
      name: type.name,
      value: Object.entries(type.values).map(([name, number]) => {
        const options = Object.entries(type.valuesOptions?.[name] ?? {}).map(([option, value]) => ({
          [option]: value,
        }));
        return { name, number, ...this.withOptions('EnumValueOptions', options) };
      }),
      ...this.optionsOf('EnumOptions', type),
      reservedRange: ranges,
      reservedName: names,
    };
  }

  service(service: protobuf.Service): ServiceDescriptor {
    return {
      name: service.name,
      method: service.methodsArray.map((method) => ({
        name: method.name,
        inputType: method.resolvedRequestType?.fullName ?? method.requestType,
        outputType: method.resolvedResponseType?.fullName ?? method.responseType,
        ...(method.requestStream ? { clientStreaming: true } : {}),
        ...(method.responseStream ? { serverStreaming: true } : {}),
        ...this.optionsOf('MethodOptions', method),
      })),
      ...this.optionsOf('ServiceOptions', service),
    };
  }

  private optionsOf(of: OptionsName, { parsedOptions }: protobuf.ReflectionObject) {
    return this.withOptions(of, parsedOptions ?? []);
  }

  /** Left out where there are none, as compilers do. */
  withOptions(of: OptionsName, given: GivenOptions): { readonly options?: OptionValues } {
    const options = this.options(of, given);
    return Object.keys(options).length === 0 ? {} : { options };
  }

  private options(of: OptionsName, given: GivenOptions): OptionValues {
    const values: Record<string, unknown> = {};
    for (const [name, value] of given.flatMap((each) => Object.entries(each))) {
      if (of === 'FieldOptions' && (name === 'default' || name === 'json_name')) continue;
      const field = fieldNamed(optionsType(of), name.replace(/^\((\.?)(.*)\)$/, '.$2'));
      if (field === undefined) this.leftOut.push(name);
      else if (field.repeated) values[field.name] = [values[field.name] ?? [], this.optionValue(field, value)].flat();
      else values[field.name] = this.optionValue(field, value);
    }
    return values;
  }

  /** As the library takes it: messages as objects, maps too. */
  private optionValue(field: protobuf.Field, value: unknown): unknown {
    const { resolvedType } = field.resolve();
    if (field instanceof protobuf.MapField) {
      const entries = [value].flat() as ReadonlyArray<{ readonly key?: unknown; readonly value?: unknown }>;
      return Object.fromEntries(entries.map((entry) => [String(entry.key ?? ''), entry.value ?? '']));
    }
    if (!(resolvedType instanceof protobuf.Type)) return value;
    const values: Record<string, unknown> = {};
    for (const [name, each] of Object.entries(value as OptionValues)) {
      const member = fieldNamed(resolvedType, name);
      const isList = member?.repeated && !(member instanceof protobuf.MapField);
      if (member === undefined) this.leftOut.push(name);
      else if (isList) values[member.name] = [each].flat().map((one) => this.optionValue(member, one));
      else values[member.name] = this.optionValue(member, each);
    }
    return values;
  }
}

const fieldNamed = (type: protobuf.Type, name: string): protobuf.Field | undefined =>
  type.fieldsArray.find((field) => snakeCase(field.name) === name);

function typeOf({ resolvedType, type }: protobuf.FieldBase): Pick<FieldDescriptor, 'type' | 'typeName'> {
  if (resolvedType instanceof protobuf.Enum) return { type: 'TYPE_ENUM', typeName: resolvedType.fullName };
  if (!(resolvedType instanceof protobuf.Type)) return { type: `TYPE_${type.toUpperCase()}` };
  return { type: 'TYPE_MESSAGE', typeName: resolvedType.fullName };
}

/** Defaults of bytes are as in C, byte by byte. */
const escaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]|["'\\]/g, (character) => {
    const code = character.charCodeAt(0);
    return code >= 0x20 && code < 0x7f ? `\\${character}` : `\\${(code & 0xff).toString(8).padStart(3, '0')}`;
  });

function mapEntry(field: protobuf.MapField): MessageDescriptor {
  const label = 'LABEL_OPTIONAL';
  return {
    name: entryName(field.name),
    field: [
      { name: 'key', number: 1, label, type: `TYPE_${field.keyType.toUpperCase()}` },
      { name: 'value', number: 2, label, ...typeOf(field) },
    ],
    options: { mapEntry: true },
  };
}

/** As compilers call it; some check that. */
const entryName = (name: string): string =>
  `${name.replace(/(?:^|_+)([^_]?)/g, (_, first: string) => first.toUpperCase())}Entry`;

function reserved(given: ReadonlyArray<number[] | string> | undefined, beyond: number) {
  const ranges: NumberRange[] = [];
  const names: string[] = [];
  for (const each of given ?? []) {
    if (typeof each === 'string') names.push(each);
    else ranges.push({ start: each[0] ?? 0, end: (each[1] ?? 0) + beyond });
  }
  return { ranges, names };
}
