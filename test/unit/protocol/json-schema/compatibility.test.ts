import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../src/protocol/json/parse.js';
import { jsonSchemaIncompatibilities } from '../../../../src/protocol/json-schema/compatibility.js';
import { JsonSchemaError, parseJsonSchema } from '../../../../src/protocol/json-schema/schema.js';

const TEXT = { type: 'string' };
const NUMBER = { type: 'number' };
const INTEGER = { type: 'integer' };
const properties = (named: { [name: string]: Json }, more: { [name: string]: Json } = {}): Json => ({
  type: 'object',
  properties: named,
  ...more,
});
const CLOSED = { additionalProperties: false };
const list = (...items: Json[]): Json => ({ type: 'array', items });

function reasons(writer: Json, reader: Json): string[] {
  const found = jsonSchemaIncompatibilities(parseJsonSchema(reader), parseJsonSchema(writer));
  return found.map(({ type, path }) => `${type} ${path}`).sort();
}

/** By Confluent's documentation of JSON Schema compatibility and the answers of its registry. */
describe('what is valid by the first schema and is read with the second one', () => {
  it.each<[string, Json, Json]>([
    ['anything where anything is taken', NUMBER, {}],
    ['another title, description and default', { ...NUMBER, title: 'a' }, { ...NUMBER, title: 'b', default: 1 }],
    ['integers where numbers are taken', INTEGER, NUMBER],
    ['longer texts', { ...TEXT, maxLength: 3, minLength: 2 }, { ...TEXT, maxLength: 4, minLength: 1 }],
    ['texts without a pattern', { ...TEXT, pattern: 'a' }, TEXT],
    ['wider bounds', { ...NUMBER, maximum: 3, minimum: 2 }, { ...NUMBER, maximum: 4 }],
    ['wider exclusive bounds', { ...NUMBER, exclusiveMaximum: 3 }, { ...NUMBER, exclusiveMaximum: 4 }],
    ['multiples of less', { ...NUMBER, multipleOf: 10 }, { ...NUMBER, multipleOf: 2 }],
    ['more values of an enum', { enum: ['a', 'b'] }, { enum: ['b', 'c', 'a'] }],
    ['no enum', { ...TEXT, enum: ['a'] }, TEXT],
    ['less that is excluded', { not: NUMBER }, { not: INTEGER }],
    ['a type more', { type: ['string'] }, { type: ['string', 'null'] }],
    ['one type that becomes one of several', TEXT, { oneOf: [{ type: 'null' }, TEXT] }],
    ['a union of one part', { oneOf: [TEXT] }, TEXT],
    ['parts in another order', { oneOf: [TEXT, NUMBER] }, { oneOf: [NUMBER, TEXT] }],
    ['more parts', { oneOf: [TEXT] }, { anyOf: [NUMBER, TEXT] }],
    ['the same part twice', { allOf: [TEXT] }, { allOf: [TEXT, TEXT] }],
    ['less to fulfil', { allOf: [TEXT, { enum: ['a'] }] }, { allOf: [TEXT] }],
    ['parts that each take more', { oneOf: [INTEGER, { ...TEXT, maxLength: 1 }] }, { oneOf: [TEXT, NUMBER] }],
    ['a property less of an open model', properties({ a: TEXT, b: TEXT }), properties({ a: TEXT })],
    ['a property of any value more in an open model', properties({}), properties({ a: true })],
    ['a property more in a closed model', properties({}, CLOSED), properties({ a: TEXT }, CLOSED)],
    [
      'a required one with a default',
      properties({}, CLOSED),
      properties({ a: { ...TEXT, default: '' } }, { ...CLOSED, required: ['a'] }),
    ],
    [
      'a property that the others cover',
      properties({}, { additionalProperties: TEXT }),
      properties({ a: TEXT }, { additionalProperties: TEXT }),
    ],
    [
      'a property that a pattern covers',
      properties({ I_1: INTEGER }, CLOSED),
      properties({}, { ...CLOSED, patternProperties: { '^I_': NUMBER } }),
    ],
    ['a property that never was', properties({ a: false }, CLOSED), properties({}, CLOSED)],
    ['a property that is no longer required', properties({ a: TEXT }, { required: ['a'] }), properties({ a: TEXT })],
    ['a model that opens', properties({}, CLOSED), properties({})],
    ['wider counts of properties', properties({}, { maxProperties: 1 }), properties({}, { maxProperties: 2 })],
    ['a dependency less', properties({}, { dependencies: { a: ['b'], c: TEXT } }), properties({})],
    ['items of any kind', { type: 'array', items: TEXT }, { type: 'array' }],
    ['an item less of an open list', list(TEXT, NUMBER), list(TEXT)],
    ['an item more in a closed list', { type: 'array', items: [TEXT], additionalItems: false }, list(TEXT, NUMBER)],
    ['wider counts of items', { type: 'array', maxItems: 1, uniqueItems: true }, { type: 'array', maxItems: 2 }],
    ['a definition in place of its text', TEXT, { $ref: '#/definitions/text', definitions: { text: TEXT } }],
    ['itself, where it holds itself', properties({ next: { $ref: '#' } }), properties({ next: { $ref: '#' } })],
  ])('may be %s', (_, writer, reader) => {
    expect(reasons(writer, reader)).toEqual([]);
  });

  it.each<[Json, Json, string[]]>([
    [TEXT, NUMBER, ['TYPE_CHANGED #/']],
    [{}, TEXT, ['TYPE_CHANGED #/']],
    [NUMBER, INTEGER, ['TYPE_NARROWED #/']],
    [TEXT, { ...TEXT, maxLength: 1 }, ['MAX_LENGTH_ADDED #/maxLength']],
    [{ ...TEXT, minLength: 1 }, { ...TEXT, minLength: 2 }, ['MIN_LENGTH_INCREASED #/minLength']],
    [{ ...TEXT, pattern: 'a' }, { ...TEXT, pattern: 'b' }, ['PATTERN_CHANGED #/pattern']],
    [TEXT, { ...TEXT, pattern: 'b' }, ['PATTERN_ADDED #/pattern']],
    [{ ...NUMBER, maximum: 2 }, { ...NUMBER, maximum: 1 }, ['MAXIMUM_DECREASED #/maximum']],
    [NUMBER, { ...NUMBER, exclusiveMinimum: 1 }, ['EXCLUSIVE_MINIMUM_ADDED #/exclusiveMinimum']],
    [{ ...NUMBER, multipleOf: 2 }, { ...NUMBER, multipleOf: 10 }, ['MULTIPLE_OF_EXPANDED #/multipleOf']],
    [{ ...NUMBER, multipleOf: 2 }, { ...NUMBER, multipleOf: 3 }, ['MULTIPLE_OF_CHANGED #/multipleOf']],
    [{ enum: ['a', 'b'] }, { enum: ['a'] }, ['ENUM_ARRAY_NARROWED #/enum']],
    [{ enum: ['a', 'b'] }, { enum: ['c'] }, ['ENUM_ARRAY_CHANGED #/enum']],
    [{ const: 1 }, { const: 2 }, ['ENUM_ARRAY_CHANGED #/const']],
    [TEXT, { ...TEXT, enum: ['a'] }, ['TYPE_CHANGED #/']],
    [{ not: INTEGER }, { not: NUMBER }, ['NOT_TYPE_EXTENDED #/not']],
    [{ oneOf: [TEXT, NUMBER] }, { oneOf: [TEXT] }, ['SUM_TYPE_NARROWED #/']],
    [{ oneOf: [TEXT] }, { oneOf: [NUMBER] }, ['COMBINED_TYPE_SUBSCHEMAS_CHANGED #/']],
    [{ allOf: [TEXT] }, { allOf: [TEXT, { enum: ['a'] }] }, ['PRODUCT_TYPE_EXTENDED #/']],
    [{ anyOf: [TEXT, NUMBER] }, { oneOf: [TEXT, NUMBER] }, ['COMBINED_TYPE_CHANGED #/']],
    [{ oneOf: [TEXT] }, { allOf: [TEXT, NUMBER] }, ['COMBINED_TYPE_CHANGED #/']],
    // Integers fit both parts, texts fit one: each part needs one of its own.
    [{ oneOf: [NUMBER, { type: 'null' }] }, { oneOf: [NUMBER, TEXT] }, ['COMBINED_TYPE_SUBSCHEMAS_CHANGED #/']],
    [properties({ a: TEXT }), properties({ a: NUMBER }), ['TYPE_CHANGED #/properties/a']],
    [properties({}), properties({ a: TEXT }), ['PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a']],
    [
      properties({ a: TEXT }, CLOSED),
      properties({}, CLOSED),
      ['PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a'],
    ],
    [
      properties({}, CLOSED),
      properties({ a: TEXT }, { ...CLOSED, required: ['a'] }),
      ['REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a'],
    ],
    [
      properties({}, { additionalProperties: TEXT }),
      properties({ a: NUMBER }, { additionalProperties: TEXT }),
      ['PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a', 'TYPE_CHANGED #/properties/a'],
    ],
    [
      properties({ a: NUMBER }, CLOSED),
      properties({}, { additionalProperties: TEXT }),
      ['PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a', 'TYPE_CHANGED #/properties/a'],
    ],
    [properties({ a: TEXT }), properties({ a: TEXT }, { required: ['a'] }), ['REQUIRED_ATTRIBUTE_ADDED #/required/a']],
    [properties({}), properties({}, CLOSED), ['ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties']],
    [
      properties({}),
      properties({}, { additionalProperties: TEXT }),
      ['ADDITIONAL_PROPERTIES_NARROWED #/additionalProperties'],
    ],
    [
      properties({}, { additionalProperties: TEXT }),
      properties({}, { additionalProperties: NUMBER }),
      ['TYPE_CHANGED #/additionalProperties'],
    ],
    [properties({}), properties({}, { minProperties: 1 }), ['MIN_PROPERTIES_ADDED #/minProperties']],
    [properties({}), properties({}, { dependencies: { a: ['b'] } }), ['DEPENDENCY_ARRAY_ADDED #/dependencies/a']],
    [
      properties({}, { dependentRequired: { a: ['b'] } }),
      properties({}, { dependentRequired: { a: ['b', 'c'] } }),
      ['DEPENDENCY_ARRAY_EXTENDED #/dependencies/a'],
    ],
    [properties({}), properties({}, { dependencies: { a: TEXT } }), ['DEPENDENCY_SCHEMA_ADDED #/dependencies/a']],
    [{ type: 'array' }, { type: 'array', items: TEXT }, ['SCHEMA_ADDED #/items']],
    [{ type: 'array', items: TEXT }, { type: 'array', items: NUMBER }, ['TYPE_CHANGED #/items']],
    [list(TEXT), list(TEXT, NUMBER), ['ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/1']],
    [
      { type: 'array', items: [TEXT, NUMBER], additionalItems: false },
      { type: 'array', items: [TEXT], additionalItems: false },
      ['ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1'],
    ],
    [
      { type: 'array', items: [TEXT], additionalItems: TEXT },
      { type: 'array', items: [TEXT, NUMBER], additionalItems: TEXT },
      ['ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1', 'TYPE_CHANGED #/items/1'],
    ],
    [{ additionalItems: true }, { additionalItems: false }, ['ADDITIONAL_ITEMS_REMOVED #/additionalItems']],
    [{ type: 'array', maxItems: 2 }, { type: 'array', maxItems: 1 }, ['MAX_ITEMS_DECREASED #/maxItems']],
    [{ type: 'array' }, { type: 'array', uniqueItems: true }, ['UNIQUE_ITEMS_ADDED #/uniqueItems']],
    [
      properties({ next: { $ref: '#' }, a: TEXT }),
      properties({ next: { $ref: '#' }, a: NUMBER }),
      ['TYPE_CHANGED #/properties/a'],
    ],
  ])('%j may not become %j', (writer, reader, expected) => {
    expect(reasons(writer, reader)).toEqual(expected);
  });

  it('compares schemas that share their parts in little time', () => {
    const levels = 60;
    const definitions = Object.fromEntries(
      Array.from({ length: levels }, (_, level) => [
        `d${level}`,
        level === 0
          ? TEXT
          : {
              oneOf: [
                { type: 'null' },
                properties({ a: { $ref: `#/definitions/d${level - 1}` }, b: { $ref: `#/definitions/d${level - 1}` } }),
              ],
            },
      ]),
    );
    const schema = { $ref: `#/definitions/d${levels - 1}`, definitions };
    expect(reasons(schema, structuredClone(schema))).toEqual([]);
    const changed = { ...schema, definitions: { ...definitions, d0: NUMBER } };
    expect(reasons(schema, changed)).toEqual(['COMBINED_TYPE_SUBSCHEMAS_CHANGED #/']);
  });

  it('refuses to compare what nests too deeply', () => {
    const deep = (levels: number): Json =>
      levels === 0 ? TEXT : { oneOf: [{ type: 'null' }, properties({ a: deep(levels - 1) })] };
    expect(reasons(deep(195), deep(195))).toEqual([]);
    expect(() => reasons(deep(230), deep(230))).toThrow(JsonSchemaError);
  });
});

describe('a schema', () => {
  it.each<[Json, string]>([
    [{ type: 'strin' }, '#/type must be equal to one of the allowed values'],
    [{ type: 'object', properties: [] }, '#/properties must be object'],
    [{ minLength: -1 }, '#/minLength must be >= 0'],
    ['string', '# must be object,boolean'],
    [{ $ref: '#/definitions/nowhere' }, '"$ref": "#/definitions/nowhere" names nothing'],
    [properties({ a: { $ref: 'other.json' } }), '"$ref": "other.json" names nothing'],
    [{ $ref: '#' }, '"$ref": "#" leads to itself'],
    [{ $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: {} }, '#/prefixItems must be array'],
    [{ $schema: 'https://json-schema.org/draft/2019-09/schema', required: 'a' }, '#/required must be array'],
  ])('%j is refused', (schema, message) => {
    expect(() => parseJsonSchema(schema)).toThrow(new JsonSchemaError(message));
  });

  it.each<[Json]>([
    [{ $ref: 'home.json' }],
    [{ $ref: 'home.json#/definitions/home' }],
    [{ $ref: 'http://shop/home.json#home' }],
    [{ $id: 'http://shop/order.json', $ref: 'home.json' }],
    [{ $ref: '#home', definitions: { home: { $id: '#home', ...TEXT } } }],
    [{ $ref: '#home', $defs: { home: { $anchor: 'home', ...TEXT } } }],
  ])('%j finds what it refers to', (schema) => {
    const home = { $id: 'http://shop/home.json', ...TEXT, definitions: { home: { $id: '#home', ...TEXT } } };
    const parsed = parseJsonSchema(schema, new Map([['home.json', home]]));
    expect(jsonSchemaIncompatibilities(parsed, parseJsonSchema(TEXT))).toEqual([]);
    expect(jsonSchemaIncompatibilities(parseJsonSchema(NUMBER), parsed)).toEqual([
      { type: 'TYPE_CHANGED', path: '#/' },
    ]);
  });
});
