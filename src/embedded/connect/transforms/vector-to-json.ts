import { javaText } from '../data/java-text.js';
import { Schema, Struct, type Value } from '../data/schema.js';
import { bySchema, DEBEZIUM, requireStruct, type TransformPlugin } from './transform.js';

export const vectorToJson: TransformPlugin = {
  className: `${DEBEZIUM}.VectorToJsonConverter`,
  meaning: 'Debezium’s vector types as JSON text, at any depth of structures.',
  options: [],
  create: () => (record) => {
    if (record.value === null) return record;
    const value = requireStruct(record.value, 'Value should be a struct');
    const schema = converted(value.schema);
    return { ...record, valueSchema: schema, value: convert(value, schema) };
  },
};

const DENSE = ['io.debezium.data.DoubleVector', 'io.debezium.data.FloatVector'];
const SPARSE = 'io.debezium.data.SparseDoubleVector';
const isVector = (schema: Schema): boolean => DENSE.includes(schema.name ?? '') || schema.name === SPARSE;

const converted: (schema: Schema) => Schema = bySchema((schema) =>
  schema.with({
    fields: schema.fields.map((field) => {
      if (isVector(field.schema))
        return [
          field.name,
          new Schema('string', { name: 'io.debezium.data.Json', version: 1, optional: field.schema.optional }),
        ];
      return [field.name, field.schema.type === 'struct' ? converted(field.schema) : field.schema];
    }),
  }),
);

function convert(struct: Struct, schema: Schema): Struct {
  const values = struct.schema.fields.map((field): Value => {
    const value = struct.values[field.index] ?? null;
    const target = schema.fields[field.index]?.schema;
    if (value === null || target === undefined) return value;
    if (isVector(field.schema))
      return field.schema.name === SPARSE ? sparseText(value) : denseText(field.schema, value);
    return value instanceof Struct ? convert(value, target) : value;
  });
  return new Struct(schema, values);
}

function denseText(schema: Schema, value: Value): string {
  const numbers = Array.isArray(value) ? value : [];
  return `{ "values": [${numbers.map((one: Value) => javaText(schema.values, one)).join(', ')}] }`;
}

function sparseText(value: Value): string {
  const vector = requireStruct(value, 'SparseDoubleVector should be a struct.');
  const entries = vector.get('vector');
  const pairs = [...(entries instanceof Map ? entries : [])]
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([index, number]) => `"${String(index)}": ${javaText(vector.schema.field('vector')?.schema.values, number)}`);
  return `{ "dimensions": ${String(vector.get('dimensions'))}, "vector": { ${pairs.join(', ')} } }`;
}
