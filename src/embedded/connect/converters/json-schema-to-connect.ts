import { isJsonObject, type Json, type JsonObject } from '../../../protocol/json/parse.js';
import type { JsonSchema } from '../../../protocol/json-schema/schema.js';
import { inHashMapOrder } from '../../../support/java-hash.js';
import { dataFailure } from '../data/failure.js';
import { type ConnectType, Schema, type SchemaOptions } from '../data/schema.js';
import { JSON_ENUM, JSON_UNION } from './json-form.js';
import { connectValue } from './json-read.js';

/** What uses others twice, and those twice again, would be a schema of any size. */
const SCHEMAS_MAX = 20_000;

/**
 * A JSON Schema in Connect's terms, for records written by anybody, as Confluent's
 * converter has it. Not supported: schemas that contain themselves, `not`, and values of any kind.
 */
export class JsonConnectSchemas {
  private readonly open = new Set<JsonSchema>();
  private count = 0;

  /** `optionalUnlessRequired`: fields that are not listed in `required` may be absent. */
  constructor(private readonly optionalUnlessRequired: boolean) {}

  /** Throws ConnectFailure where Connect has no such schema. */
  of(json: JsonSchema): Schema {
    if (this.open.has(json)) throw dataFailure('a JSON Schema that contains itself is not supported');
    if (++this.count > SCHEMAS_MAX) throw dataFailure(`the JSON Schema has more than ${SCHEMAS_MAX} parts`);
    this.open.add(json);
    const schema = this.build(json);
    this.open.delete(json);
    return schema;
  }

  private build(json: JsonSchema): Schema {
    const { keywords } = json;
    switch (json.kind) {
      case 'boolean':
        return made('boolean', keywords);
      case 'number':
        return made(numberType(keywords), keywords);
      case 'string':
        return made(keywords['connect.type'] === 'bytes' ? 'bytes' : 'string', keywords);
      case 'enum':
        return enumeration(keywords);
      case 'array':
        return this.array(json);
      case 'object':
        return this.object(json);
      case 'combined':
        return json.criterion === 'allOf' ? this.allOf(json.parts) : this.union(json.parts);
      default:
        throw dataFailure(`Unsupported schema type ${json.kind}`);
    }
  }

  private array(json: JsonSchema): Schema {
    const { keywords } = json;
    const items = Array.isArray(keywords.items) ? undefined : json.below(keywords.items);
    if (items === undefined) throw dataFailure('Array schema did not specify the items type');
    if (keywords['connect.type'] !== 'map' || items.kind !== 'object')
      return made('array', keywords, { values: this.of(items) });
    const entry = this.of(items);
    const [keys, values] = [entry.field('key')?.schema, entry.field('value')?.schema];
    if (keys === undefined || values === undefined) throw dataFailure('a map’s entries have no key and value');
    return made('map', keywords, { keys, values });
  }

  private object(json: JsonSchema): Schema {
    const { keywords } = json;
    if (keywords['connect.type'] === 'map') {
      const values = json.below(keywords.additionalProperties);
      if (values === undefined) throw dataFailure('a map does not say what its values are');
      return made('map', keywords, { keys: new Schema('string'), values: this.of(values) });
    }
    const required = Array.isArray(keywords.required) ? keywords.required : [];
    const properties = inHashMapOrder(Object.entries(isJsonObject(keywords.properties) ? keywords.properties : {}));
    const fields = properties
      .map(([name, property], at) => ({ name, property, at: indexOf(property) ?? at }))
      .sort((left, right) => left.at - right.at)
      .map(({ name, property }) => {
        const schema = this.of(json.below(property) ?? never(name));
        const absent = this.optionalUnlessRequired && !required.includes(name);
        return [name, absent && !schema.optional ? schema.with({ optional: true }) : schema] as const;
      });
    return made('struct', keywords, { fields });
  }

  /** Null beside one other schema makes that optional; several others are a struct with a field for each. */
  private union(parts: readonly JsonSchema[]): Schema {
    const others = parts.filter((part) => part.kind !== 'null');
    const optional = others.length < parts.length;
    const [only] = others;
    if (only !== undefined && others.length === 1 && optional) return this.of(only).with({ optional });
    const fields = others.map(
      (part, at) => [`${JSON_UNION}.field.${at}`, this.of(part).with({ optional: true })] as const,
    );
    return new Schema('struct', { name: JSON_UNION, optional, fields });
  }

  /** What a schema says beside its type: the values of an enum, a format, or a constant. */
  private allOf(parts: readonly JsonSchema[]): Schema {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return this.of(only);
    const [listed, constant, number, string] = (['enum', 'const', 'number', 'string'] as const).map((kind) =>
      parts.find((part) => part.kind === kind),
    );
    if (listed !== undefined && string !== undefined) return this.of(listed);
    if (constant !== undefined && (string ?? number) !== undefined) return this.of(string ?? number ?? constant);
    if (number !== undefined && string?.keywords.format !== undefined) return this.of(number);
    throw dataFailure(`Unsupported criterion allOf for ${parts.map((part) => part.kind).join(' and ')}`);
  }
}

function never(name: string): never {
  throw dataFailure(`property ${name} has no schema`);
}

function indexOf(property: Json): number | undefined {
  const index = isJsonObject(property) ? property['connect.index'] : undefined;
  return typeof index === 'number' ? index : undefined;
}

const NUMBER_TYPES: ReadonlySet<ConnectType> = new Set([
  'int8',
  'int16',
  'int32',
  'int64',
  'float32',
  'float64',
  'bytes', // a Decimal
] as const);

function numberType(keywords: JsonObject): ConnectType {
  const own = keywords['connect.type'];
  if (own === undefined) return keywords.type === 'integer' ? 'int64' : 'float64';
  const type = [...NUMBER_TYPES].find((one) => one === own);
  if (type === undefined) throw dataFailure(`Unsupported type ${String(own)}`);
  return type;
}

function enumeration(keywords: JsonObject): Schema {
  const listed = Array.isArray(keywords.enum) ? keywords.enum : [];
  const symbols = listed.filter((symbol) => symbol !== null).map(String);
  const parameters = {
    [JSON_ENUM]: '',
    ...Object.fromEntries(symbols.map((symbol) => [`${JSON_ENUM}.${symbol}`, symbol])),
  };
  return made('string', keywords, { optional: symbols.length < listed.length, parameters });
}

function made(type: ConnectType, keywords: JsonObject, options: SchemaOptions = {}): Schema {
  const { title, description, default: fallback } = keywords;
  const version = keywords['connect.version'];
  const own = keywords['connect.parameters'];
  const parameters = isJsonObject(own)
    ? Object.fromEntries(Object.entries(own).map(([name, value]) => [name, String(value)]))
    : undefined;
  const schema = new Schema(type, {
    ...options,
    name: typeof title === 'string' ? title : undefined,
    doc: typeof description === 'string' ? description : undefined,
    version: typeof version === 'number' ? version : undefined,
    parameters: parameters === undefined ? options.parameters : { ...options.parameters, ...parameters },
  });
  if (fallback === undefined || fallback === null) return schema;
  return schema.with({ defaultValue: connectValue(schema, fallback, { replaceNull: true, unions: true }) });
}
