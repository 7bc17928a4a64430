import { isJsonObject } from '../../protocol/json/parse.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { inHashMapOrder } from '../../support/java-hash.js';
import type { Column } from '../metadata/schema.js';

const CONNECT = 'org.apache.kafka.connect.data';

/** The JSON Schema that ksqlDB registers for columns, as Connect's converter writes it: every field may be null. */
export function jsonSchemaOf(columns: readonly Column[], wrapped: boolean): string {
  const [single] = columns;
  return JSON.stringify(!wrapped && single !== undefined ? nullable(single.type) : objectSchema(columns));
}

function objectSchema(fields: readonly Column[], index?: number): object {
  return {
    type: 'object',
    ...(index === undefined ? {} : { 'connect.index': index }),
    properties: Object.fromEntries(fields.map(({ name, type }, at) => [name, nullable(type, at)])),
  };
}

const nullable = (type: SqlType, index?: number): object => ({
  ...(index === undefined ? {} : { 'connect.index': index }),
  oneOf: [{ type: 'null' }, typeSchema(type)],
});

function typeSchema(type: SqlType): object {
  switch (type.kind) {
    case 'BOOLEAN':
      return { type: 'boolean' };
    case 'INTEGER':
      return { type: 'integer', 'connect.type': 'int32' };
    case 'BIGINT':
      return { type: 'integer', 'connect.type': 'int64' };
    case 'DOUBLE':
      return { type: 'number', 'connect.type': 'float64' };
    case 'STRING':
      return { type: 'string' };
    case 'BYTES':
      return { type: 'string', 'connect.type': 'bytes' };
    case 'DECIMAL':
      return {
        ...logical('number', 'Decimal', 'bytes'),
        'connect.parameters': { scale: String(type.scale), 'connect.decimal.precision': String(type.precision) },
      };
    case 'DATE':
      return logical('integer', 'Date', 'int32');
    case 'TIME':
      return logical('integer', 'Time', 'int32');
    case 'TIMESTAMP':
      return logical('integer', 'Timestamp', 'int64');
    case 'ARRAY':
      return { type: 'array', items: nullable(type.element) };
    case 'MAP':
      return { type: 'object', 'connect.type': 'map', additionalProperties: nullable(type.value) };
    case 'STRUCT':
      return objectSchema(type.fields);
    case 'NAMED':
      throw new Error(`the type ${type.name} is not resolved`);
  }
}

const logical = (type: string, name: string, connectType: string): object => ({
  type,
  title: `${CONNECT}.${name}`,
  'connect.version': 1,
  'connect.type': connectType,
});

/** A schema that uses others twice, and those twice again, would be a type of any size. */
const TYPES_MAX = 20_000;
const DEPTH_MAX = 100;

/** The SQL type of a parsed JSON Schema; undefined where ksqlDB has none. Names of fields are upper-cased unless they are kept. */
export const sqlTypeOfJsonSchema = (schema: unknown, keepCase: boolean): SqlType | undefined =>
  new SqlTypes(schema, keepCase).of(schema, []);

type Schema = Readonly<Record<string, unknown>>;

class SqlTypes {
  private count = 0;

  constructor(
    private readonly root: unknown,
    private readonly keepCase: boolean,
  ) {}

  /** `open`: the references on the way to here; one within itself has no SQL type. */
  of(schema: unknown, open: readonly string[]): SqlType | undefined {
    if (!isJsonObject(schema) || open.length > DEPTH_MAX) return undefined;
    if (++this.count > TYPES_MAX) throw new RangeError(`the JSON Schema has more than ${TYPES_MAX} types`);
    const { $ref } = schema;
    if (typeof $ref === 'string') {
      return open.includes($ref) ? undefined : this.of(this.referred($ref), [...open, $ref]);
    }
    const branches = schema.oneOf ?? schema.anyOf;
    if (Array.isArray(branches)) return this.unionType(branches, open);
    if (schema.type === undefined && Array.isArray(schema.allOf) && schema.allOf.length === 1) {
      return this.of(schema.allOf[0], open);
    }
    if (Array.isArray(schema.type)) {
      const types = schema.type.filter((each) => each !== 'null');
      return types.length === 1 ? this.of({ ...schema, type: types[0] }, open) : undefined;
    }
    return this.typeOf(schema, [...open, '']);
  }

  private referred(reference: string): unknown {
    if (!reference.startsWith('#')) return undefined;
    return reference
      .split('/')
      .slice(1)
      .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((schema, part) => (isJsonObject(schema) ? schema[part] : undefined), this.root);
  }

  /** Null beside one other schema is that one; several others are a struct with a field for each, as Connect has it. */
  private unionType(branches: readonly unknown[], open: readonly string[]): SqlType | undefined {
    const others = branches.filter((each) => !(isJsonObject(each) && each.type === 'null'));
    if (others.length === 1) return this.of(others[0], open);
    const fields = others.map((each, at) => ({
      name: this.nameOf(`io.confluent.connect.json.OneOf.field.${at}`),
      type: this.of(each, open),
    }));
    return structOf(fields);
  }

  private nameOf(name: string): string {
    return this.keepCase ? name : name.toUpperCase();
  }

  private typeOf(schema: Schema, open: readonly string[]): SqlType | undefined {
    if (Array.isArray(schema.enum)) return { kind: 'STRING' };
    switch (schema.type) {
      case 'boolean':
        return { kind: 'BOOLEAN' };
      case 'integer':
      case 'number':
        return numberType(schema);
      case 'string':
        return { kind: schema['connect.type'] === 'bytes' ? 'BYTES' : 'STRING' };
      case 'array':
        return this.arrayType(schema, open);
      case 'object':
        return this.objectType(schema, open);
      default:
        return undefined;
    }
  }

  private arrayType(schema: Schema, open: readonly string[]): SqlType | undefined {
    const element = this.of(schema.items, open);
    if (element === undefined) return undefined;
    if (schema['connect.type'] !== 'map') return { kind: 'ARRAY', element };
    if (element.kind !== 'STRUCT') return undefined;
    const [key, value] = element.fields;
    return key && value && { kind: 'MAP', key: key.type, value: value.type };
  }

  private objectType(schema: Schema, open: readonly string[]): SqlType | undefined {
    const { properties, additionalProperties } = schema;
    if (schema['connect.type'] === 'map' || (properties === undefined && isJsonObject(additionalProperties))) {
      const value = this.of(additionalProperties, open);
      return value && { kind: 'MAP', key: { kind: 'STRING' }, value };
    }
    // Where a schema does not number its properties, Confluent's converter takes them from a HashMap.
    const inOrder = inHashMapOrder(Object.entries(isJsonObject(properties) ? properties : {}))
      .map(([name, each], at) => ({ name, each, index: isJsonObject(each) ? Number(each['connect.index'] ?? at) : at }))
      .sort((left, right) => left.index - right.index);
    return structOf(inOrder.map(({ name, each }) => ({ name: this.nameOf(name), type: this.of(each, open) })));
  }
}

/** Fields without a SQL type are left out. */
function structOf(fields: ReadonlyArray<{ name: string; type: SqlType | undefined }>): SqlType {
  return { kind: 'STRUCT', fields: fields.flatMap(({ name, type }) => (type === undefined ? [] : [{ name, type }])) };
}

const LOGICAL: ReadonlyMap<unknown, SqlType> = new Map<unknown, SqlType>([
  [`${CONNECT}.Date`, { kind: 'DATE' }],
  [`${CONNECT}.Time`, { kind: 'TIME' }],
  [`${CONNECT}.Timestamp`, { kind: 'TIMESTAMP' }],
]);
const SMALL: ReadonlySet<unknown> = new Set(['int8', 'int16', 'int32']);

function numberType(schema: Schema): SqlType {
  const named = LOGICAL.get(schema.title);
  if (named !== undefined) return named;
  const connectType = schema['connect.type'];
  if (schema.title === `${CONNECT}.Decimal` && connectType === 'bytes') {
    const given = schema['connect.parameters'];
    const parameters = isJsonObject(given) ? given : {};
    return {
      kind: 'DECIMAL',
      precision: Number(parameters['connect.decimal.precision'] ?? 64),
      scale: Number(parameters.scale ?? 0),
    };
  }
  if (schema.type === 'number') return { kind: 'DOUBLE' };
  return { kind: SMALL.has(connectType) ? 'INTEGER' : 'BIGINT' };
}
