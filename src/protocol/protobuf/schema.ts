import protobuf from 'protobufjs';
import { keepFieldIndex } from './field-index.js';
import { DESCRIPTOR_IMPORT, descriptorTypes } from './file-descriptor.js';
import { KNOWN_IMPORTS } from './known-imports.js';
import { ProtobufSchemaError } from './schema-error.js';

keepFieldIndex();

export type ScalarName =
  | 'double'
  | 'float'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'sfixed32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'fixed64'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes';

export type ProtobufType =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly symbols: ReadonlyMap<number, string>;
      readonly numbers: ReadonlyMap<string, number>;
    }
  | { readonly kind: 'message'; readonly message: ProtobufMessage };

export interface ProtobufField {
  readonly name: string;
  readonly number: number;
  readonly shape: 'single' | 'repeated' | 'map';
  readonly type: ProtobufType;
  /** Of a map. */
  readonly keyType: ScalarName | undefined;
  /** Whether "not set" differs from the default value: messages, `optional`, members of a oneof, proto2. */
  readonly presence: boolean;
  readonly required: boolean;
  /** Not the one that stands for `optional`. */
  readonly oneof: string | undefined;
  /** Repeated numbers in one piece. */
  readonly packed: boolean;
  /** `(confluent.field_meta).params`: precision and scale of a decimal. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface ProtobufMessage {
  readonly name: string;
  readonly fullName: string;
  /** Without the package: the names of the messages around it, and its own. */
  readonly path: readonly string[];
  readonly fields: readonly ProtobufField[];
  /** Where it is in its file (-1 in an imported one): the place among the top-level messages, then within each one. */
  readonly indexes: readonly number[];
  readonly nested: readonly ProtobufMessage[];
}

/**
 * The messages of a .proto file. Imports are those that Confluent's serializers know by themselves, and `references`:
 * the text of each imported file by its name.
 */
export function parseProtobufSchema(
  text: string,
  references: ReadonlyMap<string, string> = new Map(),
): readonly ProtobufMessage[] {
  const types = loadProtobuf(text, references).own.filter((each) => each instanceof protobuf.Type);
  return new Messages(types).all();
}

export interface LoadedProtobuf {
  readonly parsed: protobuf.IParserResult;
  /** What the file itself defines, at the top level and in its order. */
  readonly own: readonly protobuf.ReflectionObject[];
  /** Of the file. */
  readonly options: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

/** A file with all its imports, types resolved. Throws ProtobufSchemaError. */
export function loadProtobuf(text: string, references: ReadonlyMap<string, string>): LoadedProtobuf {
  const root = new protobuf.Root();
  try {
    const parsed = protobuf.parse(text, root, { keepCase: true });
    // Imported files may share the package: these are the file's own only before they are added.
    const scope = parsed.package ? root.lookup(parsed.package) : root;
    const own = scope instanceof protobuf.Namespace ? [...scope.nestedArray] : [];
    const places = scope === null || scope === root ? [root] : [root, scope];
    const options = places.flatMap(({ parsedOptions }) => parsedOptions ?? []);
    addImports(parsed, root, references, new Set());
    root.resolveAll();
    return { parsed, own, options };
  } catch (failure) {
    if (failure instanceof ProtobufSchemaError) throw failure;
    throw new ProtobufSchemaError(failure instanceof Error ? failure.message : String(failure), { cause: failure });
  }
}

function addImports(
  { imports, weakImports }: protobuf.IParserResult,
  root: protobuf.Root,
  references: ReadonlyMap<string, string>,
  seen: Set<string>,
): void {
  for (const name of [...(imports ?? []), ...(weakImports ?? [])]) {
    if (seen.has(name)) continue;
    seen.add(name);
    const text = references.get(name) ?? KNOWN_IMPORTS.get(name);
    const known = name === DESCRIPTOR_IMPORT ? descriptorTypes() : protobuf.common.get(name);
    if (text !== undefined) addImports(protobuf.parse(text, root, { keepCase: true }), root, references, seen);
    else if (known?.nested) root.addJSON(known.nested);
    else throw new ProtobufSchemaError(`the imported file "${name}" is not known`);
  }
}

/** Types in the order of the file. */
const typesIn = (scope: protobuf.Namespace): protobuf.Type[] =>
  scope.nestedArray.filter((each): each is protobuf.Type => each instanceof protobuf.Type);

const pathOf = ({ parent, name }: protobuf.Type): string[] =>
  parent instanceof protobuf.Type ? [...pathOf(parent), name] : [name];

type Writable<Part> = { -readonly [Name in keyof Part]: Part[Name] };

/** Messages refer to each other in circles and in long chains, so each is made once, and filled after those that were met before it. */
class Messages {
  private readonly known = new Map<protobuf.Type, ProtobufMessage>();
  private readonly unfilled: Array<readonly [protobuf.Type, Writable<ProtobufMessage>]> = [];
  private readonly places = new Map<protobuf.Namespace, ReadonlyMap<protobuf.Type, number>>();
  private readonly topLevel: ReadonlyMap<protobuf.Type, number>;

  constructor(private readonly types: readonly protobuf.Type[]) {
    this.topLevel = new Map(types.map((type, place) => [type, place]));
  }

  all(): readonly ProtobufMessage[] {
    const messages = this.types.map((type) => this.of(type));
    for (let next = this.unfilled.pop(); next !== undefined; next = this.unfilled.pop()) {
      const [type, message] = next;
      message.fields = type.fieldsArray.map((field) => this.fieldOf(field));
      message.nested = typesIn(type).map((each) => this.of(each));
    }
    return messages;
  }

  private of(type: protobuf.Type): ProtobufMessage {
    const known = this.known.get(type);
    if (known !== undefined) return known;
    const fullName = type.fullName.replace(/^\./, '');
    const indexes = this.indexesOf(type);
    const message = { name: type.name, fullName, path: pathOf(type), fields: [], indexes, nested: [] };
    this.known.set(type, message);
    this.unfilled.push([type, message]);
    return message;
  }

  private indexesOf(type: protobuf.Type): number[] {
    const { parent } = type;
    if (!(parent instanceof protobuf.Type)) return [this.topLevel.get(type) ?? -1];
    let places = this.places.get(parent);
    if (places === undefined) {
      places = new Map(typesIn(parent).map((each, place) => [each, place]));
      this.places.set(parent, places);
    }
    return [...this.indexesOf(parent), places.get(type) ?? -1];
  }

  private fieldOf(field: protobuf.Field): ProtobufField {
    const { partOf } = field;
    const optional = field.options?.proto3_optional === true;
    const shape = field.map ? 'map' : field.repeated ? 'repeated' : 'single';
    const type = this.typeOf(field);
    return {
      name: field.name,
      number: field.id,
      shape,
      type,
      keyType: field instanceof protobuf.MapField ? (field.keyType as ScalarName) : undefined,
      // Declared as boolean, it is the oneof itself for a member of one.
      presence: shape === 'single' && (type.kind === 'message' || Boolean(field.hasPresence)),
      required: field.required,
      oneof: partOf === null || optional ? undefined : partOf.name,
      packed: field.packed === true,
      parameters: parametersOf(field),
    };
  }

  private typeOf({ resolvedType, type }: protobuf.Field): ProtobufType {
    if (resolvedType instanceof protobuf.Type) return { kind: 'message', message: this.of(resolvedType) };
    if (resolvedType instanceof protobuf.Enum) {
      const entries = Object.entries(resolvedType.values);
      // Aliases of a number: the first name is the number's.
      const symbols = new Map([...entries].reverse().map(([name, number]) => [number, name]));
      return { kind: 'enum', name: resolvedType.name, symbols, numbers: new Map(entries) };
    }
    return { kind: 'scalar', name: type as ScalarName };
  }
}

function parametersOf({ parsedOptions }: protobuf.Field): ReadonlyMap<string, string> {
  const found = (parsedOptions as ReadonlyArray<Record<string, unknown>> | null)?.find(
    (each) => each['(confluent.field_meta)'] !== undefined,
  );
  const meta = found?.['(confluent.field_meta)'] as { params?: unknown } | undefined;
  const params = [meta?.params ?? []].flat() as ReadonlyArray<{ key?: unknown; value?: unknown }>;
  return new Map(params.map(({ key, value }) => [String(key), String(value)]));
}

/** The message with that full or simple name, at whatever depth. */
export function messageNamed(messages: readonly ProtobufMessage[], name: string): ProtobufMessage | undefined {
  for (const message of messages) {
    if (message.fullName === name || message.name === name) return message;
    const within = messageNamed(message.nested, name);
    if (within !== undefined) return within;
  }
  return undefined;
}

/** The message at these indexes, as Confluent's framing names it. */
export function messageAt(
  messages: readonly ProtobufMessage[],
  [first = 0, ...rest]: readonly number[],
): ProtobufMessage | undefined {
  const found = messages[first];
  return found === undefined || rest.length === 0 ? found : messageAt(found.nested, rest);
}
