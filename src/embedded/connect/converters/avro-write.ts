import type { AvroOutput } from '../../../protocol/avro/output.js';
import { dataFailure } from '../data/failure.js';
import { ofType, type Schema, type Value } from '../data/schema.js';

export type AvroWrite = (value: Value, output: AvroOutput) => void;

/** A function that writes values of this schema in the Avro schema that `avroSchemaText` gives. */
export function compileWrite(schema: Schema): AvroWrite {
  const present = compilePresent(schema);
  const fallback = schema.defaultValue ?? null;
  if (!schema.optional) {
    return (value, output) => {
      const given = value ?? fallback;
      if (given === null) throw dataFailure(`Invalid null value for required ${schema.type.toUpperCase()} field`);
      present(given, output);
    };
  }
  const swapped = fallback !== null && schema.type !== 'struct'; // the default's branch comes first
  const [nullBranch, valueBranch] = swapped ? [2, 0] : [0, 2];
  return (value, output) => {
    const given = value ?? fallback;
    output.byte(given === null ? nullBranch : valueBranch);
    if (given !== null) present(given, output);
  };
}

function compilePresent(schema: Schema): AvroWrite {
  switch (schema.type) {
    case 'string':
      return ofType(schema.type, (value, output: AvroOutput) => output.text(value));
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return ofType(schema.type, (value, output: AvroOutput) => output.long(value));
    case 'float32':
      return ofType(schema.type, (value, output: AvroOutput) => output.float(value));
    case 'float64':
      return ofType(schema.type, (value, output: AvroOutput) => output.double(value));
    case 'boolean':
      return (value, output) => output.boolean(value === true);
    case 'bytes':
      return ofType(schema.type, (value, output: AvroOutput) => output.blob(value));
    case 'array':
      return compileArray(schema);
    case 'map':
      return compileMap(schema);
    case 'struct': {
      const fields = schema.fields.map((field) => compileWrite(field.schema));
      return ofType(schema.type, ({ values }, output: AvroOutput) => {
        for (let index = 0; index < fields.length; index++) fields[index]?.(values[index] ?? null, output);
      });
    }
  }
}

function compileArray(schema: Schema): AvroWrite {
  if (schema.values === undefined) throw dataFailure('an array schema has no element schema');
  const item = compileWrite(schema.values);
  return ofType('array', (value, output: AvroOutput) => output.block(value, (one) => item(one, output)));
}

function compileMap(schema: Schema): AvroWrite {
  if (schema.keys === undefined || schema.values === undefined)
    throw dataFailure('a map schema has no key or value schema');
  const [key, item] = [compileWrite(schema.keys), compileWrite(schema.values)];
  return ofType('map', (value, output: AvroOutput) =>
    output.block(value, ([name, one]) => {
      key(name, output);
      item(one, output);
    }),
  );
}
