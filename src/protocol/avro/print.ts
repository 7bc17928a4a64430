import { javaDouble } from '../java-number.js';
import { isJsonObject, JsonNumber } from '../json/parse.js';
import { stringifyJson } from '../json/stringify.js';
import { namespaceOf, shortNameOf } from './names.js';
import {
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroRecord,
  type AvroSchema,
  FIELD_WORDS,
  SCHEMA_WORDS,
} from './schema.js';

/**
 * Compact JSON in Java's order of attributes; a name that was printed before, or is defined elsewhere (`known`: those
 * of references), is referred to.
 */
export function printAvroSchema(schema: AvroSchema, known: Iterable<string> = []): string {
  return print(toJson(schema, undefined, new Set(known)));
}

/** The same with the attributes that the specification does not name in alphabetical order. */
export function printNormalizedAvroSchema(schema: AvroSchema, known: Iterable<string> = []): string {
  return print(sortedProperties(toJson(schema, undefined, new Set(known))));
}

/** As Jackson prints what it read: integers with all their digits, everything else as a double. */
const print = (json: unknown): string => stringifyJson(asRead(json));

function asRead(json: unknown): unknown {
  if (json instanceof JsonNumber) return json.isInteger ? json : new JsonNumber(doubleText(Number(json.text)));
  if (Array.isArray(json)) return json.map(asRead);
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, asRead(value)]));
}

/** JSON has no number for an infinity: it is printed as text. */
const doubleText = (value: number): string => (Number.isFinite(value) ? javaDouble(value) : `"${javaDouble(value)}"`);

/** Spec words keep their place; the others follow in order. Defaults are values and stay as they are. */
function sortedProperties(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(sortedProperties);
  if (!isJsonObject(json)) return json;
  const object = json;
  const isWord = (word: string) => SCHEMA_WORDS.has(word) || FIELD_WORDS.has(word);
  const words = Object.keys(object).filter((word) => isWord(word) && word !== 'aliases');
  const others = Object.keys(object)
    .filter((word) => !isWord(word))
    .sort();
  const aliases = 'aliases' in object ? ['aliases'] : [];
  const nested = new Set(['type', 'fields', 'items', 'values']);
  return Object.fromEntries(
    [...words, ...others, ...aliases].map((word) => [
      word,
      nested.has(word) ? sortedProperties(object[word]) : object[word],
    ]),
  );
}

function toJson(schema: AvroSchema, namespace: string | undefined, printed: Set<string>): unknown {
  switch (schema.type) {
    case 'union':
      return schema.branches.map((branch) => toJson(branch, namespace, printed));
    case 'array':
      return { type: 'array', items: toJson(schema.items, namespace, printed), ...schema.properties };
    case 'map':
      return { type: 'map', values: toJson(schema.values, namespace, printed), ...schema.properties };
    case 'record':
    case 'enum':
    case 'fixed':
      return namedToJson(schema, namespace, printed);
    default:
      return Object.keys(schema.properties).length === 0 ? schema.type : { type: schema.type, ...schema.properties };
  }
}

function namedToJson(
  schema: AvroRecord | AvroEnum | AvroFixed,
  namespace: string | undefined,
  printed: Set<string>,
): unknown {
  const space = namespaceOf(schema.name);
  const short = shortNameOf(schema.name);
  if (printed.has(schema.name)) return space === namespace ? short : schema.name;
  printed.add(schema.name);
  const own = space === namespace ? {} : { namespace: space ?? '' };
  const head = { name: short, ...own, ...(schema.doc === undefined ? {} : { doc: schema.doc }) };
  const tail = { ...schema.properties, ...(schema.aliases.length === 0 ? {} : { aliases: schema.aliases }) };
  switch (schema.type) {
    case 'record':
      return {
        type: schema.kind,
        ...head,
        fields: schema.fields.map((field) => fieldToJson(field, space, printed)),
        ...tail,
      };
    case 'enum':
      return {
        type: 'enum',
        ...head,
        symbols: schema.symbols,
        ...(schema.default === undefined ? {} : { default: schema.default }),
        ...tail,
      };
    case 'fixed':
      return { type: 'fixed', ...head, size: schema.size, ...tail };
  }
}

function fieldToJson(field: AvroField, namespace: string | undefined, printed: Set<string>): unknown {
  return {
    name: field.name,
    type: toJson(field.schema, namespace, printed),
    ...(field.doc === undefined ? {} : { doc: field.doc }),
    ...('default' in field ? { default: field.default } : {}),
    ...(field.order === 'ascending' ? {} : { order: field.order }),
    ...(field.aliases.length === 0 ? {} : { aliases: field.aliases }),
    ...field.properties,
  };
}
