import { optional } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { type Schema, Struct, type Value } from '../data/schema.js';
import { bySchema, onKeyAndValue, requireStruct } from './transform.js';

interface Leaf {
  readonly name: string;
  readonly schema: Schema;
  readonly path: readonly number[];
}

export const flatten = onKeyAndValue(
  'Flatten',
  'Nested structures as fields named by their path; arrays and maps stay.',
  [optional('STRING', 'delimiter', '.', 'Delimiter to insert between field names from the input record.')],
  (options, side) => {
    const delimiter = options.string('delimiter');
    const plan = bySchema((schema) => {
      const leaves = leavesOf(schema, delimiter, '', [], false);
      return { leaves, schema: schema.with({ fields: leaves.map((leaf) => [leaf.name, leaf.schema] as const) }) };
    });
    return (record) => {
      const value = side.value(record);
      if (value instanceof Map && side.schema(record) === undefined)
        return side.with(record, undefined, flatMap(value, delimiter, ''));
      if (value === null) return record;
      const struct = requireStruct(value, 'flattening');
      const { leaves, schema } = plan(struct.schema);
      return side.with(
        record,
        schema,
        new Struct(
          schema,
          leaves.map((leaf) => valueAt(struct, leaf.path)),
        ),
      );
    };
  },
);

/** What is in an optional structure is optional itself. */
function leavesOf(
  schema: Schema,
  delimiter: string,
  prefix: string,
  path: readonly number[],
  optional: boolean,
): Leaf[] {
  return schema.fields.flatMap((field): Leaf[] => {
    const name = prefix === '' ? field.name : `${prefix}${delimiter}${field.name}`;
    const at = [...path, field.index];
    const isOptional = optional || field.schema.optional;
    if (field.schema.type === 'map')
      throw dataFailure(`Flatten transformation does not support MAP for record with schemas (for field ${name}).`);
    if (field.schema.type === 'struct') return leavesOf(field.schema, delimiter, name, at, isOptional);
    return [{ name, path: at, schema: isOptional ? field.schema.with({ optional: true }) : field.schema }];
  });
}

function valueAt(struct: Struct, path: readonly number[]): Value {
  let value: Value = struct;
  for (const index of path)
    value =
      value instanceof Struct ? (value.values[index] ?? value.schema.fields[index]?.schema.defaultValue ?? null) : null;
  return value;
}

function flatMap(map: ReadonlyMap<Value, Value>, delimiter: string, prefix: string): Map<Value, Value> {
  const flat = new Map<Value, Value>();
  for (const [key, value] of map) {
    const name = prefix === '' ? String(key) : `${prefix}${delimiter}${String(key)}`;
    if (value instanceof Map) for (const [inner, one] of flatMap(value, delimiter, name)) flat.set(inner, one);
    else flat.set(name, value);
  }
  return flat;
}
