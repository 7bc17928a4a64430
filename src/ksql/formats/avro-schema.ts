import {
  type AvroArray,
  type AvroField,
  type AvroPrimitive,
  type AvroRecord,
  type AvroSchema,
  SchemaNesting,
} from '../../protocol/avro/schema.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { SerdeRole } from './format.js';

const NAMESPACE = 'io.confluent.ksql.avro_schemas';

/** Where a named type stands. Within a record of its namespace it does not repeat it. */
interface Place {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly enclosed: boolean;
}

const within = (place: Place, part: string): Place => ({ ...place, name: `${place.name}_${part}`, enclosed: true });

const recordAt = ({ name, namespace, enclosed }: Place): object => ({
  type: 'record',
  name,
  ...(namespace === undefined || enclosed ? {} : { namespace }),
});

const fullNameOf = ({ name, namespace }: Place): string => (namespace === undefined ? name : `${namespace}.${name}`);

/** The Avro schema, as JSON, that ksqlDB registers for columns: a record of nullable fields, nested ones named after their path. */
export function avroSchemaOf(columns: readonly Column[], wrapped: boolean, fullName: string | undefined): string {
  const [single] = columns;
  const root = fullName ?? `${NAMESPACE}.KsqlDataSourceSchema`;
  const dot = root.lastIndexOf('.');
  const namespace = dot === -1 ? undefined : root.slice(0, dot);
  const place = { name: root.slice(dot + 1), namespace, enclosed: false };
  return JSON.stringify(!wrapped && single !== undefined ? typeSchema(single.type, place) : record(columns, place));
}

const record = (fields: readonly Column[], place: Place): object => ({
  ...recordAt(place),
  fields: fields.map(({ name, type }) => nullableField(name, type, within(place, name))),
  'connect.name': fullNameOf(place),
});

const nullableField = (name: string, type: SqlType, place: Place): object => ({
  name,
  type: ['null', typeSchema(type, place)],
  default: null,
});

function typeSchema(type: SqlType, place: Place): unknown {
  switch (type.kind) {
    case 'BOOLEAN':
      return 'boolean';
    case 'INTEGER':
      return 'int';
    case 'BIGINT':
      return 'long';
    case 'DOUBLE':
      return 'double';
    case 'STRING':
      return 'string';
    case 'BYTES':
      return 'bytes';
    case 'DECIMAL':
      return {
        type: 'bytes',
        scale: type.scale,
        precision: type.precision,
        'connect.version': 1,
        'connect.parameters': { scale: String(type.scale), 'connect.decimal.precision': String(type.precision) },
        'connect.name': 'org.apache.kafka.connect.data.Decimal',
        logicalType: 'decimal',
      };
    case 'DATE':
      return logical('int', 'Date', 'date');
    case 'TIME':
      return logical('int', 'Time', 'time-millis');
    case 'TIMESTAMP':
      return logical('long', 'Timestamp', 'timestamp-millis');
    case 'ARRAY':
      return { type: 'array', items: ['null', typeSchema(type.element, place)] };
    case 'MAP':
      return {
        type: 'array',
        items: {
          ...recordAt(place),
          fields: [
            nullableField('key', type.key, within(place, 'MapKey')),
            nullableField('value', type.value, within(place, 'MapValue')),
          ],
          'connect.internal.type': 'MapEntry',
        },
        'connect.name': fullNameOf(place),
      };
    case 'STRUCT':
      return record(type.fields, place);
    case 'NAMED':
      throw new Error(`the type ${type.name} is not resolved`);
  }
}

const logical = (type: string, name: string, logicalType: string): object => ({
  type,
  'connect.version': 1,
  'connect.name': `org.apache.kafka.connect.data.${name}`,
  logicalType,
});

/** Unlike other formats Avro has rules for names. The name of a key that stands alone is not written. */
export function checkAvroNames(columns: readonly Column[], role: SerdeRole): void {
  const alone = role === 'key' && columns.length === 1;
  for (const { name, type } of columns) {
    if (!alone) checkName(name);
    checkNamesIn(type);
  }
}

function checkNamesIn(type: SqlType): void {
  if (type.kind === 'ARRAY') checkNamesIn(type.element);
  if (type.kind === 'MAP') checkNamesIn(type.value);
  if (type.kind === 'STRUCT') checkAvroNames(type.fields, 'value');
}

function checkName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  const what = /^[A-Za-z_]/.test(name) ? 'character in' : 'initial character';
  throw new StatementError(`Schema is not compatible with Avro: Illegal ${what}: ${name}`);
}

/** The record of a key is named after its source: a program can have classes made of both its schemas. */
export function keySchemaName(source: string): string {
  const words = source.split('_').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase());
  return `${NAMESPACE}.${words.join('')}Key`;
}

const branchesOf = (schema: AvroSchema): readonly AvroSchema[] =>
  schema.type === 'union' ? schema.branches.filter(({ type }) => type !== 'null') : [schema];

/** What is in a union beside null; undefined for a union of several. */
export function nonNull(schema: AvroSchema): AvroSchema | undefined {
  const branches = branchesOf(schema);
  return branches.length === 1 ? branches[0] : undefined;
}

/** A union of several is a struct with a field for each, as Connect has it. */
export const isStructOfUnion = (schema: AvroSchema): boolean => branchesOf(schema).length > 1;

/** The field of that struct for one branch: what has a name lends it. */
export const branchName = (branch: AvroSchema): string =>
  'name' in branch ? branch.name.replace(/^.*\./, '') : branch.type;

const isMapEntry = (schema: AvroSchema): schema is AvroRecord =>
  schema.type === 'record' && schema.properties['connect.internal.type'] === 'MapEntry';

/** The entry record of an array that stands for a map with keys of any type. */
export function mapEntryOf(schema: AvroSchema): AvroRecord | undefined {
  if (schema.type !== 'array') return undefined;
  const items = nonNull(schema.items);
  return items !== undefined && isMapEntry(items) ? items : undefined;
}

/** The SQL type of an Avro schema; undefined where ksqlDB has none. Field names are upper-cased unless they are kept. */
export const sqlTypeOf = (schema: AvroSchema, keepCase: boolean): SqlType | undefined =>
  new SqlTypes(keepCase).of(schema);

/** Records that use others twice, and those twice again, would be types of any size. */
const TYPES_MAX = 20_000;

class SqlTypes {
  private readonly open = new Set<AvroSchema>();
  private readonly nesting = new SchemaNesting();
  private count = 0;

  constructor(private readonly keepCase: boolean) {}

  /** A record within itself has no SQL type. */
  of(schema: AvroSchema): SqlType | undefined {
    const inner = nonNull(schema) ?? schema;
    if (this.open.has(inner)) return undefined;
    if (++this.count > TYPES_MAX) throw new RangeError(`the Avro schema has more than ${TYPES_MAX} types`);
    this.open.add(inner);
    const type = this.nesting.within(() => this.typeOf(inner));
    this.open.delete(inner);
    return type;
  }

  private typeOf(schema: AvroSchema): SqlType | undefined {
    switch (schema.type) {
      case 'boolean':
        return { kind: 'BOOLEAN' };
      case 'int':
      case 'long':
        return wholeType(schema);
      case 'float':
      case 'double':
        return { kind: 'DOUBLE' };
      case 'string':
      case 'enum':
        return { kind: 'STRING' };
      case 'bytes':
      case 'fixed': {
        const { logicalType, precision, scale } = schema.properties;
        if (logicalType !== 'decimal') return { kind: 'BYTES' };
        return { kind: 'DECIMAL', precision: Number(precision ?? 38), scale: Number(scale ?? 0) };
      }
      case 'map': {
        const value = this.of(schema.values);
        return value && { kind: 'MAP', key: { kind: 'STRING' }, value };
      }
      case 'array':
        return this.arrayType(schema);
      case 'record':
        return { kind: 'STRUCT', fields: schema.fields.flatMap((field) => this.fieldType(field)) };
      case 'union': {
        const branches = branchesOf(schema).map((branch) => ({ name: branchName(branch), schema: branch }));
        return branches.length === 0
          ? undefined
          : { kind: 'STRUCT', fields: branches.flatMap((branch) => this.fieldType(branch)) };
      }
      default:
        return undefined;
    }
  }

  private arrayType(schema: AvroArray): SqlType | undefined {
    const entry = mapEntryOf(schema);
    if (entry !== undefined) {
      const [key, value] = entry.fields.map((field) => this.of(field.schema));
      return key && value && { kind: 'MAP', key, value };
    }
    const element = this.of(schema.items);
    return element && { kind: 'ARRAY', element };
  }

  private fieldType({
    name,
    schema,
  }: Pick<AvroField, 'name' | 'schema'>): ReadonlyArray<{ name: string; type: SqlType }> {
    const type = this.of(schema);
    return type === undefined ? [] : [{ name: this.keepCase ? name : name.toUpperCase(), type }];
  }
}

/** Debezium's own types of time are numbers to ksqlDB, only Connect's are not. */
function wholeType({ type, properties }: AvroPrimitive): SqlType {
  const name = properties['connect.name'];
  const isForeign = typeof name === 'string' && !name.startsWith('org.apache.kafka.connect.data.');
  const logicalType = isForeign ? undefined : properties.logicalType;
  if (type === 'long') return { kind: logicalType === 'timestamp-millis' ? 'TIMESTAMP' : 'BIGINT' };
  return { kind: logicalType === 'date' ? 'DATE' : logicalType === 'time-millis' ? 'TIME' : 'INTEGER' };
}
