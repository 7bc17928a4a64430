/** Avro schemas as Java's library reads them, with its checks. Pure. */
export type AvroSchema = AvroPrimitive | AvroRecord | AvroEnum | AvroFixed | AvroArray | AvroMap | AvroUnion;

type PrimitiveName = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

/** Attributes that the specification does not name, `logicalType` among them, in order of appearance. */
type AvroProperties = Readonly<Record<string, unknown>>;

interface AvroPrimitive {
  readonly type: PrimitiveName;
  readonly properties: AvroProperties;
}
interface Named {
  /** With its namespace, if it has one. */
  readonly name: string;
  readonly doc: string | undefined;
  readonly aliases: readonly string[];
  readonly properties: AvroProperties;
}
export interface AvroRecord extends Named {
  readonly type: 'record';
  /** `error` in protocols; printed as it came. */
  readonly kind: 'record' | 'error';
  /** Filled after the object is made: a record may hold itself. */
  readonly fields: AvroField[];
}
export interface AvroField {
  readonly name: string;
  readonly schema: AvroSchema;
  readonly doc: string | undefined;
  /** Absent key: no default; null is a default. */
  readonly default?: unknown;
  readonly order: 'ascending' | 'descending' | 'ignore';
  readonly aliases: readonly string[];
  readonly properties: AvroProperties;
}
export interface AvroEnum extends Named {
  readonly type: 'enum';
  readonly symbols: readonly string[];
  readonly default: string | undefined;
}
export interface AvroFixed extends Named {
  readonly type: 'fixed';
  readonly size: number;
}
interface AvroArray {
  readonly type: 'array';
  readonly items: AvroSchema;
  readonly properties: AvroProperties;
}
interface AvroMap {
  readonly type: 'map';
  readonly values: AvroSchema;
  readonly properties: AvroProperties;
}
interface AvroUnion {
  readonly type: 'union';
  readonly branches: readonly AvroSchema[];
}

/** What is wrong with a schema, and where in it ("/fields/2/type"). */
export class AvroSchemaError extends Error {
  constructor(
    message: string,
    readonly path: string,
  ) {
    super(message);
    this.name = 'AvroSchemaError';
  }
}

const PRIMITIVES: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const SCHEMA_WORDS = new Set([
  'type',
  'name',
  'namespace',
  'doc',
  'aliases',
  'fields',
  'symbols',
  'items',
  'values',
  'size',
]);
export const FIELD_WORDS = new Set(['name', 'type', 'doc', 'default', 'order', 'aliases']);

/** Named schemas that a text may refer to, by full name; parsing adds what it defines. */
export type AvroNames = Map<string, AvroSchema>;

/** Throws AvroSchemaError. `names` are the schemas of its references. */
export function parseAvroSchema(text: string, names: AvroNames = new Map()): AvroSchema {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (failure) {
    if (PRIMITIVES.has(text.trim())) json = text.trim();
    else throw new AvroSchemaError(failure instanceof Error ? failure.message : String(failure), '');
  }
  return new Parser(names).schema(json, undefined, '');
}

class Parser {
  constructor(private readonly names: AvroNames) {}

  schema(json: unknown, namespace: string | undefined, path: string): AvroSchema {
    if (typeof json === 'string') return this.reference(json, namespace, path);
    if (Array.isArray(json)) return this.union(json, namespace, path);
    const object = asObject(json);
    if (object === undefined) throw new AvroSchemaError(`No type: ${JSON.stringify(json)}`, path);
    const { type } = object;
    if (type === undefined) throw new AvroSchemaError(`No type: ${JSON.stringify(json)}`, path);
    if (typeof type !== 'string') return this.schema(type, namespace, `${path}/type`);
    const properties = propertiesOf(object, SCHEMA_WORDS, type === 'enum' ? 'default' : undefined);
    if (PRIMITIVES.has(type)) return { type: type as PrimitiveName, properties };
    switch (type) {
      case 'record':
      case 'error':
        return this.record(object, type, namespace, path);
      case 'enum':
        return this.enumeration(object, namespace, path);
      case 'fixed':
        return this.fixed(object, namespace, path);
      case 'array':
        if (object.items === undefined) throw new AvroSchemaError('Array has no items type', path);
        return { type, items: this.schema(object.items, namespace, `${path}/items`), properties };
      case 'map':
        if (object.values === undefined) throw new AvroSchemaError('Map has no values type', path);
        return { type, values: this.schema(object.values, namespace, `${path}/values`), properties };
      default:
        return this.reference(type, namespace, path);
    }
  }

  private reference(name: string, namespace: string | undefined, path: string): AvroSchema {
    if (PRIMITIVES.has(name)) return { type: name as PrimitiveName, properties: {} };
    const full = name.includes('.') || namespace === undefined ? name : `${namespace}.${name}`;
    const found = this.names.get(full) ?? this.names.get(name);
    if (found === undefined)
      throw new AvroSchemaError(
        `"${name}" is not a defined name. The type must be a primitive, or a name defined before it is used.`,
        path,
      );
    return found;
  }

  private union(json: readonly unknown[], namespace: string | undefined, path: string): AvroUnion {
    const branches = json.map((branch, index) => this.schema(branch, namespace, `${path}/${index}`));
    const seen = new Set<string>();
    for (const branch of branches) {
      if (branch.type === 'union') throw new AvroSchemaError('Nested union: a union may not hold another union', path);
      const name = typeNameOf(branch);
      if (seen.has(name)) throw new AvroSchemaError(`Duplicate in union: ${name}`, path);
      seen.add(name);
    }
    return { type: 'union', branches };
  }

  private record(
    object: JsonObject,
    kind: 'record' | 'error',
    namespace: string | undefined,
    path: string,
  ): AvroRecord {
    const { name, space } = this.nameOf(object, namespace, path);
    const fields: AvroField[] = [];
    const properties = propertiesOf(object, SCHEMA_WORDS);
    const record: AvroRecord = { type: 'record', kind, name, ...describe(object, path), properties, fields };
    this.define(record, path);
    if (!Array.isArray(object.fields)) throw new AvroSchemaError(`Record has no fields: ${name}`, path);
    const seen = new Set<string>();
    for (const [index, entry] of object.fields.entries()) {
      const field = this.field(entry, space, `${path}/fields/${index}`);
      if (seen.has(field.name)) {
        throw new AvroSchemaError(`Duplicate field ${field.name} in record ${name}`, `${path}/fields/${index}`);
      }
      seen.add(field.name);
      fields.push(field);
    }
    return record;
  }

  private field(json: unknown, namespace: string | undefined, path: string): AvroField {
    const object = asObject(json);
    if (object === undefined) throw new AvroSchemaError(`A field must be an object: ${JSON.stringify(json)}`, path);
    if (typeof object.name !== 'string') throw new AvroSchemaError('No field name', path);
    checkName(object.name, path);
    if (object.type === undefined) throw new AvroSchemaError(`No field type: ${object.name}`, path);
    const schema = this.schema(object.type, namespace, `${path}/type`);
    const order = object.order ?? 'ascending';
    if (order !== 'ascending' && order !== 'descending' && order !== 'ignore') {
      throw new AvroSchemaError(`No enum constant for the order of field ${object.name}: ${String(order)}`, path);
    }
    if ('default' in object && !isDefaultOf(schema, object.default)) {
      throw new AvroSchemaError(
        `Invalid default for field ${object.name}: ${JSON.stringify(object.default)} not a ${typeNameOf(schema)}`,
        path,
      );
    }
    return {
      name: object.name,
      schema,
      doc: textOf(object.doc),
      ...('default' in object ? { default: object.default } : {}),
      order,
      aliases: aliasesOf(object, undefined, path),
      properties: propertiesOf(object, FIELD_WORDS),
    };
  }

  private enumeration(object: JsonObject, namespace: string | undefined, path: string): AvroEnum {
    const { name } = this.nameOf(object, namespace, path);
    const { symbols } = object;
    if (!Array.isArray(symbols)) throw new AvroSchemaError(`Enum has no symbols: ${name}`, path);
    for (const [index, symbol] of symbols.entries()) {
      if (typeof symbol !== 'string') throw new AvroSchemaError(`Enum symbol must be a string: ${name}`, path);
      checkName(symbol, path);
      if (symbols.indexOf(symbol) !== index) throw new AvroSchemaError(`Duplicate enum symbol: ${symbol}`, path);
    }
    const fallback = object.default;
    if (fallback !== undefined && (typeof fallback !== 'string' || !symbols.includes(fallback))) {
      throw new AvroSchemaError(
        `The Enum Default: ${String(fallback)} is not in the enum symbol set: ${symbols}`,
        path,
      );
    }
    const properties = propertiesOf(object, SCHEMA_WORDS, 'default');
    const schema: AvroEnum = { type: 'enum', name, ...describe(object, path), symbols, default: fallback, properties };
    this.define(schema, path);
    return schema;
  }

  private fixed(object: JsonObject, namespace: string | undefined, path: string): AvroFixed {
    const { name } = this.nameOf(object, namespace, path);
    const { size } = object;
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw new AvroSchemaError(`Invalid or no size: ${name}`, path);
    }
    const properties = propertiesOf(object, SCHEMA_WORDS);
    const schema: AvroFixed = { type: 'fixed', name, ...describe(object, path), size, properties };
    this.define(schema, path);
    return schema;
  }

  private nameOf(
    object: JsonObject,
    outer: string | undefined,
    path: string,
  ): { name: string; space: string | undefined } {
    if (typeof object.name !== 'string' || object.name === '') throw new AvroSchemaError('No name in schema', path);
    const dot = object.name.lastIndexOf('.');
    const own = typeof object.namespace === 'string' ? object.namespace : outer;
    const space = (dot >= 0 ? object.name.slice(0, dot) : own) || undefined;
    const short = object.name.slice(dot + 1);
    for (const part of [...(space?.split('.') ?? []), short]) checkName(part, path);
    if (space === undefined && PRIMITIVES.has(short)) {
      throw new AvroSchemaError(`Schemas may not be named after primitives: ${short}`, path);
    }
    return { name: space === undefined ? short : `${space}.${short}`, space };
  }

  private define(schema: AvroRecord | AvroEnum | AvroFixed, path: string): void {
    if (this.names.has(schema.name)) throw new AvroSchemaError(`Can't redefine: ${schema.name}`, path);
    this.names.set(schema.name, schema);
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

export const asObject = (json: unknown): JsonObject | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : undefined;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function checkName(name: string, path: string): void {
  if (name === '') throw new AvroSchemaError('Empty name', path);
  if (!NAME.test(name)) throw new AvroSchemaError(`Illegal character in: ${name}`, path);
}

const describe = (object: JsonObject, path: string) => ({
  doc: textOf(object.doc),
  aliases: aliasesOf(object, textOf(object.namespace), path),
});

function aliasesOf(object: JsonObject, _namespace: string | undefined, path: string): readonly string[] {
  const { aliases } = object;
  if (aliases === undefined) return [];
  if (!Array.isArray(aliases) || !aliases.every((alias) => typeof alias === 'string')) {
    throw new AvroSchemaError('aliases not an array of strings', path);
  }
  return aliases;
}

function propertiesOf(object: JsonObject, words: ReadonlySet<string>, another?: string): AvroProperties {
  return Object.fromEntries(Object.entries(object).filter(([word]) => !words.has(word) && word !== another));
}

/** What tells the branches of a union apart: the full name, or the kind of type. */
export const typeNameOf = (schema: AvroSchema): string =>
  schema.type === 'record' || schema.type === 'enum' || schema.type === 'fixed' ? schema.name : schema.type;

function isDefaultOf(schema: AvroSchema, value: unknown): boolean {
  switch (schema.type) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'int':
    case 'long':
      return typeof value === 'number' && Number.isInteger(value);
    case 'float':
    case 'double':
      return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity';
    case 'bytes':
    case 'fixed':
    case 'string':
    case 'enum':
      return typeof value === 'string';
    case 'array':
      return Array.isArray(value) && value.every((item) => isDefaultOf(schema.items, item));
    case 'map': {
      const object = asObject(value);
      return object !== undefined && Object.values(object).every((item) => isDefaultOf(schema.values, item));
    }
    case 'union': // the specification wants the first branch; later ones are accepted, as Java's library does
      return schema.branches.some((branch) => isDefaultOf(branch, value));
    case 'record': {
      const object = asObject(value);
      return (
        object !== undefined &&
        schema.fields.every((field) =>
          field.name in object ? isDefaultOf(field.schema, object[field.name]) : 'default' in field,
        )
      );
    }
  }
}
