import type { AvroSchema } from '../../../protocol/avro/schema.js';
import type { SqlType } from '../../../protocol/ksql/types.js';
import type { Column } from '../metadata/schema.js';

const NAMESPACE = 'io.confluent.ksql.avro_schemas';

/** The Avro schema, as JSON, that ksqlDB registers for columns: a record of nullable fields, nested ones named after their path. */
export function avroSchemaOf(columns: readonly Column[], wrapped: boolean, fullName: string | undefined): string {
  const [single] = columns;
  const root = fullName ?? `${NAMESPACE}.KsqlDataSourceSchema`;
  const dot = root.lastIndexOf('.');
  const name = root.slice(dot + 1);
  const namespace = dot === -1 ? undefined : root.slice(0, dot);
  if (!wrapped && single !== undefined) return JSON.stringify(typeSchema(single.type, name, namespace));
  return JSON.stringify(record(columns, name, namespace, true));
}

function record(fields: readonly Column[], name: string, namespace: string | undefined, top: boolean): object {
  return {
    type: 'record',
    name,
    ...(namespace !== undefined && top ? { namespace } : {}),
    fields: fields.map((field) => ({
      name: avroName(field.name),
      type: ['null', typeSchema(field.type, `${name}_${avroName(field.name)}`, namespace)],
      default: null,
    })),
    'connect.name': namespace === undefined ? name : `${namespace}.${name}`,
  };
}

/** Avro takes letters, digits and underscores only. */
const avroName = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, '_');

function typeSchema(type: SqlType, path: string, namespace: string | undefined): unknown {
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
      return { type: 'array', items: ['null', typeSchema(type.element, path, namespace)] };
    case 'MAP':
      return {
        type: 'array',
        items: {
          type: 'record',
          name: path,
          ...(namespace === undefined ? {} : { namespace }),
          fields: [
            { name: 'key', type: ['null', typeSchema(type.key, `${path}_key`, namespace)], default: null },
            { name: 'value', type: ['null', typeSchema(type.value, `${path}_value`, namespace)], default: null },
          ],
          'connect.internal.type': 'MapEntry',
        },
        'connect.name': namespace === undefined ? path : `${namespace}.${path}`,
      };
    case 'STRUCT':
      return record(type.fields, path, namespace, false);
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

/** What stands in a union beside null, and whether null does; undefined for a union of several. */
export function nonNull(schema: AvroSchema): AvroSchema | undefined {
  if (schema.type !== 'union') return schema;
  const branches = schema.branches.filter((branch) => branch.type !== 'null');
  return branches.length === 1 ? branches[0] : undefined;
}

const isMapEntry = (schema: AvroSchema): schema is Extract<AvroSchema, { type: 'record' }> =>
  schema.type === 'record' && schema.properties['connect.internal.type'] === 'MapEntry';

/** The entry record of an array that stands for a map with keys of any type. */
export function mapEntryOf(schema: AvroSchema): Extract<AvroSchema, { type: 'record' }> | undefined {
  if (schema.type !== 'array') return undefined;
  const items = nonNull(schema.items);
  return items !== undefined && isMapEntry(items) ? items : undefined;
}

/** The SQL type of an Avro schema; undefined where ksqlDB has none. Field names are upper-cased unless they are kept. */
export function sqlTypeOf(schema: AvroSchema, keepCase: boolean): SqlType | undefined {
  const inner = nonNull(schema);
  if (inner === undefined) return undefined;
  const properties = 'properties' in inner ? inner.properties : {};
  const logicalType = properties.logicalType;
  const foreign =
    typeof properties['connect.name'] === 'string' &&
    !String(properties['connect.name']).startsWith('org.apache.kafka.connect.data.');
  switch (inner.type) {
    case 'boolean':
      return { kind: 'BOOLEAN' };
    case 'int':
      if (foreign) return { kind: 'INTEGER' };
      return { kind: logicalType === 'date' ? 'DATE' : logicalType === 'time-millis' ? 'TIME' : 'INTEGER' };
    case 'long':
      return { kind: logicalType === 'timestamp-millis' && !foreign ? 'TIMESTAMP' : 'BIGINT' };
    case 'float':
    case 'double':
      return { kind: 'DOUBLE' };
    case 'string':
    case 'enum':
      return { kind: 'STRING' };
    case 'bytes':
    case 'fixed':
      if (logicalType === 'decimal') {
        return { kind: 'DECIMAL', precision: Number(properties.precision ?? 38), scale: Number(properties.scale ?? 0) };
      }
      return { kind: 'BYTES' };
    case 'map': {
      const value = sqlTypeOf(inner.values, keepCase);
      return value && { kind: 'MAP', key: { kind: 'STRING' }, value };
    }
    case 'array': {
      const entry = mapEntryOf(inner);
      if (entry !== undefined) {
        const [key, value] = entry.fields.map((field) => sqlTypeOf(field.schema, keepCase));
        return key && value && { kind: 'MAP', key, value };
      }
      const element = sqlTypeOf(inner.items, keepCase);
      return element && { kind: 'ARRAY', element };
    }
    case 'record': {
      const fields = inner.fields.map((field) => ({
        name: keepCase ? field.name : field.name.toUpperCase(),
        type: sqlTypeOf(field.schema, keepCase),
      }));
      return {
        kind: 'STRUCT',
        fields: fields.flatMap(({ name, type }) => (type === undefined ? [] : [{ name, type }])),
      };
    }
    default:
      return undefined;
  }
}
