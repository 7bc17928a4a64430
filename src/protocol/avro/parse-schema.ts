import { messageOf } from '../../support/errors.js';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../json/parse.js';
import { stringifyJson } from '../json/stringify.js';
import { defaultOfField } from './defaults.js';
import { fullNameOf, nameProblem, namespaceOf, shortNameOf } from './names.js';
import {
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroProperties,
  type AvroRecord,
  type AvroSchema,
  AvroSchemaError,
  type AvroUnion,
  FIELD_WORDS,
  type PrimitiveName,
  SCHEMA_WORDS,
  SchemaNesting,
  typeNameOf,
} from './schema.js';

/** Java counts bytes in an int. */
const FIXED_SIZE_MAX = 2 ** 31 - 1;

const isPrimitive = (name: string): name is PrimitiveName => PRIMITIVES.has(name);

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
/** Named schemas that a text may refer to, by full name; parsing adds what it defines. */
export type AvroNames = Map<string, AvroSchema>;

/** Throws AvroSchemaError. `names` are the schemas of its references. */
export function parseAvroSchema(text: string, names: AvroNames = new Map()): AvroSchema {
  return new Parser(names).schema(jsonOf(text), undefined, '');
}

/** With the texts of the schemas that it refers to, each after those it refers to itself. Throws AvroSchemaError. */
export function parseAvroWithReferences(text: string, references: Iterable<string>): AvroSchema {
  const names: AvroNames = new Map();
  for (const referred of references) parseAvroSchema(referred, names);
  return parseAvroSchema(text, names);
}

function jsonOf(text: string): Json {
  if (PRIMITIVES.has(text.trim())) return text.trim();
  try {
    return parseJson(text, 'text');
  } catch (failure) {
    throw new AvroSchemaError(messageOf(failure), '');
  }
}

class Parser {
  private readonly nesting = new SchemaNesting();

  constructor(private readonly names: AvroNames) {}

  schema(json: Json, namespace: string | undefined, path: string): AvroSchema {
    return this.nesting.within(() => this.parse(json, namespace, path), path);
  }

  private parse(json: Json, namespace: string | undefined, path: string): AvroSchema {
    if (typeof json === 'string') return this.reference(json, namespace, path);
    if (Array.isArray(json)) return this.union(json, namespace, path);
    const object = isJsonObject(json) ? json : {};
    const { type } = object;
    if (typeof type !== 'string') throw new AvroSchemaError(`No type: ${stringifyJson(json)}`, path);
    const properties = propertiesOf(object, SCHEMA_WORDS, type === 'enum' ? 'default' : undefined);
    if (isPrimitive(type)) return { type, properties };
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
    if (isPrimitive(name)) return { type: name, properties: {} };
    const found = this.names.get(fullNameOf(name, namespace)) ?? this.names.get(name);
    if (found === undefined)
      throw new AvroSchemaError(
        `"${name}" is not a defined name. The type must be a primitive, or a name defined before it is used.`,
        path,
      );
    return found;
  }

  private union(json: readonly Json[], namespace: string | undefined, path: string): AvroUnion {
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

  private field(json: Json, namespace: string | undefined, path: string): AvroField {
    if (!isJsonObject(json)) throw new AvroSchemaError(`A field must be an object: ${stringifyJson(json)}`, path);
    const object = json;
    if (typeof object.name !== 'string') throw new AvroSchemaError('No field name', path);
    checkName(object.name, path);
    if (object.type === undefined) throw new AvroSchemaError(`No field type: ${object.name}`, path);
    const schema = this.schema(object.type, namespace, `${path}/type`);
    return {
      name: object.name,
      schema,
      doc: textOf(object.doc),
      ...defaultOf(object, object.name, schema, path),
      order: orderOf(object, object.name, path),
      aliases: aliasesOf(object, path),
      properties: propertiesOf(object, FIELD_WORDS),
    };
  }

  private enumeration(object: JsonObject, namespace: string | undefined, path: string): AvroEnum {
    const { name } = this.nameOf(object, namespace, path);
    const { symbols } = object;
    if (!isTexts(symbols)) throw new AvroSchemaError(`Enum has no symbols, or not only texts: ${name}`, path);
    const seen = new Set<string>();
    for (const symbol of symbols) {
      checkName(symbol, path);
      if (seen.has(symbol)) throw new AvroSchemaError(`Duplicate enum symbol: ${symbol}`, path);
      seen.add(symbol);
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
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > FIXED_SIZE_MAX) {
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
    if (typeof object.name !== 'string') throw new AvroSchemaError('No name in schema', path);
    const own = textOf(object.namespace) ?? outer;
    const space = (object.name.includes('.') ? namespaceOf(object.name) : own) || undefined;
    const short = shortNameOf(object.name);
    for (const part of space?.split('.') ?? []) {
      const wrong = nameProblem(part);
      if (wrong !== undefined) throw new AvroSchemaError(`Namespace part "${part}" is invalid: ${wrong}`, path);
    }
    checkName(short, path);
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

const isTexts = (value: Json | undefined): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function checkName(name: string, path: string): void {
  const wrong = nameProblem(name);
  if (wrong !== undefined) throw new AvroSchemaError(wrong, path);
}

function orderOf(object: JsonObject, name: string, path: string): AvroField['order'] {
  const order = String(object.order ?? 'ascending').toLowerCase();
  if (order === 'ascending' || order === 'descending' || order === 'ignore') return order;
  throw new AvroSchemaError(`No enum constant for the order of field ${name}: ${order}`, path);
}

function defaultOf(object: JsonObject, name: string, schema: AvroSchema, path: string): { default?: Json } {
  if (object.default === undefined) return {};
  const value = defaultOfField(schema, object.default);
  if (value !== undefined) return { default: value };
  throw new AvroSchemaError(
    `Invalid default for field ${name}: ${stringifyJson(object.default)} not a ${typeNameOf(schema)}`,
    path,
  );
}

const describe = (object: JsonObject, path: string) => ({
  doc: textOf(object.doc),
  aliases: aliasesOf(object, path),
});

function aliasesOf(object: JsonObject, path: string): readonly string[] {
  const { aliases } = object;
  if (aliases === undefined) return [];
  if (!isTexts(aliases)) throw new AvroSchemaError('aliases not an array of strings', path);
  return aliases;
}

function propertiesOf(object: JsonObject, words: ReadonlySet<string>, another?: string): AvroProperties {
  return Object.fromEntries(Object.entries(object).filter(([word]) => !words.has(word) && word !== another));
}
